// The hello program of the compile section, on aio.
#include <aio/aio.hpp>

#include <chrono>
#include <cstdio>

aio::Coro<> hello() {
    co_await aio::sleep(std::chrono::milliseconds(1));
    std::puts("hello");
}

int main() { aio::run(hello()); }
