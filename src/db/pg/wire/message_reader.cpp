// The frame of each message: its type and its length. What the bodies say is in backend.cpp, report.cpp and row.cpp.
#include "db/pg/wire/message_reader.hpp"

#include <aio/base/assert.hpp>

#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/integers.hpp"

#include <algorithm>

namespace aio::pg::wire {

namespace {

constexpr std::size_t kHeader = 5;
constexpr std::size_t kKept = 1 << 20;  // the most capacity that is kept from one message to the next
constexpr std::size_t kShown = 60;      // bytes of nonsense that an error shows

// Those whose length depends on data, names or translations.
bool is_long(MessageType type) noexcept {
    switch (type) {
        case MessageType::copy_data:
        case MessageType::data_row:
        case MessageType::error_response:
        case MessageType::notice_response:
        case MessageType::notification_response:
        case MessageType::row_description: return true;
        default: return false;
    }
}

std::string shown(std::string_view bytes) {
    std::string text;
    for (const char c : bytes.substr(0, kShown)) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            text += c;
        } else {
            text += "\\x";
            text += kDigits[byte >> 4];
            text += kDigits[byte & 15];
        }
    }
    return text;
}

// `bytes`: from the message's beginning, as far as they have come.
[[noreturn]] void refuse_message(const std::string& why, std::string_view bytes) {
    std::string text = "PostgreSQL: " + why + "; the bytes are \"" + shown(bytes) + "\"";
    if (bytes.starts_with("HTTP/")) {
        text += ": this is a web server, check the port";
    } else if (bytes.starts_with("SSH-")) {
        text += ": this is an SSH server, check the port";
    } else if (bytes.starts_with("\x15\x03") || bytes.starts_with("\x16\x03")) {
        text += ": this is TLS, where none was agreed upon";
    }
    throw ProtocolError(text);
}

}  // namespace

std::string_view name_of(MessageType type) noexcept {
    switch (type) {
        case MessageType::authentication: return "Authentication";
        case MessageType::backend_key_data: return "BackendKeyData";
        case MessageType::bind_complete: return "BindComplete";
        case MessageType::close_complete: return "CloseComplete";
        case MessageType::command_complete: return "CommandComplete";
        case MessageType::copy_both_response: return "CopyBothResponse";
        case MessageType::copy_data: return "CopyData";
        case MessageType::copy_done: return "CopyDone";
        case MessageType::copy_in_response: return "CopyInResponse";
        case MessageType::copy_out_response: return "CopyOutResponse";
        case MessageType::data_row: return "DataRow";
        case MessageType::empty_query_response: return "EmptyQueryResponse";
        case MessageType::error_response: return "ErrorResponse";
        case MessageType::negotiate_protocol_version: return "NegotiateProtocolVersion";
        case MessageType::no_data: return "NoData";
        case MessageType::notice_response: return "NoticeResponse";
        case MessageType::notification_response: return "NotificationResponse";
        case MessageType::parameter_description: return "ParameterDescription";
        case MessageType::parameter_status: return "ParameterStatus";
        case MessageType::parse_complete: return "ParseComplete";
        case MessageType::portal_suspended: return "PortalSuspended";
        case MessageType::ready_for_query: return "ReadyForQuery";
        case MessageType::row_description: return "RowDescription";
    }
    return {};
}

std::optional<Message> MessageReader::read(std::string_view& input) {
    if (complete_) release();
    if (held_.empty()) {
        if (input.empty()) return std::nullopt;
        const std::size_t size = check_header(input.substr(0, kHeader), input);
        if (input.size() >= kHeader && input.size() - kHeader >= size) {
            const Message message{static_cast<MessageType>(input.front()), input.substr(kHeader, size)};
            input.remove_prefix(kHeader + size);
            return message;
        }
    }
    const auto take = [&](std::size_t wanted) {  // up to `wanted` held bytes
        const std::size_t count = std::min(wanted - held_.size(), input.size());
        held_.append(input.substr(0, count));
        input.remove_prefix(count);
        return held_.size() == wanted;
    };
    if (held_.size() < kHeader && !take(kHeader)) return std::nullopt;
    const std::size_t size = check_header(std::string_view(held_).substr(0, kHeader), input);
    if (!take(kHeader + size)) return std::nullopt;
    complete_ = true;
    return Message{static_cast<MessageType>(held_.front()), std::string_view(held_).substr(kHeader)};
}

// Result: the size of the body; of a header that is cut, 0. input: for the error's text.
std::size_t MessageReader::check_header(std::string_view header, std::string_view input) const {
    const auto type = static_cast<MessageType>(header.front());
    const std::string_view name = name_of(type);
    const auto refuse = [&](const std::string& why) {
        refuse_message(why, held_.substr(0, kShown) + std::string(input.substr(0, kShown)));
    };
    if (name.empty()) refuse("the server sent something that is no message of the protocol");
    if (header.size() < kHeader) return 0;
    const std::uint32_t length = load_u32(header.data() + 1);
    if (length < 4) refuse("a " + std::string(name) + " of a length below 4");
    const std::size_t size = length - 4;
    const std::size_t most = is_long(type) ? max_size_ : std::min(max_size_, kMaxShort);
    if (size > most) {
        refuse("a " + std::string(name) + " of " + std::to_string(size) + " bytes, above the limit of " +
               std::to_string(most));
    }
    return size;
}

void MessageReader::release() {
    complete_ = false;
    held_.clear();
    if (held_.capacity() > kKept) held_.shrink_to_fit();
}

SslAnswer read_ssl_answer(std::string_view& input) {
    AIO_ASSERT(!input.empty());
    const char answer = input.front();
    if (answer == 'E') return SslAnswer::error;
    if (answer != 'S' && answer != 'N') refuse_message("the server did not answer the request for TLS", input);
    if (input.size() > 1) {
        throw ProtocolError(
            "PostgreSQL: the server sent more than its answer to the request for TLS, which may be an "
            "attack on the connection");
    }
    input.remove_prefix(1);
    return answer == 'S' ? SslAnswer::accepted : SslAnswer::refused;
}

}  // namespace aio::pg::wire
