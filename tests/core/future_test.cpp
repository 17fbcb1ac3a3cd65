// Futures: states, results, callbacks, identity.
#include <aio/core/future.hpp>

#include <aio/core/task.hpp>

#include "support/async_test.hpp"

#include <memory>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace aio::test {

ASYNC_TEST(Future, is_pending_at_first, kAnyOrder) {  // CPython: test_futures.test_initial_state
    Future<int> future;
    EXPECT_FALSE(future.done());
    EXPECT_FALSE(future.cancelled());
    future.cancel();
    EXPECT_TRUE(future.cancelled());
    co_return;
}

ASYNC_TEST(Future, is_a_key_of_sets_and_maps_by_identity, kAnyOrder) {
    Future<int> a, b;
    const Future<int> same = a;
    std::unordered_set<Future<int>> hashed;
    for (const Future<int>& future : {a, b, same}) hashed.insert(future);
    EXPECT_EQ(hashed.size(), 2u);
    EXPECT_TRUE(hashed.contains(same));
    std::set<Future<int>> sorted;
    for (const Future<int>& future : {a, b, same}) sorted.insert(future);
    EXPECT_EQ(sorted.size(), 2u);
    EXPECT_TRUE((a < b) != (b < a));
    EXPECT_FALSE(a < same || same < a);
    a.set_result(1);
    EXPECT_TRUE(hashed.contains(a)) << "whatever becomes of it";
    co_return;
}

ASYNC_TEST(Task, is_a_key_of_sets_and_maps_by_identity, kAnyOrder) {
    Task<> a = create_task(sleep(0s)), b = create_task(sleep(0s));
    std::unordered_map<Task<>, std::string> names;
    names[a] = "a";
    names[b] = "b";
    EXPECT_EQ(names.at(Task<>(a)), "a");
    std::unordered_map<AnyTask, std::string> any;
    any[a] = "a";
    any[b] = "b";
    EXPECT_EQ(any.at(AnyTask(b)), "b");
    EXPECT_EQ(std::hash<AnyTask>()(a), std::hash<Task<>>()(a));
    std::set<AnyTask> sorted;
    for (const AnyTask& task : all_tasks()) sorted.insert(task);
    EXPECT_TRUE(sorted.contains(a) && sorted.contains(b) && sorted.contains(current_task()));
    EXPECT_FALSE(sorted.contains(AnyTask()));
    co_await a;
    co_await b;
}

LOOP_TEST(Future, belongs_to_its_loop) {
    Future<int> future(loop);
    EXPECT_EQ(&future.get_loop(), &loop);
    EXPECT_THROW(Future<int>(), RuntimeError) << "no loop runs";
}

ASYNC_TEST(Future, that_is_cancelled_throws_and_stays_so, kAnyOrder) {  // CPython: test_futures.test_cancel
    Future<int> future;
    EXPECT_TRUE(future.cancel());
    EXPECT_TRUE(future.done());
    EXPECT_THROW(future.result(), CancelledError);
    EXPECT_THROW(future.exception(), CancelledError);
    EXPECT_THROW(future.set_result(1), InvalidStateError);
    EXPECT_THROW(future.set_exception(std::runtime_error("x")), InvalidStateError);
    EXPECT_FALSE(future.cancel());
    co_return;
}

ASYNC_TEST(Future, keeps_the_message_of_its_cancellation, kAnyOrder) {
    Future<int> future;
    future.cancel("why");
    EXPECT_EQ(co_await expect_throws<CancelledError>(future), "why");
}

ASYNC_TEST(Future, holds_a_result, kAnyOrder) {  // CPython: test_futures.test_result  semantics 5
    Future<int> future;
    EXPECT_THROW(future.result(), InvalidStateError);
    future.set_result(42);
    EXPECT_TRUE(future.done());
    EXPECT_EQ(future.result(), 42);
    EXPECT_EQ(future.exception(), nullptr);
    EXPECT_THROW(future.set_result(1), InvalidStateError);
    EXPECT_THROW(future.set_exception(std::runtime_error("x")), InvalidStateError);
    EXPECT_FALSE(future.cancel());
    EXPECT_EQ(future.result(), 42);
    co_return;
}

