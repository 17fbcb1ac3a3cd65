// expect: the body of a group is a coroutine
#include <aio/core/task_group.hpp>

aio::Coro<> groups() {
    co_await aio::with_task_group([](aio::TaskGroup&) { return 42; });
}
