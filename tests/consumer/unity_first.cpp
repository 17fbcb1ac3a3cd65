// One of two sources that include every header: what it makes of the templates, the other one makes too.
#include "everything.hpp"

#include <string>

namespace first {

aio::Coro<int> part(aio::Semaphore& semaphore) {
    auto permit = co_await semaphore.scoped();
    co_return co_await aio::wait_for(aio::sleep(std::chrono::milliseconds(1), 20), std::chrono::seconds(5));
}

aio::Coro<int> half() {
    aio::Semaphore semaphore(1);
    aio::Queue<std::string> queue(1);
    co_await queue.put("one");
    const std::string one = co_await queue.get();
    auto [a, b] = co_await aio::gather(part(semaphore), part(semaphore));
    co_return (a + b) / 2 + (one == "one");
}

}  // namespace first