ASYNC_TEST(Future, holds_an_exception, kAnyOrder) {  // CPython: test_futures.test_exception
    Future<int> future;
    EXPECT_THROW(future.exception(), InvalidStateError);
    future.set_exception(std::runtime_error("boom"));
    EXPECT_EQ(expect_is<std::runtime_error>(future.exception()), "boom");
    EXPECT_THROW(future.result(), std::runtime_error);
    EXPECT_THROW(future.set_result(1), InvalidStateError);
    EXPECT_THROW(future.set_exception(std::runtime_error("again")), InvalidStateError);
    EXPECT_FALSE(future.cancel());
    co_return;
}

ASYNC_TEST(Future, refuses_a_null_exception, kAnyOrder) {
    Future<int> future;
    EXPECT_THROW(future.set_exception(std::exception_ptr()), ValueError);
    EXPECT_FALSE(future.done());
    future.cancel();
    co_return;
}

ASYNC_TEST(Future, can_be_awaited_by_several_and_again, kAnyOrder) {
    // CPython: test_futures.test_yield_from_twice
    Future<std::string> future;
    auto reader = [future]() -> Coro<std::string> {
        std::string first = co_await future;
        co_return first + co_await future;
    };
    Task<std::string> a = create_task(reader), b = create_task(reader);
    co_await sleep(0s);
    future.set_result("x");
    EXPECT_EQ(co_await a, "xx");
    EXPECT_EQ(co_await b, "xx");
}

ASYNC_TEST(Future, may_hold_what_only_moves, kAnyOrder) {
    Future<std::unique_ptr<int>> future;
    future.set_result(std::make_unique<int>(5));
    const std::unique_ptr<int> value = co_await std::move(future);
    EXPECT_EQ(*value, 5);
}

ASYNC_TEST(Future, may_hold_a_reference_or_nothing, kAnyOrder) {
    int& target = keep<int>(1);
    Future<int&> reference;
    reference.set_result(target);
    EXPECT_EQ(&co_await reference, &target);
    Future<> nothing;
    nothing.set_result();
    co_await nothing;
    EXPECT_THROW(nothing.set_result(), InvalidStateError);
}

ASYNC_TEST(Future, copies_name_the_same_result, kAnyOrder) {  // CPython: test_futures.test_copy_state
    Future<int> first;
    Future<int> second = first;
    EXPECT_TRUE(first == second);
    EXPECT_FALSE(first == Future<int>(get_running_loop()));
    second.set_result(9);
    EXPECT_EQ(first.result(), 9);
    co_return;
}

ASYNC_TEST(Future, is_taken_as_it_is_by_ensure_future, kAnyOrder) {
    // CPython: test_futures.test_wrap_future, test_futures.test_wrap_future_cancel, test_futures.test_wrap_future_cancel2
    Future<int> future;
    Future<int> wrapped = ensure_future(future);
    wrapped.cancel();
    EXPECT_TRUE(future.cancelled()) << "cancelling either is cancelling both";
    Future<int> done;
    done.set_result(1);
    EXPECT_FALSE(ensure_future(done).cancel());
    EXPECT_EQ(ensure_future(done).result(), 1);
    co_return;
}

ASYNC_TEST(Future, set_after_it_was_cancelled_is_for_the_setter_to_check, kAnyOrder) {
    // CPython: test_futures.test_set_result_unless_cancelled
    Future<int> future;
    future.cancel();
    if (!future.done()) future.set_result(1);
    EXPECT_TRUE(future.cancelled());
    co_return;
}

namespace {

struct Bomb {
    Bomb() = default;
    Bomb(const Bomb&) { throw std::runtime_error("copy"); }
};

}  // namespace

ASYNC_TEST(Future, survives_a_result_whose_copy_throws, kAnyOrder) {
    const Bomb bomb;
    Future<Bomb> future;
    EXPECT_THROW(future.set_result(bomb), std::runtime_error);
    EXPECT_FALSE(future.done());
    future.cancel();
    co_return;
}

ASYNC_TEST(DoneCallback, is_scheduled_not_called) {  // semantics 4
    // CPython: test_futures.test_callbacks_invoked_on_set_result
    Log& log = keep<Log>();
    Future<int> future;
    future.add_done_callback([&log](Future<int> done) { log.push_back("first " + std::to_string(done.result())); });
    future.add_done_callback([&log] { log.push_back("second"); });
    future.set_result(1);
    EXPECT_EQ(log, Log{});
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"first 1", "second"}));
}

