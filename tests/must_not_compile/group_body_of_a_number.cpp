// expect: the body of a group is a function
#include <aio/core/task_group.hpp>

aio::Coro<> groups() { co_await aio::with_task_group(42); }
