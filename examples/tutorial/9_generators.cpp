#include <aio/aio.hpp>
#include <fmt/core.h>
using namespace std::chrono_literals;

aio::AsyncGenerator<int> ticks(int count, aio::Duration delay) {
    for (int number = 0; number < count; ++number) {
        co_await aio::sleep(delay);
        co_yield number;
    }
    fmt::print("no more ticks\n");
}

aio::AsyncGenerator<int> squares(aio::AsyncGenerator<int> numbers) {
    while (auto number = co_await numbers.next()) {
        int square = *number * *number;
        co_yield square;
    }
}

aio::Coro<> async_main() {
    auto all = squares(ticks(4, 10ms));
    while (auto square = co_await all.next()) fmt::print("{}\n", *square);

    std::vector words{aio::create_task(aio::sleep(50ms, "late")), aio::create_task(aio::sleep(10ms, "early"))};
    auto completed = aio::as_completed(words);
    while (auto done = co_await completed.next()) fmt::print("{}\n", co_await *done);
}

int main() { aio::run(async_main()); }
