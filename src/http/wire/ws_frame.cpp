// Frames to messages and back: headers, masks, fragments, close codes, UTF-8, size limits. ws_deflate.cpp decompresses;
// http/ws_connection.cpp answers pings and close frames.
#include "http/wire/ws_frame.hpp"

#include "base/utf8.hpp"
#include "http/wire/ws_coder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace aio::http::wire {

namespace {

constexpr std::uint8_t kFin = 0x80, kMasked = 0x80;
constexpr std::uint16_t kProtocolError = 1002, kInvalidText = 1007, kTooLarge = 1009;

[[noreturn]] void refuse(const std::string& what) { throw WSProtocolError(kProtocolError, "WebSocket: " + what); }

[[noreturn]] void refuse_reserved() { refuse("a frame with reserved bits that no extension explains"); }

bool is_control(WSOpcode opcode) noexcept { return static_cast<unsigned>(opcode) >= 8; }

std::uint64_t big_endian(const char* bytes, std::size_t size) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return number;
}

void append_big_endian(std::string& output, std::uint64_t number, int size) {
    for (int i = size - 1; i >= 0; --i) output += static_cast<char>(number >> (8 * i) & 0xff);
}

}  // namespace

bool is_sendable_close_code(std::uint16_t code) noexcept {
    if (code >= 1000 && code <= 1014) return code != 1004 && code != 1005 && code != 1006;
    return code >= 3000 && code < 5000;
}

void WSReader::release() noexcept {
    if (!between_messages()) return;
    if (inflater_) inflater_->release();
    packed_ = {};
}

void WSReader::reuse(std::string&& memory) noexcept {
    constexpr std::size_t kMost = 64 * 1024;  // that a connection keeps
    if (in_message_ || memory.capacity() <= message_.capacity() || memory.capacity() > kMost) return;
    memory.clear();
    message_ = std::move(memory);
}

std::optional<WSEvent> WSReader::read(std::string_view& input) {
    while (true) {
        if (!in_payload_) {
            if (!read_header(input)) return std::nullopt;
            begin_frame();
        }
        take_payload(input);
        if (payload_left_ > 0) return std::nullopt;
        in_payload_ = false;
        header_size_ = 0;
        header_wanted_ = 2;
        if (is_control(opcode_)) {
            if (coder_) decode_control();
            return end_control();
        }
        if (std::optional<WSEvent> message = end_data()) return message;
    }
}

// False: more bytes are needed.
bool WSReader::read_header(std::string_view& input) {
    while (true) {
        const std::size_t count = std::min(header_wanted_ - header_size_, input.size());
        std::copy_n(input.data(), count,
                    header_.data() + header_size_);  // perhaps of nothing, which memcpy() refuses
        header_size_ += count;
        input.remove_prefix(count);
        if (header_size_ < header_wanted_) return false;
        if (header_wanted_ > 2) return true;
        const auto second = static_cast<unsigned char>(header_[1]);
        const unsigned short_size = second & 0x7f;
        header_wanted_ += short_size == 127 ? 8 : short_size == 126 ? 2 : 0;
        if (second & kMasked) header_wanted_ += sizeof(WSMask);
        if (header_wanted_ == 2) return true;
    }
}

