#include <aio/aio.hpp>
#include <fmt/core.h>
using namespace std::chrono_literals;

aio::Coro<> count(std::string name, aio::Duration delay) {
    try {
        for (int number = 1; number < 100; ++number) {
            fmt::print("{}: {}\n", name, number);
            co_await aio::sleep(delay);
        }
    } catch (const aio::CancelledError&) {
        fmt::print("{}: cancelled\n", name);
        throw;
    }
}

aio::Coro<> async_main() {
    aio::Task<> clock = aio::create_task(count("clock", 1s), {.name = "clock"});
    co_await aio::sleep(50ms);
    fmt::print("{} is done: {}\n", clock.get_name(), clock.done() ? "True" : "False");
    clock.cancel();
    try {
        co_await clock;
    } catch (const aio::CancelledError&) {
        fmt::print("{} was cancelled: {}\n", clock.get_name(), clock.cancelled() ? "True" : "False");
    }
}

int main() { aio::run(async_main()); }
