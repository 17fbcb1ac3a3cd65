#include <aio/aio.hpp>
#include <fmt/core.h>
#include <algorithm>
using namespace std::chrono_literals;

struct Kitchen {
    aio::Semaphore stoves{2};
    aio::Lock cookbook;
    aio::Event open;
    int busy = 0;
    int busiest = 0;

    aio::Coro<> cook(std::string) {
        co_await open.wait();
        auto stove = co_await stoves.scoped();
        busiest = std::max(busiest, ++busy);
        {
            auto reading = co_await cookbook.scoped();
            co_await aio::sleep(5ms);
        }
        co_await aio::sleep(10ms);
        --busy;
    }
};

aio::Coro<> async_main() {
    Kitchen kitchen;
    std::vector<aio::Task<>> cooks;
    for (auto dish : {"soup", "roast", "salad", "cake", "tea"}) cooks.push_back(aio::create_task(kitchen.cook(dish)));
    co_await aio::sleep(10ms);
    fmt::print("before it opens: {} busy\n", kitchen.busy);
    kitchen.open.set();
    co_await aio::gather(cooks);
    fmt::print("at most {} at a time\n", kitchen.busiest);
}

int main() { aio::run(async_main()); }
