// Three cooks, first one after the other, then side by side: waits that overlap cost the longest, not the sum.
#include <aio/aio.hpp>

#include <fmt/core.h>

#include <thread>

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// A cook who does nothing else while the pot is on the stove.
void cook(std::string dish, milliseconds time) {
    fmt::print("  {} on the stove\n", dish);
    std::this_thread::sleep_for(time);
    fmt::print("  {} ready after {} ms\n", dish, time.count());
}

// A cook who lets others use the kitchen meanwhile. The only difference is co_await.
aio::Coro<> async_cook(std::string dish, milliseconds time) {
    fmt::print("  {} on the stove\n", dish);
    co_await aio::sleep(time);
    fmt::print("  {} ready after {} ms\n", dish, time.count());
}

aio::Coro<> async_kitchen() {
    co_await aio::gather(async_cook("soup", 200ms), async_cook("roast", 300ms), async_cook("salad", 100ms));
}

void kitchen() {
    cook("soup", 200ms);
    cook("roast", 300ms);
    cook("salad", 100ms);
}

template <class F>
void timed(const char* title, F work) {
    fmt::print("{}\n", title);
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    fmt::print("  took {:.2f} s\n", took.count());
}

int main() {
    timed("one after the other:", kitchen);
    timed("side by side:", [] { aio::run(async_kitchen()); });
}
