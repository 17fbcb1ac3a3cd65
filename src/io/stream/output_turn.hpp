// For a time the output of a socket's stream is one sender's: what goes out does not pass through the stream's buffer, and
// others may not write. Of sendfile(), and of what is sent from where it lies.
#pragma once

#include <aio/io/stream.hpp>

#include "io/stream/output_room.hpp"
#include "io/stream/socket_stream.hpp"

#include <cstddef>
#include <string_view>

namespace aio::detail {

class OutputTurn {
public:
    // Errors: RuntimeError when nothing may be sent now.
    explicit OutputTurn(SocketStream& stream) : stream_(stream) { stream.begin_turn(); }
    OutputTurn(const OutputTurn&) = delete;
    OutputTurn& operator=(const OutputTurn&) = delete;
    ~OutputTurn() { stream_.end_turn(); }

private:
    SocketStream& stream_;
};

// Waits until the socket takes more, or what is buffered before that is gone. To be followed by check_turn().
struct Room {
    using native_awaitable = void;
    SocketStream& stream;
    RoomAwaiter operator co_await() const noexcept { return RoomAwaiter(stream); }
};

// Errors: what ended the stream; ConnectionAbortedError.
void check_turn(const SocketStream& stream);

// Up to so many bytes a copy costs less than the waits for room. For callers of the next.
inline constexpr std::size_t kWorthCopying = 64 * 1024;

// Sends `data`, behind what is buffered, and without a copy where the stream has none of its own to make (TLS). It must
// stay where it is until this ends, which is when the system has taken all of it. *progress: how many bytes it has.
// Cancel: the peer has got a part. Errors: ConnectionError when the stream closes meanwhile; RuntimeError as sendfile().
Coro<> send_in_place(StreamWriter writer, std::string_view data, std::size_t* progress = nullptr);

}  // namespace aio::detail
