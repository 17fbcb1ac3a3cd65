// The links of which the tests make lines of tasks: each waits for the one before.
#pragma once

#include <aio/core/future.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>

namespace aio::test {

inline Coro<> wait_for_future(Future<> future) { co_await future; }
inline Coro<> await_it(Task<> before) { co_await before; }
inline Coro<> gather_it(Task<> before) { co_await gather(before); }

}  // namespace aio::test
