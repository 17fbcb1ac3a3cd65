// with_exit_stack(), with_aclosing() and with_finally(): ends of blocks that may await.
#include <aio/core/exit_stack.hpp>
#include <aio/core/run.hpp>
#include <aio/core/task_group.hpp>

#include "support/async_test.hpp"

#include <functional>
#include <memory>
#include <stdexcept>

namespace aio::test {

namespace {

Coro<> note(Log& log, std::string line) {
    co_await sleep(1ms);
    log.push_back(std::move(line));
}

Coro<> note_and_fail(Log& log, std::string line) {
    log.push_back(line);
    co_await sleep(1ms);
    throw std::runtime_error(line);
}

// Notes how it is used; enter() fails if it is told to.
class Resource {
public:
    Resource(Log& log, bool enters) : log_(log), enters_(enters) {}
    Coro<> enter() {
        co_await sleep(1ms);
        if (!enters_) throw std::runtime_error("no entry");
        log_.push_back("entered");
    }
    Coro<> exit(std::exception_ptr error) {
        co_await sleep(1ms);
        log_.push_back(error ? "left with an error" : "left");
        if (error) std::rethrow_exception(error);
    }

private:
    Log& log_;
    bool enters_;
};

AsyncGenerator<int> count(Log& log) {
    bool closing = false;
    try {
        for (int i = 1; i <= 3; ++i) co_yield i;
    } catch (const GeneratorExit&) {
        closing = true;
    }
    if (closing) co_await sleep(1ms);
    log.push_back(closing ? "closed" : "counted");
}

}  // namespace

ASYNC_TEST(ExitStack, calls_what_was_registered_last_first, kAnyOrder) {
    Log& log = keep<Log>();
    const int answer = co_await with_exit_stack([&log](AsyncExitStack& stack) -> Coro<int> {
        stack.push_async_callback(note, std::ref(log), "first");
        stack.callback([&log](std::string text) { log.push_back(text); }, "second");
        stack.push_async_exit([&log](const std::exception_ptr& error) -> Coro<> {
            co_await note(log, error ? "an error" : "no error");
        });
        log.push_back("body");
        co_return 42;
    });
    EXPECT_EQ(answer, 42);
    EXPECT_EQ(log, (Log{"body", "no error", "second", "first"}));
}

ASYNC_TEST(ExitStack, shows_each_exit_the_error_until_one_takes_it_away, kAnyOrder) {
    Log& log = keep<Log>();
    const auto look = [&log](const std::exception_ptr& error) { log.push_back(error ? "an error" : "no error"); };
    co_await with_exit_stack([&](AsyncExitStack& stack) -> Coro<> {
        stack.push_async_exit(look);
        stack.push_async_exit([](const std::exception_ptr&) -> Coro<bool> {
            co_await sleep(1ms);
            co_return true;
        });
        stack.push_async_exit(look);
        throw std::runtime_error("body");
        co_return;
    });
    EXPECT_EQ(log, (Log{"an error", "no error"}));
}

ASYNC_TEST(ExitStack, has_no_result_when_the_error_of_its_body_was_taken_away, kAnyOrder) {
    auto block = with_exit_stack([](AsyncExitStack& stack) -> Coro<int> {
        stack.push_async_exit([](const std::exception_ptr&) { return true; });
        throw std::runtime_error("body");
        co_return 1;
    });
    co_await expect_throws<RuntimeError>(std::move(block));
}

ASYNC_TEST(ExitStack, makes_all_calls_whichever_of_them_fail, kAnyOrder) {
    Log& log = keep<Log>();
    auto block = with_exit_stack([&log](AsyncExitStack& stack) -> Coro<> {
        stack.push_async_callback(note, std::ref(log), "outermost");
        stack.push_async_exit([&log](const std::exception_ptr& error) {
            log.push_back("after " + expect_is<std::runtime_error>(error));
        });
        stack.push_async_callback(note_and_fail, std::ref(log), "second");
        stack.push_async_callback(note_and_fail, std::ref(log), "first");
        throw std::logic_error("body");
        co_return;
    });
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(std::move(block)), "second");
    EXPECT_EQ(log, (Log{"first", "second", "after second", "outermost"}));
}

ASYNC_TEST(ExitStack, awaits_its_calls_when_the_body_was_cancelled, kAnyOrder) {
    Log& log = keep<Log>();
    Task<> task = create_task([&log]() -> Coro<> {
        co_await with_exit_stack([&log](AsyncExitStack& stack) -> Coro<> {
            stack.push_async_callback(note, std::ref(log), "cleaned up");
            co_await sleep(10s);
        });
    });
    co_await run_passes(2);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(log, Log{"cleaned up"});
}

