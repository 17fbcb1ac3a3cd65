// The process's memory for frames: regions with a bit per granule, their pages, and the lists between the threads.
#include "core/frame_heap.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iterator>
#include <utility>

#ifdef AIO_FRAMES_UNDER_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace aio::detail {

namespace {

constexpr std::size_t kGranules = FrameHeap::kRegionBytes / FrameHeap::kGranule;
constexpr std::size_t kWords = kGranules / 64;
constexpr std::size_t kMostPages = FrameHeap::kRegionBytes / 4096;
constexpr std::size_t kPopulated = 256 * 1024;                // from here on, the kernel makes the pages in one call
constexpr auto kSlowHugePage = std::chrono::milliseconds(1);  // usually it takes 0.2 ms
constexpr std::size_t kBlocksPerSlice = 4096;
constexpr std::size_t kRegionsPerSlice = 4;
constexpr auto kBetweenSlices = std::chrono::milliseconds(1);

std::size_t page_bytes() noexcept {
    static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return bytes;
}

bool is_set(const std::uint64_t* bits, std::size_t at) noexcept { return bits[at / 64] >> at % 64 & 1; }

// The first bit from `at` on that is `value`, or `end`.
std::size_t find_bit(const std::uint64_t* bits, std::size_t at, std::size_t end, bool value) noexcept {
    while (at < end) {
        const std::uint64_t word = (value ? bits[at / 64] : ~bits[at / 64]) >> at % 64;
        if (word != 0) return std::min(end, at + static_cast<std::size_t>(std::countr_zero(word)));
        at = (at / 64 + 1) * 64;
    }
    return end;
}

void set_bits(std::uint64_t* bits, std::size_t begin, std::size_t end, bool value) noexcept {
    while (begin < end) {
        const std::size_t here = std::min<std::size_t>(end - begin, 64 - begin % 64);
        const std::uint64_t mask = (~std::uint64_t{0} >> (64 - here)) << begin % 64;
        std::uint64_t& word = bits[begin / 64];
        word = value ? word | mask : word & ~mask;
        begin += here;
    }
}

// Aligned to its size; null when the system gives none. `below`: where the mapping would probably be aligned.
char* map_region(char* below) noexcept {
    constexpr std::size_t bytes = FrameHeap::kRegionBytes;
    const auto map = [](char* where, std::size_t size) {
        void* mapped = ::mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
    };
    const auto past = [](char* memory) { return reinterpret_cast<std::uintptr_t>(memory) % bytes; };
    char* memory = map(below, bytes);
    if (!memory || past(memory) == 0) return memory;
    ::munmap(memory, bytes);
    memory = map(nullptr, 2 * bytes);
    if (!memory) return nullptr;
    const std::size_t before = past(memory) == 0 ? 0 : bytes - past(memory);
    if (before > 0) ::munmap(memory, before);
    ::munmap(memory + before + bytes, bytes - before);
    return memory + before;
}

void populate(char* memory, std::size_t size) noexcept {
    ::madvise(memory, size, MADV_POPULATE_WRITE);  // Linux 5.14; without it the pages come one by one
}

}  // namespace

// At the region's own beginning. Everything in it is zero at first, as the kernel gives it.
struct FrameHeap::Region {
    Region* next;
    char* fresh;          // from here to the end nothing was ever handed out
    std::size_t free;     // granules whose bit is set
    std::size_t longest;  // no run of free granules is longer
    std::size_t first;    // no granule before this one is free
    bool dirty;           // something became free since its pages were looked at
    bool huge;            // may be made of huge pages
    std::uint64_t is_free[kWords];
    std::uint64_t is_released[kMostPages / 64];  // free pages that the system has back

    static Region* of(const void* memory) noexcept {
        return reinterpret_cast<Region*>(reinterpret_cast<std::uintptr_t>(memory) & ~(kRegionBytes - 1));
    }
    char* start() noexcept { return reinterpret_cast<char*>(this); }
    char* end() noexcept { return start() + kRegionBytes; }
    std::size_t index(const char* memory) noexcept { return static_cast<std::size_t>(memory - start()) / kGranule; }
    inline char* begin() noexcept;
    bool unused() noexcept { return free * kGranule == static_cast<std::size_t>(fresh - begin()); }
    void release_pages() noexcept;
};

char* FrameHeap::Region::begin() noexcept {
    constexpr std::size_t kHeader = (sizeof(Region) + 4095) / 4096 * 4096;
    return start() + kHeader;
}

