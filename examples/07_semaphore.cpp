// Limits: a Semaphore lets so many in at a time, a Lock one.
#include <aio/aio.hpp>

#include <fmt/core.h>

#include <algorithm>

using namespace std::chrono_literals;

struct Stats {
    int running = 0, peak = 0, total = 0;
};

aio::Coro<> download(aio::Semaphore& semaphore, Stats& stats) {
    auto permit = co_await semaphore.scoped();  // async with semaphore: given back at the end of the scope
    stats.peak = std::max(stats.peak, ++stats.running);
    co_await aio::sleep(5ms);
    --stats.running;
    ++stats.total;
}

aio::Coro<> transfer(aio::Lock& lock, int& balance, int amount) {
    auto guard = co_await lock.scoped();  // async with lock:
    const int before = balance;
    co_await aio::sleep(1ms);  // without the lock another task would read the old balance here
    balance = before + amount;
}

aio::Coro<> async_main() {
    aio::Semaphore semaphore(5);
    Stats stats;
    std::vector<aio::Coro<>> downloads;
    for (int i = 0; i < 20; ++i) downloads.push_back(download(semaphore, stats));
    co_await aio::gather(std::move(downloads));
    fmt::print("{} downloads, at most {} at a time\n", stats.total, stats.peak);

    aio::Lock lock;
    int balance = 100;
    co_await aio::gather(transfer(lock, balance, 50), transfer(lock, balance, -30), transfer(lock, balance, 5));
    fmt::print("balance {}\n", balance);
}

int main() { aio::run(async_main()); }
