// WSChannel: its end, by closing handshake, failure or loss; and the keepalive, which notices dead peers.
#include "http/ws_channel.hpp"

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/http/errors.hpp>

#include "base/make_error.hpp"
#include "http/wire/random.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace aio::http::detail {

namespace {

constexpr std::uint16_t kInternalError = 1011;
constexpr Duration kLinger = std::chrono::seconds(1);  // for the peer to read our close after a failure

TimePoint later(TimePoint time, Duration by) noexcept {
    return by > TimePoint::max() - time ? TimePoint::max() : time + by;
}

}  // namespace

// --- the closing handshake -------------------------------------------------------------------------------------------

void WSChannel::start_close(std::uint16_t code, std::string_view reason) noexcept {
    if (sent_ || writer_.is_closing()) return;
    try {
        send_close(code, reason);
        if (received_) {
            end_handshake();
        } else {
            set_deadline(rules_.close_timeout);
            if (!rules_.keeps_messages) {
                queue_ = {};
                queue_at_ = queued_bytes_ = 0;
            }
            look_later();  // reading may be paused
        }
    } catch (...) {
        lost(std::current_exception());
        writer_.abort();
    }
}

void WSChannel::send_close(std::uint16_t code, std::string_view reason) {
    keepalive_.cancel();
    const bool nothing = code == wire::kNoCloseCode;
    const std::string payload = nothing ? std::string() : wire::ws_close_payload(code, reason);
    sent_.emplace(WSClose{code, std::string(reason)});
    if (!writer_.is_closing()) write_control(wire::WSOpcode::close, payload);
}

void WSChannel::peer_closed(wire::WSEvent& event) {
    received_first_ = !sent_;
    received_.emplace(WSClose{event.close_code, std::move(event.data)});
    over_ = true;
    if (!sent_ && rules_.autoclose) send_close(received_->code, received_->reason);
    if (sent_) end_handshake();
    announce_end();
}

// Both closes are there: the server ends its direction of the TCP connection first (RFC 6455 section 7.1.1). What the peer has
// sent behind its close is read and dropped until the peer ends its own: closing with unread data would make the system reset
// the connection, and the peer could lose our close.
void WSChannel::end_handshake() {
    if (side_ == Side::server) {
        // TLS says its own goodbye, and waits for the peer's.
        if (!writer_.can_write_eof() || rules_.close_timeout <= Duration(0)) return close_stream();
        pending_ = {};
        writer_.write_eof();
    } else if (!rules_.waits_for_end) {
        return close_stream();
    }
    if (!deadline_) set_deadline(rules_.close_timeout);
    look_later();
}

Coro<> WSChannel::wait_over() {
    if (!over_) co_await ended_.wait();
}

Coro<> WSChannel::wait_gone() {
    try {
        co_await writer_.wait_closed();
    } catch (const std::exception&) {
        // How it ended is in error().
    }
}

Coro<> WSChannel::finish(std::uint16_t code) {
    start_close(code, "");
    co_await wait_over();
    co_await wait_gone();
}

void WSChannel::abandon() noexcept {
    if (!sent_ && !received_ && !over_) abort();
    if (writer_.closed()) return;
    if (const std::shared_ptr<SocketKeeper> keeper = keeper_.lock()) keeper->keep_until_closed(writer_);
}

// --- other ends ------------------------------------------------------------------------------------------------------

void WSChannel::fail(std::uint16_t code, std::string_view reason, std::exception_ptr error) noexcept {
    if (over_) return;
    over_ = true;
    if (!error_) error_ = std::move(error);
    failure_code_ = code;
    pending_ = {};
    try {
        if (!sent_) send_close(code, reason);
        announce_end();
        if (!writer_.can_write_eof()) return close_stream();  // TLS says its own goodbye, and waits for the peer's
        writer_.write_eof();
        set_deadline(std::min(kLinger, rules_.close_timeout));
        look_later();
    } catch (...) {
        abort();
    }
}

void WSChannel::lost(std::exception_ptr error) noexcept {
    if (!over_ && !error_) error_ = std::move(error);
    over_ = true;
    pending_ = {};
    close_stream();
    announce_end();
}

void WSChannel::abort() noexcept {
    lost(nullptr);
    writer_.abort();
    deadline_.cancel();
}

