// The state of a ConcurrentFuture, without its value: status changes, blocking waits, callbacks on whichever thread
// ends it. It knows no loop: threads.cpp delivers results to one.
#include <aio/sync/concurrent_future.hpp>

#include <aio/base/assert.hpp>
#include <aio/core/log.hpp>

#include "base/describe.hpp"
#include "base/per_thread.hpp"
#include "core/observe.hpp"

#include <array>
#include <condition_variable>
#include <mutex>

namespace aio::detail {

namespace {

// Where threads wait for futures: a few monitors for all, chosen by address, so that a future is small and
// <mutex> stays out of its header. A wake-up reaches all who wait at the monitor; they look again.
struct Monitor {
    std::mutex mutex;
    std::condition_variable changed;
};

Monitor& monitor_of(const ConcurrentBase* future) noexcept {
    static constexpr std::size_t kMonitors = 32;
    static NeverDestroyed<std::array<Monitor, kMonitors>> monitors;  // threads outlive main()
    return (*monitors)[(reinterpret_cast<std::uintptr_t>(future) >> 6) % kMonitors];
}

ConcurrentCallback* reversed(ConcurrentCallback* callback) noexcept {
    ConcurrentCallback* result = nullptr;
    while (callback) result = std::exchange(callback, std::exchange(callback->next, result));
    return result;
}

}  // namespace

ConcurrentBase::~ConcurrentBase() {
    while (ConcurrentCallback* callback = callbacks_) {
        callbacks_ = callback->next;
        delete callback;
    }
}

bool ConcurrentBase::cancel() noexcept {
    Status expected = Status::pending;
    retain();  // the callbacks may drop the last handle
    if (status_.compare_exchange_strong(expected, Status::storing, std::memory_order_acq_rel)) {
        finish(Status::cancelled);
        cancelled_from_outside();
        expected = Status::cancelled;
    }
    release();
    return expected == Status::cancelled;
}

bool ConcurrentBase::set_running() {
    Status expected = Status::pending;
    if (status_.compare_exchange_strong(expected, Status::running, std::memory_order_acq_rel)) return true;
    if (expected == Status::running || expected >= Status::finished) {
        throw InvalidStateError("ConcurrentFuture: set_running_or_notify_cancel() was called twice");
    }
    return false;
}

bool ConcurrentBase::begin_outcome() noexcept {
    Status seen = status();
    while (seen < Status::storing) {
        if (status_.compare_exchange_weak(seen, Status::storing, std::memory_order_acq_rel)) return true;
    }
    return false;
}

bool ConcurrentBase::failed_with(std::exception_ptr&& error) noexcept {
    if (!begin_outcome()) return false;
    error_ = std::move(error);
    finish(Status::failed);
    return true;
}

void ConcurrentBase::finish(Status status) noexcept {
    ConcurrentCallback* callbacks;
    {
        Monitor& monitor = monitor_of(this);
        std::lock_guard lock(monitor.mutex);
        status_.store(status, std::memory_order_release);
        callbacks = std::exchange(callbacks_, nullptr);
        monitor.changed.notify_all();
    }
    callbacks = reversed(callbacks);
    while (callbacks) std::exchange(callbacks, callbacks->next)->done(*this);
}

void ConcurrentBase::wait(std::optional<Duration> timeout) {
    if (done()) return;
    Monitor& monitor = monitor_of(this);
    std::unique_lock lock(monitor.mutex);
    const auto is_done = [this] { return done(); };
    if (!timeout) return monitor.changed.wait(lock, is_done);
    if (!monitor.changed.wait_for(lock, *timeout, is_done)) throw TimeoutError();
}

void ConcurrentBase::check_value() {
    if (const std::exception_ptr& error = exception()) std::rethrow_exception(error);
}

const std::exception_ptr& ConcurrentBase::exception() const {
    AIO_ASSERT(done());
    if (status() == Status::cancelled) throw CancelledError();
    return error_;
}

void ConcurrentBase::add_callback(ConcurrentCallback* callback) noexcept {
    {
        std::lock_guard lock(monitor_of(this).mutex);
        if (!done()) {
            callback->next = std::exchange(callbacks_, callback);
            return;
        }
    }
    callback->done(*this);
}

void log_exception(const char* what, const std::exception_ptr& error) noexcept {
    try {
        log(LogLevel::error, std::string(what) + " " + describe_exception(error));
    } catch (const std::bad_alloc&) {
        log(LogLevel::error, what);
    }
}

void call_logged(void (*call)(void*), void* data) noexcept {
    try {
        call(data);
    } catch (...) {
        log_exception("exception in a callback of a ConcurrentFuture:", std::current_exception());
    }
}

}  // namespace aio::detail
