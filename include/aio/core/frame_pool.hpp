// Where coroutine frames live: a per-thread recycler of small blocks by size class.
//
// A frame is allocated and freed for every call of a coroutine, almost always the same few sizes on the same
// thread, so a free list per size class answers in a few instructions and never meets malloc in steady state.
// A block may be freed on another thread than it came from: a loop that is handed work by other threads
// gives them its surplus in batches, so that a stream of calls from one thread to another needs no new memory.
//
// Behind the lists is the process's FrameHeap (src/core/frame_heap.hpp). Blocks that a thread did not need for a second
// go back there: neighbours become one again and serve any size on any thread, whole pages go back to the system. The
// loops see to that (`trim`), and so does a thread that finds no memory.
//
// A block whose size is a multiple of 32 or 64 is aligned to as much: see `kMaxAlignment`.
//
// Under AddressSanitizer and in tests (`set_recycling(false)`) every block is its own operator new, so that
// use after free, leaks and injected allocation failures are seen for frames as for anything else. Where
// AddressSanitizer and recycling meet (the tests' AIO_TEST_RECYCLE=1), free blocks are poisoned.
#pragma once

#include <chrono>
#include <cstddef>
#include <new>
#include <optional>

#if defined(__SANITIZE_ADDRESS__)
#define AIO_FRAMES_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AIO_FRAMES_UNDER_ASAN 1
#endif
#endif
#ifdef AIO_FRAMES_UNDER_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace aio::detail {

class FrameHeap;

// A free block: all of it belongs to the list that it is in.
struct FreeBlock {
    FreeBlock* next;
};

#ifdef AIO_FRAMES_UNDER_ASAN
// Free blocks are poisoned, and only these two may look into them.
#define AIO_LOOKS_INTO_POISON __attribute__((no_sanitize("address"), noinline))
AIO_LOOKS_INTO_POISON inline FreeBlock* next_of(const FreeBlock* block) { return block->next; }
AIO_LOOKS_INTO_POISON inline void set_next(FreeBlock* block, FreeBlock* next) { block->next = next; }
inline void poison(void* memory, std::size_t bytes) noexcept { __asan_poison_memory_region(memory, bytes); }
inline void unpoison(void* memory, std::size_t bytes) noexcept { __asan_unpoison_memory_region(memory, bytes); }
#else
#define AIO_LOOKS_INTO_POISON
inline FreeBlock* next_of(const FreeBlock* block) { return block->next; }
inline void set_next(FreeBlock* block, FreeBlock* next) { block->next = next; }
inline void poison(void*, std::size_t) noexcept {}
inline void unpoison(void*, std::size_t) noexcept {}
#endif

class FramePool {
public:
    static constexpr std::size_t kGranule = 16;
    static constexpr std::size_t kClasses = 65;  // class c holds blocks of c * 16 bytes: up to 1 KiB
    // Types aligned to at most this many bytes may live in frames and in what else is allocated here: compilers make the
    // size of what holds one a multiple of its alignment.
    static constexpr std::size_t kMaxAlignment = 64;

    constexpr FramePool() = default;
    // A pool with a heap of its own, for tests.
    constexpr explicit FramePool(FrameHeap& heap) : heap_(&heap) {}
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    // Errors: std::bad_alloc, and nothing changed but that free memory was put together.
    void* allocate(std::size_t bytes) {
        const std::size_t size_class = (bytes + kGranule - 1) / kGranule;
        if (size_class < kClasses) [[likely]] {
            if (FreeBlock* block = free_[size_class]) [[likely]] {
                free_[size_class] = next_of(block);
                unpoison(block, bytes);
                return block;
            }
        }
        return allocate_slow(bytes);
    }

    void deallocate(void* memory, std::size_t bytes) noexcept {
        const std::size_t size_class = (bytes + kGranule - 1) / kGranule;
        if (size_class < kClasses && recycling_) [[likely]] {
            auto* block = static_cast<FreeBlock*>(memory);
            set_next(block, free_[size_class]);
            free_[size_class] = block;
            poison(block, size_class * kGranule);
            return;
        }
        deallocate_large(memory, bytes);
    }

    // What a block of so many bytes, aligned to at most kMaxAlignment, takes.
    static constexpr std::size_t padded(std::size_t bytes, std::align_val_t alignment) noexcept {
        const auto unit = static_cast<std::size_t>(alignment);
        return unit <= kGranule ? bytes : (bytes + unit - 1) / unit * unit;
    }

    // The same for compilers that say how a frame is aligned (clang's -fcoro-aligned-allocation), by any number of bytes.
    void* allocate(std::size_t bytes, std::align_val_t alignment) {
        if (static_cast<std::size_t>(alignment) > kMaxAlignment) return ::operator new(bytes, alignment);
        return allocate(padded(bytes, alignment));
    }
    void deallocate(void* memory, std::size_t bytes, std::align_val_t alignment) noexcept {
        if (static_cast<std::size_t>(alignment) > kMaxAlignment) return ::operator delete(memory, alignment);
        deallocate(memory, padded(bytes, alignment));
    }

    // This thread's loop was handed so many things by other threads, most of them frames of theirs, to be freed here:
    // every now and then what the free lists have too much goes to the threads that run short.
    void received_from_others(std::size_t count) noexcept {
        received_ += count;
        if (received_ >= kBatch) [[unlikely]]
            give_away_surplus();
    }

    // Whether frames have so much memory that trim() is worth its time.
    bool worth_trimming() const noexcept;
    // Gives the heap what this thread's lists have beyond a handful, and lets it put together, and give back to the
    // system, what nobody took since an earlier call. Works for a fraction of a millisecond. Result: when to call it
    // again though nothing was freed meanwhile; nullopt: never.
    std::optional<std::chrono::nanoseconds> trim() noexcept;

    // Gives all that is free here to the heap, which puts it together. For a thread that ends.
    void give_back_all() noexcept;

    // Tests only, before the first frame: with false each block is an operator new of its own.
    void set_recycling(bool on) noexcept;
    bool recycling() const noexcept { return recycling_; }

private:
    static constexpr std::size_t kBatch = 4096;

    FrameHeap& heap() const noexcept;
    void* allocate_slow(std::size_t bytes);
    void* allocate_large(std::size_t bytes);
    static void deallocate_large(void* memory, std::size_t bytes) noexcept;
    void take_run(std::size_t least);
    void drop_run() noexcept;
    void* carve(std::size_t bytes) noexcept;
    void give_away_surplus() noexcept;
    // Cuts a list behind its first `kept` blocks and gives the rest to the heap.
    void cut(std::size_t size_class, std::size_t kept) noexcept;

    FreeBlock* free_[kClasses] = {};
    char* run_ = nullptr;  // memory that is not carved into blocks yet
    std::size_t run_left_ = 0;
    std::size_t received_ = 0;   // since give_away_surplus()
    FrameHeap* heap_ = nullptr;  // null: the process's
    unsigned runs_ = 0;          // taken so far
#ifdef AIO_FRAMES_UNDER_ASAN
    static inline bool recycling_ = false;  // one for all threads: a block knows not how it was allocated
#else
    bool recycling_ = true;
#endif
    bool registered_ = false;  // the thread's exit gives this pool's memory back
};

extern constinit thread_local FramePool frame_pool [[gnu::tls_model("initial-exec")]];

}  // namespace aio::detail
