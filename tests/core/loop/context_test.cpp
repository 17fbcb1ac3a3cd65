// Context variables: what tasks and callbacks see.
#include <aio/core/context.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>

#include "support/allocations.hpp"
#include "support/async_test.hpp"
#include "support/malloc.hpp"

#include <memory>
#include <thread>
#include <utility>

namespace aio::test {

namespace {

ContextVar<std::string> name("name", "default");
ContextVar<int> number("number");

Coro<std::string> read_name() { co_return name.get(); }

}  // namespace

TEST(ContextVar, has_a_default_or_throws) {
    EXPECT_EQ(name.get(), "default");
    EXPECT_EQ(name.get("fallback"), "fallback");
    EXPECT_THROW(number.get(), RuntimeError);
    EXPECT_EQ(number.get(3), 3);
    EXPECT_EQ(name.name(), "name");
}

TEST(ContextVar, can_be_reset_once) {
    auto first = name.set("a");
    EXPECT_FALSE(first.old_value());
    auto second = name.set("b");
    EXPECT_EQ(second.old_value(), "a");
    name.reset(second);
    EXPECT_EQ(name.get(), "a");
    EXPECT_THROW(name.reset(second), RuntimeError);
    name.reset(first);
    EXPECT_EQ(name.get(), "default");
    ContextVar<std::string> other("other");
    auto token = other.set("x");
    EXPECT_THROW(name.reset(token), ValueError);
}

TEST(Context, runs_a_function_in_itself) {
    Context context;
    context.run([] { name.set("inside"); });
    EXPECT_EQ(name.get(), "default");
    EXPECT_EQ(context.run([] { return name.get(); }), "inside");
    Context copy = context.copy();
    copy.run([] { name.set("in the copy"); });
    EXPECT_EQ(context.run([] { return name.get(); }), "inside");
}

const ContextVar<int> level("level", 7);

// Reads a variable, and sets it, when it dies.
struct LooksBack {
    int* seen;
    explicit LooksBack(int* into) noexcept : seen(into) {}
    LooksBack(LooksBack&& other) noexcept : seen(std::exchange(other.seen, nullptr)) {}
    LooksBack(const LooksBack&) = delete;
    ~LooksBack() {
        if (!seen) return;
        *seen = level.get();
        level.set(9);
    }
};

TEST(Context, of_a_thread_ends_with_it) {
    int seen = 0;
    const std::int64_t before = live_blocks();
    std::thread([&seen] {
        static const ContextVar<LooksBack> last("last");
        level.set(8);
        last.set(LooksBack(&seen));
    }).join();
    EXPECT_EQ(seen, 7);  // the thread's variables are gone already
    EXPECT_EQ(live_blocks(), before);
}

TEST(Context, is_read_without_memory_outside_a_loop) {
    bool failed = true;
    std::thread([&failed] {
        FailingMalloc failing(1, true);
        static_cast<void>(detail::context_find(detail::read_context(), &level));
        failed = failing.failed();
    }).join();
    EXPECT_FALSE(failed);
}

ASYNC_TEST(Context, of_a_task_is_a_copy_made_at_its_creation, kAnyOrder) {  // semantics 53
    // CPython: test_tasks.test_context_1
    name.set("before");
    Task<std::string> early = create_task(read_name());
    name.set("after");
    Task<std::string> late = create_task(read_name());
    EXPECT_EQ(co_await early, "before");
    EXPECT_EQ(co_await late, "after");
    co_await create_task([]() -> Coro<> {
        name.set("in the task");
        co_await sleep(0s);
        EXPECT_EQ(name.get(), "in the task");
    });
    EXPECT_EQ(name.get(), "after");
}

ASYNC_TEST(Context, is_shared_by_what_is_awaited_in_place, kAnyOrder) {
    auto set = []() -> Coro<> {
        name.set("by the callee");
        co_await sleep(0s);
    };
    co_await set();
    EXPECT_EQ(name.get(), "by the callee");
}

ASYNC_TEST(Context, stays_with_each_of_many_tasks, kAnyOrder) {  // CPython: test_tasks.test_context_3
    auto count = [](int id) -> Coro<> {
        for (int i = 0; i < 5; ++i) {
            number.set(id * 100 + i);
            co_await sleep(i * 10us);
            EXPECT_EQ(number.get(), id * 100 + i);
        }
    };
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < scaled(100); ++i) tasks.push_back(create_task(count, static_cast<int>(i)));
    co_await gather(tasks);
    EXPECT_THROW(number.get(), RuntimeError);
}

ASYNC_TEST(Context, of_a_callback_is_the_one_it_was_registered_in, kAnyOrder) {  // semantics 53
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    Future<> future;
    name.set("one");
    loop.call_soon([&log] { log.push_back("soon " + name.get()); });
    name.set("two");
    loop.call_later(1ms, [&log] { log.push_back("later " + name.get()); });
    name.set("three");
    future.add_done_callback([&log] { log.push_back("done " + name.get()); });
    name.set("four");
    future.set_result();
    co_await sleep(2ms);
    EXPECT_EQ(log, (Log{"soon one", "done three", "later two"}));
}

ASYNC_TEST(Context, may_be_given_to_a_task_and_a_callback, kAnyOrder) {
    Context context;
    context.run([] { name.set("given"); });
    Task<std::string> task = create_task(read_name(), {.context = &context});
    EXPECT_EQ(co_await task, "given");
    EXPECT_TRUE(task.get_context() == context);
    co_await create_task(
        []() -> Coro<> {
            name.set("changed by a task");
            co_return;
        },
        {.context = &context});
    EXPECT_EQ(context.run([] { return name.get(); }), "changed by a task");
    Log& log = keep<Log>();
    get_running_loop().call_soon([&log] { log.push_back(name.get()); }, context);
    co_await sleep(0s);
    EXPECT_EQ(log, Log{"changed by a task"});
}

ASYNC_TEST(Context, of_a_task_started_eagerly_is_a_copy_too) {
    Context context;
    context.run([] {
        name.set("outside");
        auto body = []() -> Coro<> {
            EXPECT_EQ(name.get(), "outside");
            name.set("inside");
            co_return;
        };
        create_task(body, {.eager_start = true});
    });
    EXPECT_EQ(context.run([] { return name.get(); }), "outside");
    co_return;
}

namespace {

// A parameter of a coroutine, destroyed when the task is: after its promise.
struct CallsWhenDestroyed {
    explicit CallsWhenDestroyed(bool& called) : called_(&called) {}
    CallsWhenDestroyed(CallsWhenDestroyed&& other) noexcept : called_(std::exchange(other.called_, nullptr)) {}
    ~CallsWhenDestroyed() {
        if (!called_) return;
        try {
            bool* called = called_;
            get_running_loop().call_soon([called] { *called = true; });
            EXPECT_FALSE(current_task());
        } catch (const std::exception&) {  // out of memory, or the loop closes
        }
    }
    bool* called_;
};

}  // namespace

ASYNC_TEST(Context, is_not_the_task_s_any_more_when_its_parameters_die) {
    bool& called = keep<bool>();
    auto body = [](CallsWhenDestroyed) -> Coro<> {
        name.set("gone with the task");
        co_return;
    };
    create_task(body(CallsWhenDestroyed(called)));
    co_await run_passes(3);
    EXPECT_TRUE(called);
}

}  // namespace aio::test
