// expect: a generator is not awaited itself
#include <aio/core/async_generator.hpp>

aio::AsyncGenerator<int> count();
aio::Coro<> walks() { co_await count(); }
