// What tests that are rerun with faults (rerun.hpp) share: deadlines, tasks that end with the body, and checks that are made
// whatever the fault was.
#pragma once

#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <exception>
#include <string_view>
#include <utility>

namespace aio::test {

// Longer than anything takes that ends.
constexpr Duration kForEver = 24h;

// A deadline of kForEver. A TimeoutError may also be the system's ETIMEDOUT.
class Patience {
public:
    template <class F>
    auto operator()(F call) const {
        return with_timeout(kForEver, std::move(call));
    }
    bool is_over() const { return watch_.elapsed() >= kForEver; }

private:
    Stopwatch watch_;
};

// A task that is cancelled when the body is cut short.
template <class T>
struct Owned {
    explicit Owned(Task<T> begun) noexcept : task(std::move(begun)) {}
    Owned(const Owned&) = delete;
    ~Owned() { task.cancel(); }
    Task<T> task;
};

template <class F>
Coro<> in_time(F call, std::string_view what) {
    const Patience patience;
    try {
        co_await patience(call);
    } catch (const std::exception&) {
        must_hold(!patience.is_over(), what);
    }
}

// Whatever the fault was: `body`, then the checks. What the body throws without a fault fails the test.
template <class Body, class Check>
Coro<> then_check(Body body, Check check) {
    std::exception_ptr failure;
    try {
        co_await body();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await check();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace aio::test
