// Messages from a server's bytes, however they are cut.
//
// A server that is none (an HTTP server, an SSH daemon, a TLS record) is recognised by its first bytes: no type of the
// protocol, or a length that no message of that type has.
//
// Source: PostgreSQL 17 manual, 53.1.1, 53.2.10 (SSLRequest) and 53.7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::pg::wire {

// What this client may be sent; it calls no functions by FunctionCall, so that there is no FunctionCallResponse.
enum class MessageType : char {
    authentication = 'R',
    backend_key_data = 'K',
    bind_complete = '2',
    close_complete = '3',
    command_complete = 'C',
    copy_both_response = 'W',
    copy_data = 'd',
    copy_done = 'c',
    copy_in_response = 'G',
    copy_out_response = 'H',
    data_row = 'D',
    empty_query_response = 'I',
    error_response = 'E',
    negotiate_protocol_version = 'v',
    no_data = 'n',
    notice_response = 'N',
    notification_response = 'A',
    parameter_description = 't',
    parameter_status = 'S',
    parse_complete = '1',
    portal_suspended = 's',
    ready_for_query = 'Z',
    row_description = 'T',
};

// "RowDescription"; empty for a byte that is no type.
std::string_view name_of(MessageType type) noexcept;

struct Message {
    MessageType type = MessageType::ready_for_query;
    std::string_view body;  // without the type and the length
};

class MessageReader {
public:
    static constexpr std::size_t kUnlimited = 0x3fff'ffff;  // 1 GiB: the most that PostgreSQL holds in one piece
    static constexpr std::size_t kMaxShort = 1 << 20;       // of messages that have neither rows nor texts

    // max_size: of a message's body, in bytes. Nothing is allocated for bytes that have not come.
    explicit MessageReader(std::size_t max_size = kUnlimited) noexcept : max_size_(max_size) {}

    // The next message that ends in `input`, which loses what was used. Nothing: all of `input` was used, and more is
    // needed. The body is a view of `input`'s bytes, or of the reader's, which the next call reuses; it was copied only if
    // the message did not lie whole in `input`.
    // Errors: ProtocolError; nothing may be read after it.
    std::optional<Message> read(std::string_view& input);

    // Whether a part of a message has come, whose rest is missing.
    bool in_message() const noexcept { return !complete_ && !held_.empty(); }

private:
    std::size_t check_header(std::string_view header, std::string_view input) const;
    void release();

    std::size_t max_size_;
    std::string held_;       // a message that was cut, from its type on
    bool complete_ = false;  // what is held was returned
};

enum class SslAnswer : std::uint8_t { accepted, refused, error };

// The answer to an SSLRequest, from the first byte after it. Accepted, refused: the byte is taken. An error: nothing is
// taken, and a MessageReader reads the ErrorResponse. Precondition: `input` is not empty.
// Errors: ProtocolError for any other byte, and for bytes behind the answer: nobody may slip them in before the TLS
// handshake (CVE-2021-23222).
SslAnswer read_ssl_answer(std::string_view& input);

}  // namespace aio::pg::wire
