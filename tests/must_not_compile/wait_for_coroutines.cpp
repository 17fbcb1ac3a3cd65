// expect: create_task
#include <aio/core/run.hpp>
#include <aio/core/wait.hpp>

aio::Coro<int> one() { co_return 1; }

aio::Coro<> waits(std::vector<aio::Coro<int>> coros) { auto [done, pending] = co_await aio::wait(std::move(coros)); }