void WSReader::begin_frame() {
    const auto first = static_cast<unsigned char>(header_[0]), second = static_cast<unsigned char>(header_[1]);
    fin_ = (first & kFin) != 0;
    opcode_ = static_cast<WSOpcode>(first & 15);
    if (opcode_ > WSOpcode::pong || (opcode_ > WSOpcode::binary && !is_control(opcode_))) {
        refuse("a frame with the unknown opcode " + std::to_string(first & 15));
    }
    if (((second & kMasked) != 0) != masked_) {
        refuse(masked_ ? "a client's frame that is not masked" : "a server's frame that is masked");
    }
    const char* rest = header_.data() + 2;
    payload_left_ = second & 0x7f;
    if (payload_left_ >= 126) {
        const std::size_t size = payload_left_ == 127 ? 8 : 2;
        payload_left_ = big_endian(rest, size);
        rest += size;
        if (payload_left_ < (size == 8 ? 65536u : 126u)) refuse("a length that is not encoded in the fewest bytes");
        if (payload_left_ >> 63) refuse("a length of 2^63 bytes or more");
    }
    if (masked_) std::memcpy(mask_.data(), rest, sizeof(WSMask));
    mask_at_ = 0;
    in_payload_ = true;

    reserved_ = static_cast<std::uint8_t>(first & (kRsv1 | kRsv2 | kRsv3));
    const bool may_be_packed = inflater_ && !is_control(opcode_) && opcode_ != WSOpcode::continuation;
    const bool packed = may_be_packed && (reserved_ & kRsv1);
    if (packed) reserved_ &= static_cast<std::uint8_t>(~kRsv1);
    if (reserved_ != 0 && !coder_) refuse_reserved();
    if (is_control(opcode_)) {
        if (!fin_) refuse("a fragmented control frame");
        if (payload_left_ > kMostControl) refuse("a control frame of more than 125 bytes");
        control_.clear();
        return;
    }
    if ((opcode_ == WSOpcode::continuation) != in_message_) {
        refuse(in_message_ ? "a new message inside a fragmented one" : "a continuation frame outside a message");
    }
    if (!in_message_) {
        in_message_ = true;
        message_opcode_ = opcode_;
        compressed_ = packed;
        message_.clear();
        checked_ = 0;
        given_ = 0;
        first_fragment_ = true;
    }
    fragment_begin_ = message_.size();
    // Compression may lengthen a message, by 5 bytes for each 16 KiB and a little more.
    const bool compressed_too_large =
        limits_.message > 0 && payload_left_ / 1025 * 1024 > limits_.message && payload_left_ > 64;
    if (compressed_ ? compressed_too_large : too_large(payload_left_)) throw_too_large(payload_left_);
}

void WSReader::take_payload(std::string_view& input) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input.size()));
    if (count == 0) return;
    std::string& target = is_control(opcode_) ? control_ : compressed_ ? packed_ : message_;
    if (&target == &packed_) packed_.clear();
    const std::size_t before = target.size();
    target.append(input.substr(0, count));
    if (masked_) apply_ws_mask(target.data() + before, count, mask_, mask_at_);
    mask_at_ += count;
    payload_left_ -= count;
    input.remove_prefix(count);
    if (is_control(opcode_)) return;
    if (compressed_) add_to_message([&](std::uint64_t most) { return inflater_->inflate(packed_, message_, most); });
    if (!coder_) check_text(false);
}

// `step` decompresses, up to a limit.
template <class Step>
void WSReader::add_to_message(Step step) {
    bool fits = false;
    try {
        fits = step(room());
    } catch (const WSProtocolError&) {
        if (!coder_) check_text(false);  // of two faults the earlier one is reported, however the bytes were cut
        throw;
    }
    if (fits) return;
    if (!coder_) check_text(false);
    throw_too_large();
}

// --- extensions ------------------------------------------------------------------------------------------------------

void WSReader::decode_control() {
    coder_->decode(opcode_, true, control_, reserved_, kMostControl);
    if (reserved_ != 0) refuse_reserved();
    if (control_.size() > kMostControl) refuse("a control frame of more than 125 bytes");
}

// The frame, which has been unpacked.
void WSReader::decode_data() {
    std::string data = message_.substr(fragment_begin_);
    message_.resize(fragment_begin_);
    const std::uint64_t most = room();
    coder_->decode(opcode_, fin_, data, reserved_, most == UINT64_MAX ? most : most - fragment_begin_);
    if (reserved_ != 0) refuse_reserved();
    if (too_large(data.size())) throw_too_large(data.size());
    message_ += data;
}

// --- complete frames -------------------------------------------------------------------------------------------------

// What came of a text: characters may still be cut, unless it is complete.
void WSReader::check_text(bool complete) {
    if (message_opcode_ != WSOpcode::text) return;
    const aio::detail::BadBytes bad = aio::detail::find_bad_utf8(message_, checked_);
    checked_ = bad ? bad.begin : message_.size();
    if (bad && (complete || !bad.cut_short)) {
        throw WSProtocolError(kInvalidText,
                              std::string("WebSocket: a text message that is not UTF-8: ") + bad.reason);
    }
}

WSEvent WSReader::end_control() {
    WSEvent event;
    event.opcode = opcode_;
    if (opcode_ != WSOpcode::close) {
        event.data = std::move(control_);
    } else if (control_.size() == 1) {
        refuse("a close frame of one byte");
    } else if (control_.size() > 1) {
        event.close_code = static_cast<std::uint16_t>(big_endian(control_.data(), 2));
        if (!is_sendable_close_code(event.close_code)) {
            refuse("the close code " + std::to_string(event.close_code) + ", which may not be sent");
        }
        event.data = control_.substr(2);
        if (aio::detail::find_bad_utf8(event.data)) {
            throw WSProtocolError(kInvalidText, "WebSocket: a close reason that is not UTF-8");
        }
    }
    return event;
}

