// What belongs to another loop is refused at once: awaiting it would never end.
#include <aio/core/as_completed.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/shield.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "support/async_test.hpp"
#include "support/test_run.hpp"

namespace aio::test {

namespace {

using testing::HasSubstr;

constexpr const char* kAttached = "attached to a different loop";

Coro<int> answer() { co_return co_await sleep(1ms, 1); }

// A second loop of this thread, with a future and a task that are pending.
struct Other {
    EventLoop loop{{.backend = harness::backend_name()}};
    Future<int> future = loop.create_future<int>();
    Task<int> task = loop.create_task(answer());

    ~Other() {
        EXPECT_EQ(loop.run_until_complete(task), 1) << "the refusal left the task as it was";
        future.cancel();
    }
};

// The message of the E that `loop` runs into.
template <class E = RuntimeError, class F>
std::string refusal(EventLoop& loop, F body) {
    return expect_error<E>([&] { loop.run_until_complete(body()); });
}

}  // namespace

LOOP_TEST(OtherLoop, futures_and_tasks_cannot_be_awaited, kOnce) {
    Other other;
    const auto future = [&]() -> Coro<> { static_cast<void>(co_await other.future); };
    EXPECT_THAT(refusal(loop, future), testing::AllOf(HasSubstr("Task"), HasSubstr("Future"), HasSubstr(kAttached)));
    const auto task = [&]() -> Coro<> { static_cast<void>(co_await other.task); };
    EXPECT_THAT(refusal(loop, task), HasSubstr(kAttached));
    const auto in_time = [&]() -> Coro<> { static_cast<void>(co_await wait_for(other.future, 1h)); };
    EXPECT_THAT(refusal(loop, in_time), HasSubstr(kAttached));
    const auto at_once = [&]() -> Coro<> { static_cast<void>(co_await wait_for(other.task, 0s)); };
    EXPECT_THAT(refusal(loop, at_once), HasSubstr(kAttached));
    EXPECT_FALSE(other.task.cancelling());
}

LOOP_TEST(OtherLoop, futures_and_tasks_cannot_be_awaited_with_others, kOnce) {
    Other other;
    const auto gathered = [&]() -> Coro<> { static_cast<void>(co_await gather(other.task, answer())); };
    EXPECT_THAT(refusal(loop, gathered), HasSubstr(kAttached));
    const auto shielded = [&]() -> Coro<> { static_cast<void>(co_await shield(other.task)); };
    EXPECT_THAT(refusal(loop, shielded), HasSubstr(kAttached));
    const auto waited = [&]() -> Coro<> {
        std::vector<Task<int>> tasks(1, other.task);
        static_cast<void>(co_await wait(tasks, {.timeout = 1h}));
    };
    EXPECT_THAT(refusal(loop, waited), HasSubstr(kAttached));
    const auto completed = [&]() -> Coro<> {
        std::vector<Task<int>> tasks(1, other.task);
        auto all = as_completed(tasks);
        static_cast<void>(co_await all.next());
    };
    EXPECT_THAT(refusal(loop, completed), HasSubstr(kAttached));
    static_cast<void>(take_logs());  // coroutines of gather's that never ran
}

LOOP_TEST(OtherLoop, tasks_cannot_be_run, kOnce) {
    Other other;
    EXPECT_THAT(expect_error<ValueError>([&] { loop.run_until_complete(other.task); }),
                HasSubstr("belongs to a different loop"));
}

LOOP_TEST(OtherLoop, results_that_are_there_may_be_taken, kOnce) {
    Other other;
    other.future.set_result(7);
    const auto body = [&]() -> Coro<int> { co_return co_await other.future; };
    EXPECT_EQ(loop.run_until_complete(body()), 7);
}

}  // namespace aio::test
