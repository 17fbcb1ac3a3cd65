// A connection's deadlines, and how it ends.
#include "http/client/client_connection.hpp"

#include <aio/http/errors.hpp>

#include <algorithm>

namespace aio::http::detail {

ClientConnection::ClientConnection(StreamPair streams, const wire::Limits& limits)
    : reader(std::move(streams.first)),
      writer(std::move(streams.second)),
      messages(reader, wire::Parser::Role::responses, limits) {}

ClientConnection::~ClientConnection() {
    timer_.cancel();
    end_watch();
    if (ours_) close();
}

void ClientConnection::begin_exchange(std::optional<TimePoint> total, std::optional<Duration> sock_read) {
    ++requests;
    total_ = total.value_or(TimePoint::max());
    read_by_ = TimePoint::max();
    sock_read_ = sock_read;
    messages.set_watch(sock_read ? this : nullptr);
    if (total) arm(*total);
}

void ClientConnection::end_by(TimePoint when) {
    total_ = std::min(total_, when);
    arm(total_);
}

void ClientConnection::end_exchange() noexcept {
    total_ = read_by_ = TimePoint::max();
    sock_read_.reset();
    messages.set_watch(nullptr);
}

void ClientConnection::about_to_read() noexcept {
    try {
        read_by_ = get_running_loop().time() + *sock_read_;
        arm(read_by_);
    } catch (...) {
        fail(std::current_exception());  // without a timer the limit would not hold
    }
}

// A timer that is due earlier will look again.
void ClientConnection::arm(TimePoint when) {
    if (timer_ && timer_.when() <= when) return;
    const TimerHandle timer = get_running_loop().call_at(when, [this] { timer_fired(); });
    timer_.cancel();
    timer_ = timer;
}

void ClientConnection::timer_fired() noexcept {
    timer_ = TimerHandle();
    const TimePoint next = std::min(total_, read_by_);
    if (next == TimePoint::max()) return;
    try {
        const TimePoint now = get_running_loop().time();
        if (next > now) return arm(next);
        if (total_ <= now) throw ServerTimeoutError("the request's total timeout has passed");
        throw SocketTimeoutError("Timeout on reading data from socket: the server sent nothing within sock_read");
    } catch (...) {
        fail(std::current_exception());
    }
}

void ClientConnection::watch_idle(IdleOwner& owner) noexcept {
    idle_owner_ = &owner;
    reader.stream()->observe_reading(this);
}

void ClientConnection::end_watch() noexcept {
    if (!idle_owner_) return;
    idle_owner_ = nullptr;
    reader.stream()->observe_reading(nullptr);
    if (stale_) std::exchange(stale_, Handle()).cancel();
}

void ClientConnection::something_came() noexcept {
    if (stale_) return;
    try {
        stale_ = get_running_loop().call_soon([this] {
            stale_ = Handle();
            if (!fresh()) idle_owner_->went_stale(*this);
        });
    } catch (const std::exception&) {
        // No memory, or no loop any more. Then it is noticed when it is to be used, or swept.
    }
}

// Reading does not have to wait when something came: data, the end, or an error.
bool ClientConnection::fresh() const {
    if (writer.is_closing() || messages.in_head()) return false;
    return !reader.has_data() && !reader.at_eof() && !reader.exception();
}

void ClientConnection::fail(std::exception_ptr error) noexcept {
    end_exchange();
    reader.set_exception(std::move(error));
    abort();
}

void ClientConnection::close() noexcept {
    if (writer.is_closing()) return;
    try {
        writer.close();
    } catch (...) {
        abort();
    }
}

void ClientConnection::abort() noexcept {
    try {
        writer.abort();
    } catch (...) {
        // Only a stream without a transport throws, and this one has one.
    }
}

}  // namespace aio::http::detail
