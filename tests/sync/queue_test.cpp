// Queues: order, bounds, join, shutdown. Waiting and cancelling are in queue_wait_test.cpp.
#include <aio/sync/queue.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace aio::test {

static_assert(!std::is_copy_constructible_v<Queue<int>> && !std::is_move_constructible_v<Queue<int>>);
#ifdef NDEBUG  // otherwise each has a mark for never having been awaited
static_assert(detail::SmallAwaitable<decltype(std::declval<Queue<std::string>&>().get())>);
static_assert(detail::SmallAwaitable<decltype(std::declval<Queue<int>&>().put(1))>);
#endif

namespace {

template <class Q>
auto drain(Q& queue) {
    std::vector<typename Q::value_type> items;
    while (!queue.empty()) items.push_back(queue.get_nowait());
    return items;
}

// Counts its copies and moves that are alive.
struct Counted {
    explicit Counted(int v) : value(v) { ++alive; }
    Counted(Counted&& other) noexcept : value(other.value) { ++alive; }
    Counted& operator=(Counted&& other) noexcept = default;
    ~Counted() { --alive; }
    int value;
    static inline int alive = 0;
    auto operator<=>(const Counted& other) const { return value <=> other.value; }
};

}  // namespace

ASYNC_TEST(Queue, knows_whether_it_is_empty, kAnyOrder) {  // CPython: test_queues.test_empty
    auto& queue = keep<Queue<int>>();
    EXPECT_TRUE(queue.empty());
    co_await queue.put(1);
    EXPECT_FALSE(queue.empty());
    EXPECT_EQ(co_await queue.get(), 1);
    EXPECT_TRUE(queue.empty());
}

ASYNC_TEST(Queue, is_full_at_maxsize_and_never_without_one, kAnyOrder) {  // CPython: test_queues.test_full
    auto& unbounded = keep<Queue<int>>();
    auto& bounded = keep<Queue<int>>(1);
    for (int i = 0; i < 100; ++i) unbounded.put_nowait(i);
    EXPECT_FALSE(unbounded.full());
    EXPECT_FALSE(bounded.full());
    co_await bounded.put(1);
    EXPECT_TRUE(bounded.full());
    EXPECT_EQ(bounded.describe(), "<Queue size: 1, maxsize: 1, unfinished: 1>");
}

ASYNC_TEST(Queue, gives_items_in_the_order_they_came, kAnyOrder) {  // CPython: test_queues.test_order
    auto& queue = keep<Queue<int>>();
    for (const int i : {1, 3, 2}) queue.put_nowait(i);
    EXPECT_EQ(drain(queue), (std::vector<int>{1, 3, 2}));
    co_return;
}

ASYNC_TEST(Queue, keeps_its_order_while_the_ring_grows_and_wraps, kAnyOrder) {
    auto& queue = keep<Queue<std::string>>();
    int in = 0, out = 0;
    for (int round = 1; round <= 40; ++round) {
        for (int i = 0; i < round; ++i) queue.put_nowait("an item that needs the heap " + std::to_string(in++));
        for (int i = 0; i < round - 1; ++i) {
            EXPECT_EQ(queue.get_nowait(), "an item that needs the heap " + std::to_string(out++));
        }
    }
    EXPECT_EQ(queue.qsize(), 40u);
    co_return;
}

ASYNC_TEST(Queue, makes_putters_wait_at_maxsize, kAnyOrder) {  // CPython: test_queues.test_maxsize
    auto& queue = keep<Queue<int>>(2);
    auto& can_start = keep<std::vector<int>>();
    EXPECT_EQ(queue.maxsize(), 2u);
    Task<> putter = create_task([&]() -> Coro<> {
        for (const int i : {1, 2, 3}) {
            co_await queue.put(i);
            can_start.push_back(i);
        }
    });
    co_await settle();
    EXPECT_EQ(can_start, (std::vector<int>{1, 2}));
    EXPECT_EQ(queue.statistics().putters, 1u);
    EXPECT_EQ(queue.get_nowait(), 1);
    co_await putter;
    EXPECT_EQ(drain(queue), (std::vector<int>{2, 3}));
}

ASYNC_TEST(LifoQueue, gives_the_newest_item_first, kAnyOrder) {  // CPython: test_queues.test_lifo_order
    auto& queue = keep<LifoQueue<int>>();
    for (const int i : {1, 3, 2}) co_await queue.put(i);
    EXPECT_EQ(drain(queue), (std::vector<int>{2, 3, 1}));
}

