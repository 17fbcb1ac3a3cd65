// Tasks run in the background from the moment they are created: start, name, await, watch and cancel them.
#include <aio/aio.hpp>

#include <fmt/core.h>

using namespace std::chrono_literals;

aio::Coro<int> square(int x) {
    co_await aio::sleep(10ms * x);
    co_return x* x;
}

// A cancelled task gets CancelledError at its await. It may clean up; then it lets the error go on.
aio::Coro<> careful_worker() {
    try {
        co_await aio::sleep(1h);
    } catch (const aio::CancelledError& error) {
        fmt::print("worker: told to stop ({}), tidying up\n", error.what());
        throw;
    }
}

aio::Coro<> async_main() {
    aio::Task<int> three = aio::create_task(square(3), {.name = "three"});
    aio::Task<int> two = aio::create_task(square(2));
    fmt::print("both run; unfinished tasks: {}\n", aio::all_tasks().size());  // and this one

    fmt::print("{} {}\n", co_await two, co_await three);
    fmt::print("{}: done={} result={}\n", three.get_name(), three.done(), three.result());

    aio::Task<> worker = aio::create_task(careful_worker());
    worker.add_done_callback([](aio::Task<> task) { fmt::print("callback: cancelled={}\n", task.cancelled()); });
    co_await aio::sleep(0s);  // one pass of the loop: the worker reaches its await
    worker.cancel("closing time");
    try {
        co_await worker;
    } catch (const aio::CancelledError&) {
        fmt::print("worker has ended\n");
    }

    // Coroutines, tasks and futures can be gathered alike; results come in the order of the arguments.
    auto [a, b] = co_await aio::gather(square(4), aio::create_task(square(1)));
    fmt::print("{} {}\n", a, b);
}

int main() { aio::run(async_main()); }
