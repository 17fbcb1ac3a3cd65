// A task that blocks its loop until standard input ends, in a program that asks for the watchdog by an option only.
#include <aio/aio.hpp>

#include <unistd.h>

#include <chrono>

namespace {

aio::Coro<> blocks() {
    co_await aio::sleep(std::chrono::seconds(0));
    char byte = 0;
    while (::read(0, &byte, 1) > 0) {}
}

}  // namespace

int main() { aio::run(blocks(), {.watchdog = std::chrono::milliseconds(20)}); }
