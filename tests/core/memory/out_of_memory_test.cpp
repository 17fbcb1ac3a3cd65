// Without memory where the reruns do not look: while a loop is made, and in destructors.
#include <aio/core/log.hpp>
#include <aio/core/run.hpp>

#include "support/async_test.hpp"
#include "support/malloc.hpp"
#include "support/test_run.hpp"

#include <exception>
#include <optional>
#include <string>

namespace aio::test {

namespace {

// Makes a loop while the k-th allocation fails. False when there were fewer than k.
bool make_loop_without_memory(std::uint64_t k, bool sticky) {
    FailingMalloc failing(k, sticky);
    try {
        EventLoop loop({.backend = harness::backend_name()});
    } catch (const std::exception&) {
        // std::bad_alloc, or the OSError of a kernel interface that was refused memory
    }
    failing.stop();
    return failing.failed();
}

TEST(OutOfMemory, a_loop_that_cannot_be_made_leaves_nothing_behind) {
    make_loop_without_memory(0, false);
    for (const bool sticky : {false, true}) {
        const std::size_t descriptors = harness::open_descriptors();
        const std::int64_t blocks = live_mallocs();
        std::uint64_t k = 1;
        while (make_loop_without_memory(k, sticky)) ++k;
        EXPECT_GT(k, 1u);
        EXPECT_EQ(harness::open_descriptors(), descriptors);
        EXPECT_EQ(live_mallocs(), blocks);
    }
}

TEST(OutOfMemory, two_loops_of_which_the_second_cannot_be_made_leave_nothing_behind) {
    const auto make_both = [](std::uint64_t k) {
        EventLoop first({.backend = harness::backend_name()});
        return make_loop_without_memory(k, false);  // a state of its own, not the recycled one
    };
    make_both(0);
    const std::size_t descriptors = harness::open_descriptors();
    for (std::uint64_t k = 1; make_both(k); ++k) {}
    EXPECT_EQ(harness::open_descriptors(), descriptors);
}

std::string logged;
void remember(LogLevel, std::string_view message) {
    const UnwatchedAllocations mine;
    logged += message;
}

// Left alone it would sleep for an hour; cancelled, it needs memory.
Coro<> needs_memory_to_end() {
    try {
        co_await aio::sleep(1h);
    } catch (const CancelledError&) {
        const std::string text(1000, 'x');
        throw;
    }
}

// Destroys a Runner with an unfinished task while the k-th allocation and all that follow fail. False when there were
// fewer than k.
bool destroy_runner_without_memory(std::uint64_t k) {
    std::optional<Runner> runner(std::in_place, RunOptions{.backend = harness::backend_name()});
    Task<> left;
    runner->run([](Task<>* made) -> Coro<> {
        *made = create_task(needs_memory_to_end());
        co_await aio::sleep(Duration(0));
    }(&left));
    FailingMalloc failing(k, true);
    runner.reset();
    failing.stop();
    EXPECT_TRUE(left.done() || failing.failed());
    return failing.failed();
}

TEST(OutOfMemory, a_runner_is_destroyed_all_the_same) {
    const Logger before = set_logger(remember);
    destroy_runner_without_memory(0);
    const std::size_t descriptors = harness::open_descriptors();
    for (std::uint64_t k = 1; destroy_runner_without_memory(k); ++k) {}
    set_logger(before);
    EXPECT_EQ(harness::open_descriptors(), descriptors);
    EXPECT_THAT(logged, testing::HasSubstr("Runner: its destructor could not close it: "));
    logged = std::string();
}

}  // namespace

}  // namespace aio::test
