#include <aio/aio.hpp>
#include <fmt/core.h>
using namespace std::chrono_literals;

aio::Coro<std::size_t> greet(std::string name, aio::Duration delay) {
    co_await aio::sleep(delay);
    fmt::print("Hello, {}!\n", name);
    co_return name.size();
}

aio::Coro<> async_main() {
    co_await greet("world", 10ms);
    auto [slow, quick] = co_await aio::gather(greet("slow one", 100ms), greet("quick one", 10ms));
    fmt::print("{} and {} letters\n", slow, quick);
}

int main() { aio::run(async_main()); }
