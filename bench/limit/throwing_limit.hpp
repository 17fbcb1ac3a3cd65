// The least that an exception costs on its way through coroutines: each frame catches it, keeps it, and its caller
// throws it again. Without a loop: what waits is resumed by hand.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "core_limit.hpp"

namespace limit {

// A lazy coroutine that may throw.
class Throwing {
public:
    struct promise_type {
        std::coroutine_handle<> continuation = std::noop_coroutine();
        std::exception_ptr error;

        static void* operator new(std::size_t size) { return FramePool::allocate(size); }
        static void operator delete(void* frame, std::size_t size) { FramePool::release(frame, size); }

        Throwing get_return_object() { return Throwing{Handle::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct HandBack {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(Handle done) noexcept { return done.promise().continuation; }
                void await_resume() noexcept {}
            };
            return HandBack{};
        }
        void return_void() {}
        void unhandled_exception() { error = std::current_exception(); }
    };
    using Handle = std::coroutine_handle<promise_type>;

    Throwing(Throwing&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    ~Throwing() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().continuation = awaiting;
        return handle_;
    }
    void await_resume() const {
        if (handle_.promise().error) std::rethrow_exception(std::move(handle_.promise().error));
    }

    void resume() const { handle_.resume(); }
    bool failed() const { return handle_.promise().error != nullptr; }

private:
    explicit Throwing(Handle handle) : handle_(handle) {}
    Handle handle_;
};

// Waits until it is resumed, and throws.
template <class Error>
struct Interrupted {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const { throw Error(); }
};

}  // namespace limit