ASYNC_TEST(ExitStack, cancels_only_the_call_that_waits, kAnyOrder) {
    Log& log = keep<Log>();
    Task<> task = create_task([&log]() -> Coro<> {
        co_await with_exit_stack([&log](AsyncExitStack& stack) -> Coro<> {
            stack.push_async_callback(note, std::ref(log), "the other");
            stack.push_async_callback([]() -> Coro<> { co_await sleep(10s); });
            co_return;
        });
    });
    co_await run_passes(2);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(log, Log{"the other"});
}

ASYNC_TEST(ExitStack, enters_and_leaves_contexts, kAnyOrder) {
    Log& log = keep<Log>();
    auto block = with_exit_stack([&log](AsyncExitStack& stack) -> Coro<> {
        co_await stack.enter_async_context<Resource>(std::ref(log), true);
        log.push_back("body");
        co_await stack.enter_async_context<Resource>(std::ref(log), false);
    });
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(std::move(block)), "no entry");
    EXPECT_EQ(log, (Log{"entered", "body", "left with an error"}));
}

ASYNC_TEST(ExitStack, enters_task_groups_and_deadlines, kAnyOrder) {
    Log& log = keep<Log>();
    auto block = with_exit_stack([&log](AsyncExitStack& stack) -> Coro<> {
        Timeout& deadline = co_await stack.enter_async_context<Timeout>(get_running_loop().time() + 10ms);
        EXPECT_FALSE(deadline.expired());
        TaskGroup& group = co_await stack.enter_async_context<TaskGroup>();
        group.create_task(note, std::ref(log), "a task");
        group.create_task(sleep(10s));
    });
    co_await expect_throws<TimeoutError>(std::move(block));
    EXPECT_EQ(log, Log{"a task"});
}

ASYNC_TEST(ExitStack, destroys_what_it_keeps_in_its_turn, kAnyOrder) {
    Log& log = keep<Log>();
    log.reserve(4);  // destructors write to it
    const auto noting = [&log](const char* text) {
        return std::shared_ptr<void>(nullptr, [&log, text](void*) { log.push_back(text); });
    };
    co_await with_exit_stack([&](AsyncExitStack& stack) -> Coro<> {
        stack.enter_context(noting("a guard"));
        stack.callback([&log] { log.push_back("a callback"); });
        stack.enter_context(noting("another guard"));
        co_return;
    });
    EXPECT_EQ(log, (Log{"another guard", "a callback", "a guard"}));
}

ASYNC_TEST(ExitStack, gives_up_what_is_popped, kAnyOrder) {
    Log& log = keep<Log>();
    AsyncExitStack kept;
    co_await with_exit_stack([&](AsyncExitStack& stack) -> Coro<> {
        stack.push_async_callback(note, std::ref(log), "kept");
        kept = stack.pop_all();
        EXPECT_TRUE(stack.empty());
        stack.push_async_callback(note, std::ref(log), "of the block");
        co_return;
    });
    EXPECT_EQ(log, Log{"of the block"});
    co_await kept.aclose();
    EXPECT_EQ(log, (Log{"of the block", "kept"}));
    kept.push_async_callback(note, std::ref(log), "used again");
    co_await kept.aclose();
    EXPECT_EQ(log.back(), "used again");
}

ASYNC_TEST(ExitStack, makes_calls_that_were_registered_at_its_end, kAnyOrder) {
    Log& log = keep<Log>();
    co_await with_exit_stack([&log](AsyncExitStack& stack) -> Coro<> {
        stack.push_async_callback([&log, &stack]() -> Coro<> {
            log.push_back("first");
            stack.push_async_callback(note, std::ref(log), "late");
            co_return;
        });
        co_return;
    });
    EXPECT_EQ(log, (Log{"first", "late"}));
}

ASYNC_TEST(ExitStack, that_is_dropped_is_reported_in_debug_mode) {
    Log& log = keep<Log>();
    get_running_loop().set_debug(true);
    {
        AsyncExitStack dropped;
        dropped.push_async_callback(note, std::ref(log), "never");
        dropped.callback([&log] { log.push_back("never"); });
    }
    get_running_loop().set_debug(false);
    const Log logs = take_logs();
    CO_ASSERT_EQ(logs.size(), 1u);
    EXPECT_NE(logs[0].find("dropped without aclose(): 2 exits were never called"), std::string::npos) << logs[0];
    EXPECT_TRUE(log.empty());
}

ASYNC_TEST(Aclosing, closes_a_generator_that_is_left_early, kAnyOrder) {
    Log& log = keep<Log>();
    const int last = co_await with_aclosing(count(log), [](AsyncGenerator<int>& counting) -> Coro<int> {
        while (auto number = co_await counting.next()) {
            if (*number == 2) co_return *number;
        }
        co_return 0;
    });
    EXPECT_EQ(last, 2);
    EXPECT_EQ(log, Log{"closed"});
}

ASYNC_TEST(Aclosing, lets_the_error_of_the_body_pass, kAnyOrder) {
    Log& log = keep<Log>();
    AsyncGenerator<int> counting = count(log);
    auto block = with_aclosing(counting, [&counting]() -> Coro<> {
        co_await counting.next();
        throw std::runtime_error("body");
    });
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(std::move(block)), "body");
    EXPECT_EQ(log, Log{"closed"});
}

