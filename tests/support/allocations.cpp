#include "support/allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace aio::test {

namespace {

struct Watch {
    std::uint64_t count = 0;    // calls of operator new
    std::uint64_t fail_at = 0;  // the count at which one fails; 0: never
    bool sticky = false;
    bool failed = false;
    unsigned unwatched = 0;
};

constinit thread_local Watch watch;
constinit std::atomic<std::int64_t> live{0};

void* allocate(std::size_t bytes, std::align_val_t alignment = std::align_val_t(0)) noexcept {
    if (watch.unwatched == 0) {
        ++watch.count;
        const bool due = watch.sticky ? watch.count >= watch.fail_at : watch.count == watch.fail_at;
        if (watch.fail_at != 0 && due) {
            watch.failed = true;
            return nullptr;
        }
    }
    const auto unit = static_cast<std::size_t>(alignment);
    void* memory =
        unit == 0 ? std::malloc(bytes ? bytes : 1) : std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
    if (memory) live.fetch_add(1, std::memory_order_relaxed);
    return memory;
}

void* allocate_or_throw(std::size_t bytes, std::align_val_t alignment = std::align_val_t(0)) {
    if (void* memory = allocate(bytes, alignment)) return memory;
    throw std::bad_alloc();
}

void deallocate(void* memory) noexcept {
    if (memory) live.fetch_sub(1, std::memory_order_relaxed);
    std::free(memory);
}

}  // namespace

std::uint64_t allocations() noexcept { return watch.count; }
std::int64_t live_blocks() noexcept { return live.load(std::memory_order_relaxed); }

FailingAllocations::FailingAllocations(std::uint64_t k, bool sticky) noexcept {
    watch.fail_at = k == 0 ? 0 : watch.count + k;
    watch.sticky = sticky;
    watch.failed = false;
}
FailingAllocations::~FailingAllocations() { stop(); }
bool FailingAllocations::failed() const noexcept { return watch.failed; }
void FailingAllocations::stop() noexcept { watch.fail_at = 0; }

UnwatchedAllocations::UnwatchedAllocations() noexcept { ++watch.unwatched; }
UnwatchedAllocations::~UnwatchedAllocations() { --watch.unwatched; }

}  // namespace aio::test

using aio::test::allocate;
using aio::test::allocate_or_throw;
using aio::test::deallocate;

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes); }
void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return allocate_or_throw(bytes, alignment); }
void operator delete(void* memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void operator delete(void* memory) noexcept { deallocate(memory); }
void operator delete[](void* memory) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete[](void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { deallocate(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { deallocate(memory); }
