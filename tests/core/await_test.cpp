// Awaiting in place: depth, destructors, exceptions, and what it costs.
#include <aio/core/coro.hpp>
#include <aio/core/frame_pool.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>

#include "core/sanitized.hpp"
#include "support/allocations.hpp"
#include "support/async_test.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {

namespace {

Coro<int> immediate(int x) { co_return x; }

Coro<std::size_t> sum_of(std::size_t n) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += static_cast<std::size_t>(co_await immediate(1));
    co_return sum;
}

Coro<std::size_t> nest(std::size_t depth, Duration at_the_bottom) {
    if (depth == 0) {
        if (at_the_bottom >= Duration(0)) co_await sleep(at_the_bottom);
        co_return 0;
    }
    co_return 1 + co_await nest(depth - 1, at_the_bottom);
}

Coro<> nest_and_throw(std::size_t depth) {
    if (depth == 0) throw std::runtime_error("from the bottom");
    co_await nest_and_throw(depth - 1);
}

constexpr std::size_t kManyAwaits = 10'000'000;
constexpr std::size_t kDeep = 1'000'000;

}  // namespace

ASYNC_TEST(Await, of_ten_million_calls_that_end_at_once_uses_no_stack, kOnce) {
    const std::size_t many =
        kSanitized ? kManyAwaits / 10 : kManyAwaits;  // a tenth fills any stack that is used at all
    EXPECT_EQ(co_await sum_of(many), many);
}

ASYNC_TEST(Await, nested_a_million_deep_uses_no_stack, kOnce) {
    EXPECT_EQ(co_await nest(kDeep, Duration(-1)), kDeep);
}

ASYNC_TEST(Await, nested_a_million_deep_may_suspend_at_the_bottom, kOnce) {
    EXPECT_EQ(co_await nest(kDeep, Duration(1ms)), kDeep);
}