// Nothing, unless this was the message's last frame, or frames are asked for.
std::optional<WSEvent> WSReader::end_data() {
    if (fin_ && compressed_) {
        add_to_message([&](std::uint64_t most) { return inflater_->finish_message(message_, most); });
    }
    if (coder_) {
        decode_data();
        check_text(false);
    }
    if (!fin_ && !limits_.by_fragment) return std::nullopt;
    check_text(fin_);
    std::optional<WSEvent> event(std::in_place);
    event->opcode = message_opcode_;
    event->first = std::exchange(first_fragment_, false);
    event->last = fin_;
    if (fin_) {
        in_message_ = false;
        event->data = std::exchange(message_, {});
    } else {
        const bool text = message_opcode_ == WSOpcode::text;
        std::string cut = text ? message_.substr(checked_) : std::string();
        message_.resize(message_.size() - cut.size());
        given_ += message_.size();
        event->data = std::exchange(message_, std::move(cut));
        checked_ = 0;
    }
    return event;
}

bool WSReader::too_large(std::uint64_t more) const noexcept {
    const auto exceeds = [](std::uint64_t limit, std::uint64_t here, std::uint64_t to_come) {
        return limit > 0 && (here > limit || to_come > limit - here);
    };
    return exceeds(limits_.message, given_ + message_.size(), more) ||
           exceeds(limits_.fragment, message_.size() - fragment_begin_, more);
}

std::uint64_t WSReader::room() const noexcept {
    std::uint64_t most = UINT64_MAX;
    if (limits_.message > 0) most = limits_.message - given_;
    if (limits_.fragment > 0 && limits_.fragment < UINT64_MAX - fragment_begin_) {
        most = std::min(most, limits_.fragment + fragment_begin_);
    }
    return most;
}

void WSReader::throw_too_large(std::uint64_t more) const {
    const bool message = limits_.message > 0 && given_ + message_.size() + more > limits_.message;
    throw WSProtocolError(kTooLarge, std::string("WebSocket: a ") + (message ? "message" : "fragment") +
                                         " of more than " +
                                         std::to_string(message ? limits_.message : limits_.fragment) + " bytes");
}

void apply_ws_mask(char* data, std::size_t size, const WSMask& mask, std::size_t at) noexcept {
    WSMask turned;
    for (std::size_t i = 0; i < 4; ++i) turned[i] = mask[(at + i) & 3];
    std::uint64_t wide = 0;
    std::memcpy(&wide, turned.data(), 4);
    std::memcpy(reinterpret_cast<char*>(&wide) + 4, turned.data(), 4);
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        std::uint64_t piece = 0;
        std::memcpy(&piece, data + i, 8);
        piece ^= wide;
        std::memcpy(data + i, &piece, 8);
    }
    for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ turned[i & 3]);
}

void append_ws_header(std::string& output, WSOpcode opcode, bool compressed, std::size_t size, const WSMask* mask,
                      bool last) {
    output += static_cast<char>((last ? kFin : 0) | (compressed ? kRsv1 : 0) | static_cast<unsigned>(opcode));
    const unsigned masked = mask ? kMasked : 0;
    if (size < 126) {
        output += static_cast<char>(masked | size);
    } else if (size < 65536) {
        output += static_cast<char>(masked | 126);
        append_big_endian(output, size, 2);
    } else {
        output += static_cast<char>(masked | 127);
        append_big_endian(output, size, 8);
    }
    if (mask) output.append(mask->data(), mask->size());
}

void append_ws_frame(std::string& output, WSOpcode opcode, bool compressed, std::string_view payload,
                     const WSMask* mask, bool last) {
    append_ws_header(output, opcode, compressed, payload.size(), mask, last);
    const std::size_t begin = output.size();
    output.append(payload);
    if (mask) apply_ws_mask(output.data() + begin, payload.size(), *mask);
}

std::string ws_close_payload(std::uint16_t code, std::string_view reason) {
    std::string payload;
    append_big_endian(payload, code, 2);
    payload += reason;
    return payload;
}

}  // namespace aio::http::wire
