// Primitives belong to the loop whose task waited for them first, until that loop is closed.
#include <aio/sync/condition.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/queue.hpp>
#include <aio/sync/semaphore.hpp>

#include "support/async_test.hpp"
#include "support/test_run.hpp"

namespace aio::test {

namespace {

using testing::HasSubstr;

constexpr const char* kBound = "bound to a different event loop";

// A task of a second loop waits; then `wait()` runs in `loop` and is refused; then `wake()` ends the first wait.
template <class Wait, class Wake>
void expect_refused(EventLoop& loop, Wait wait, Wake wake) {
    EventLoop other({.backend = harness::backend_name()});
    Task<> first = other.create_task(wait);
    other.call_soon([&] { other.call_soon([&] { other.stop(); }); });
    other.run_forever();
    EXPECT_THAT(expect_error<RuntimeError>([&] { loop.run_until_complete(wait); }), HasSubstr(kBound));
    wake();
    other.run_until_complete(first);
    // Also when nobody waits any more.
    EXPECT_THAT(expect_error<RuntimeError>([&] { loop.run_until_complete(wait); }), HasSubstr(kBound));
}

}  // namespace

LOOP_TEST(PrimitiveOfAnotherLoop, event, kOnce) {
    Event event;
    const auto wait = [&]() -> Coro<> {
        co_await event.wait();
        event.clear();
    };
    expect_refused(loop, wait, [&] { event.set(); });
}

LOOP_TEST(PrimitiveOfAnotherLoop, semaphore, kOnce) {
    Semaphore semaphore(0);
    const auto wait = [&]() -> Coro<> { co_await semaphore.acquire(); };
    expect_refused(loop, wait, [&] { semaphore.release(); });
}

LOOP_TEST(PrimitiveOfAnotherLoop, queue, kOnce) {
    Queue<int> queue;
    const auto wait = [&]() -> Coro<> { static_cast<void>(co_await queue.get()); };
    expect_refused(loop, wait, [&] { queue.put_nowait(1); });
}

LOOP_TEST(PrimitiveOfAnotherLoop, may_be_used_where_it_need_not_wait, kOnce) {
    Event event;
    event.set();
    EventLoop other({.backend = harness::backend_name()});
    const auto wait = [&]() -> Coro<> { co_await event.wait(); };
    other.run_until_complete(wait);
    loop.run_until_complete(wait);
}

LOOP_TEST(PrimitiveOfAnotherLoop, is_free_for_the_next_loop_once_that_one_is_closed, kOnce) {
    Event event;
    const auto wait = [&]() -> Coro<> {
        get_running_loop().call_soon([&] { event.set(); });
        co_await event.wait();
        event.clear();
    };
    for (int i = 0; i < 3; ++i) {
        EventLoop other({.backend = harness::backend_name()});
        other.run_until_complete(wait);
    }
    loop.run_until_complete(wait);
}

}  // namespace aio::test