ASYNC_TEST(Await, passes_an_exception_up_a_hundred_thousand_frames, kOnce) {
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(nest_and_throw(100'000)), "from the bottom");
}

ASYNC_TEST(Await, of_a_chain_that_is_cancelled_unwinds_it, kOnce) {
    Task<std::size_t> task = create_task(nest(100'000, Duration(10s)));
    co_await run_passes(3);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
}

LOOP_TEST(Await, of_a_chain_that_is_destroyed_with_the_loop_uses_no_stack, kOnce) {
    loop.create_task(nest(100'000, Duration(10s)));
    for (int i = 0; i < 3; ++i) {
        loop.stop();
        loop.run_forever();
    }
    loop.close();
    EXPECT_EQ(take_reports().size(), 1u);
}

ASYNC_TEST(Await, of_small_depths_gives_the_same, kAnyOrder) {
    for (std::size_t depth : {0u, 1u, 40u, 47u, 48u, 49u, 50u, 97u, 200u}) {
        EXPECT_EQ(co_await nest(depth, Duration(-1)), depth);
        EXPECT_EQ(co_await nest(depth, Duration(0)), depth);
        co_await expect_throws<std::runtime_error>(nest_and_throw(depth));
    }
}

ASYNC_TEST(Await, may_come_after_the_call, kAnyOrder) {
    Coro<int> first = immediate(1), second = immediate(2);
    const int b = co_await std::move(second);
    const int a = co_await std::move(first);
    EXPECT_EQ(a * 10 + b, 12);
}

ASYNC_TEST(Await, destroys_the_callee_when_its_result_is_taken, kAnyOrder) {
    auto witness = std::make_shared<int>();
    auto callee = [](std::shared_ptr<int>) -> Coro<> { co_await sleep(0s); };
    co_await callee(witness);
    EXPECT_EQ(witness.use_count(), 1);
    { auto dropped = callee(witness); }
    EXPECT_EQ(witness.use_count(), 1) << "also when it never ran";
}

ASYNC_TEST(Await, twice_in_one_expression, kAnyOrder) {
    EXPECT_EQ(co_await immediate(40) + co_await immediate(2), 42);
    auto add = [](int a, int b) -> Coro<int> {
        co_await sleep(0s);
        co_return a + b;
    };
    EXPECT_EQ(co_await add(co_await immediate(1), co_await immediate(2)), 3);
}

namespace {

// Allocations of the steady state of `body`: those of its third round.
template <class Body>
Coro<std::uint64_t> steady_state(Body body) {
    co_await body();
    co_await body();
    const std::uint64_t before = allocations();
    co_await body();
    co_return allocations() - before;
}

bool recycles() { return aio::detail::frame_pool.recycling(); }

}  // namespace

ASYNC_TEST(Allocations, none_for_an_await, kOnce) {
    if (!recycles()) CO_SKIP() << "frames are not recycled under AddressSanitizer";
    auto body = []() -> Coro<> { static_cast<void>(co_await sum_of(100)); };
    EXPECT_EQ(co_await steady_state(body), 0u);
}

ASYNC_TEST(Allocations, none_for_a_sleep, kOnce) {
    if (!recycles()) CO_SKIP() << "frames are not recycled under AddressSanitizer";
    auto body = []() -> Coro<> {
        for (int i = 0; i < 20; ++i) co_await sleep(1us);
    };
    EXPECT_EQ(co_await steady_state(body), 0u);
}

ASYNC_TEST(Allocations, none_for_a_pass, kOnce) {
    if (!recycles()) CO_SKIP() << "frames are not recycled under AddressSanitizer";
    auto body = []() -> Coro<> { co_await run_passes(100); };
    EXPECT_EQ(co_await steady_state(body), 0u);
}

ASYNC_TEST(Allocations, none_for_a_task, kOnce) {
    if (!recycles()) CO_SKIP() << "frames are not recycled under AddressSanitizer";
    auto body = []() -> Coro<> {
        for (int i = 0; i < 20; ++i) static_cast<void>(co_await create_task(immediate(i)));
    };
    EXPECT_EQ(co_await steady_state(body), 0u);
}

ASYNC_TEST(Allocations, none_for_a_future_and_its_callback, kOnce) {
    if (!recycles()) CO_SKIP() << "frames are not recycled under AddressSanitizer";
    auto body = []() -> Coro<> {
        for (int i = 0; i < 20; ++i) {
            Future<int> future;
            future.add_done_callback([] {});
            get_running_loop().call_soon([future] { future.set_result(1); });
            static_cast<void>(co_await future);
        }
    };
    EXPECT_EQ(co_await steady_state(body), 0u);
}

ASYNC_TEST(Allocations, none_for_a_cancellation, kOnce) {
    if (!recycles()) CO_SKIP() << "frames are not recycled under AddressSanitizer";
    auto body = []() -> Coro<> {
        Task<> task = create_task(sleep(10s));
        co_await sleep(0s);
        const std::uint64_t before = allocations();
        task.cancel();
        EXPECT_EQ(allocations(), before);
        co_await expect_throws<CancelledError>(task);
    };
    EXPECT_EQ(co_await steady_state(body), 0u);
}

namespace {

struct Pair {
    int a, b;
    bool operator==(const Pair&) const = default;
};
struct Triple {
    int a, b, c;
    bool operator==(const Triple&) const = default;
};

template <class T>
Coro<T> give(T value) {
    co_await sleep(0s);
    co_return value;
}
Coro<int&> give_reference(int& value) { co_return value; }
Coro<const int&> give_const_reference(const int& value) { co_return value; }

struct ThrowsAtTheEnd {
    ~ThrowsAtTheEnd() noexcept(false) { throw std::runtime_error("late"); }
};

Coro<int> return_again_after_an_await() {
    try {
        ThrowsAtTheEnd at_the_end;
        co_return 1;
    } catch (const std::runtime_error&) {}
    co_await sleep(1ms);
    co_return 2;
}

template <class T>
Coro<> expect_given(T value) {
    EXPECT_EQ(co_await give(value), value);
    Task<T> task = create_task(give(value));
    EXPECT_EQ(co_await task, value);
    EXPECT_EQ(task.result(), value);
    EXPECT_EQ(co_await std::move(task), value);
}

}  // namespace

ASYNC_TEST(Await, gives_results_of_every_size, kAnyOrder) {
    int& number = keep<int>(7);
    co_await expect_given('c');
    co_await expect_given(true);
    co_await expect_given(-1);
    co_await expect_given(0.5);
    co_await expect_given(&number);
    co_await expect_given(Pair{1, 2});
    co_await expect_given(Triple{1, 2, 3});
    co_await expect_given(std::string("longer than what fits into a word"));
    EXPECT_EQ(&co_await give_reference(number), &number);
    EXPECT_EQ(&co_await give_const_reference(number), &number);
    Task<int&> task = create_task(give_reference(number));
    EXPECT_EQ(&co_await task, &number);
}

ASYNC_TEST(Await, of_a_coroutine_goes_on_when_it_catches_what_a_destructor_threw_after_the_return, kAnyOrder) {
    EXPECT_EQ(co_await return_again_after_an_await(), 2);
    Task<int> task = create_task(return_again_after_an_await());
    EXPECT_EQ(co_await task, 2);
}

}  // namespace aio::test
