// The tests' operator new: it counts, and it can fail.
//
// Every test executable replaces the global operators (allocations.cpp). Counting is per thread, so that what a
// helper thread does disturbs no test; the number of live blocks is the process's.
#pragma once

#include <cstdint>

namespace aio::test {

// Calls of operator new on this thread so far.
std::uint64_t allocations() noexcept;

// Blocks that the process has allocated and not freed.
std::int64_t live_blocks() noexcept;

// From its construction on, the k-th operator new of this thread (k = 1, 2...) throws std::bad_alloc; all that
// follow do so too if it is sticky. k = 0 fails none.
class FailingAllocations {
public:
    FailingAllocations(std::uint64_t k, bool sticky) noexcept;
    ~FailingAllocations();
    FailingAllocations(const FailingAllocations&) = delete;
    FailingAllocations& operator=(const FailingAllocations&) = delete;

    // Whether an allocation failed so far.
    bool failed() const noexcept;
    void stop() noexcept;
};

// What the test harness allocates for itself neither counts nor fails.
class UnwatchedAllocations {
public:
    UnwatchedAllocations() noexcept;
    ~UnwatchedAllocations();
    UnwatchedAllocations(const UnwatchedAllocations&) = delete;
    UnwatchedAllocations& operator=(const UnwatchedAllocations&) = delete;
};

}  // namespace aio::test
