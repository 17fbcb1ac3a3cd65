// The memory behind the threads' frame pools: regions of 2 MiB, in which free memory is known to 16 bytes.
//
// A pool takes *runs* from it, which it carves into blocks, and gives blocks back in *lists* of one size class. A list
// that nobody took for a second, or any when memory is short, is dissolved: a bit per granule marks its blocks as free in
// their regions. So neighbours of any size are one piece again, which serves any size on any thread; pages that are free
// from end to end are given back to the system, and so is a region that is.
//
// Thread rule: any thread; a mutex guards all of it. What a loop does here in one go (settle) takes a fraction of a
// millisecond.
#pragma once

#include <aio/core/frame_pool.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace aio::detail {

class FrameHeap {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kGranule = FramePool::kGranule;
    static constexpr std::size_t kRegionBytes =
        2 * 1024 * 1024;  // a huge page of x86-64, and of arm64 with pages of 4 KiB
    static constexpr std::size_t kWholeRegion = kRegionBytes;   // as take_run()'s `wanted`: all of a new one
    static constexpr auto kInterval = std::chrono::seconds(1);  // what is not needed that long is dissolved

    struct Run {
        char* memory;
        std::size_t bytes;
    };

    constexpr FrameHeap() = default;
    FrameHeap(const FrameHeap&) = delete;
    FrameHeap& operator=(const FrameHeap&) = delete;
    void unmap_all() noexcept;  // of a test's heap, when all its blocks are free

    // The process's. It outlives every thread's pool.
    static FrameHeap& instance() noexcept;

    // Memory of at least `least` bytes, of about `wanted` if there is as much in one piece. Null when the system gives none.
    Run take_run(std::size_t least, std::size_t wanted) noexcept;
    void give_run(Run run) noexcept;

    // Free blocks of one size class, for the next thread that runs short of it.
    void give_list(std::size_t size_class, FreeBlock* list) noexcept;
    FreeBlock* take_list(std::size_t size_class) noexcept;

    // Dissolves `list`.
    void dissolve(std::size_t size_class, FreeBlock* list) noexcept;
    // Dissolves the lists that are here; what they had serves any size afterwards.
    void dissolve_all() noexcept;
    // Gives the system all pages that are free.
    void release_pages() noexcept;

    // A piece of both for lists that nobody took since a call an interval ago. Result: as FramePool::trim().
    std::optional<std::chrono::nanoseconds> settle(Clock::time_point now) noexcept;

    // Bytes that pools and lists have.
    std::size_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }
    // Bytes that the system gave, also those of pages which it got back.
    std::size_t mapped() noexcept;
    // Tests: the system gives no more than so many bytes.
    void set_limit(std::size_t bytes) noexcept { limit_ = bytes; }

private:
    struct Region;
    // The first block of a list.
    struct List : FreeBlock {
        List* next_list;
    };
    static List* next_list(const List* list) noexcept;
    static void set_next_list(List* list, List* next) noexcept;

    Region* add_region(bool huge) noexcept;
    void unmap(Region* region) noexcept;
    Run take_free(std::size_t least, std::size_t wanted) noexcept;
    Run take_fresh(std::size_t least, std::size_t wanted) noexcept;
    void mark(char* memory, std::size_t bytes) noexcept;
    // Dissolves at most `budget` blocks of `lists`; returns how many are left of it.
    std::size_t dissolve_some(List** lists, std::size_t budget) noexcept;
    // Returns whether any region is left to look at.
    bool release_some(std::size_t regions) noexcept;

    std::mutex mutex_;
    Region* regions_ = nullptr;  // the newest first
    std::atomic<std::size_t> in_use_{0};
    std::size_t mapped_ = 0;
    std::size_t limit_ = SIZE_MAX;
    bool huge_pages_are_slow_ = false;
    List* young_[FramePool::kClasses] = {};  // given since the last turn, and before
    List* old_[FramePool::kClasses] = {};
    Clock::time_point next_turn_{};  // when the young become old, and the old are dissolved
};

}  // namespace aio::detail
