// Objects of each thread, and objects that are never destroyed: neither needs memory to exist.
#include "base/per_thread.hpp"

#include "support/allocations.hpp"
#include "support/malloc.hpp"

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace aio::detail {

namespace {

std::atomic<int> alive = 0;

struct Counted {
    int value = 0;
    Counted() { ++alive; }
    Counted(const Counted&) = delete;
    ~Counted() { --alive; }
};

constinit thread_local PerThread<Counted> counted;
constinit thread_local PerThread<std::string> text;

template <class F>
void on_a_thread(F function) {
    std::thread thread(function);
    thread.join();
}

TEST(PerThread, is_made_when_it_is_first_asked_for) {
    on_a_thread([] {
        EXPECT_EQ(counted.find(), nullptr);
        counted.get().value = 5;
        EXPECT_EQ(counted.find(), &counted.get());
        EXPECT_EQ(counted.get().value, 5);
    });
}

TEST(PerThread, each_thread_has_its_own) {
    on_a_thread([] {
        counted.get().value = 5;
        on_a_thread([] { EXPECT_EQ(counted.get().value, 0); });
        EXPECT_EQ(counted.get().value, 5);
    });
}

TEST(PerThread, is_destroyed_when_its_thread_ends) {
    const int before = alive;
    on_a_thread([before] {
        counted.get();
        EXPECT_EQ(alive, before + 1);
    });
    EXPECT_EQ(alive, before);
}

TEST(PerThread, comes_into_being_without_memory) {
    on_a_thread([] {
        test::FailingMalloc failing(1, true);
        counted.get();
        text.get() = "short";
        EXPECT_FALSE(failing.failed());
    });
}

// Asks for the text once more when it is gone already: requests run in reverse order.
constinit thread_local AtThreadExit last([](AtThreadExit&) noexcept {
    text.get() = "once more, and it is freed again";
});

TEST(PerThread, may_be_needed_again_while_its_thread_ends) {
    const std::int64_t before = test::live_blocks();
    on_a_thread([] {
        last.request();
        text.get() = "long enough to be on the heap of the process";
    });
    EXPECT_EQ(test::live_blocks(), before);
}

constinit thread_local int calls = 0;
int calls_of_last_thread = 0;
constinit thread_local AtThreadExit counting([](AtThreadExit&) noexcept { calls_of_last_thread = ++calls; });

TEST(AtThreadExit, is_called_once_and_may_be_requested_by_the_next_thread) {
    on_a_thread([] { counting.request(); });
    EXPECT_EQ(calls_of_last_thread, 1);
    calls_of_last_thread = 0;
    on_a_thread([] {});
    EXPECT_EQ(calls_of_last_thread, 0);
    on_a_thread([] { counting.request(); });
    EXPECT_EQ(calls_of_last_thread, 1);
}

TEST(NeverDestroyed, is_made_at_its_first_use_without_memory) {
    const int before = alive;
    const auto use = []() -> Counted& {
        static NeverDestroyed<std::array<Counted, 3>> kept;
        return (*kept)[0];
    };
    test::FailingMalloc failing(1, true);
    use().value = 7;
    failing.stop();
    EXPECT_FALSE(failing.failed());
    EXPECT_EQ(use().value, 7);
    EXPECT_EQ(alive, before + 3);
}

}  // namespace

}  // namespace aio::detail