ASYNC_TEST(PriorityQueue, gives_the_smallest_item_first, kAnyOrder) {  // CPython: test_queues.test_priority_order
    auto& queue = keep<PriorityQueue<int>>();
    std::vector<int> expected;
    for (int i = 0; i < 200; ++i) {
        const int item = i * 73 % 101;
        co_await queue.put(item);
        expected.push_back(item);
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(drain(queue), expected);
}

ASYNC_TEST(PriorityQueue, takes_a_comparison_and_survives_one_that_throws, kAnyOrder) {
    struct Throwing {
        bool operator()(int a, int b) const {
            if (a == 13 || b == 13) throw ValueError("13");
            return a > b;
        }
    };
    auto& queue = keep<PriorityQueue<int, Throwing>>();
    for (const int i : {1, 7, 3, 9}) queue.put_nowait(i);
    EXPECT_THROW(queue.put_nowait(13), ValueError);
    EXPECT_EQ(drain(queue), (std::vector<int>{9, 7, 3, 1}));
    co_return;
}

ASYNC_TEST(Queue, moves_items_and_destroys_each_once, kAnyOrder) {
    const int before = Counted::alive;
    {
        Queue<Counted> queue(4);
        PriorityQueue<Counted> heap;
        LifoQueue<std::unique_ptr<int>> stack;
        for (int i = 0; i < 4; ++i) co_await queue.put(Counted(i));
        for (int i = 0; i < 20; ++i) heap.put_nowait(Counted(i * 7 % 20));
        co_await stack.put(std::make_unique<int>(5));
        EXPECT_EQ(*co_await stack.get(), 5);
        const Counted item = co_await queue.get();
        EXPECT_EQ(item.value, 0);
        EXPECT_EQ(heap.get_nowait().value, 0);
        EXPECT_EQ(Counted::alive, before + 3 + 19 + 1);
    }
    EXPECT_EQ(Counted::alive, before);
}

ASYNC_TEST(Queue, task_done_without_items_is_an_error, kAnyOrder) {  // semantics 40
    // CPython: test_queues.test_task_done_underflow
    auto& queue = keep<Queue<int>>();
    EXPECT_THROW(queue.task_done(), ValueError);
    co_return;
}

ASYNC_TEST(Queue, join_waits_until_every_item_is_done, kAnyOrder) {  // CPython: test_queues.test_task_done
    auto& queue = keep<Queue<int>>();
    auto& sum = keep<int>(0);
    for (int i = 0; i < 100; ++i) queue.put_nowait(i);
    auto worker = [&]() -> Coro<> {
        while (true) {
            sum += co_await queue.get();
            co_await sleep(0s);
            queue.task_done();
        }
    };
    Task<> first = create_task(worker);
    Task<> second = create_task(worker);
    co_await queue.join();
    EXPECT_EQ(sum, 99 * 100 / 2);
    EXPECT_EQ(queue.statistics().unfinished, 0u);
    first.cancel();
    second.cancel();
    co_await gather(first, second, return_exceptions);
}

ASYNC_TEST(Queue, join_of_an_empty_queue_returns_at_once, kAnyOrder) {  // CPython: test_queues.test_join_empty_queue
    auto& queue = keep<Queue<int>>();
    co_await queue.join();
    co_await queue.join();
}

ASYNC_TEST(Queue, cancelled_join_leaves, kAnyOrder) {
    auto& queue = keep<Queue<int>>();
    queue.put_nowait(1);
    Task<> joiner = create_task(queue.join());
    co_await settle();
    joiner.cancel();
    co_await expect_throws<CancelledError>(joiner);
    queue.task_done();
}

ASYNC_TEST(Queue, shut_down_refuses_puts_and_gives_what_it_has, kAnyOrder) {  // semantics 41
    auto& queue = keep<Queue<int>>();
    queue.put_nowait(1);
    queue.shutdown();
    EXPECT_THROW(queue.put_nowait(2), QueueShutDown);
    co_await expect_throws<QueueShutDown>(queue.put(2));
    EXPECT_EQ(co_await queue.get(), 1);
    co_await expect_throws<QueueShutDown>(queue.get());
    EXPECT_THROW(queue.get_nowait(), QueueShutDown);
    EXPECT_EQ(queue.statistics().unfinished, 1u);
    EXPECT_EQ(queue.describe(), "<Queue size: 0, unfinished: 1, shut down>");
}

ASYNC_TEST(Queue, shut_down_tells_those_that_wait, kAnyOrder) {  // semantics 41
    auto& empty = keep<Queue<int>>();
    auto& full = keep<Queue<int>>(1);
    full.put_nowait(1);
    Task<int> getter = create_task(empty.get());
    Task<> putter = create_task(full.put(2));
    co_await settle();
    empty.shutdown();
    full.shutdown();
    co_await expect_throws<QueueShutDown>(getter);
    co_await expect_throws<QueueShutDown>(putter);
    EXPECT_EQ(full.qsize(), 1u);
}

ASYNC_TEST(Queue, shut_down_immediately_drops_the_items_and_releases_join, kAnyOrder) {  // semantics 41
    auto& queue = keep<Queue<std::string>>();
    for (int i = 0; i < 3; ++i) queue.put_nowait("an item that is long enough for the heap");
    Task<> joiner = create_task(queue.join());
    co_await settle();
    EXPECT_EQ(co_await queue.get(), "an item that is long enough for the heap");
    queue.shutdown(true);
    EXPECT_TRUE(queue.empty());
    co_await settle();
    EXPECT_FALSE(joiner.done()) << "the item that was got is not done";
    queue.task_done();
    co_await joiner;
    co_await expect_throws<QueueShutDown>(queue.get());
}

}  // namespace aio::test
