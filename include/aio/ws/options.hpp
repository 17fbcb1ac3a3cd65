// The options of a WebSocket, the same for connect() and serve(), with the names and defaults of Python's websockets library.
#pragma once

#include <aio/core/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace aio::ws {

// permessage-deflate (RFC 7692). Windows of 2^bits bytes, 9 to 15. A connection that uses it needs memory: to receive, 7 KiB and
// the window of the peer; to send, 4 * 2^bits + 2^(memory_level + 9) bytes: with the defaults 11 and 32 KiB. It is allocated
// with the first message; after 10 to 20 seconds without one it is freed, but for what the peer may refer to: at most a window.
struct Deflate {
    bool enabled = true;  // false: not offered, or not accepted
    std::optional<int> server_max_window_bits = 12;
    // Of a server: only if the client offers that it may be limited.
    std::optional<int> client_max_window_bits = 12;
    // Each message is compressed alone: slower, larger, with less memory between messages.
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    // A server: declines compression with clients that cannot be limited to client_max_window_bits.
    bool require_client_max_window_bits = false;
    int memory_level = 5;  // of zlib, 1 to 9: its hash tables take 2^(memory_level + 9) bytes
};

// The options of both sides. Trivially destructible, for g++ 12.
struct Options {
    Duration open_timeout = std::chrono::seconds(10);  // of the opening handshake
    // A ping is sent this often; nullopt or zero: never. latency() is measured with it.
    std::optional<Duration> ping_interval = std::chrono::seconds(20);
    // When nothing came for this time after a ping, the connection is closed with 1011; nullopt: never.
    std::optional<Duration> ping_timeout = std::chrono::seconds(20);
    // Of the closing handshake; then the connection is aborted.
    Duration close_timeout = std::chrono::seconds(10);
    // Of a message, and of one of its fragments, in bytes after decompression; 0: no limit. Beyond: 1009.
    std::uint64_t max_size = 1024 * 1024;
    std::uint64_t max_fragment_size = 0;
    // While nobody receives, reading pauses when so many fragments are queued; it resumes at the lower mark, a quarter by
    // default. The peer is then held up by TCP.
    std::size_t max_queue = 16;
    std::optional<std::size_t> max_queue_low = {};
    // send() waits while more bytes than this are unsent, until they are fewer than the lower mark, a quarter by default.
    std::size_t write_limit = 32 * 1024;
    std::optional<std::size_t> write_limit_low = {};
    Deflate deflate = {};
};

}  // namespace aio::ws
