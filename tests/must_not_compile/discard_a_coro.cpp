// expect: a coroutine runs only when it is awaited or made a task
#include <aio/core/run.hpp>

aio::Coro<int> one() { co_return 1; }

aio::Coro<> forgets() {
    one();
    co_return;
}
