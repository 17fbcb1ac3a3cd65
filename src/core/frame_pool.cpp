#include <aio/core/frame_pool.hpp>

#include "base/per_thread.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <type_traits>
#include <utility>

namespace aio::detail {

constinit thread_local FramePool frame_pool [[gnu::tls_model("initial-exec")]];

namespace {

// For a million tasks the kernel's page faults cost more than the tasks. So a thread that needs much gets larger
// chunks: first such as the kernel fills with pages in one call, which saves a third; then huge pages, which save five
// sixths. Those can cost five times as much, too: on a virtual machine whose host took the memory back and has to find
// it again. The first one that is slow is therefore the last.
constexpr std::size_t kSmallChunk = 64 * 1024;
constexpr std::size_t kLargeChunk = 256 * 1024;
constexpr std::size_t kHugeChunk = 2 * 1024 * 1024;  // a huge page of x86-64, and of arm64 with pages of 4 KiB
constexpr unsigned kSmallChunks = 16;                // 1 MiB
constexpr unsigned kLargeChunks = 28;                // 7 MiB
constexpr auto kSlowHugePage = std::chrono::milliseconds(1);  // otherwise it takes 0.2

// Memory that is never given back. Errors: std::bad_alloc.
char* map_pages(std::size_t size) {
    void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    return static_cast<char*>(mapped);
}

void populate(char* memory, std::size_t size) noexcept {
    ::madvise(memory, size, MADV_POPULATE_WRITE);  // Linux 5.14; without it the pages come one by one
}

char* map_large_chunk() {
    char* chunk = map_pages(kLargeChunk);
    populate(chunk, kLargeChunk);
    return chunk;
}

char* map_huge_chunk() {
    char* mapped = map_pages(2 * kHugeChunk);
    const std::size_t before = -reinterpret_cast<std::uintptr_t>(mapped) % kHugeChunk;
    if (before > 0) ::munmap(mapped, before);
    char* chunk = mapped + before;
    ::munmap(chunk + kHugeChunk, kHugeChunk - before);
    ::madvise(chunk, kHugeChunk, MADV_HUGEPAGE);
    populate(chunk, kHugeChunk);
    return chunk;
}

}  // namespace

// Free lists without a thread, for the next one that runs short: what ended threads left, and the surplus of those
// that free more than they allocate.
struct FramePoolDepot {
    using Batch = FramePool::Batch;
    using Block = FramePool::Block;

    std::mutex mutex;
    Batch* free[FramePool::kClasses] = {};

    void put(std::size_t size_class, Block* list) noexcept {
        auto* batch = static_cast<Batch*>(list);
        std::lock_guard lock(mutex);
        batch->next_batch = std::exchange(free[size_class], batch);
    }

    void adopt(FramePool& pool) noexcept {
        for (std::size_t c = 1; c < FramePool::kClasses; ++c) {
            if (Block* list = std::exchange(pool.free_[c], nullptr)) put(c, list);
        }
    }

    Block* take(std::size_t size_class) noexcept {
        std::lock_guard lock(mutex);
        Batch* batch = free[size_class];
        if (batch) free[size_class] = batch->next_batch;
        return batch;
    }
};

namespace {

static_assert(std::is_trivially_destructible_v<FramePoolDepot>);  // threads outlive main()
constinit FramePoolDepot depot;

// The next thread that runs short gets what an ended one had.
constinit thread_local AtThreadExit thread_exit([](AtThreadExit&) noexcept { depot.adopt(frame_pool); });

}  // namespace

void FramePool::set_recycling(bool on) noexcept {
    recycling_ = on;
    if (on) return;
    std::fill(std::begin(free_), std::end(free_), nullptr);  // what was recycled so far stays allocated
}

void FramePool::give_away_surplus() noexcept {
    received_ = 0;
    for (std::size_t c = 1; c < kClasses; ++c) {
        Block* last_kept = free_[c];
        for (std::size_t i = 1; last_kept && i < kBatch; ++i) last_kept = last_kept->next;
        if (!last_kept) continue;
        Block* last = last_kept;
        for (std::size_t i = 0; last && i < kBatch; ++i) last = last->next;
        if (last) depot.put(c, std::exchange(last_kept->next, nullptr));
    }
}

void FramePool::refill() {
    if (chunks_ < kSmallChunks) {
        chunk_ = static_cast<char*>(::operator new(kSmallChunk));
        chunk_left_ = kSmallChunk;
    } else if (chunks_ < kSmallChunks + kLargeChunks || huge_pages_are_slow_) {
        chunk_ = map_large_chunk();
        chunk_left_ = kLargeChunk;
    } else {
        const auto started = std::chrono::steady_clock::now();
        chunk_ = map_huge_chunk();
        chunk_left_ = kHugeChunk;
        huge_pages_are_slow_ = std::chrono::steady_clock::now() - started > kSlowHugePage;
    }
    ++chunks_;
}

void* FramePool::allocate_slow(std::size_t bytes) {
    if (!recycling_) return ::operator new(bytes);
    const std::size_t size_class = (bytes + kGranule - 1) / kGranule;
    if (size_class >= kClasses) return ::operator new(bytes);
    if (!registered_) {
        thread_exit.request();
        registered_ = true;
        if (Block* block = depot.take(size_class)) {
            free_[size_class] = block->next;
            return block;
        }
    }
    const std::size_t size = size_class * kGranule;
    if (chunk_left_ < size) {
        if (Block* block = depot.take(size_class)) {
            free_[size_class] = block->next;
            return block;
        }
        // The rest of the old chunk becomes one block of the class it fills.
        if (const std::size_t rest = chunk_left_ / kGranule; rest > 0 && rest < kClasses) {
            deallocate(chunk_, rest * kGranule);
        }
        refill();
    }
    chunk_left_ -= size;
    return std::exchange(chunk_, chunk_ + size);
}

}  // namespace aio::detail
