// The hello program of the compile section, on aio with the whole of its HTTP layer in sight.
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <chrono>
#include <cstdio>

aio::Coro<> hello() {
    co_await aio::sleep(std::chrono::milliseconds(1));
    std::puts("hello");
}

int main() { aio::run(hello()); }