// Nothing comes any more, and whoever waits hears of it.
void WSChannel::announce_end() noexcept {
    keepalive_.cancel();
    trim_.cancel();
    for (Ping& ping : std::exchange(pings_, {})) {
        if (!ping.done || ping.done->done()) continue;
        try {
            if (!closed_error_) {
                ping.done->cancel();
                continue;
            }
            ping.done->set_exception(closed_error_(*this));
            static_cast<void>(ping.done->exception());  // an end of which nobody asks is not reported
        } catch (const std::bad_alloc&) {
            ping.done->cancel();
        }
    }
    ended_.set();
    reader_.stream()->release_reader();
}

// After the end: what the peer still sends, up to its own end, is dropped.
void WSChannel::drop_input() noexcept {
    constexpr int kMost = 4;
    pending_ = {};
    try {
        for (int reads = 0; !receiving_ && fetch();) {
            pending_ = {};
            if (++reads == kMost) return look_later();
        }
    } catch (...) {  // no memory, here or where the stream broke
        abort();
    }
}

// What was written is sent first, in close_timeout at most. A stream that was aborted, or broke, closes by itself.
void WSChannel::close_stream() noexcept {
    if (writer_.is_closing()) return deadline_.cancel();
    reader_.stream()->observe_reading(this);  // the end of the connection is to be told, not that of reading
    writer_.close();
    if (writer_.get_write_buffer_size() == 0 || rules_.close_timeout <= Duration(0)) return deadline_.cancel();
    try {
        if (!deadline_) set_deadline(rules_.close_timeout);
    } catch (...) {
        writer_.abort();
    }
}

void WSChannel::set_deadline(Duration after) {
    deadline_.cancel();
    deadline_ = get_running_loop().call_later(after, [self = shared_from_this()] {
        self->deadline_ = TimerHandle();
        self->abort();
    });
}

// --- keepalive -------------------------------------------------------------------------------------------------------

void WSChannel::begin_keepalive() {
    if (!rules_.ping_interval || *rules_.ping_interval <= Duration(0)) return;
    EventLoop& loop = get_running_loop();
    heard_ = loop.time();
    next_ping_ = later(heard_, *rules_.ping_interval);
    if (next_ping_ != TimePoint::max()) keepalive_ = loop.call_at(next_ping_, [this] { check_keepalive(); });
}

// Everything that comes shows that the peer lives, not only its pong, which may be behind a large message. And while we read
// nothing ourselves, because the queue is full, silence proves nothing.
void WSChannel::check_keepalive() try {
    if (over_ || sent_ || received_) return;
    const TimePoint now = get_running_loop().time();
    if (unanswered_since_ && heard_ >= *unanswered_since_) unanswered_since_.reset();
    TimePoint due = TimePoint::max();
    if (unanswered_since_ && rules_.ping_timeout) {
        if (reading_paused_ && reader_.stream()->reading_paused()) unanswered_since_ = now;
        due = later(*unanswered_since_, *rules_.ping_timeout);
        if (due <= now) return take_for_dead();
    }
    if (rules_.pings_silence) next_ping_ = std::max(next_ping_, later(heard_, *rules_.ping_interval));
    if (next_ping_ <= now) {
        std::array<char, 4> random;
        wire::fill_with_random(random);
        pings_.push_back({std::string(random.data(), random.size()), now, std::nullopt});
        write_control(wire::WSOpcode::ping, pings_.back().payload);
        if (!unanswered_since_) unanswered_since_ = now;
        next_ping_ = later(now, *rules_.ping_interval);
        if (rules_.ping_timeout) due = std::min(due, later(*unanswered_since_, *rules_.ping_timeout));
    }
    due = std::min(due, next_ping_);
    if (due != TimePoint::max()) keepalive_ = get_running_loop().call_at(due, [this] { check_keepalive(); });
} catch (...) {  // no memory for a ping, or for the timer: from here on nobody would notice that the peer is dead
    lost(std::current_exception());
    writer_.abort();
}

void WSChannel::take_for_dead() noexcept {
    std::exception_ptr error;
    try {
        error = aio::detail::make_error<SocketTimeoutError>(
            "No PONG received from the peer of the WebSocket within the time that the heartbeat allows");
    } catch (const std::bad_alloc&) {
        error = std::current_exception();
    }
    if (rules_.fails_dead) return fail(kInternalError, "keepalive ping timeout", std::move(error));
    lost(std::move(error));
    writer_.abort();
}

}  // namespace aio::http::detail
