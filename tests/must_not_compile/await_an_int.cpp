// expect: await_ready|is not an awaitable|not awaitable
#include <aio/core/run.hpp>

aio::Coro<> waits() { co_await 42; }
