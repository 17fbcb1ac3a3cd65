// Hello: an asynchronous function returns aio::Coro, and aio::run() is where a program enters the loop.
#include <aio/aio.hpp>

#include <fmt/core.h>

using namespace std::chrono_literals;

// asyncio: async def greet(name): ...
aio::Coro<std::string> greet(std::string name) {
    co_await aio::sleep(50ms);  // this task waits; the loop is free for others
    co_return fmt::format("Hello, {}!", name);
}

aio::Coro<int> async_main() {
    aio::Coro<std::string> later = greet("coroutine object");
    fmt::print("made, and nothing ran yet\n");  // a Coro runs when it is awaited or made a task
    fmt::print("{}\n", co_await std::move(later));

    fmt::print("{}\n", co_await greet("world"));  // the usual way: call and await in one go
    co_return 0;
}

// run() gives what the coroutine returned, and leaves no task, thread or socket behind.
int main() { return aio::run(async_main()); }
