// What may stand between a stream and its socket: TLS. The stream gives it what is received, asks it for what to
// send, and tells it what happens; the stream's own buffers stay on the plain side.
//
//     socket ─▶ received(bytes) ─▶ stream's in_ ─▶ reads
//     writes ─▶ stream's out_ ─▶ seal() ─▶ sending_ ─▶ socket
//
// A stream without a filter pays one branch per operation, and a program without TLS is not linked with it: only
// `ssl::Use` names make_tls().
#pragma once

#include <aio/core/future.hpp>
#include <aio/core/time.hpp>
#include <aio/io/byte_buffer.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::ssl {
class SSLContext;
class SSLSession;
}  // namespace aio::ssl

namespace aio {
struct ConnectionOptions;
}

namespace aio::detail {

class SocketStream;
class StreamRef;

class StreamFilter {
public:
    virtual ~StreamFilter() = default;

    // The stream has it now: it may begin. `early`: what was received before; `below`: the stream's filter before,
    // or null. Errors: what ends the connection.
    virtual void start(std::string_view early, std::unique_ptr<StreamFilter> below) = 0;

    // What the socket brought. Plain bytes go into the stream's buffer. Errors: what ends the connection.
    virtual void received(std::string_view data) = 0;
    // The socket's end, in the same way.
    virtual void end_of_input() = 0;

    // Turns the beginning of `plain` into what is to be sent, a bounded piece, and adds what the filter itself has
    // to say. Returns the rest of `plain`. `sealed` is empty before. Errors: std::bad_alloc, SSLError.
    virtual std::string_view seal(std::string_view plain, ByteBuffer& sealed) = 0;
    // Whether seal() has something, be `plain` empty; and how many bytes of it are there.
    virtual bool has_output() const noexcept = 0;
    virtual std::size_t output_size() const noexcept = 0;

    // Whether the connection is not yet set up.
    virtual bool starting() const noexcept = 0;
    // close(): the stream takes no more, and reads are over; what is written still goes through seal().
    virtual void close() = 0;
    // After close(): whether the stream may be given up once everything is sent.
    virtual bool finished() const noexcept = 0;
    // Whether the connection may break now without a loss: only good-byes were left.
    virtual bool may_break() const noexcept = 0;
    // finished(), and there is another filter below: the stream's from now on.
    virtual std::unique_ptr<StreamFilter> take_below() noexcept = 0;

    // The stream is given up: no more timers. Null: without an error.
    virtual void abandoned(const std::exception_ptr& error) noexcept = 0;
};

// Makes the filters of a client's connection, or of all of a server's. It keeps what the options named.
class FilterFactory {
public:
    virtual ~FilterFactory() = default;

    // Before the first filter: checks the options, and loads what must be loaded. Errors: ValueError, SSLError, OSError.
    virtual Coro<> prepare() = 0;
    // Sets a filter upon `stream`. The result is done when the connection is set up, or has failed, and is then closed.
    virtual Future<> start(SocketStream& stream) = 0;
    // The same; the stream's owner is told (StreamOwner::stream_secured).
    virtual void serve(SocketStream& stream) = 0;
};

// What the options of open_connection, start_server and start_tls say.
struct TlsRequest {
    const ssl::SSLContext* context = nullptr;
    bool server_side = false;
    std::optional<std::string_view> server_hostname;
    std::optional<Duration> handshake_timeout, shutdown_timeout;
    const ssl::SSLSession* session = nullptr;
    bool suppress_ragged_eofs = true;
};

// What the options ask for in the way of TLS, kept; null: nothing. `host`: the name to check without another one.
std::shared_ptr<FilterFactory> connection_filter(const ConnectionOptions& options,
                                                 std::optional<std::string_view> host, bool server_side = false);

// Sets a filter upon a SocketStream, and waits for the handshake. Cancel, errors: the stream is aborted.
Coro<> secure_stream(StreamRef stream, std::shared_ptr<FilterFactory> filter);

}  // namespace aio::detail
