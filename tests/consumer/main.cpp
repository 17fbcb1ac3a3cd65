// Uses the installed package: nothing but its headers and its library, no fmt, no flags of ours.
#include <aio/aio.hpp>
#include <chrono>
#include <cstdio>

aio::Coro<int> answer() {
    co_await aio::sleep(std::chrono::milliseconds(1));
    co_return 42;
}

int main() { std::printf("%d\n", aio::run(answer())); }
