// Events on a response in steps: EventStream watches the connection between them. wire/sse_parser.cpp writes the fields.
#include <aio/http/server/event_source_response.hpp>

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/request.hpp>
#include <aio/sync/event.hpp>

#include "http/server/exchange.hpp"
#include "http/server/request_state.hpp"
#include "http/wire/sse_parser.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace aio::http {

namespace detail {

// The time between two events: sends comments when it gets long, and notices that the client goes. The exchange owns it
// too, and ends it with the response: neither the timer nor the observer outlives that.
class EventStream final : public ResponseWatch, private aio::detail::ReadObserver {
public:
    EventStream(Exchange& exchange, Duration interval)
        : exchange_(&exchange), reader_(exchange.reader()), writer_(exchange.writer()), interval_(interval) {}
    EventStream(const EventStream&) = delete;
    ~EventStream() { response_ended(); }

    // Errors: std::bad_alloc.
    void begin() {
        last_write_ = get_running_loop().time();
        if (interval_ > Duration(0)) arm(last_write_ + interval_);
        reader_->stream()->observe_reading(this);
        something_came();  // the end may have come by now
    }

    // Errors: RuntimeError after the end.
    void send(std::string_view text) {
        if (!exchange_) throw RuntimeError("EventSourceResponse.send: the response has ended");
        last_write_ = get_running_loop().time();
        exchange_->write(text, Exchange::Flush::yes);
    }

    bool connected() const noexcept { return !stopped_ && !gone(); }
    Event& end() noexcept { return end_; }
    void stop() noexcept {
        stopped_ = true;
        timer_.cancel();
        timer_ = TimerHandle();
        end_.set();
    }

    void response_ended() noexcept override {
        if (!exchange_) return;
        exchange_ = nullptr;
        reader_->stream()->observe_reading(nullptr);
        reader_.reset();
        writer_.reset();
        stop();
    }

private:
    bool gone() const noexcept {
        return !exchange_ || writer_->is_closing() || reader_->at_eof() || reader_->exception();
    }

    void something_came() noexcept override {
        if (gone()) stop();
    }

    void arm(TimePoint when) {
        timer_ = get_running_loop().call_at(when, [this] { tick(); });
    }

    void tick() {
        timer_ = TimerHandle();
        if (gone()) return stop();
        const TimePoint now = get_running_loop().time();
        try {
            if (now - last_write_ >= interval_) {
                if (writer_->get_write_buffer_size() == 0) exchange_->write(": ping\n\n", Exchange::Flush::yes);
                last_write_ = now;
            }
            arm(last_write_ + interval_);
        } catch (const std::exception&) {
            // Without the comment, or the next one, a dead client would not be noticed.
            stop();
            writer_->abort();
        }
    }

    Exchange* exchange_;  // null: the response has ended
    std::optional<StreamReader> reader_;
    std::optional<StreamWriter> writer_;
    const Duration interval_;
    TimePoint last_write_{};
    TimerHandle timer_;
    Event end_;
    bool stopped_ = false;
};

}  // namespace detail

EventSourceResponse::EventSourceResponse() {
    set_content_type("text/event-stream");
    header("Cache-Control", "no-cache");
    header("X-Accel-Buffering", "no");
}

EventSourceResponse& EventSourceResponse::set_ping_interval(Duration interval) & {
    if (interval < Duration(0))
        throw ValueError("EventSourceResponse: the ping interval is negative; 0 turns it off");
    ping_interval_ = interval;
    return *this;
}

Coro<> EventSourceResponse::prepare(Request& request) {
    if (prepared()) co_return;
    if (request.method() == "HEAD") {
        HTTPOk answer;
        answer.response().headers().update(headers());
        throw answer;
    }
    last_event_id_ = request.headers().get("Last-Event-ID", "");
    co_await StreamResponse::prepare(request);
    detail::Exchange& exchange = *request.state().exchange;
    stream_ = std::make_shared<detail::EventStream>(exchange, ping_interval_);
    exchange.set_watch(stream_);
    stream_->begin();
}

detail::EventStream& EventSourceResponse::begun(const char* function) const {
    if (!stream_) throw RuntimeError(std::string("EventSourceResponse.") + function + ": call prepare() first");
    return *stream_;
}

aio::detail::Drain EventSourceResponse::send(std::string_view data, const EventFields& fields) {
    detail::EventStream& stream = begun("send");
    std::optional<std::uint64_t> retry_ms;
    if (fields.retry) {
        if (*fields.retry < Duration(0)) throw ValueError("EventSourceResponse.send: retry is negative");
        const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(*fields.retry);
        retry_ms = static_cast<std::uint64_t>(rounded.count());
    }
    std::string text;
    text.reserve(data.size() + 64);
    wire::append_sse_event(text, data, fields.event, fields.id, retry_ms);
    stream.send(text);
    return write({});
}

aio::detail::Drain EventSourceResponse::send_comment(std::string_view comment) {
    detail::EventStream& stream = begun("send_comment");
    std::string text;
    wire::append_sse_comment(text, comment);
    stream.send(text);
    return write({});
}

bool EventSourceResponse::is_connected() const noexcept { return stream_ && stream_->connected(); }

Coro<> EventSourceResponse::wait() const {
    // The response may be destroyed by another task meanwhile.
    const std::shared_ptr<detail::EventStream> stream = (begun("wait"), stream_);
    co_await stream->end().wait();
}

void EventSourceResponse::stop_streaming() noexcept {
    if (stream_) stream_->stop();
}

}  // namespace aio::http
