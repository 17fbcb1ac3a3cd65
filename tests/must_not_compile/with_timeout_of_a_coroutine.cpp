// expect: for one awaitable: aio::wait_for
#include <aio/core/timeout.hpp>

using namespace std::chrono_literals;
aio::Coro<int> brew();
aio::Coro<> waits() { co_await aio::with_timeout(1s, brew()); }
