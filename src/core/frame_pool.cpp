// A thread's pool beyond its free lists: new blocks, the return of surplus blocks, and the end of the thread.
#include <aio/core/frame_pool.hpp>

#include <aio/base/assert.hpp>

#include "core/frame_heap.hpp"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace aio::detail {

constinit thread_local FramePool frame_pool [[gnu::tls_model("initial-exec")]];

namespace {

// For a million tasks the kernel's page faults cost more than the tasks. So a thread that needs much gets larger
// runs: first such as the kernel fills with pages in one call, which saves a third; then huge pages, which save five
// sixths. But huge pages can also cost five times as much: on a virtual machine whose host has reclaimed the memory and
// must find it again. So the first slow huge page is the last.
constexpr std::size_t kSmallRun = 64 * 1024;
constexpr std::size_t kLargeRun = 256 * 1024;
constexpr unsigned kSmallRuns = 16;  // 1 MiB
constexpr unsigned kLargeRuns = 28;  // 7 MiB

// What trim() leaves to a thread for each block size, and the total below which it is not worth its time.
constexpr std::size_t kKeptBytes = 16 * 1024;
constexpr std::size_t kKeptBlocks = 8;
constexpr std::size_t kWorthTrimming = 1024 * 1024;

std::size_t alignment_of(std::size_t bytes) noexcept {
    return std::clamp<std::size_t>(bytes & -bytes, FramePool::kGranule, FramePool::kMaxAlignment);
}

// Blocks of their own.
void* new_block(std::size_t bytes) {
    const std::size_t alignment = alignment_of(bytes);
    if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(bytes);
    return ::operator new(bytes, std::align_val_t(alignment));
}
void delete_block(void* memory, std::size_t bytes) noexcept {
    const std::size_t alignment = alignment_of(bytes);
    if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator delete(memory);
    ::operator delete(memory, std::align_val_t(alignment));
}

// A key rather than a thread_local with a destructor: it is set without allocating, and called after the destructors of
// thread_locals, which may free frames. The main thread's end is the process's.
void at_thread_exit(FramePool& pool) noexcept {
    static const struct Key {
        pthread_key_t key;
        bool made;
        Key() : made(::pthread_key_create(&key, [](void* p) { static_cast<FramePool*>(p)->give_back_all(); }) == 0) {}
    } exit;
    if (exit.made) ::pthread_setspecific(exit.key, &pool);
}

}  // namespace

FrameHeap& FramePool::heap() const noexcept { return heap_ ? *heap_ : FrameHeap::instance(); }

void FramePool::set_recycling(bool on) noexcept {
    recycling_ = on;
    if (on) return;
    std::fill(std::begin(free_), std::end(free_), nullptr);  // what was recycled so far stays allocated
}

// --- new blocks --------------------------------------------------------------------------------------------

// The next block of the run; null when it has no room for it.
void* FramePool::carve(std::size_t bytes) noexcept {
    const std::size_t padding = -reinterpret_cast<std::uintptr_t>(run_) & (alignment_of(bytes) - 1);
    if (run_left_ < padding + bytes) return nullptr;
    run_left_ -= padding + bytes;
    if (padding > 0) deallocate(std::exchange(run_, run_ + padding), padding);  // aligned as its size requires
    return std::exchange(run_, run_ + bytes);
}

void FramePool::drop_run() noexcept { heap().give_run({std::exchange(run_, nullptr), std::exchange(run_left_, 0)}); }

// Precondition: no run.
void FramePool::take_run(std::size_t least) {
    AIO_ASSERT(!run_);
    const std::size_t wanted = runs_ < kSmallRuns                ? kSmallRun
                               : runs_ < kSmallRuns + kLargeRuns ? kLargeRun
                                                                 : FrameHeap::kWholeRegion;
    FrameHeap::Run run = heap().take_run(least, wanted);
    if (!run.memory) {
        // Free blocks of other sizes are merged into runs, from which this one is taken.
        give_back_all();
        heap().dissolve_all();
        run = heap().take_run(least, kSmallRun);
        if (!run.memory) throw std::bad_alloc();
    }
    run_ = run.memory;
    run_left_ = run.bytes;
    ++runs_;
}

void* FramePool::allocate_slow(std::size_t bytes) {
    const std::size_t size_class = std::max<std::size_t>((bytes + kGranule - 1) / kGranule, 1);
    if (size_class >= kClasses || !recycling_) return allocate_large(bytes);
    if (!registered_ && this == &frame_pool) {
        registered_ = true;
        at_thread_exit(*this);
    }
    const std::size_t size = size_class * kGranule;
    void* block = carve(size);
    if (!block) {
        if (FreeBlock* list = heap().take_list(size_class)) {
            free_[size_class] = next_of(list);
            block = list;
        } else {
            drop_run();
            take_run(size + kMaxAlignment - kGranule);
            block = carve(size);
        }
    }
    unpoison(block, bytes);
    return block;
}

void* FramePool::allocate_large(std::size_t bytes) {
    if (!recycling_) return new_block(bytes);
    try {
        return new_block(bytes);
    } catch (const std::bad_alloc&) {
        give_back_all();
        heap().dissolve_all();
        heap().release_pages();
        return new_block(bytes);
    }
}

void FramePool::deallocate_large(void* memory, std::size_t bytes) noexcept { delete_block(memory, bytes); }

// --- surplus blocks ----------------------------------------------------------------------------------------

void FramePool::cut(std::size_t size_class, std::size_t kept) noexcept {
    FreeBlock* last = free_[size_class];
    for (std::size_t i = 1; last && i < kept; ++i) last = next_of(last);
    if (!last) return;
    FreeBlock* const rest = next_of(last);
    set_next(last, nullptr);
    if (rest) heap().give_list(size_class, rest);
}

void FramePool::give_away_surplus() noexcept {
    received_ = 0;
    for (std::size_t c = 1; c < kClasses; ++c) {
        FreeBlock* block = free_[c];
        for (std::size_t i = 0; block && i < 2 * kBatch; ++i) block = next_of(block);
        if (block) cut(c, kBatch);
    }
}

bool FramePool::worth_trimming() const noexcept { return heap().in_use() > kWorthTrimming; }

std::optional<std::chrono::nanoseconds> FramePool::trim() noexcept {
    for (std::size_t c = 1; c < kClasses; ++c) cut(c, std::max(kKeptBytes / (c * kGranule), kKeptBlocks));
    return heap().settle(FrameHeap::Clock::now());
}

void FramePool::give_back_all() noexcept {
    const std::size_t before = heap().in_use();
    for (std::size_t c = 1; c < kClasses; ++c) {
        if (FreeBlock* list = std::exchange(free_[c], nullptr)) heap().dissolve(c, list);
    }
    drop_run();
    registered_ = false;  // the thread's end may have come: what it allocates from here on is given back, too
    if (before - heap().in_use() > kWorthTrimming) heap().release_pages();
}

}  // namespace aio::detail
