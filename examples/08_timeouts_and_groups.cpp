// Deadlines, and tasks that cannot outlive the block that started them.
#include <aio/aio.hpp>

#include <fmt/core.h>

#include <stdexcept>

using namespace std::chrono_literals;

aio::Coro<int> fetch(int x, std::chrono::milliseconds time) {
    co_await aio::sleep(time);
    if (x < 0) throw std::invalid_argument(fmt::format("no page {}", x));
    co_return x;
}

aio::Coro<> deadlines() {
    try {
        co_await aio::wait_for(fetch(1, 10s), 20ms);
    } catch (const aio::TimeoutError&) {
        fmt::print("wait_for: one awaitable took too long, and was cancelled\n");
    }

    // A deadline for a whole block, which can be moved while it runs.
    int pages = co_await aio::with_timeout(500ms, [](aio::Timeout& deadline) -> aio::Coro<int> {
        int first = co_await fetch(1, 100ms);
        deadline.reschedule(deadline.when() + 10s);
        co_return first + co_await fetch(2, 500ms);
    });
    fmt::print("with_timeout: {} in time\n", pages);
}

aio::Coro<> groups() {
    // The block ends when its tasks have ended.
    std::vector<aio::Task<int>> tasks;
    co_await aio::with_task_group([&](aio::TaskGroup& group) -> aio::Coro<> {
        for (int x = 1; x <= 3; ++x) tasks.push_back(group.create_task(fetch(x, 5ms)));
        co_return;
    });
    fmt::print("group: {} {} {}\n", tasks[0].result(), tasks[1].result(), tasks[2].result());

    // When one fails the others are cancelled, all are waited for, and every error is in the group.
    aio::Task<int> slow;
    try {
        co_await aio::with_task_group([&](aio::TaskGroup& group) -> aio::Coro<> {
            group.create_task(fetch(-1, 5ms));
            slow = group.create_task(fetch(1, 10s));
            co_return;
        });
    } catch (const aio::ExceptionGroup& errors) {
        fmt::print("{}: {} error(s), the slow task was cancelled: {}\n", errors.message(), errors.exceptions().size(),
                   slow.cancelled());
        // except* ValueError:
        if (errors.subgroup<std::invalid_argument>()) fmt::print("one of them was a bad page\n");
    }
}

aio::Coro<> async_main() {
    co_await deadlines();
    co_await groups();
}

int main() { aio::run(async_main()); }