void FrameHeap::Region::release_pages() noexcept {
    const std::size_t page = page_bytes(), granules = page / kGranule;
    const std::size_t end = (index(fresh) + 1) / granules * granules;
    std::size_t at = (index(begin()) + granules - 1) / granules * granules;
    while (at < end) {
        std::size_t stop = at;
        while (stop < end && !is_set(is_released, stop / granules) &&
               find_bit(is_free, stop, stop + granules, false) == stop + granules) {
            stop += granules;
        }
        if (stop == at) {
            at += granules;
            continue;
        }
        // The kernel must not make a huge page of the rest again.
        if (std::exchange(huge, false)) ::madvise(start(), kRegionBytes, MADV_NOHUGEPAGE);
        ::madvise(start() + at * kGranule, (stop - at) * kGranule, MADV_DONTNEED);
        set_bits(is_released, at / granules, stop / granules, true);
        at = stop;
    }
}

// --- regions -----------------------------------------------------------------------------------------------

FrameHeap& FrameHeap::instance() noexcept {
    static constinit FrameHeap heap;
    return heap;
}

FrameHeap::Region* FrameHeap::add_region(bool huge) noexcept {
    if (mapped_ + kRegionBytes > limit_) return nullptr;
    char* memory = map_region(regions_ ? regions_->start() - kRegionBytes : nullptr);
    if (!memory) return nullptr;
    huge = huge && !huge_pages_are_slow_;
    if (!huge) ::madvise(memory, kRegionBytes, MADV_NOHUGEPAGE);  // or a small program would get 2 MiB at once
    if (huge) {
        const auto started = Clock::now();
        ::madvise(memory, kRegionBytes, MADV_HUGEPAGE);
        populate(memory, kRegionBytes);
        huge_pages_are_slow_ = Clock::now() - started > kSlowHugePage;
    }
    auto* region = reinterpret_cast<Region*>(memory);
    region->fresh = region->begin();
    region->huge = huge;
    region->next = std::exchange(regions_, region);
    mapped_ += kRegionBytes;
#ifdef AIO_FRAMES_UNDER_ASAN
    __lsan_register_root_region(memory, kRegionBytes);
#endif
    return region;
}

void FrameHeap::unmap(Region* region) noexcept {
    Region** link = &regions_;
    while (*link != region) link = &(*link)->next;
    *link = region->next;
    mapped_ -= kRegionBytes;
#ifdef AIO_FRAMES_UNDER_ASAN
    __lsan_unregister_root_region(region, kRegionBytes);
    unpoison(region, kRegionBytes);
#endif
    ::munmap(region, kRegionBytes);
}

void FrameHeap::unmap_all() noexcept {
    dissolve_all();
    std::lock_guard lock(mutex_);
    while (regions_) unmap(regions_);
    in_use_ = 0;
}

std::size_t FrameHeap::mapped() noexcept {
    std::lock_guard lock(mutex_);
    return mapped_;
}

// --- runs --------------------------------------------------------------------------------------------------

// From the fullest region with a run that is long enough, so that the emptiest may become entirely free.
FrameHeap::Run FrameHeap::take_free(std::size_t least, std::size_t wanted) noexcept {
    const std::size_t granules = least / kGranule;
    while (true) {
        Region* best = nullptr;
        for (Region* region = regions_; region; region = region->next) {
            if (region->free < granules || region->longest < granules) continue;
            if (!best || region->free < best->free) best = region;
        }
        if (!best) return {nullptr, 0};
        std::size_t longest = 0;
        std::size_t begin = find_bit(best->is_free, best->first, kGranules, true);
        best->first = begin;
        while (begin < kGranules) {
            const std::size_t most = std::min(kGranules, begin + std::max(granules, wanted / kGranule));
            const std::size_t end = find_bit(best->is_free, begin, most, false);
            if (end - begin >= granules) {
                set_bits(best->is_free, begin, end, false);
                best->free -= end - begin;
                const std::size_t page = page_bytes() / kGranule;
                set_bits(best->is_released, begin / page, (end - 1) / page + 1, false);
                return {best->start() + begin * kGranule, (end - begin) * kGranule};
            }
            longest = std::max(longest, end - begin);
            begin = find_bit(best->is_free, end, kGranules, true);
        }
        best->longest = longest;
    }
}

// From the newest region, or a new one.
FrameHeap::Run FrameHeap::take_fresh(std::size_t least, std::size_t wanted) noexcept {
    Region* region = regions_;
    const auto left = [&region] { return static_cast<std::size_t>(region->end() - region->fresh); };
    const bool whole = wanted == kWholeRegion;
    if (!region || left() < least || (whole && left() < kRegionBytes / 2)) {
        Region* fresh = add_region(whole);
        if (!fresh && (!region || left() < least)) return {nullptr, 0};
        // What is left of the old one is free memory like any other.
        if (fresh && region && left() > 0) mark(std::exchange(region->fresh, region->end()), left());
        if (fresh) region = fresh;
    }
    const Run run{region->fresh, std::min(left(), wanted)};
    region->fresh += run.bytes;
    if (run.bytes >= kPopulated && (!whole || huge_pages_are_slow_)) populate(run.memory, run.bytes);
    return run;
}

