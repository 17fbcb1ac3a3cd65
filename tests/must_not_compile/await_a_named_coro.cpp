// expect: a coroutine object is awaited once
#include <aio/core/run.hpp>

aio::Coro<int> one() { co_return 1; }

aio::Coro<> twice() {
    auto coro = one();
    co_await coro;
    co_await coro;
}
