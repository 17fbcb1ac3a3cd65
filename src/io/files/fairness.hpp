// What keeps a task that reads from the cache, and so never waits, from keeping all others waiting.
#pragma once

#include <aio/core/waiter.hpp>

#include <cstddef>

namespace aio::detail {

// Charges the running task for a call that was made at once, and says whether it should let the loop make a pass now:
// `if (turn_is_over(bytes)) co_await Pass();`. That is about every 100 µs of such calls without another task in
// between (a call costs about 1 µs, 8 KiB copied another one).
bool turn_is_over(std::size_t bytes) noexcept;

// One pass of the loop.
struct Pass {
    using native_awaitable = void;
    Yield operator co_await() const noexcept { return {}; }
};

}  // namespace aio::detail
