// The other one, with main().
#include "everything.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace first {
aio::Coro<int> half();
}

namespace second {

aio::Coro<int> part(aio::Lock& lock) {
    auto guard = co_await lock.scoped();
    co_return co_await aio::shield(aio::sleep(std::chrono::milliseconds(1), 7));
}

aio::Coro<int> half() {
    aio::Lock lock;
    std::vector<aio::Coro<int>> parts;
    for (int i = 0; i < 3; ++i) parts.push_back(part(lock));
    int sum = 0;
    for (const int each : co_await aio::gather_limited(2, std::move(parts))) sum += each;
    co_return sum;
}

aio::Coro<int> answer() {
    int sum = 0;
    co_await aio::with_task_group([&sum](aio::TaskGroup& group) {
        group.create_task([&sum]() -> aio::Coro<> { sum += co_await first::half(); });
        group.create_task([&sum]() -> aio::Coro<> { sum += co_await half(); });
    });
    const aio::Result<int> result = co_await aio::as_result(aio::create_task(aio::sleep(aio::Duration(1), sum)));
    co_return result.value_or(0);
}

}  // namespace second

int main() { std::printf("%d\n", aio::run(second::answer())); }