ASYNC_TEST(Aclosing, throws_what_closing_throws, kAnyOrder) {
    auto refusing = []() -> AsyncGenerator<int> {
        bool closing = false;
        try {
            co_yield 1;
        } catch (const GeneratorExit&) {
            closing = true;
        }
        if (closing) throw std::runtime_error("will not close");
    };
    auto block = with_aclosing(refusing(), [](AsyncGenerator<int>& numbers) -> Coro<> {
        co_await numbers.next();
        throw std::logic_error("body");
    });
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(std::move(block)), "will not close");
}

ASYNC_TEST(Aclosing, closes_when_the_body_is_cancelled, kAnyOrder) {
    Log& log = keep<Log>();
    Task<> task = create_task([&log]() -> Coro<> {
        co_await with_aclosing(count(log), [](AsyncGenerator<int>& counting) -> Coro<> {
            co_await counting.next();
            co_await sleep(10s);
        });
    });
    co_await run_passes(2);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(log, Log{"closed"});
}

ASYNC_TEST(Finally, cleans_up_after_a_body_that_returns, kAnyOrder) {
    Log& log = keep<Log>();
    auto body = [&log]() -> Coro<int> {
        co_await note(log, "body");
        co_return 42;
    };
    auto cleanup = [&log]() -> Coro<> { co_await note(log, "clean-up"); };
    EXPECT_EQ(co_await with_finally(body, cleanup), 42);
    EXPECT_EQ(log, (Log{"body", "clean-up"}));
    co_await with_finally([&log] { return note(log, "again"); }, [&log] { log.push_back("without await"); });
    EXPECT_EQ(log, (Log{"body", "clean-up", "again", "without await"}));
}

ASYNC_TEST(Finally, cleans_up_after_a_body_that_throws, kAnyOrder) {
    Log& log = keep<Log>();
    auto body = [&log]() -> Coro<> { co_await note_and_fail(log, "body"); };
    auto cleanup = [&log]() -> Coro<> { co_await note(log, "clean-up"); };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(with_finally(body, cleanup)), "body");
    EXPECT_EQ(log, (Log{"body", "clean-up"}));
    auto failing = [&log]() -> Coro<> { co_await note_and_fail(log, "failing clean-up"); };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(with_finally(body, failing)), "failing clean-up");
}

ASYNC_TEST(Finally, cleans_up_undisturbed_by_the_cancellation_of_its_body, kAnyOrder) {
    Log& log = keep<Log>();
    Task<> task = create_task([&log]() -> Coro<> {
        auto body = [] { return sleep(10s, 0); };
        auto cleanup = [&log]() -> Coro<> {
            co_await note(log, "first");
            co_await note(log, "second");
        };
        auto wrapped = [&body]() -> Coro<int> { co_return co_await body(); };
        co_await with_finally(wrapped, cleanup);
    });
    co_await run_passes(2);
    task.cancel("why");
    task.cancel();
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "why");
    EXPECT_EQ(log, (Log{"first", "second"}));
}

ASYNC_TEST(Finally, cleans_up_within_a_deadline_that_has_passed, kAnyOrder) {
    Log& log = keep<Log>();
    auto block = [&log]() -> Coro<> {
        auto body = []() -> Coro<> { co_await sleep(10s); };
        auto cleanup = [&log]() -> Coro<> { co_await note(log, "clean-up"); };
        co_await with_finally(body, cleanup);
    };
    co_await expect_throws<TimeoutError>(with_timeout(1ms, block));
    EXPECT_EQ(log, Log{"clean-up"});
}

ASYNC_TEST(Finally, is_cut_short_by_another_cancellation, kAnyOrder) {
    Log& log = keep<Log>();
    Task<> task = create_task([&log]() -> Coro<> {
        auto body = []() -> Coro<> { co_await sleep(10s); };
        auto cleanup = [&log]() -> Coro<> {
            log.push_back("begun");
            co_await sleep(10s);
            log.push_back("ended");
        };
        co_await with_finally(body, cleanup);
    });
    co_await run_passes(2);
    task.cancel();
    co_await run_passes(2);
    EXPECT_EQ(log, Log{"begun"});
    task.cancel("again");
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "again");
    EXPECT_EQ(log, Log{"begun"});
}

// A body that was cancelled before it began is no body: nothing was done that could be cleaned up.
ASYNC_TEST(Finally, of_a_task_that_never_began_does_nothing, kAnyOrder) {
    Log& log = keep<Log>();
    Task<> task = create_task([&log]() -> Coro<> {
        auto body = []() -> Coro<> { co_return; };
        auto cleanup = [&log] { log.push_back("clean-up"); };
        co_await with_finally(body, cleanup);
    });
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(log.empty());
}

}  // namespace aio::test
