// A bounded queue between producers and consumers: put() waits while it is full, get() while it is empty, and
// join() until every item was processed.
#include <aio/aio.hpp>

#include <fmt/core.h>

using namespace std::chrono_literals;

aio::Coro<> producer(aio::Queue<int>& queue, int first, int count) {
    for (int i = first; i < first + count; ++i) {
        co_await queue.put(i);
        co_await aio::sleep(2ms);
    }
}

aio::Coro<> consumer(aio::Queue<int>& queue, int& sum) {
    while (true) {
        int item = co_await queue.get();
        co_await aio::sleep(1ms);  // work on it
        sum += item;
        queue.task_done();
    }
}

aio::Coro<> async_main() {
    aio::Queue<int> queue(5);
    int sum = 0;

    std::vector<aio::Task<>> consumers;
    for (int i = 0; i < 2; ++i) consumers.push_back(aio::create_task(consumer(queue, sum)));

    co_await aio::gather(producer(queue, 1, 10), producer(queue, 11, 10));
    co_await queue.join();
    fmt::print("1 + 2 + ... + 20 = {}\n", sum);

    // The consumers wait for a next item. Cancel them, and wait until they have ended.
    for (auto& task : consumers) task.cancel();
    auto results = co_await aio::gather(consumers, aio::return_exceptions);
    for (const auto& result : results) {
        fmt::print("consumer cancelled: {}\n", result.failed_with<aio::CancelledError>());
    }
}

int main() { aio::run(async_main()); }
