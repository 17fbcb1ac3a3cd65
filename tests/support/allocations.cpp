// Counting and failing allocations, and the operators that do both. malloc.cpp has malloc.
#include "support/allocations.hpp"

#include "support/malloc.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace aio::test {

namespace {

// Of one allocator, on one thread.
struct Watch {
    std::uint64_t count = 0;    // calls
    std::uint64_t fail_at = 0;  // the count at which one fails; 0: never
    bool sticky = false;
    bool failed = false;

    void fail(std::uint64_t k, bool all_that_follow) noexcept {
        fail_at = k == 0 ? 0 : count + k;
        sticky = all_that_follow;
        failed = false;
    }
    // Counts a call.
    bool may_succeed() noexcept {
        ++count;
        if (fail_at == 0 || (sticky ? count < fail_at : count != fail_at)) return true;
        failed = true;
        return false;
    }
};

constinit thread_local Watch operators, all;
constinit thread_local unsigned unwatched = 0;
constinit std::atomic<std::int64_t> live{0};
constinit std::atomic<std::int64_t> live_of_all{0};

void* allocate(std::size_t bytes, std::size_t alignment = 0) noexcept {
    if (unwatched == 0 && !operators.may_succeed()) return nullptr;
    if (bytes >> 39) return nullptr;  // so says the kernel; a sanitizer would end the process
    if (bytes == 0) bytes = 1;
    void* memory = nullptr;
    if (alignment == 0) {
        memory = std::malloc(bytes);
    } else if (::posix_memalign(&memory, alignment, bytes) != 0) {
        return nullptr;
    }
    if (memory) live.fetch_add(1, std::memory_order_relaxed);
    return memory;
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment = 0) {
    if (void* memory = allocate(bytes, alignment)) return memory;
    throw std::bad_alloc();
}

void deallocate(void* memory) noexcept {
    if (memory) live.fetch_sub(1, std::memory_order_relaxed);
    std::free(memory);
}

}  // namespace

bool harness::malloc_may_succeed() noexcept { return unwatched > 0 || all.may_succeed(); }
void harness::malloc_changed(int blocks) noexcept { live_of_all.fetch_add(blocks, std::memory_order_relaxed); }

std::uint64_t allocations() noexcept { return operators.count; }
std::int64_t live_blocks() noexcept { return live.load(std::memory_order_relaxed); }

FailingAllocations::FailingAllocations(std::uint64_t k, bool sticky) noexcept { operators.fail(k, sticky); }
FailingAllocations::~FailingAllocations() { stop(); }
bool FailingAllocations::failed() const noexcept { return operators.failed; }
void FailingAllocations::stop() noexcept { operators.fail_at = 0; }

namespace {

Watch& watch_of_malloc() noexcept { return harness::malloc_is_ours ? all : operators; }

}  // namespace

std::uint64_t mallocs() noexcept { return watch_of_malloc().count; }
std::int64_t live_mallocs() noexcept {
    return harness::malloc_is_ours ? live_of_all.load(std::memory_order_relaxed) : live_blocks();
}

FailingMalloc::FailingMalloc(std::uint64_t k, bool sticky) noexcept { watch_of_malloc().fail(k, sticky); }
FailingMalloc::~FailingMalloc() { stop(); }
bool FailingMalloc::failed() const noexcept { return watch_of_malloc().failed; }
void FailingMalloc::stop() noexcept { watch_of_malloc().fail_at = 0; }

UnwatchedAllocations::UnwatchedAllocations() noexcept { ++unwatched; }
UnwatchedAllocations::~UnwatchedAllocations() { --unwatched; }

}  // namespace aio::test

using aio::test::allocate;
using aio::test::allocate_or_throw;
using aio::test::deallocate;

namespace {

std::size_t bytes_of(std::align_val_t alignment) noexcept { return static_cast<std::size_t>(alignment); }

}  // namespace

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes); }
void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes); }
void* operator new(std::size_t bytes, std::align_val_t at) { return allocate_or_throw(bytes, bytes_of(at)); }
void* operator new[](std::size_t bytes, std::align_val_t at) { return allocate_or_throw(bytes, bytes_of(at)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void operator delete(void* memory) noexcept { deallocate(memory); }
void operator delete[](void* memory) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete[](void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { deallocate(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { deallocate(memory); }
