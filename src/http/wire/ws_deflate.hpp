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

// A client's Sec-WebSocket-Extensions: windows of 2^bits bytes, 9 to 15.
std::string ws_deflate_offer(int bits);

struct WSDeflateAnswer {
    WSDeflate agreed;
    std::string header;  // Sec-WebSocket-Extensions
};
// A server's answer to what a client offers, with windows of at most 2^bits bytes (9 to 15): it accepts the first offer that it
// can meet. Nothing if there is none.
std::optional<WSDeflateAnswer> answer_ws_deflate(std::string_view offers, int bits = 15);

// What the server's header means to the client, which offered windows of 2^bits; an empty header: no compression.
// Errors: ValueError for anything that was not offered.
std::optional<WSDeflate> parse_ws_deflate(std::string_view header, int bits);

class WSDeflater {
public:
    // Errors of the constructors: std::bad_alloc.
    WSDeflater(int bits, bool no_context);
    ~WSDeflater();
    WSDeflater(const WSDeflater&) = delete;
    WSDeflater& operator=(const WSDeflater&) = delete;

    // Appends the whole message, packed.
    void deflate(std::string_view message, std::string& output);

private:
    std::unique_ptr<z_stream_s> stream_;
    bool no_context_;
};

class WSInflater {
public:
    WSInflater(int bits, bool no_context);
    ~WSInflater();
    WSInflater(const WSInflater&) = delete;
    WSInflater& operator=(const WSInflater&) = delete;

    // Appends what a piece of a message stands for. False: `output` would be longer than `max_size` (0: no limit).
    // Errors: WSProtocolError for what is not packed right.
    bool inflate(std::string_view piece, std::string& output, std::uint64_t max_size);
    // The message's end.
    bool finish_message(std::string& output, std::uint64_t max_size);

private:
    std::unique_ptr<z_stream_s> stream_;
    bool no_context_;
};

}  // namespace aio::http::wire
