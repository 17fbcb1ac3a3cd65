// The awaiters of recvfrom(), drain() and wait_closed(): registered with the core, woken, cancelled, resumed.
// The core decides when to wake them: receivers in datagram_core.cpp, drain() in datagram_sending.cpp.
#include <aio/io/datagram_awaiters.hpp>

#include <aio/base/error.hpp>

#include "io/datagram/datagram_core.hpp"

#include <cerrno>

namespace aio::detail {

// --- receiving ---------------------------------------------------------------------------------------------

bool DatagramWaiter::await_ready() {
    if (core_->has_protocol())
        throw RuntimeError("recvfrom() called on an endpoint with a protocol, which receives its datagrams");
    if (core_->reader_) throw RuntimeError("recvfrom() called while another task is already waiting for a datagram");
    core_->end_views();
    return core_->has_news();
}

void DatagramWaiter::await_suspend(std::coroutine_handle<> frame) {
    suspend(frame, &core_->loop_);
    waiting_ = true;
    core_->reader_ = this;
    core_->in_.release();  // an idle endpoint holds no memory
}

void DatagramWaiter::datagram_came() noexcept {
    if (std::exchange(woken_, true)) return;
    wake();
}

bool DatagramWaiter::cancel_wait(std::string_view message) noexcept {
    if (woken_) return false;
    forget();
    wake_cancelled(message);
    return true;
}

void DatagramWaiter::forget() noexcept {
    waiting_ = false;
    if (core_->reader_ == this) core_->reader_ = nullptr;
}

std::optional<DatagramView> DatagramWaiter::finish() {
    if (waiting_) forget();
    check_cancelled();
    return core_->take();
}

void DatagramWaiter::throw_closed() {
    throw ConnectionAbortedError(ECONNABORTED, "recvfrom: the endpoint is closed");
}

// --- draining and closing ----------------------------------------------------------------------------------

DatagramWaitAwaiter::~DatagramWaitAwaiter() {
    if (listed_) [[unlikely]]
        (for_close_ ? core_->close_waits_ : core_->drains_).remove(this);
}

bool DatagramWaitAwaiter::await_ready() const noexcept {
    if (for_close_) return core_->closed();
    return core_->lost() || (!core_->writing_paused() && !core_->closing());
}

void DatagramWaitAwaiter::await_suspend(std::coroutine_handle<> frame) {
    suspend(frame, &core_->loop_);
    listed_ = true;
    (for_close_ ? core_->close_waits_ : core_->drains_).push(this);
}

void DatagramWaitAwaiter::run() {
    listed_ = false;
    wake();
}

bool DatagramWaitAwaiter::cancel_wait(std::string_view message) noexcept {
    if (!listed_) return false;
    listed_ = false;
    (for_close_ ? core_->close_waits_ : core_->drains_).remove(this);
    wake_cancelled(message);
    return true;
}

void DatagramWaitAwaiter::await_resume() {
    check_cancelled();
    if (for_close_) {
        if (core_->lost_error()) std::rethrow_exception(core_->lost_error());
    } else if (core_->lost()) {
        throw ConnectionResetError(ECONNRESET, "drain: the endpoint is closed");
    }
}

}  // namespace aio::detail
