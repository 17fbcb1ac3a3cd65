// The timer queue: order, removal, room; against a model.
#include "core/timer_queue.hpp"

#include "support/allocations.hpp"
#include "support/async_test.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace aio::test {

namespace {

using aio::detail::Callback;
using aio::detail::Ready;
using aio::detail::ReadyQueue;
using aio::detail::TimerQueue;

struct Timer final : Callback {
    explicit Timer(int n = 0) : number(n) {}
    void run() override {}
    int number;
    TimePoint when{};
    bool queued = false;
};

TimePoint at(std::int64_t ns) { return TimePoint(Duration(ns)); }

std::vector<int> pop_due(TimerQueue& queue, TimePoint now) {
    ReadyQueue ready;
    queue.pop_due(now, ready);
    std::vector<int> numbers;
    for (Ready* item = ready.take_all(); item; item = item->next_ready) {
        numbers.push_back(static_cast<Timer*>(item)->number);
    }
    return numbers;
}

}  // namespace

TEST(TimerQueue, gives_timers_in_order_and_equal_ones_as_they_came) {  // semantics 2
    TimerQueue queue;
    std::vector<std::unique_ptr<Timer>> timers;
    for (int i = 0; i < 9; ++i) timers.push_back(std::make_unique<Timer>(i));
    const int moments[] = {5, 7, 7, 3, 5, 9, 3, 7, 5};
    for (int i = 0; i < 9; ++i) queue.push(*timers[static_cast<std::size_t>(i)], at(moments[i]));
    EXPECT_EQ(queue.next(), at(3));
    EXPECT_EQ(pop_due(queue, at(2)), std::vector<int>());
    EXPECT_EQ(pop_due(queue, at(5)), (std::vector<int>{3, 6, 0, 4, 8}));
    EXPECT_EQ(pop_due(queue, at(100)), (std::vector<int>{1, 2, 7, 5}));
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.pop(), nullptr);
}

TEST(TimerQueue, knows_whether_a_timer_is_still_there) {
    TimerQueue queue;
    Timer timer;
    queue.push(timer, at(1));
    EXPECT_TRUE(queue.holds(timer));
    pop_due(queue, at(1));
    EXPECT_FALSE(queue.holds(timer));
}

TEST(TimerQueue, that_arms_and_cancels_for_ever_does_not_grow) {  // semantics 2
    TimerQueue queue;
    Timer first, last;
    queue.push(first, at(0));  // what keeps the holes from being dropped at the ends
    std::vector<Timer> timers(1000);
    for (int round = 0; round < 100; ++round) {
        for (std::size_t i = 0; i < timers.size(); ++i) {
            queue.push(timers[i], at(1'000 + round * 1'000 + static_cast<int>(i)));
        }
        for (Timer& timer : timers) queue.remove(timer);
    }
    queue.push(last, at(1'000'000));
    EXPECT_EQ(queue.size(), 2u);
    EXPECT_LE(queue.capacity_used(), 300u);
}

TEST(TimerQueue, leaves_everything_as_it_was_when_there_is_no_memory) {
    TimerQueue queue;
    Timer late(1), early(2), more(3);
    queue.push(late, at(10));
    {
        FailingAllocations none(1, true);
        EXPECT_THROW(queue.push(early, at(5)), std::bad_alloc);
    }
    EXPECT_EQ(queue.size(), 1u);
    queue.push(more, at(5));
    EXPECT_EQ(pop_due(queue, at(10)), (std::vector<int>{3, 1}));
}

// Random pushes, removals and pops, beside a sorted vector.
TEST(TimerQueue, behaves_like_a_sorted_list) {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        TimerQueue queue;
        std::vector<std::unique_ptr<Timer>> timers;
        std::vector<Timer*> model;  // by moment, then by arrival
        for (int step = 0; step < 3000; ++step) {
            const unsigned what = random() % 10;
            if (what < 5) {
                timers.push_back(std::make_unique<Timer>(step));
                Timer* timer = timers.back().get();
                timer->when =
                    at(static_cast<std::int64_t>(step / (1 + seed % 5) + random() % (seed % 3 ? 50 : 5000)));
                queue.push(*timer, timer->when);
                model.insert(std::upper_bound(model.begin(), model.end(), timer,
                                              [](Timer* a, Timer* b) { return a->when < b->when; }),
                             timer);
            } else if (what < 8 && !model.empty()) {
                const auto victim = model.begin() + static_cast<std::ptrdiff_t>(random() % model.size());
                queue.remove(**victim);
                model.erase(victim);
            } else if (!model.empty()) {
                ASSERT_EQ(queue.next(), model.front()->when);
                ASSERT_EQ(queue.pop(), model.front());
                model.erase(model.begin());
            }
            ASSERT_EQ(queue.size(), model.size());
        }
        for (Timer* timer : model) ASSERT_EQ(queue.pop(), timer);
    }
}

TEST(TimerQueue, turns_its_ring_over_and_over) {
    TimerQueue queue;
    std::vector<Timer> timers(4);
    for (std::int64_t i = 0; i < 100'000; ++i) {
        Timer& timer = timers[static_cast<std::size_t>(i % 3)];
        if (i >= 3) {
            ASSERT_EQ(queue.pop(), &timer);
        }
        queue.push(timer, at(i));
    }
    EXPECT_EQ(queue.size(), 3u);
}

}  // namespace aio::test
