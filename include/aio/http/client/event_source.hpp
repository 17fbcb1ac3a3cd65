// Server-sent events, received: a generator of events that connects again when the connection is lost
// (aiohttp-sse-client).
//
//     auto events = session.sse_connect("https://example.org/ticks");
//     while (auto event = co_await events.next()) use(event->type, event->data);
//
//     auto answer = aio::http::sse_connect(session.post(url).json("prompt", text));    // any method, any body
//
// It behaves as a browser's EventSource: it sends "Accept: text/event-stream", and Last-Event-ID when it connects again;
// status 204 ends it; any other status than 200 and any other type than text/event-stream are errors; redirects are
// followed. It waits for the server's "retry" before it connects again, or for `reconnection_time`; after attempts that
// brought nothing, twice as long each time; and up to a quarter longer at random, so that the clients of a restarted
// server do not all return at once. Beyond the standard, 502, 503 and 504 are worth another attempt, unless they answer
// the first one.
//
// By default only GET connects again: the end of a POST's stream is the end of its answer. A ClientTimeout::total limits
// the time until the headers of a response have arrived, never the stream; sock_read limits the silence in it, so let
// it be longer than the server's interval of comments.
//
// Thread rule: the session's loop. Source: HTML Living Standard section 9.2; aiohttp-sse-client 0.2.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/time.hpp>
#include <aio/http/client/client_request.hpp>
#include <aio/http/url.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

namespace detail {
class EventSourceState;
}

// An event: aiohttp_sse_client.MessageEvent.
struct MessageEvent {
    std::string type;           // "message" unless the server named another
    std::string data;           // UTF-8
    std::string last_event_id;  // of this event or of the last one that had an id; ""
    std::string origin;         // "https://example.org": whose event it is

    MessageEvent() = default;
};

// EventSource.readyState.
enum class ReadyState : std::uint8_t { connecting, open, closed };

// The options of an EventSource. Trivially destructible, so that `{.reconnect = false}` is safe in a co_await expression
// on g++ 12.
struct EventSourceOptions {
    std::optional<bool> reconnect = {};  // default: true for GET, else false
    // Between the end of a connection and the next attempt, until the server says otherwise; the longest time, whatever
    // the server says and however many attempts failed, the random part excluded. Below 0: as 0.
    Duration reconnection_time = std::chrono::seconds(5);
    Duration max_reconnection_time = std::chrono::minutes(5);
    // Failed attempts in a row after which the error of the last one is thrown; 0: the first failure is thrown.
    std::size_t max_connect_retry = 5;
    std::size_t max_event_size = 1024 * 1024;  // of type, data and id of one event together, in bytes
    std::string_view last_event_id = {};       // for the first request; copied
};

// A stream of server-sent events: aiohttp_sse_client.EventSource. Nothing is sent before the first next().
class [[nodiscard]] EventSource {
public:
    // Errors: ValueError for a last_event_id with control characters; RuntimeError for a request that was sent already.
    explicit EventSource(ClientRequest request, const EventSourceOptions& options = {});
    EventSource(EventSource&&) noexcept;
    EventSource& operator=(EventSource&&) noexcept;
    ~EventSource();

    // The next event; connects first where necessary, as often as the options allow. nullopt: the server has ended the
    // stream (204; or the connection ended and there is no other), or close() was called.
    // Resumes: in the pass after the event arrived; without suspending for one that is buffered.
    // Cancel: no event is lost; a connection that was being opened is given up, and the next call opens another.
    // Errors: ClientConnectionError and ClientPayloadError when the last attempt failed; ClientResponseError for a
    // status other than 200 and 204; ContentTypeError; EventTooLargeError; those of the request.
    // After an error the source is closed. RuntimeError while another task waits in it.
    Coro<std::optional<MessageEvent>> next();

    // Closes the connection; a next() that waits returns nullopt. No effect the second time.
    void close() noexcept;

    // Connecting: before the first next(), and while a lost connection is not open again.
    ReadyState ready_state() const noexcept;
    // The id of the last event that had one; what would be sent when it connects again.
    const std::string& last_event_id() const noexcept;
    // The wait before the next connection, the random part and failures excluded.
    Duration reconnection_time() const noexcept;
    // The URL of the present connection, after redirects; empty before the first one.
    const URL& url() const noexcept;
    // How many connections brought a response of events so far.
    std::size_t connections() const noexcept;

private:
    std::shared_ptr<detail::EventSourceState> state_;
};

// The events of the response to `request`, which is sent when next() is awaited. Errors: as EventSource::EventSource().
inline EventSource sse_connect(ClientRequest request, const EventSourceOptions& options = {}) {
    return EventSource(std::move(request), options);
}

}  // namespace aio::http
