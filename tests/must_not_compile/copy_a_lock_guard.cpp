// expect: deleted
#include <aio/core/run.hpp>
#include <aio/sync/lock.hpp>

aio::Coro<> copies(aio::Lock& lock) {
    auto guard = co_await lock.scoped();
    auto other = guard;
}
