// Server-sent events: a response that lasts, and sends an event whenever there is one (aiohttp-sse).
//
//     aio::Coro<Response> ticks(Request& request) {
//         EventSourceResponse events;
//         co_await events.prepare(request);
//         for (int n = 0; events.is_connected(); ++n) {
//             co_await events.send(std::to_string(n), {.event = "tick", .id = std::to_string(n)});
//             co_await aio::sleep(1s);
//         }
//         co_return events;
//     }
//
// In a browser `new EventSource("/ticks")` receives them; here aio/http/client/event_source.hpp. A handler that waits
// for its events elsewhere notices a client that has gone by wait():
//
//     auto next = co_await aio::select(queue.get(), events.wait());
//
// A client that reconnects says which event it saw last: last_event_id(). Each event is flushed, also through
// enable_compression(). To a HEAD request prepare() throws HTTPOk: the handler ends, and there is no stream.
//
// A client that does not read delays its own handler only, in the await of send(), and is dropped when it has taken
// nothing for the send timeout of the server (RunnerOptions).
//
// It belongs to its request: do not use it after the handler has returned.
// Thread rule: the loop's thread. Source: HTML Living Standard section 9.2; aiohttp-sse 2.2.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/time.hpp>
#include <aio/http/server/stream_response.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http {

namespace detail {
class EventStream;
}

// The optional fields of an event. Trivially destructible, so that `{.id = "7"}` is safe in a co_await expression on
// g++ 12. The texts are used before send() returns.
struct EventFields {
    std::string_view event = {};              // the type; empty: "message"
    std::optional<std::string_view> id = {};  // what a client sends as Last-Event-ID later on
    std::optional<Duration> retry = {};       // how long clients shall wait before they reconnect
};

// A response of server-sent events: aiohttp_sse.EventSourceResponse.
class EventSourceResponse : public StreamResponse {
public:
    static constexpr Duration kPingInterval = std::chrono::seconds(15);  // the default of ping_interval()

    // With the headers Content-Type: text/event-stream, Cache-Control: no-cache and X-Accel-Buffering: no (for nginx).
    EventSourceResponse();
    EventSourceResponse(EventSourceResponse&&) noexcept = default;
    EventSourceResponse& operator=(EventSourceResponse&&) noexcept = default;

    // How long the stream may be silent: then a comment is sent, so that proxies keep the connection and a dead one is
    // noticed. None is sent while earlier data wait for the client. 0: never. Before prepare().
    // Errors: ValueError below 0.
    EventSourceResponse& set_ping_interval(Duration interval) &;
    Duration ping_interval() const noexcept { return ping_interval_; }

    // Sends status and headers. Errors: as StreamResponse::prepare(); HTTPOk, with these headers, to a HEAD request.
    Coro<> prepare(Request& request);

    // Sends an event. Each line of `data` is a field of its own: CR LF and CR arrive as LF. The await waits while the
    // client reads too slowly. Cancel: the event is sent all the same.
    // Errors: RuntimeError before prepare() and after write_eof(); ValueError for a line end in `event` or `id`, a NUL in
    // `id`, or a `retry` below 0; of the await: ConnectionResetError when the client has closed the connection.
    aio::detail::Drain send(std::string_view data, const EventFields& fields = {});
    // Sends a comment, which clients ignore. Errors: as send().
    aio::detail::Drain send_comment(std::string_view text);

    // The Last-Event-ID of the request; "" when the client connects for the first time. Valid after prepare().
    const std::string& last_event_id() const noexcept { return last_event_id_; }

    // Whether the client is there, and stop_streaming() was not called. A client that ends its sending direction counts
    // as gone, although it might still read.
    bool is_connected() const noexcept;
    // Waits until that is false. Errors: RuntimeError before prepare().
    Coro<> wait() const;
    // Ends the comments, and wakes wait(): for other tasks that want the handler to return.
    void stop_streaming() noexcept;

private:
    detail::EventStream& begun(const char* function) const;

    std::shared_ptr<detail::EventStream> stream_;
    std::string last_event_id_;
    Duration ping_interval_ = kPingInterval;
};

}  // namespace aio::http
