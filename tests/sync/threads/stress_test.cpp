// Cancellation at random: tasks use a primitive in loops while one of them after another is cancelled, waiting or
// just woken. No unit, item or wake-up may be lost, and nobody may get in who should wait.
//
// A failure names its seed: AIO_TEST_SEED=<n> repeats it.
#include <aio/sync/barrier.hpp>
#include <aio/sync/condition.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/queue.hpp>
#include <aio/sync/semaphore.hpp>

#include <aio/core/gather.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace aio::test {

namespace {

class Chaos {
public:
    Chaos() : seed_(chosen_seed()), random_(seed_) {}

    // Ends the tasks when the body is cut short.
    struct StopAtLast {
        Chaos& chaos;
        ~StopAtLast() { chaos.stopping_ = true; }
    };

    std::string seed() const { return "AIO_TEST_SEED=" + std::to_string(seed_); }
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

    // Starts `count` tasks that run `body(chaos)` again and again until stop. A CancelledError ends one turn only.
    template <class Body>
    void start(int count, Body body) {
        for (int i = 0; i < count; ++i)
            tasks_.push_back(create_task([this, body]() -> Coro<> { return turns(body); }));
    }
    // Cancels tasks for some hundred passes.
    Coro<> torment(std::size_t passes) {
        for (std::size_t i = 0; i < passes; ++i) {
            for (unsigned n = below(3); n > 0; --n) tasks_[below(static_cast<unsigned>(tasks_.size()))].cancel();
            co_await sleep(0s);
        }
        stopping_ = true;
    }
    bool stopping() const { return stopping_; }
    std::vector<Task<>>& tasks() { return tasks_; }
    bool all_done() const {
        return std::all_of(tasks_.begin(), tasks_.end(), [](const Task<>& task) { return task.done(); });
    }
    int turns_done() const { return turns_done_; }

private:
    static unsigned chosen_seed() {
        const char* given = std::getenv("AIO_TEST_SEED");
        return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device()();
    }

    template <class Body>
    Coro<> turns(Body body) {
        [[maybe_unused]] int swallowed = 0;
        while (!stopping_) {
            try {
                co_await body(*this);
                ++turns_done_;
            } catch (const CancelledError&) {}
            if (below(4) == 0) co_await settle_down();
        }
    }
    Coro<> settle_down() {
        try {
            co_await sleep(0s);
        } catch (const CancelledError&) {}
    }

    unsigned seed_;
    std::minstd_rand random_;
    std::vector<Task<>> tasks_;
    bool stopping_ = false;
    int turns_done_ = 0;
};

constexpr std::size_t kPasses = 400;

// Tasks inside a section that admits `limit` at a time.
struct Section {
    explicit Section(int n) : limit(n) {}
    int limit, inside = 0;
    struct Visit {
        explicit Visit(Section& s) : section(s) { EXPECT_LE(++section.inside, section.limit); }
        ~Visit() { --section.inside; }
        Section& section;
    };
};

}  // namespace

ASYNC_TEST(Stress, lock_admits_one_and_is_free_at_the_end, kAnyOrder) {
    auto& chaos = keep<Chaos>();
    const Chaos::StopAtLast stop_at_last{chaos};
    SCOPED_TRACE(chaos.seed());
    auto& lock = keep<Lock>();
    auto& section = keep<Section>(1);
    chaos.start(6, [&](Chaos& random) -> Coro<> {
        auto guard = co_await lock.scoped();
        const Section::Visit visit(section);
        for (unsigned n = random.below(3); n > 0; --n) co_await sleep(0s);
    });
    co_await chaos.torment(scaled(kPasses));
    co_await gather(chaos.tasks(), return_exceptions);  // some end cancelled
    EXPECT_TRUE(rerunning() || chaos.turns_done() > 0);
    EXPECT_EQ(lock.describe(), "<Lock unlocked>");
}

ASYNC_TEST(Stress, semaphore_has_all_its_units_at_the_end, kAnyOrder) {
    auto& chaos = keep<Chaos>();
    const Chaos::StopAtLast stop_at_last{chaos};
    SCOPED_TRACE(chaos.seed());
    auto& semaphore = keep<Semaphore>(3);
    auto& section = keep<Section>(3);
    chaos.start(8, [&](Chaos& random) -> Coro<> {
        auto permit = co_await semaphore.scoped();
        const Section::Visit visit(section);
        for (unsigned n = random.below(3); n > 0; --n) co_await sleep(0s);
    });
    co_await chaos.torment(scaled(kPasses));
    co_await gather(chaos.tasks(), return_exceptions);  // some end cancelled
    EXPECT_TRUE(rerunning() || chaos.turns_done() > 0);
    EXPECT_EQ(semaphore.describe(), "<Semaphore unlocked, value: 3>");
}

