// An EventSource: one connection after the other, and the waits between them. wire/sse_parser.cpp reads the events.
#include <aio/http/client/event_source.hpp>

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/http/errors.hpp>

#include "http/client/response_state.hpp"
#include "http/client/session_state.hpp"
#include "http/wire/random.hpp"
#include "http/wire/sse_parser.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace aio::http {

namespace detail {

namespace {

constexpr int kNoContent = 204;

// A proxy's word for a server that is being restarted: once connected, worth another attempt. (The standard gives up.)
bool is_passing(int status) noexcept { return status == 502 || status == 503 || status == 504; }

// Whether another attempt may succeed where `error` was thrown.
bool is_passing(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const ClientConnectorCertificateError&) {
        return false;
    } catch (const ServerFingerprintMismatch&) {
        return false;
    } catch (const ClientConnectionError&) {
        return true;
    } catch (const EventTooLargeError&) {
        return false;
    } catch (const ClientPayloadError&) {
        return true;
    } catch (...) {
        return false;
    }
}

// Errors: `error`'s, with the request that it is about.
template <class E>
[[noreturn]] void throw_about(const ClientResponse& response, E error) {
    error.set_request_info(std::make_shared<const RequestInfo>(response.request_info()));
    throw error;
}

// `time`, and up to a quarter more.
Duration spread(Duration time) { return Duration(time + Duration(time * (wire::random_fraction() / 4))); }

}  // namespace

class EventSourceState {
public:
    EventSourceState(ClientRequest request, const EventSourceOptions& options);
    EventSourceState(const EventSourceState&) = delete;
    ~EventSourceState() { drop_connection(); }

    // `self` lives until it has ended, also when the EventSource is destroyed meanwhile.
    static Coro<std::optional<MessageEvent>> next(std::shared_ptr<EventSourceState> self);
    void close() noexcept;

    ReadyState ready_state() const noexcept {
        if (closed_) return ReadyState::closed;
        return response_ ? ReadyState::open : ReadyState::connecting;
    }
    Duration reconnection_time() const noexcept;
    const wire::SSEParser& parser() const noexcept { return parser_; }
    const URL& url() const noexcept { return url_; }
    std::size_t connections() const noexcept { return connections_; }

private:
    // The task in next(), which close() may have to wake.
    struct Waiting {
        explicit Waiting(EventSourceState& s) : state(s) { state.task_ = current_task(); }
        Waiting(const Waiting&) = delete;
        ~Waiting() { state.task_ = AnyTask(); }
        EventSourceState& state;
    };

    Coro<std::optional<MessageEvent>> next_event();
    std::optional<MessageEvent> parse();
    Coro<> read_more();
    Coro<> open();
    Coro<ClientResponse> request_once();
    void accept(ClientResponse response);
    void connection_ended(const std::exception_ptr& failure);
    void drop_connection() noexcept;

    std::shared_ptr<SessionState> session_;
    std::unique_ptr<RequestSpec> spec_;
    EventSourceOptions options_;
    bool reconnects_;
    wire::SSEParser parser_;
    std::optional<ClientResponse> response_;
    std::string_view unparsed_;  // of the response's content; valid until its next read
    URL url_;
    std::string origin_;
    std::size_t connections_ = 0;
    std::size_t failures_ = 0;   // attempts since the last response of events
    std::size_t fruitless_ = 0;  // attempts since the last byte of one
    TimePoint connect_at_ = TimePoint::min();
    AnyTask task_;
    bool closed_ = false;
    bool woken_ = false;  // close() has cancelled task_
};

EventSourceState::EventSourceState(ClientRequest request, const EventSourceOptions& options)
    : session_(std::move(request.session_)),
      spec_(std::move(request.spec_)),
      options_(options),
      parser_(options.max_event_size) {
    if (!spec_) throw RuntimeError("sse_connect: this request was sent already");
    if (!wire::is_field_value(options.last_event_id)) {
        throw ValueError("sse_connect: the last_event_id '" + wire::printable(options.last_event_id) +
                         "' has control characters");
    }
    parser_.set_last_event_id(std::string(options.last_event_id));
    options_.last_event_id = {};
    reconnects_ = options.reconnect.value_or(spec_->method == "GET");
    spec_->raise_for_status = false;
}

// --- events ----------------------------------------------------------------------------------------------------------

Coro<std::optional<MessageEvent>> EventSourceState::next(std::shared_ptr<EventSourceState> self) {
    if (self->task_) throw RuntimeError("EventSource.next: another task waits for an event already");
    const Waiting waiting(*self);
    std::exception_ptr failure;
    try {
        co_return co_await self->next_event();
    } catch (const CancelledError&) {
        // Whose request it was is a matter of counting: close() has made one of them.
        if (!std::exchange(self->woken_, false) || self->task_.uncancel() > 0) throw;
    } catch (...) {
        failure = std::current_exception();
    }
    self->closed_ = true;
    self->drop_connection();
    if (failure) std::rethrow_exception(failure);
    co_return std::nullopt;
}

Coro<std::optional<MessageEvent>> EventSourceState::next_event() {
    while (!closed_) {
        if (!response_) {
            co_await open();
            continue;
        }
        if (std::optional<MessageEvent> event = parse()) co_return event;
        co_await read_more();
    }
    co_return std::nullopt;
}

std::optional<MessageEvent> EventSourceState::parse() {
    std::optional<wire::SSEEvent> event;
    try {
        event = parser_.read(unparsed_);
    } catch (const wire::SSELimitError& error) {
        throw_about(*response_, EventTooLargeError(std::string("the stream of ") + url_.str_without_credentials() +
                                                   ": " + error.what() + "; max_event_size allows more"));
    }
    if (!event) return std::nullopt;
    MessageEvent message;
    message.type = event->type.empty() ? "message" : std::move(event->type);
    message.data = std::move(event->data);
    message.last_event_id = std::move(event->last_event_id);
    message.origin = origin_;
    return message;
}

