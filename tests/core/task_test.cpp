// Tasks: starting, awaiting, naming; who runs when.
#include <aio/core/task.hpp>

#include "support/async_test.hpp"

#include <functional>
#include <memory>
#include <stdexcept>

namespace aio::test {

namespace {

Coro<int> value(int x) { co_return x; }
Coro<int> value_later(int x, int passes = 1) {
    co_await run_passes(passes);
    co_return x;
}
Coro<> fail(const char* text) {
    throw std::runtime_error(text);
    co_return;
}

}  // namespace

ASYNC_TEST(Task, gives_its_result_to_those_who_await_it, kAnyOrder) {  // CPython: test_tasks.test_task_basics
    Task<int> task = create_task(value(42));
    EXPECT_FALSE(task.done());
    EXPECT_THROW(task.result(), InvalidStateError);
    EXPECT_EQ(co_await task, 42);
    EXPECT_TRUE(task.done());
    EXPECT_FALSE(task.cancelled());
    EXPECT_EQ(task.result(), 42);
    EXPECT_EQ(task.exception(), nullptr);
    EXPECT_EQ(co_await task, 42) << "a task can be awaited again";
}

ASYNC_TEST(Task, gives_its_exception_to_those_who_await_it, kAnyOrder) {
    Task<> task = create_task(fail("boom"));
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(task), "boom");
    EXPECT_FALSE(task.cancelled());
    EXPECT_EQ(expect_is<std::runtime_error>(task.exception()), "boom");
    EXPECT_THROW(task.result(), std::runtime_error);
}

ASYNC_TEST(Task, does_not_start_inside_create_task) {
    Log& log = keep<Log>();
    Task<> task = create_task([&]() -> Coro<> {
        log.push_back("task");
        co_return;
    });
    log.push_back("creator");
    co_await task;
    EXPECT_EQ(log, (Log{"creator", "task"}));
}

ASYNC_TEST(Task, starts_in_the_order_of_creation) {
    Log& log = keep<Log>();
    auto note = [&](std::string text) -> Coro<> {
        log.push_back(std::move(text));
        co_return;
    };
    create_task(note, "first");
    create_task(note, "second");
    create_task(note, "third");
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"first", "second", "third"}));
}

ASYNC_TEST(Task, resumes_its_waiter_one_pass_after_it_ended) {  // semantics 7
    Log& log = keep<Log>();
    Task<> task = create_task([&]() -> Coro<> {
        log.push_back("ends");
        get_running_loop().call_soon([&] { log.push_back("next pass"); });
        co_return;
    });
    co_await task;
    log.push_back("resumed");
    EXPECT_EQ(log, (Log{"ends", "next pass", "resumed"}));
}

ASYNC_TEST(Task, that_is_done_does_not_suspend_its_waiter, kAnyOrder) {  // semantics 7
    Task<int> task = create_task(value(1));
    co_await run_passes(2);
    bool& other_ran = keep<bool>();
    Handle handle = get_running_loop().call_soon([&] { other_ran = true; });
    co_await task;
    EXPECT_FALSE(other_ran);
    handle.cancel();
}

ASYNC_TEST(Task, handle_may_be_dropped_while_it_runs, kAnyOrder) {
    bool& ended = keep<bool>();
    create_task([&]() -> Coro<> {
        co_await run_passes(3);
        ended = true;
    });
    co_await run_passes(10);
    EXPECT_TRUE(ended);
}

ASYNC_TEST(Task, moves_its_result_to_the_last_holder, kAnyOrder) {
    auto text = co_await create_task([]() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(7); });
    EXPECT_EQ(*text, 7);
}

ASYNC_TEST(Task, may_return_a_reference, kAnyOrder) {
    int& target = keep<int>(1);
    Task<int&> task = create_task([&]() -> Coro<int&> { co_return target; });
    int& result = co_await task;
    result = 2;
    EXPECT_EQ(target, 2);
    EXPECT_EQ(&task.result(), &target);
}

ASYNC_TEST(Task, cannot_await_itself, kAnyOrder) {  // CPython: test_tasks.test_task_awaits_on_itself
    Task<>& task = keep<Task<>>();
    task = create_task([&]() -> Coro<> { co_await task; });
    const std::string what = co_await expect_throws<RuntimeError>(task);
    EXPECT_NE(what.find("cannot await on itself"), std::string::npos) << what;
}

ASYNC_TEST(EnsureFuture, gives_a_task_or_future_back_as_it_is,
           kAnyOrder) {  // CPython: test_tasks.test_ensure_future_task
    Task<int> task = create_task(value(1));
    EXPECT_TRUE(ensure_future(task) == task);
    Future<int> future;
    EXPECT_TRUE(ensure_future(future) == future);
    co_await task;
}

