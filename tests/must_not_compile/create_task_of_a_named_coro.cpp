// expect: a coroutine object is used once|no matching function|cannot bind|deleted
#include <aio/core/run.hpp>

aio::Coro<int> one() { co_return 1; }

aio::Coro<> keeps() {
    auto coro = one();
    auto task = aio::create_task(coro);
    co_await task;
}