ASYNC_TEST(Stress, queue_delivers_every_item_once, kAnyOrder) {
    auto& chaos = keep<Chaos>();
    const Chaos::StopAtLast stop_at_last{chaos};
    SCOPED_TRACE(chaos.seed());
    auto& queue = keep<Queue<int>>(3);
    auto& sent = keep<std::vector<int>>();
    auto& received = keep<std::vector<int>>();
    auto& next = keep<int>(0);
    chaos.start(3, [&](Chaos& random) -> Coro<> {
        for (unsigned n = random.below(4); n > 0; --n) {
            const int item = next++;
            co_await queue.put(item);
            sent.push_back(item);
        }
    });
    auto receive = [&](int item) {
        received.push_back(item);
        queue.task_done();
    };
    chaos.start(3, [&, receive](Chaos& random) -> Coro<> {
        receive(co_await queue.get());
        if (random.below(3) == 0 && !queue.empty()) receive(queue.get_nowait());
    });
    co_await chaos.torment(scaled(kPasses));
    // Some wait for room or for items that nobody will bring any more.
    while (!chaos.all_done()) {
        for (Task<>& task : chaos.tasks()) task.cancel();
        co_await settle();
    }
    while (!queue.empty()) receive(queue.get_nowait());
    co_await queue.join();
    EXPECT_TRUE(rerunning() || !sent.empty());
    std::sort(sent.begin(), sent.end());
    std::sort(received.begin(), received.end());
    EXPECT_EQ(received, sent);
}

ASYNC_TEST(Stress, event_releases_all_who_wait, kAnyOrder) {
    auto& chaos = keep<Chaos>();
    const Chaos::StopAtLast stop_at_last{chaos};
    SCOPED_TRACE(chaos.seed());
    auto& event = keep<Event>();
    chaos.start(6, [&](Chaos& random) -> Coro<> {
        if (random.below(4) == 0) {
            event.set();
            event.clear();
        } else {
            co_await event.wait();
        }
    });
    co_await chaos.torment(scaled(kPasses));
    event.set();
    co_await gather(chaos.tasks(), return_exceptions);  // some end cancelled
    EXPECT_EQ(event.statistics().waiters, 0u);
}

ASYNC_TEST(Stress, condition_loses_no_notification) {
    auto& chaos = keep<Chaos>();
    const Chaos::StopAtLast stop_at_last{chaos};
    SCOPED_TRACE(chaos.seed());
    auto& condition = keep<Condition>();
    auto& tokens = keep<int>(0);
    chaos.start(5, [&](Chaos&) -> Coro<> {
        auto guard = co_await condition.scoped();
        auto some = [&] { return tokens > 0 || chaos.stopping(); };
        co_await condition.wait_for(some);
        EXPECT_TRUE(condition.locked());
        if (tokens > 0) --tokens;
    });
    for (std::size_t i = 0; i < scaled(100); ++i) {
        {
            auto guard = co_await condition.scoped();
            ++tokens;
            condition.notify();
        }
        chaos.tasks()[chaos.below(5)].cancel();
        co_await settle();
        EXPECT_TRUE(tokens == 0 || condition.statistics().waiters == 0) << "a task sleeps beside a token";
    }
    co_await chaos.torment(1);
    {
        auto guard = co_await condition.scoped();
        condition.notify_all();
    }
    co_await gather(chaos.tasks(), return_exceptions);  // some end cancelled
    EXPECT_FALSE(condition.locked());
}

ASYNC_TEST(Stress, barrier_survives_cancelled_parties, kAnyOrder) {
    auto& chaos = keep<Chaos>();
    const Chaos::StopAtLast stop_at_last{chaos};
    SCOPED_TRACE(chaos.seed());
    auto& barrier = keep<Barrier>(3);
    chaos.start(7, [&](Chaos&) -> Coro<> {
        try {
            const std::size_t index = co_await barrier.wait();
            EXPECT_LT(index, 3u);
        } catch (const BrokenBarrierError&) {}
    });
    co_await chaos.torment(scaled(kPasses));
    EXPECT_TRUE(rerunning() || chaos.turns_done() > 0);
    co_await barrier.abort();
    co_await gather(chaos.tasks(), return_exceptions);  // some end cancelled
    co_await barrier.reset();
    EXPECT_EQ(barrier.describe(), "<Barrier filling, waiters: 0/3>");
}

}  // namespace aio::test
