#include <aio/core/frame_pool.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace aio::detail {

constinit thread_local FramePool frame_pool [[gnu::tls_model("initial-exec")]];

namespace {

constexpr std::size_t kChunk = 64 * 1024;
// A thread that needs more than a few chunks gets larger ones, whose pages the kernel makes in one call: a fault for
// each costs a third more. (Huge pages cost less still on bare machines, and five times as much on virtual ones whose
// host has to find the memory.)
constexpr std::size_t kLargeChunk = 256 * 1024;
constexpr unsigned kSmallChunks = 16;

// Memory that is never given back. Errors: std::bad_alloc.
char* map_large_chunk() {
    void* mapped = ::mmap(nullptr, kLargeChunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    ::madvise(mapped, kLargeChunk, MADV_POPULATE_WRITE);  // Linux 5.14; without it the pages come one by one
    return static_cast<char*>(mapped);
}

}  // namespace

// What ended threads left: their free lists, for the next thread that runs short.
struct FramePoolDepot {
    std::mutex mutex;
    FramePool::Block* free[FramePool::kClasses] = {};

    static FramePoolDepot& instance() {
        static FramePoolDepot* depot = new FramePoolDepot;  // outlives every thread's pool
        return *depot;
    }

    void adopt(FramePool& pool) noexcept {
        std::lock_guard lock(mutex);
        for (std::size_t c = 1; c < FramePool::kClasses; ++c) {
            FramePool::Block** end = &pool.free_[c];
            while (*end) end = &(*end)->next;
            *end = free[c];
            free[c] = std::exchange(pool.free_[c], nullptr);
        }
    }

    FramePool::Block* take(std::size_t size_class) noexcept {
        std::lock_guard lock(mutex);
        return std::exchange(free[size_class], nullptr);
    }
};

namespace {

struct ThreadExit {
    FramePool* pool = nullptr;
    ~ThreadExit() {
        // After the main thread nobody needs its blocks.
        if (pool && ::gettid() != ::getpid()) FramePoolDepot::instance().adopt(*pool);
    }
};

thread_local ThreadExit thread_exit;

}  // namespace

void FramePool::set_recycling(bool on) noexcept {
    recycling_ = on;
    if (on) return;
    std::fill(std::begin(free_), std::end(free_), nullptr);  // what was recycled so far stays allocated
}

void FramePool::refill() {
    const bool small = chunks_ < kSmallChunks;
    chunk_ = small ? static_cast<char*>(::operator new(kChunk)) : map_large_chunk();
    chunk_left_ = small ? kChunk : kLargeChunk;
    ++chunks_;
}

void* FramePool::allocate_slow(std::size_t bytes) {
    if (!recycling_) return ::operator new(bytes);
    const std::size_t size_class = (bytes + kGranule - 1) / kGranule;
    if (size_class >= kClasses) return ::operator new(bytes);
    if (!registered_) {
        thread_exit.pool = this;
        registered_ = true;
        if (Block* block = FramePoolDepot::instance().take(size_class)) {
            free_[size_class] = block->next;
            return block;
        }
    }
    const std::size_t size = size_class * kGranule;
    if (chunk_left_ < size) {
        if (Block* block = FramePoolDepot::instance().take(size_class)) {
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