namespace {

struct CustomAwaitable {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    std::string await_resume() const { return "custom"; }
};

}  // namespace

ASYNC_TEST(EnsureFuture, makes_a_task_of_anything_that_can_be_awaited, kAnyOrder) {
    // CPython: test_tasks.test_ensure_future_awaitable
    Task<std::string> task = ensure_future(CustomAwaitable());
    EXPECT_EQ(co_await task, "custom");
    Task<> sleeping = create_task(sleep(5ms));
    const Stopwatch watch;
    co_await sleeping;
    watch.expect(5ms);
}

ASYNC_TEST(Task, has_a_name) {  // CPython: test_tasks.test_bare_create_named_task
    Task<> named = create_task(sleep(0s), {.name = "named"});
    Task<> other = create_task(sleep(0s));
    EXPECT_EQ(named.get_name(), "named");
    EXPECT_EQ(other.get_name().substr(0, 5), "Task-");
    EXPECT_NE(other.get_name(), current_task().get_name());
    other.set_name("renamed");
    EXPECT_EQ(other.get_name(), "renamed");
    co_await named;
    co_await other;
    EXPECT_EQ(named.get_name(), "named") << "after its end, too";
}

ASYNC_TEST(CurrentTask, is_the_one_that_runs, kAnyOrder) {  // CPython: test_tasks.test_current_task
    AnyTask me = current_task();
    EXPECT_TRUE(me);
    bool& none_in_callback = keep<bool>();
    get_running_loop().call_soon([&] { none_in_callback = !current_task(); });
    Task<>& task = keep<Task<>>();
    task = create_task([&]() -> Coro<> {
        EXPECT_TRUE(current_task() == AnyTask(task));
        co_return;
    });
    co_await task;
    EXPECT_TRUE(current_task() == me);
    EXPECT_TRUE(none_in_callback);
}

LOOP_TEST(CurrentTask, needs_a_running_loop) { EXPECT_THROW(current_task(), RuntimeError); }

ASYNC_TEST(CurrentTask, stays_right_when_tasks_interleave, kAnyOrder) {
    // CPython: test_tasks.test_current_task_with_interleaving_tasks
    Task<>&a = keep<Task<>>(), &b = keep<Task<>>();
    auto check = [](Task<>& self) -> Coro<> {
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(current_task() == AnyTask(self));
            co_await sleep(0s);
        }
    };
    a = create_task(check, std::ref(a));
    b = create_task(check, std::ref(b));
    co_await a;
    co_await b;
}

ASYNC_TEST(AllTasks, lists_what_is_not_done, kAnyOrder) {
    EXPECT_EQ(all_tasks().size(), 1u);
    Task<> task = create_task(sleep(0s));
    EXPECT_EQ(all_tasks().size(), 2u);
    EXPECT_TRUE(all_tasks().back() == AnyTask(task));
    co_await task;
    EXPECT_EQ(all_tasks().size(), 1u);
}

namespace {

std::vector<std::string> names_of_all_tasks() {
    std::vector<std::string> names;
    for (const AnyTask& task : all_tasks()) names.push_back(task.get_name());
    return names;
}

}  // namespace

// A task stands in the loop's list only once its first step has suspended.
ASYNC_TEST(AllTasks, lists_tasks_before_during_and_after_their_first_step) {
    Log& seen = keep<Log>();
    current_task().set_name("main");
    auto body = [&seen]() -> Coro<> {
        seen = names_of_all_tasks();
        co_await sleep(1ms);
    };
    Task<> first = create_task(body, {.name = "first"});
    Task<> second = create_task(body, {.name = "second"});
    const Log everybody{"main", "first", "second"};
    EXPECT_EQ(names_of_all_tasks(), everybody);  // both are ready
    co_await sleep(0s);
    EXPECT_EQ(seen, everybody);  // as second saw it, itself running
    EXPECT_EQ(names_of_all_tasks(), everybody);
    co_await first;
    co_await second;
    EXPECT_EQ(names_of_all_tasks(), Log{"main"});
}

ASYNC_TEST(AllTasks, lists_the_tasks_that_this_pass_has_not_come_to) {
    Log& seen = keep<Log>();
    current_task().set_name("main");
    auto look = [&seen]() -> Coro<> {
        seen = names_of_all_tasks();
        co_return;
    };
    auto nothing = []() -> Coro<> { co_return; };
    Task<> first = create_task(look, {.name = "first"});
    Task<> second = create_task(nothing, {.name = "second"});
    co_await first;
    EXPECT_EQ(seen, (Log{"main", "first", "second"}));
    co_await second;
}

