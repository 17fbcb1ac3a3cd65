// The tests' malloc: it counts, and it can fail. What operator new (allocations.hpp), OpenSSL, c-ares, zlib and libc
// itself allocate passes through it. Sanitizers bring a malloc of their own: there operator new alone is watched.
#pragma once

#include <cstdint>

namespace aio::test {

// Calls of malloc and its kin on this thread so far; under a sanitizer, of operator new.
std::uint64_t mallocs() noexcept;

// Blocks that the process has allocated and not freed.
std::int64_t live_mallocs() noexcept;

// From its construction on, the k-th malloc of this thread (k = 1, 2...) fails; all that follow do so too if it is
// sticky. k = 0 fails none.
class FailingMalloc {
public:
    FailingMalloc(std::uint64_t k, bool sticky) noexcept;
    ~FailingMalloc();
    FailingMalloc(const FailingMalloc&) = delete;
    FailingMalloc& operator=(const FailingMalloc&) = delete;

    // Whether one failed so far.
    bool failed() const noexcept;
    void stop() noexcept;
};

namespace harness {

// Called by malloc and its kin. False: this call is to fail.
bool malloc_may_succeed() noexcept;
void malloc_changed(int blocks) noexcept;
extern const bool malloc_is_ours;

}  // namespace harness

}  // namespace aio::test
