#include <aio/aio.hpp>
#include <fmt/core.h>
using namespace std::chrono_literals;

aio::Coro<aio::Duration> step(std::string name, aio::Duration delay) {
    co_await aio::sleep(delay);
    fmt::print("{} done\n", name);
    co_return delay;
}

aio::Coro<> fail(std::string name, aio::Duration delay) {
    co_await aio::sleep(delay);
    throw aio::RuntimeError(name + " failed");
}

aio::Coro<> async_main() {
    aio::Task<aio::Duration> first, second;
    co_await aio::with_task_group([&](aio::TaskGroup& group) {
        first = group.create_task(step("first", 20ms));
        second = group.create_task(step("second", 10ms));
    });
    fmt::print("both done: {}\n", first.result() > second.result() ? "True" : "False");

    try {
        co_await aio::with_task_group([](aio::TaskGroup& group) {
            group.create_task(step("never", 10s));
            group.create_task(fail("third", 10ms));
        });
    } catch (const aio::ExceptionGroup& errors) {
        for (const auto& error : errors.exceptions()) fmt::print("caught: {}\n", aio::what(error));
    }
}

int main() { aio::run(async_main()); }