ASYNC_TEST(AllTasks, lists_who_starts_another_eagerly_in_its_own_first_step) {
    Log& seen = keep<Log>();
    current_task().set_name("main");
    auto inner = [&seen]() -> Coro<> {
        seen = names_of_all_tasks();
        co_return;
    };
    auto outer = [&inner]() -> Coro<> { co_await create_task(inner, {.name = "inner", .eager_start = true}); };
    co_await create_task(std::ref(outer), {.name = "outer"});
    EXPECT_EQ(seen, (Log{"main", "outer", "inner"}));
    EXPECT_EQ(names_of_all_tasks(), Log{"main"});
}

ASYNC_TEST(Task, started_eagerly_takes_its_first_step_at_once) {
    Log& log = keep<Log>();
    auto body = [&]() -> Coro<> {
        log.push_back("step 1");
        co_await sleep(0s);
        log.push_back("step 2");
    };
    Task<> task = create_task(body, {.eager_start = true});
    log.push_back("creator");
    EXPECT_FALSE(task.done());
    co_await task;
    EXPECT_EQ(log, (Log{"step 1", "creator", "step 2"}));
    Task<int> done = create_task(value(3), {.eager_start = true});
    EXPECT_TRUE(done.done());
    EXPECT_EQ(done.result(), 3);
}

ASYNC_TEST(Task, may_be_made_of_a_lambda_that_dies_before_it_runs, kAnyOrder) {
    std::string captured(40, 'x');
    auto make = [&] {
        auto body = [captured]() -> Coro<std::string> {
            co_await sleep(0s);
            co_return captured;
        };
        return create_task(body);
    };
    Task<std::string> task = make();
    captured.clear();
    EXPECT_EQ(co_await task, std::string(40, 'x'));
}

ASYNC_TEST(Task, of_a_call_keeps_copies_of_the_arguments, kAnyOrder) {
    std::string text(40, 'y');
    auto function = [](std::string given, int n) -> Coro<std::string> {
        co_await sleep(0s);
        co_return given + std::to_string(n);
    };
    auto task = create_task(function, text, 5);
    text.clear();
    EXPECT_EQ(co_await task, std::string(40, 'y') + "5");
}

ASYNC_TEST(Task, awaited_by_several_wakes_them_in_order) {
    Log& log = keep<Log>();
    Task<int> task = create_task(value_later(5));
    auto waiter = [&log, task](std::string name) -> Coro<> {
        const int seen = co_await task;
        log.push_back(name + std::to_string(seen));
    };
    Task<> a = create_task(waiter, "a");
    Task<> b = create_task(waiter, "b");
    co_await a;
    co_await b;
    EXPECT_EQ(log, (Log{"a5", "b5"}));
}

ASYNC_TEST(Task, waits_for_a_future_that_a_callback_sets, kAnyOrder) {  // CPython: test_tasks.test_step_result_future
    Future<int> future;
    auto waiter = [future]() -> Coro<int> { co_return co_await future; };
    Task<int> task = create_task(waiter);
    co_await sleep(0s);
    EXPECT_FALSE(task.done());
    future.set_result(10);
    EXPECT_EQ(co_await task, 10);
}

// Makes a callback ready when the frame goes whose parameter it is.
class CallsSoon {
public:
    explicit CallsSoon(Log& log) noexcept : log_(&log) {}
    CallsSoon(CallsSoon&& other) noexcept : log_(std::exchange(other.log_, nullptr)) {}
    ~CallsSoon() {
        if (log_) get_running_loop().call_soon([log = log_] { log->push_back("callback"); });
    }

private:
    Log* log_;
};

Coro<> hold(CallsSoon) { co_return; }

// Without the ready queue, when nothing else is ready. Once: a destructor can do nothing about an allocation that fails.
ASYNC_TEST(Task, wakes_its_one_waiter_before_its_frame_goes, kOnce) {
    Log& log = keep<Log>();
    co_await create_task(hold(CallsSoon(log)));
    log.push_back("waiter");
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"waiter", "callback"}));
}

ASYNC_TEST(Task, wakes_a_waiter_and_then_runs_a_callback_that_came_later) {
    Log& log = keep<Log>();
    Task<int> task = create_task(value_later(5));
    auto waiter = [&log, task]() -> Coro<> {
        co_await task;
        log.push_back("waiter");
    };
    Task<> waiting = create_task(waiter);
    co_await sleep(0s);
    task.add_done_callback([&log](const Task<int>&) { log.push_back("callback"); });
    co_await waiting;
    EXPECT_EQ(log, (Log{"waiter", "callback"}));
}

}  // namespace aio::test
