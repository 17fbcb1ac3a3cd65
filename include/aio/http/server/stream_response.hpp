// A response that the handler writes piece by piece (aiohttp.web.StreamResponse).
//
//     aio::Coro<Response> events(Request& request) {
//         StreamResponse stream;
//         stream.set_content_type("text/event-stream");
//         co_await stream.prepare(request);                      // sends status and headers
//         while (auto event = co_await queue.get()) co_await stream.write(*event);
//         co_return stream;
//     }
//
// Without a Content-Length it is sent with chunked coding; to clients of HTTP/1.0 until the connection closes. A return
// ends it without a write_eof(); when the handler fails, the connection is closed, so that the client notices.
//
// It belongs to its request: do not use it after the handler has returned.
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_response.py.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/server/response.hpp>
#include <aio/io/stream.hpp>

#include <string_view>

namespace aio::http {

class Request;

namespace detail {
class Exchange;
}

// A response whose body the handler writes: aiohttp.web.StreamResponse.
class StreamResponse : public Response {
public:
    using Response::Response;
    StreamResponse(StreamResponse&&) noexcept = default;
    StreamResponse& operator=(StreamResponse&&) noexcept = default;

    // Sends status and headers; they cannot change any more. Errors: RuntimeError when a response has begun.
    Coro<> prepare(Request& request);
    // Whether prepare() was called.
    bool prepared() const noexcept { return exchange_ != nullptr; }
    // Takes `data` at once and sends them; awaited, it waits while the client reads too slowly.
    // Errors: RuntimeError before prepare() and after write_eof(); ValueError for more than Content-Length; of the
    // await: ConnectionResetError when the client has closed the connection.
    aio::detail::Drain write(std::string_view data);
    // Ends the body; with chunked coding, trailer fields may follow it. No effect the second time.
    aio::detail::Drain write_eof();
    aio::detail::Drain write_eof(const Headers& trailers);

private:
    detail::Exchange* exchange_ = nullptr;
};

}  // namespace aio::http
