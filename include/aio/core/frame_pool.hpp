// Where coroutine frames live: a per-thread recycler of small blocks by size class.
//
// A frame is allocated and freed for every call of a coroutine, almost always the same few sizes on the same
// thread, so a free list per size class answers in a few instructions and never meets malloc in steady state.
// Blocks are carved from chunks and kept for reuse; those of a thread that ends go to the next thread that
// runs short. A block may be freed on another thread than it came from: a loop that is handed work by other threads
// gives them its surplus in batches, so that a stream of calls from one thread to another needs no new memory.
//
// Under AddressSanitizer and in tests (`set_recycling(false)`) every block is its own operator new, so that
// use after free, leaks and injected allocation failures are seen for frames as for anything else.
#pragma once

#include <cstddef>
#include <new>

namespace aio::detail {

class FramePool {
public:
    static constexpr std::size_t kGranule = 16;
    static constexpr std::size_t kClasses = 65;  // class c holds blocks of c * 16 bytes: up to 1 KiB

    // Errors: std::bad_alloc.
    void* allocate(std::size_t bytes) {
        const std::size_t size_class = (bytes + kGranule - 1) / kGranule;
        if (size_class < kClasses) [[likely]] {
            if (Block* block = free_[size_class]) [[likely]] {
                free_[size_class] = block->next;
                return block;
            }
        }
        return allocate_slow(bytes);
    }

    void deallocate(void* memory, std::size_t bytes) noexcept {
        const std::size_t size_class = (bytes + kGranule - 1) / kGranule;
        if (size_class < kClasses && recycling_) [[likely]] {
            auto* block = static_cast<Block*>(memory);
            block->next = free_[size_class];
            free_[size_class] = block;
            return;
        }
        ::operator delete(memory);
    }

    // This thread's loop was handed so many things by other threads, most of them frames of theirs, to be freed here:
    // every now and then what the free lists have too much goes to the threads that run short.
    void received_from_others(std::size_t count) noexcept {
        received_ += count;
        if (received_ >= kBatch) [[unlikely]]
            give_away_surplus();
    }

    // Tests only, before this thread's first frame: with false each block is an operator new of its own.
    void set_recycling(bool on) noexcept;
    bool recycling() const noexcept { return recycling_; }

private:
    static constexpr std::size_t kBatch = 4096;
    struct Block {
        Block* next;
    };
    // The first block of a list that no thread has.
    struct Batch : Block {
        Batch* next_batch;
    };
    friend struct FramePoolDepot;

    void* allocate_slow(std::size_t bytes);
    void refill();
    void give_away_surplus() noexcept;

    Block* free_[kClasses] = {};
    char* chunk_ = nullptr;  // the part of the newest chunk that is not carved yet
    std::size_t chunk_left_ = 0;
    std::size_t received_ = 0;  // since give_away_surplus()
    unsigned chunks_ = 0;
#if defined(__SANITIZE_ADDRESS__)
    bool recycling_ = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    bool recycling_ = false;
#else
    bool recycling_ = true;
#endif
#else
    bool recycling_ = true;
#endif
    bool huge_pages_are_slow_ = false;
    bool registered_ = false;  // the thread's exit hands this pool to the depot
};

extern constinit thread_local FramePool frame_pool [[gnu::tls_model("initial-exec")]];

}  // namespace aio::detail
