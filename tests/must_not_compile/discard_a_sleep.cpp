// expect: nodiscard|unused-result
#include <aio/core/run.hpp>
#include <aio/core/sleep.hpp>

aio::Coro<> forgets() {
    aio::sleep(aio::Duration(1));
    co_return;
}
