// The same three dishes, cooked by somebody who watches each pot, and by somebody who does not.
#include <aio/aio.hpp>

#include "parts.hpp"

#include <thread>

using namespace std::chrono_literals;
using std::chrono::seconds;

namespace demo {

namespace {

void cook(Console& console, std::string dish, seconds time) {
    console.say("{:<6} on the stove", dish);
    std::this_thread::sleep_for(time);
    console.say("{:<6} ready after {} s", dish, time.count());
}

aio::Coro<> async_cook(Console& console, std::string dish, seconds time) {
    console.say("{:<6} on the stove", dish);
    co_await aio::sleep(time);  // the only difference
    console.say("{:<6} ready after {} s", dish, time.count());
}

aio::Coro<> kitchen(Console& console) {
    co_await aio::gather(async_cook(console, "soup", 2s), async_cook(console, "roast", 3s),
                         async_cook(console, "salad", 1s));
}

}  // namespace

void cooks_one_by_one(Console& console) {
    console.explain("Plain functions: each wait blocks the whole kitchen.");
    cook(console, "soup", 2s);
    cook(console, "roast", 3s);
    cook(console, "salad", 1s);
    console.result("{:.2f} s", console.elapsed());
}

void cooks_side_by_side(Console& console) {
    console.explain("Coroutines in one thread: co_await aio::gather(...). The waits overlap.");
    aio::run(kitchen(console));
    console.result("{:.2f} s", console.elapsed());
}

}  // namespace demo