Coro<> EventSourceState::read_more() {
    std::exception_ptr failure;
    try {
        unparsed_ = co_await response_->content().readany_view();
        if (!unparsed_.empty()) {
            fruitless_ = 0;
            co_return;
        }
    } catch (const ClientError&) {
        failure = std::current_exception();
    }
    connection_ended(failure);
}

// --- connections -----------------------------------------------------------------------------------------------------

void EventSourceState::drop_connection() noexcept {
    unparsed_ = {};
    if (response_) response_->release();
    response_.reset();
}

Duration EventSourceState::reconnection_time() const noexcept {
    Duration time = options_.reconnection_time;
    if (const std::optional<std::uint64_t> retry_ms = parser_.retry_ms()) {
        time = Duration(std::chrono::duration<std::uint64_t, std::milli>(*retry_ms));
    }
    return std::max(std::min(time, options_.max_reconnection_time), Duration(0));
}

// A connection was lost, or none came about. Errors: `failure`, when there shall be no other.
void EventSourceState::connection_ended(const std::exception_ptr& failure) {
    drop_connection();
    parser_.restart();
    const bool over = session_->closed || session_->pool->closed();
    const bool sendable = !spec_->payload || spec_->payload->available();
    const bool again = reconnects_ && sendable && !over && (!failure || is_passing(failure));
    if (!again || failures_ > options_.max_connect_retry) {
        closed_ = true;
        if (failure) std::rethrow_exception(failure);
        return;
    }
    Duration wait = reconnection_time();
    for (std::size_t n = 1; n < fruitless_ && wait < options_.max_reconnection_time; ++n) {
        wait = std::min(Duration(wait * 2), options_.max_reconnection_time);
    }
    connect_at_ = get_running_loop().time() + spread(wait);
}

// An attempt, when its time has come.
Coro<> EventSourceState::open() {
    if (connect_at_ > get_running_loop().time()) co_await sleep_until(connect_at_);
    std::exception_ptr failure;
    try {
        ClientResponse response = co_await request_once();
        accept(std::move(response));
    } catch (const ClientError&) {
        failure = std::current_exception();
    }
    if (failure) connection_ended(failure);
}

// The request, until the headers of its response. The total time is for that alone.
Coro<ClientResponse> EventSourceState::request_once() {
    ++failures_;
    ++fruitless_;
    auto spec = std::make_unique<RequestSpec>(*spec_);
    Headers& headers = spec->more().headers;
    headers.setdefault("Accept", "text/event-stream");
    headers.setdefault("Cache-Control", "no-store");
    if (!parser_.last_event_id().empty()) headers.set("Last-Event-ID", parser_.last_event_id());
    const std::optional<Duration> total = std::exchange(spec->timeout.total, std::nullopt);
    const bool limited = total && *total > Duration(0);
    Timeout limit(limited ? std::optional<When>(get_running_loop().time() + *total) : std::nullopt);
    limit.enter();
    std::exception_ptr failure;
    std::optional<ClientResponse> response;
    try {
        response.emplace(co_await run_request(session_, std::move(spec)));
    } catch (...) {
        failure = std::current_exception();
    }
    try {
        limit.exit(failure);
    } catch (const TimeoutError&) {
        if (!limit.expired()) throw;
        throw ServerTimeoutError("the total timeout has passed without a response of events from " +
                                 spec_->url.str_without_credentials());
    }
    co_return *std::move(response);
}

void EventSourceState::accept(ClientResponse response) {
    if (response.status() == kNoContent) {
        closed_ = true;
        response.release();
        return;
    }
    if (response.status() != 200) {
        response.release();
        if (connections_ > 0 && is_passing(response.status())) {
            throw_about(response,
                        ClientConnectionError("cannot open the stream of events again: the server answers " +
                                              std::to_string(response.status())));
        }
        throw_about(response, ClientResponseError(response.status(), response.reason(),
                                                  std::make_shared<const Headers>(response.headers())));
    }
    if (response.content_type() != "text/event-stream") {
        response.release();
        throw_about(response,
                    ContentTypeError(
                        200, "the response is no stream of events: its type is '" + response.content_type() + "'",
                        std::make_shared<const Headers>(response.headers())));
    }
    url_ = response.real_url();
    origin_ = url_.origin().str();
    ++connections_;
    failures_ = 0;
    response_ = std::move(response);
}

void EventSourceState::close() noexcept {
    if (closed_) return;
    closed_ = true;
    if (!task_) return drop_connection();
    // It may wait in the connection: it drops that itself.
    woken_ = task_.cancel();
}

}  // namespace detail

EventSource::EventSource(ClientRequest request, const EventSourceOptions& options)
    : state_(std::make_shared<detail::EventSourceState>(std::move(request), options)) {}
EventSource::EventSource(EventSource&&) noexcept = default;
EventSource& EventSource::operator=(EventSource&&) noexcept = default;
EventSource::~EventSource() {
    if (state_) state_->close();
}

Coro<std::optional<MessageEvent>> EventSource::next() { return detail::EventSourceState::next(state_); }
void EventSource::close() noexcept { state_->close(); }
ReadyState EventSource::ready_state() const noexcept { return state_->ready_state(); }
const std::string& EventSource::last_event_id() const noexcept { return state_->parser().last_event_id(); }
Duration EventSource::reconnection_time() const noexcept { return state_->reconnection_time(); }
const URL& EventSource::url() const noexcept { return state_->url(); }
std::size_t EventSource::connections() const noexcept { return state_->connections(); }

}  // namespace aio::http
