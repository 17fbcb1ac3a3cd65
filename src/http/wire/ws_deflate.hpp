// permessage-deflate: messages of WebSocket, packed (RFC 7692). What both sides agree upon, and the work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct z_stream_s;

namespace aio::http::wire {

// A side's window is 2^bits bytes; without context takeover each message begins with an empty one.
struct WSDeflate {
    int server_bits = 15, client_bits = 15;
    bool server_no_context = false, client_no_context = false;

    friend bool operator==(const WSDeflate&, const WSDeflate&) = default;
};

// What one side asks for, or insists on.
struct WSDeflateTerms {
    bool server_no_context = false, client_no_context = false;
    std::optional<int> server_bits, client_bits;  // at most; nothing: 15
    // A client: the server may limit the client's window. A server: without such an offer it declines.
    bool client_bits_needed = false;
};

// A client's Sec-WebSocket-Extensions: windows of 2^bits bytes, 9 to 15.
std::string ws_deflate_offer(int bits);
std::string ws_deflate_offer(const WSDeflateTerms& terms);

struct WSDeflateAnswer {
    WSDeflate agreed;
    std::string header;  // Sec-WebSocket-Extensions
};
// A server's answer to what a client offers, with windows of at most 2^bits bytes (9 to 15): it accepts the first offer that it
// can meet. Nothing if there is none.
std::optional<WSDeflateAnswer> answer_ws_deflate(std::string_view offers, int bits = 15);
std::optional<WSDeflateAnswer> answer_ws_deflate(std::string_view offers, const WSDeflateTerms& terms);

// What the server's header means to the client, which offered windows of 2^bits; an empty header: no compression.
// Errors: ValueError for anything that was not offered.
std::optional<WSDeflate> parse_ws_deflate(std::string_view header, int bits);
std::optional<WSDeflate> parse_ws_deflate(std::string_view header, const WSDeflateTerms& offered);

// Compresses the messages that are sent. zlib's state (256 KiB with the largest window) is allocated for the first message,
// and again after release().
class WSDeflater {
public:
    // memory_level: 1 to 9, as zlib's; what it takes doubles with each.
    explicit WSDeflater(int bits, bool no_context, int memory_level = 8) noexcept;
    ~WSDeflater();
    WSDeflater(const WSDeflater&) = delete;
    WSDeflater& operator=(const WSDeflater&) = delete;

    // Appends the whole message, compressed. Errors: std::bad_alloc.
    void deflate(std::string_view message, std::string& output);
    // The same for a part of one. After the last part the context ends, if it is not to be taken over.
    void deflate_part(std::string_view part, bool last, std::string& output);
    // Frees zlib's state, between messages. The next one is compressed without reference to earlier ones.
    void release() noexcept;
    bool allocated() const noexcept { return stream_ != nullptr; }

private:
    std::unique_ptr<z_stream_s> stream_;
    int bits_, memory_level_;
    bool no_context_;
};

// Decompresses the messages that are received. zlib's state (7 KiB, and the window) is allocated for the first one.
class WSInflater {
public:
    explicit WSInflater(int bits, bool no_context) noexcept;
    ~WSInflater();
    WSInflater(const WSInflater&) = delete;
    WSInflater& operator=(const WSInflater&) = delete;

    // Appends the decompressed bytes of a piece of a message. False: `output` would be longer than `max_size`, and is by one
    // byte. Errors: WSProtocolError for broken data; std::bad_alloc. Precondition: it is not longer yet.
    bool inflate(std::string_view piece, std::string& output, std::uint64_t max_size = UINT64_MAX);
    // The message's end.
    bool finish_message(std::string& output, std::uint64_t max_size = UINT64_MAX);
    // Frees zlib's state, between messages. What the peer may still refer to is kept: at most a window of its messages. No
    // effect if the last message ended within a block, which the next one goes on with.
    void release() noexcept;
    bool allocated() const noexcept { return stream_ != nullptr; }

private:
    void open();

    std::unique_ptr<z_stream_s> stream_;
    std::string window_;  // what release() kept
    int bits_;
    bool no_context_;
};

}  // namespace aio::http::wire
