// Coroutines to wait for: one that comes with a value, one that fails.
#pragma once

#include "support/async_test.hpp"

#include <stdexcept>
#include <string>

namespace aio::test {

inline Coro<int> after(Duration delay, int value) {
    co_await sleep(delay);
    co_return value;
}

inline Coro<int> fail_after(Duration delay, std::string text = "child") {
    co_await sleep(delay);
    throw std::runtime_error(text);
}

}  // namespace aio::test
