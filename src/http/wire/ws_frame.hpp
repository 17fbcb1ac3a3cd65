// WebSocket's frames and messages, without sockets: messages out of bytes, frames into bytes.
//
// Everything a peer may do wrong is refused with the close code it must be told: masks in the wrong direction, bits and
// opcodes that mean nothing, control frames that are long or in pieces, lengths in more bytes than they need, pieces out of
// order, text that is no UTF-8 (seen as soon as it comes), close codes that may not be sent, messages beyond the limit
// (seen before their bytes come; of packed ones, before they are unpacked).
//
// Source: RFC 6455 section 5 and 7; RFC 7692.
#pragma once

#include <aio/base/error.hpp>

#include "http/wire/ws_deflate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

enum class WSOpcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

inline constexpr std::size_t kMostControl = 125;     // bytes of a control frame's payload
inline constexpr std::uint16_t kNoCloseCode = 1005;  // of a close frame that has none

// Whether a close frame may carry it (RFC 6455 section 7.4; IANA's registry up to 1014).
bool is_sendable_close_code(std::uint16_t code) noexcept;

// What the peer did wrong; code(): what to close the connection with.
class WSProtocolError : public Error {
public:
    WSProtocolError(std::uint16_t code, const std::string& message) : Error(message), code_(code) {}
    std::uint16_t code() const noexcept { return code_; }

private:
    std::uint16_t code_;
};

// A message, or a control frame.
struct WSEvent {
    WSOpcode opcode = WSOpcode::text;
    std::string data;  // of close: the reason
    std::uint16_t close_code = kNoCloseCode;
    bool first = true, last = true;  // of its message: others only from a reader of fragments
};

// How messages are given, and how large they may be, in bytes after decompression; 0: no limit.
struct WSLimits {
    std::uint64_t message = 0;
    std::uint64_t fragment = 0;  // of one frame
    // Each frame of a message is an event of its own, with the message's opcode. A character of a text that is cut by the
    // frames belongs to the later one.
    bool by_fragment = false;
};

class WSCoder;

class WSReader {
public:
    // masked: what must come is masked, from a client. max_size: of a message in bytes, unpacked; 0: none.
    // inflater: null unless compression was agreed upon.
    WSReader(bool masked, std::uint64_t max_size, std::unique_ptr<WSInflater> inflater = nullptr) noexcept
        : WSReader(masked, WSLimits{max_size}, std::move(inflater)) {}
    WSReader(bool masked, const WSLimits& limits, std::unique_ptr<WSInflater> inflater) noexcept
        : inflater_(std::move(inflater)), limits_(limits), masked_(masked) {}

    // The next message or control frame that ends in `input`, which loses what was used. Nothing: all of it was used, and
    // more is needed. Errors: WSProtocolError; nothing may be read after it.
    std::optional<WSEvent> read(std::string_view& input);

    // Whether it is between messages, where release() has an effect: it frees the memory of decompression, until the next
    // compressed message.
    bool between_messages() const noexcept { return !in_message_ && !in_payload_ && header_size_ == 0; }
    void release() noexcept;
    // Memory for the next message.
    void reuse(std::string&& memory) noexcept;
    // What else decodes frames: extensions. It outlives this. Frames are then looked at as a whole.
    void set_coder(WSCoder* coder) noexcept { coder_ = coder; }

private:
    bool read_header(std::string_view& input);
    void begin_frame();
    void take_payload(std::string_view& input);
    template <class Step>
    void add_to_message(Step step);
    void check_text(bool complete);
    void decode_control();
    void decode_data();
    WSEvent end_control();
    std::optional<WSEvent> end_data();
    // Whether a message, or a fragment, that has grown by `more` bytes is too large.
    bool too_large(std::uint64_t more) const noexcept;
    // The same as a limit of message_.
    std::uint64_t room() const noexcept;
    [[noreturn]] void throw_too_large(std::uint64_t more = 0) const;

    std::unique_ptr<WSInflater> inflater_;
    WSCoder* coder_ = nullptr;
    const WSLimits limits_;
    const bool masked_;

    // The frame.
    std::array<char, 14> header_;
    std::size_t header_size_ = 0, header_wanted_ = 2;
    bool in_payload_ = false;
    bool fin_ = false;
    std::uint8_t reserved_ = 0;  // bits that are the coder's
    WSOpcode opcode_ = WSOpcode::text;
    std::uint64_t payload_left_ = 0;
    std::array<char, 4> mask_{};
    std::size_t mask_at_ = 0;

    // The message, whose control frames may come between its pieces.
    bool in_message_ = false;
    bool compressed_ = false;
    WSOpcode message_opcode_ = WSOpcode::text;
    bool first_fragment_ = true;
    std::uint64_t given_ = 0;         // bytes of the message that were given in fragments
    std::size_t fragment_begin_ = 0;  // of the present frame in message_
    std::string message_;
    std::size_t checked_ = 0;  // of its text: known to be UTF-8
    std::string control_;
    std::string packed_;  // a piece, unmasked
};

using WSMask = std::array<char, 4>;

// Turns `size` bytes at `data` into masked ones, or back; they stand `at` bytes from the payload's beginning.
void apply_ws_mask(char* data, std::size_t size, const WSMask& mask, std::size_t at = 0) noexcept;

// Appends the header of a frame with a payload of `size` bytes. mask: null for a server's. last: of its message.
void append_ws_header(std::string& output, WSOpcode opcode, bool compressed, std::size_t size, const WSMask* mask,
                      bool last = true);
// The same, and the payload.
void append_ws_frame(std::string& output, WSOpcode opcode, bool compressed, std::string_view payload,
                     const WSMask* mask, bool last = true);

// The payload of a close frame.
std::string ws_close_payload(std::uint16_t code, std::string_view reason);

}  // namespace aio::http::wire
