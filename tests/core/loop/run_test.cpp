// run() and Runner: the whole life of a program.
#include <aio/core/async_generator.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>

#include "support/async_test.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace aio::test {

namespace {

std::unique_ptr<EventLoop> recording_loop();

// run() with reports recorded.
RunOptions recorded() { return {.loop_factory = recording_loop}; }

Log* reports_of_run = nullptr;

std::unique_ptr<EventLoop> recording_loop() {
    auto loop = std::make_unique<EventLoop>();
    loop->set_exception_handler([](EventLoop&, const ExceptionContext& context) {
        if (reports_of_run) reports_of_run->push_back(context.message);
    });
    return loop;
}

}  // namespace

TEST(Run, returns_the_result) {  // CPython: test_runners.test_asyncio_run_return
    EXPECT_EQ(run([]() -> Coro<int> {
                  co_await sleep(0s);
                  co_return 42;
              }),
              42);
}

TEST(Run, throws_what_the_coroutine_throws) {  // CPython: test_runners.test_asyncio_run_raises
    EXPECT_THROW(run([]() -> Coro<> {
                     co_await sleep(0s);
                     throw std::runtime_error("spam");
                 }),
                 std::runtime_error);
}

TEST(Run, takes_a_function_and_its_arguments) {
    const auto add = [](int a, int b) -> Coro<int> { co_return a + b; };
    EXPECT_EQ(run(add, 1, 2), 3);
}

ASYNC_TEST(Run, is_refused_inside_a_running_loop, kAnyOrder) {  // semantics 31
    // CPython: test_runners.test_asyncio_run_from_running_loop
    EXPECT_THROW(run([]() -> Coro<> { co_return; }), RuntimeError);
    co_return;
}

TEST(Run, cancels_the_tasks_that_are_left) {  // semantics 30
    // CPython: test_runners.test_asyncio_run_cancels_hanging_tasks
    Task<> task;
    bool cleaned_up = false;
    run([&]() -> Coro<> {
        task = create_task([&]() -> Coro<> {
            std::exception_ptr error;
            try {
                co_await sleep(1000s);
            } catch (const CancelledError&) {
                error = std::current_exception();
            }
            co_await sleep(1ms);
            cleaned_up = true;
            std::rethrow_exception(error);
        });
        co_await sleep(0s);
    });
    EXPECT_TRUE(task.cancelled());
    EXPECT_TRUE(cleaned_up) << "they are waited for";
}

TEST(Run, reports_errors_of_the_tasks_that_are_left) {  // semantics 30
    // CPython: test_runners.test_asyncio_run_reports_hanging_tasks_errors
    Log reports;
    reports_of_run = &reports;
    run(
        []() -> Coro<> {
            create_task([]() -> Coro<> {
                bool cancelled = false;
                try {
                    co_await sleep(1000s);
                } catch (const CancelledError&) {
                    cancelled = true;
                }
                if (cancelled) throw std::runtime_error("in clean-up");
            });
            co_await sleep(0s);
        },
        recorded());
    reports_of_run = nullptr;
    EXPECT_EQ(reports, Log{"unhandled exception during aio::run() shutdown"});
}

TEST(Run, cancels_tasks_that_were_started_while_it_ended) {  // semantics 30
    struct Tasks {
        Task<> from_a_generator, from_the_last_round;
    } tasks;
    const auto make = [](Tasks* started) -> AsyncGenerator<int> {
        try {
            co_yield 1;
        } catch (const GeneratorExit&) {
            started->from_a_generator = create_task(
                [](Tasks* more) -> Coro<> {
                    try {
                        co_await sleep(1000s);
                    } catch (const CancelledError&) {
                        more->from_the_last_round = create_task(sleep(1000s));
                        throw;
                    }
                },
                started);
        }
    };
    auto generator = make(&tasks);
    run([&]() -> Coro<> { static_cast<void>(co_await generator.next()); });
    EXPECT_TRUE(tasks.from_a_generator.cancelled());
    EXPECT_TRUE(tasks.from_the_last_round.cancelled());
}

TEST(Run, goes_on_after_a_keyboard_interrupt_of_a_child) {
    EXPECT_THROW(run([]() -> Coro<> {
                     create_task([]() -> Coro<> {
                         throw KeyboardInterrupt();
                         co_return;
                     });
                     co_await sleep(10s);
                 }),
                 KeyboardInterrupt);
}

TEST(Runner, runs_several_on_one_loop) {  // CPython: test_runners.test_run
    Runner runner;
    const auto get_loop = []() -> Coro<EventLoop*> { co_return &get_running_loop(); };
    EventLoop* first = runner.run(get_loop());
    EXPECT_EQ(runner.run(get_loop()), first);
    EXPECT_EQ(&runner.get_loop(), first);
}

TEST(Runner, closed_refuses_to_run) {
    // CPython: test_runners.test_explicit_close, test_runners.test_double_close
    Runner runner;
    EventLoop& loop = runner.get_loop();
    EXPECT_FALSE(loop.is_closed());
    runner.close();
    runner.close();
    EXPECT_THROW(runner.get_loop(), RuntimeError);
    EXPECT_THROW(runner.run([]() -> Coro<> { co_return; }), RuntimeError);
}

TEST(Runner, keeps_its_context) {  // CPython: test_runners.test_run_keeps_context  semantics 53
    static ContextVar<int> variable("variable", -1);
    const auto exchange = [](int value) -> Coro<int> {
        const int old = variable.get();
        variable.set(value);
        co_return old;
    };
    {
        Runner runner;
        EXPECT_EQ(runner.run(exchange(1)), -1);
        EXPECT_EQ(runner.run(exchange(2)), 1);
        Context other;
        EXPECT_EQ(runner.run(exchange(3), &other), -1);
        EXPECT_EQ(runner.run(exchange(4)), 2);
    }
    EXPECT_EQ(variable.get(), -1);
}

TEST(Runner, is_refused_inside_another) {  // CPython: test_runners.test_recursive_run
    Runner runner;
    runner.run([&runner]() -> Coro<> {
        EXPECT_THROW(runner.run([]() -> Coro<> { co_return; }), RuntimeError);
        co_return;
    });
}

TEST(Runner, destroyed_unused_makes_no_loop) { Runner runner; }

}  // namespace aio::test
