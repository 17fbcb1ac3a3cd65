#include <aio/aio.hpp>
#include <fmt/ranges.h>
#include <set>
using namespace std::chrono_literals;

aio::Coro<> produce(aio::Queue<std::string>& queue, std::string name) {
    for (int number = 1; number < 4; ++number) {
        co_await aio::sleep(10ms);
        co_await queue.put(fmt::format("{} {}", name, number));
    }
}

aio::Coro<> consume(aio::Queue<std::string>& queue, std::set<std::string>& seen) {
    while (true) {
        seen.insert(co_await queue.get());
        queue.task_done();
    }
}

aio::Coro<> async_main() {
    aio::Queue<std::string> queue(2);
    std::set<std::string> seen;
    std::vector<aio::Task<>> consumers;
    for (int i = 0; i < 2; ++i) consumers.push_back(aio::create_task(consume(queue, seen)));
    co_await aio::gather(produce(queue, "apple"), produce(queue, "pear"));
    co_await queue.join();
    for (auto& consumer : consumers) consumer.cancel();
    co_await aio::gather(consumers, aio::return_exceptions);
    fmt::print("{}\n", fmt::join(seen, ", "));
}

int main() { aio::run(async_main()); }