FrameHeap::Run FrameHeap::take_run(std::size_t least, std::size_t wanted) noexcept {
    std::lock_guard lock(mutex_);
    Run run = take_free(least, wanted);
    if (!run.memory) run = take_fresh(least, wanted);
    if (!run.memory) return run;
    in_use_.fetch_add(run.bytes, std::memory_order_relaxed);
    poison(run.memory, run.bytes);
    return run;
}

void FrameHeap::give_run(Run run) noexcept {
    if (run.bytes == 0) return;
    std::lock_guard lock(mutex_);
    mark(run.memory, run.bytes);
    in_use_.fetch_sub(run.bytes, std::memory_order_relaxed);
}

void FrameHeap::mark(char* memory, std::size_t bytes) noexcept {
    Region* region = Region::of(memory);
    const std::size_t begin = region->index(memory), end = begin + bytes / kGranule;
    if (find_bit(region->is_free, begin, end, true) != end) std::abort();  // freed twice
    set_bits(region->is_free, begin, end, true);
    region->first = region->free == 0 ? begin : std::min(region->first, begin);
    region->free += end - begin;
    region->longest = kGranules;
    region->dirty = true;
}

// --- lists -------------------------------------------------------------------------------------------------

AIO_LOOKS_INTO_POISON FrameHeap::List* FrameHeap::next_list(const List* list) noexcept { return list->next_list; }
AIO_LOOKS_INTO_POISON void FrameHeap::set_next_list(List* list, List* next) noexcept { list->next_list = next; }

void FrameHeap::give_list(std::size_t size_class, FreeBlock* blocks) noexcept {
    auto* list = static_cast<List*>(blocks);
    std::lock_guard lock(mutex_);
    set_next_list(list, std::exchange(young_[size_class], list));
}

FreeBlock* FrameHeap::take_list(std::size_t size_class) noexcept {
    std::lock_guard lock(mutex_);
    for (List** lists : {young_, old_}) {
        if (List* list = lists[size_class]) {
            lists[size_class] = next_list(list);
            return list;
        }
    }
    return nullptr;
}

void FrameHeap::dissolve(std::size_t size_class, FreeBlock* list) noexcept {
    std::lock_guard lock(mutex_);
    const std::size_t bytes = size_class * kGranule;
    std::size_t sum = 0;
    for (; list; sum += bytes) mark(reinterpret_cast<char*>(std::exchange(list, next_of(list))), bytes);
    in_use_.fetch_sub(sum, std::memory_order_relaxed);
}

std::size_t FrameHeap::dissolve_some(List** lists, std::size_t budget) noexcept {
    std::size_t sum = 0, left = 0;
    for (std::size_t c = 1; c < FramePool::kClasses; ++c) {
        while (List* list = lists[c]) {
            if (budget == 0) return in_use_.fetch_sub(sum, std::memory_order_relaxed), ++left;
            List* const after = next_list(list);
            FreeBlock* block = list;
            for (; block && budget > 0; --budget) {
                FreeBlock* const next = next_of(block);
                mark(reinterpret_cast<char*>(block), c * kGranule);
                sum += c * kGranule;
                block = next;
            }
            lists[c] = after;
            if (!block) continue;
            lists[c] = static_cast<List*>(block);
            set_next_list(lists[c], after);
        }
    }
    in_use_.fetch_sub(sum, std::memory_order_relaxed);
    return left;
}

void FrameHeap::dissolve_all() noexcept {
    std::lock_guard lock(mutex_);
    dissolve_some(young_, SIZE_MAX);
    dissolve_some(old_, SIZE_MAX);
}

// --- giving back -------------------------------------------------------------------------------------------

bool FrameHeap::release_some(std::size_t budget) noexcept {
    Region* next = nullptr;
    for (Region* region = regions_; region; region = next) {
        next = region->next;
        if (!region->dirty) continue;
        if (budget-- == 0) return true;
        if (region->unused()) {
            unmap(region);
        } else {
            region->release_pages();
            region->dirty = false;
        }
    }
    return false;
}

void FrameHeap::release_pages() noexcept {
    std::lock_guard lock(mutex_);
    release_some(SIZE_MAX);
}

std::optional<std::chrono::nanoseconds> FrameHeap::settle(Clock::time_point now) noexcept {
    std::lock_guard lock(mutex_);
    const auto any = [](List** lists) {
        return std::any_of(lists, lists + FramePool::kClasses, [](const List* list) { return list != nullptr; });
    };
    if (now < next_turn_) {
        if (any(young_) || any(old_)) return next_turn_ - now;
        return std::nullopt;
    }
    if (dissolve_some(old_, kBlocksPerSlice) > 0 || release_some(kRegionsPerSlice)) return kBetweenSlices;
    std::copy(std::begin(young_), std::end(young_), old_);
    std::fill(std::begin(young_), std::end(young_), nullptr);
    next_turn_ = now + kInterval;
    if (any(old_)) return kInterval;
    return std::nullopt;
}

}  // namespace aio::detail
