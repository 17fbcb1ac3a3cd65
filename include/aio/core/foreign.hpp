// Awaiting what was not written for this library: any type with operator co_await or await_* members.
//
// Such an awaitable resumes the handle it was given whenever and wherever it likes. It gets the handle of a
// small coroutine of ours, which schedules the task instead: on its own loop, also from another thread.
// Cancelling a task that waits here takes effect when the awaitable resumes it.
#pragma once

#include <aio/core/coro.hpp>

#include <atomic>

namespace aio::detail {

template <class A>
decltype(auto) get_awaiter(A&& awaitable)
    requires requires { std::forward<A>(awaitable).operator co_await(); }
{
    return std::forward<A>(awaitable).operator co_await();
}
template <class A>
decltype(auto) get_awaiter(A&& awaitable)
    requires(
        !requires { std::forward<A>(awaitable).operator co_await(); } &&
        requires { operator co_await(std::forward<A>(awaitable)); })
{
    return operator co_await(std::forward<A>(awaitable));
}
template <class A>
    requires(
        !requires(A&& a) { std::forward<A>(a).operator co_await(); } &&
        !requires(A&& a) { operator co_await(std::forward<A>(a)); } &&
        requires(A& a) {
            a.await_ready();
            a.await_resume();
        })
A&& get_awaiter(A&& awaitable) {
    return std::forward<A>(awaitable);
}

// The coroutine whose handle a foreign awaitable gets. Resumed once, it wakes the waiter and destroys itself.
class ForeignResume {
public:
    struct promise_type {
        ForeignResume get_return_object() noexcept {
            return ForeignResume(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept {}
    };
    explicit ForeignResume(std::coroutine_handle<> frame) noexcept : handle(frame) {}
    std::coroutine_handle<> handle;
};

class ForeignWaiter : public Waiter {
public:
    bool cancel_wait(std::string_view) noexcept override { return false; }
    const char* name() const noexcept override { return "a foreign awaitable"; }

protected:
    ~ForeignWaiter();
    // The handle to give away. Errors: std::bad_alloc.
    std::coroutine_handle<> begin(std::coroutine_handle<> frame);
    // The awaitable chose not to suspend: the handle will not be resumed.
    void abandon() noexcept;

private:
    static ForeignResume wait(ForeignWaiter* waiter);
    void resumed() noexcept;  // on any thread

    std::coroutine_handle<> wakeup_ = nullptr;
    LoopCore* loop_ = nullptr;
};

template <class A>
class ForeignAwaiter final : public ForeignWaiter {
public:
    explicit ForeignAwaiter(A&& awaitable) : awaiter_(get_awaiter(std::forward<A>(awaitable))) {}

    bool await_ready() { return awaiter_.await_ready(); }

    bool await_suspend(std::coroutine_handle<> frame) {
        using Answer = decltype(awaiter_.await_suspend(std::coroutine_handle<>()));
        std::coroutine_handle<> wakeup = begin(frame);
        if constexpr (std::is_void_v<Answer>) {
            awaiter_.await_suspend(wakeup);
            return true;
        } else if constexpr (std::same_as<Answer, bool>) {
            if (awaiter_.await_suspend(wakeup)) return true;
            abandon();
            return false;
        } else {
            awaiter_.await_suspend(wakeup).resume();  // symmetric transfer; our own handle wakes the task
            return true;
        }
    }

    decltype(auto) await_resume() {
        check_cancelled();
        return awaiter_.await_resume();
    }

private:
    decltype(get_awaiter(std::declval<A>())) awaiter_;
};

}  // namespace aio::detail
