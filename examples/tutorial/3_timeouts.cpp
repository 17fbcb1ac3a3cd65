#include <aio/aio.hpp>
#include <fmt/core.h>
using namespace std::chrono_literals;

aio::Coro<int> answer(aio::Duration delay) {
    co_await aio::sleep(delay);
    co_return 42;
}

aio::Coro<> async_main() {
    fmt::print("{}\n", co_await aio::wait_for(answer(10ms), 1s));

    try {
        co_await aio::wait_for(answer(10s), 10ms);
    } catch (const aio::TimeoutError&) {
        fmt::print("no answer\n");
    }

    try {
        co_await aio::with_timeout(500ms, []() -> aio::Coro<> {
            fmt::print("{}\n", co_await answer(10ms));
            fmt::print("{}\n", co_await answer(10s));
        });
    } catch (const aio::TimeoutError&) {
        fmt::print("out of time\n");
    }
}

int main() { aio::run(async_main()); }
