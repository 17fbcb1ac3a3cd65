// The awaiters of `co_await endpoint.recvfrom()`, `co_await endpoint.drain()`...: no
// coroutines. Internal to datagram.hpp.
//
// One task may wait for a datagram at a time. It is registered as the core's reader while it waits and until it has
// resumed, so that no other task can take the datagram that woke it; nothing is taken before it resumes, and a
// cancelled receive loses nothing.
#pragma once

#include <aio/core/waiter.hpp>
#include <aio/io/peer_address.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio {

// The result of recvfrom_view() and next().
struct DatagramView {
    std::string_view data;  // in the buffer of the endpoint, until the next receive
    PeerAddress from;       // the sender
};

namespace detail {

class DatagramCore;

inline constexpr std::size_t kDatagramHighWater = 64 * 1024;

// A counted reference to a DatagramCore, on its loop's thread.
class DatagramRef {
public:
    explicit DatagramRef(DatagramCore* core) noexcept;
    DatagramRef(const DatagramRef& other) noexcept : DatagramRef(other.core_) {}
    DatagramRef(DatagramRef&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    DatagramRef& operator=(DatagramRef other) noexcept {
        std::swap(core_, other.core_);
        return *this;
    }
    ~DatagramRef();

    DatagramCore* get() const noexcept { return core_; }
    DatagramCore* operator->() const noexcept { return core_; }

private:
    DatagramCore* core_;
};

class DatagramWaiter : public Waiter {
public:
    explicit DatagramWaiter(DatagramCore* core) noexcept : core_(core) {}
    DatagramWaiter(const DatagramWaiter&) = delete;

    // Errors: RuntimeError when another task waits, or a protocol receives.
    bool await_ready();
    void await_suspend(std::coroutine_handle<> frame);
    bool cancel_wait(std::string_view message) noexcept override;
    const char* name() const noexcept override { return "a datagram"; }

    // There is something to receive.
    void datagram_came() noexcept;

protected:
    ~DatagramWaiter() {
        if (waiting_) [[unlikely]]
            forget();
    }

    // Takes it, or throws; nothing when the endpoint was closed in good order.
    std::optional<DatagramView> finish();
    [[noreturn]] static void throw_closed();

private:
    void forget() noexcept;

    DatagramCore* core_;
    bool waiting_ = false;
    bool woken_ = false;
};

template <class R>
class ReceiveAwaiter final : public DatagramWaiter {
public:
    using DatagramWaiter::DatagramWaiter;

    R await_resume() {
        std::optional<DatagramView> datagram = finish();
        if constexpr (std::is_same_v<R, std::optional<DatagramView>>) {
            return datagram;
        } else {
            if (!datagram) throw_closed();
            if constexpr (std::is_same_v<R, DatagramView>) {
                return *datagram;
            } else {
                return R(datagram->data, datagram->from.address());
            }
        }
    }
};

template <class R>
class [[nodiscard("a receive does nothing until it is awaited")]] Receive {
public:
    using native_awaitable = void;
    explicit Receive(DatagramRef core) noexcept : core_(std::move(core)) {}
    ReceiveAwaiter<R> operator co_await() const noexcept { return ReceiveAwaiter<R>(core_.get()); }

private:
    DatagramRef core_;
};

// drain() and wait_closed().
class DatagramWaitAwaiter final : public Waiter {
public:
    DatagramWaitAwaiter(DatagramCore* core, bool for_close) noexcept : core_(core), for_close_(for_close) {}
    DatagramWaitAwaiter(const DatagramWaitAwaiter&) = delete;
    ~DatagramWaitAwaiter();

    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> frame);
    void await_resume();
    bool cancel_wait(std::string_view message) noexcept override;
    void run() override;
    void discard() noexcept override { listed_ = false; }
    const char* name() const noexcept override { return for_close_ ? "an endpoint's close" : "an endpoint's drain"; }

private:
    DatagramCore* core_;
    bool for_close_;
    bool listed_ = false;
};

class [[nodiscard("it does nothing until it is awaited")]] DatagramWait {
public:
    using native_awaitable = void;
    DatagramWait(DatagramRef core, bool for_close) noexcept : core_(std::move(core)), for_close_(for_close) {}
    DatagramWaitAwaiter operator co_await() const noexcept { return DatagramWaitAwaiter(core_.get(), for_close_); }

private:
    DatagramRef core_;
    bool for_close_;
};

}  // namespace detail

}  // namespace aio
