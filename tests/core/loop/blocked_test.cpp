// A simulation in which nothing can happen any more ends with an error instead of waiting for ever.
#include <aio/core/run.hpp>
#include <aio/core/task.hpp>

#include "core/backend/backend.hpp"

#include <pthread.h>
#include <csignal>
#include <thread>

#include "support/async_test.hpp"

namespace aio::test {

namespace {

using testing::AllOf;
using testing::HasSubstr;

Coro<> waits_for(Future<> future) { co_await future; }

Coro<> waits_for_ever() {
    Future<> never;
    Task<> child = create_task(waits_for(never), {.name = "child"});
    co_await child;
}

// ThreadSanitizer has a thread of its own, which might do something.
bool threads_can_be_told() {
#if defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
    return !__has_feature(thread_sanitizer);
#else
    return true;
#endif
}

class Blocked : public testing::Test {
protected:
    void SetUp() override {
        if (!threads_can_be_told()) GTEST_SKIP();
    }
};

}  // namespace

TEST_F(Blocked, simulation_ends_with_an_error_that_names_the_tasks) {
    const std::string message = expect_error<RuntimeError>([] { run(waits_for_ever(), {.backend = "sim"}); });
    EXPECT_THAT(message, AllOf(HasSubstr("all tasks are blocked"), HasSubstr("name='Task-1' coro=waits_for_ever()"),
                               HasSubstr("waits for <Task name='child'>"), HasSubstr("name='child' coro=waits_for()"),
                               HasSubstr("waits for <Future pending>")));
}

TEST_F(Blocked, loop_may_be_run_again) {
    EventLoop loop({.backend = "sim"});
    Future<> future = loop.create_future<>();
    Task<> task = loop.create_task(waits_for(future));
    EXPECT_THAT(expect_error<RuntimeError>([&] { loop.run_until_complete(task); }),
                HasSubstr("all tasks are blocked"));
    future.set_result();
    loop.run_until_complete(task);
    EXPECT_THAT(expect_error<RuntimeError>([&] { loop.run_forever(); }), HasSubstr("all tasks are blocked"));
}

TEST_F(Blocked, simulation_waits_for_timers_and_other_threads) {
    const auto body = []() -> Coro<> {
        co_await sleep(24h * 365);
        Future<> told;
        EventLoop& loop = get_running_loop();
        std::thread teller([&loop, told] {
            std::this_thread::sleep_for(150ms);  // the loop looks around more than once meanwhile
            loop.call_soon_threadsafe([told] { told.set_result(); });
        });
        co_await told;
        teller.join();
    };
    run(body(), {.backend = "sim"});
}

TEST_F(Blocked, simulation_waits_for_signals_that_it_handles) {
    const auto body = []() -> Coro<> {
        Future<> got;
        get_running_loop().add_signal_handler(SIGUSR1, [got] { got.set_result(); });
        std::thread sender([main = ::pthread_self()] {
            std::this_thread::sleep_for(100ms);
            ::pthread_kill(main, SIGUSR1);
        });
        co_await got;
        sender.join();
    };
    run(body(), {.backend = "sim"});
}

}  // namespace aio::test