ASYNC_TEST(DoneCallback, is_scheduled_for_an_exception, kAnyOrder) {
    // CPython: test_futures.test_callbacks_invoked_on_set_exception
    Log& log = keep<Log>();
    Future<int> future;
    future.add_done_callback(
        [&log](Future<int> done) { log.push_back(expect_is<std::runtime_error>(done.exception())); });
    future.set_exception(std::runtime_error("boom"));
    co_await sleep(0s);
    EXPECT_EQ(log, Log{"boom"});
}

ASYNC_TEST(DoneCallback, added_when_done_is_scheduled_too, kAnyOrder) {  // semantics 4
    bool& called = keep<bool>();
    Future<> future;
    future.set_result();
    future.add_done_callback([&called] { called = true; });
    EXPECT_FALSE(called);
    co_await sleep(0s);
    EXPECT_TRUE(called);
}

namespace {

int calls = 0;
void count_call() { ++calls; }
void count_ten() { calls += 10; }

}  // namespace

ASYNC_TEST(DoneCallback, can_be_removed) {  // CPython: test_futures.test_remove_done_callback  semantics 4
    calls = 0;
    Future<> future;
    future.add_done_callback(count_call);
    future.add_done_callback(count_ten);
    future.add_done_callback(count_call);
    EXPECT_EQ(future.remove_done_callback(count_call), 2u);
    EXPECT_EQ(future.remove_done_callback(count_call), 0u);
    future.set_result();
    co_await sleep(0s);
    EXPECT_EQ(calls, 10);
}

namespace {

// Compares equal to its like, and on the way removes another callback from the future.
struct Remover {
    Future<>* future;
    int* removed;
    void operator()() const {}
    bool operator==(const Remover&) const {
        *removed += static_cast<int>(future->remove_done_callback(count_ten));
        return false;
    }
};

}  // namespace

ASYNC_TEST(DoneCallback, comparing_may_change_the_list) {
    // CPython: test_futures.test_remove_done_callbacks_list_mutation
    calls = 0;
    Future<>& future = keep<Future<>>();
    int& removed = keep<int>();
    const Remover remover{&future, &removed};
    future.add_done_callback(remover);
    future.add_done_callback(count_ten);
    future.add_done_callback(count_call);
    EXPECT_EQ(future.remove_done_callback(remover), 0u);
    EXPECT_EQ(removed, 1);
    future.set_result();
    co_await sleep(0s);
    EXPECT_EQ(calls, 1);
}

ASYNC_TEST(DoneCallback, may_add_and_remove_others_when_called) {
    // CPython: test_futures.test_schedule_callbacks_list_mutation_1, test_futures.test_schedule_callbacks_list_mutation_2
    calls = 0;
    Future<>& future = keep<Future<>>();
    future.add_done_callback([&future] {
        EXPECT_EQ(future.remove_done_callback(count_call), 0u) << "it is scheduled already";
        future.add_done_callback(count_ten);
    });
    future.add_done_callback(count_call);
    future.set_result();
    co_await sleep(0s);
    EXPECT_EQ(calls, 1);
    co_await sleep(0s);
    EXPECT_EQ(calls, 11);
}

ASYNC_TEST(DoneCallback, that_throws_is_reported_and_stops_nobody, kAnyOrder) {
    bool& second = keep<bool>();
    Future<> future;
    future.add_done_callback([] { throw std::runtime_error("in callback"); });
    future.add_done_callback([&second] { second = true; });
    future.set_result();
    co_await sleep(0s);
    EXPECT_TRUE(second);
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_NE(reports[0].message.find("Exception in callback"), std::string::npos);
    EXPECT_EQ(reports[0].what, "std::runtime_error: in callback");
}

ASYNC_TEST(DoneCallback, of_a_future_that_dies_pending_is_destroyed, kAnyOrder) {
    auto witness = std::make_shared<int>(1);
    {
        Future<> future;
        future.add_done_callback([witness] {});
        EXPECT_EQ(witness.use_count(), 2);
    }
    EXPECT_EQ(witness.use_count(), 1);
    co_return;
}

}  // namespace aio::test
