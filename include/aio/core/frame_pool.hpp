// Where coroutine frames live: a per-thread recycler of small blocks by size class.
//
// A frame is allocated and freed for every call of a coroutine, almost always the same few sizes on the same
// thread, so a free list per size class answers in a few instructions and never meets malloc in steady state.
// Blocks are carved from chunks and kept for reuse; those of a thread that ends go to the next thread that
// runs short. A block may be freed on another thread than it came from: a thread that frees what others allocate
// gives its surplus to them in batches, so that a stream of calls from one thread to another needs no new memory.
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
            Block* const first = free_[size_class];
            block->next = first;
            block->length = first ? first->length + 1 : 1;
            free_[size_class] = block;
            if (block->length >= 2 * kBatch) [[unlikely]]
                give_away(size_class);
            return;
        }
        ::operator delete(memory);
    }

    // Tests only, before this thread's first frame: with false each block is an operator new of its own.
    void set_recycling(bool on) noexcept;
    bool recycling() const noexcept { return recycling_; }

private:
    static constexpr std::size_t kBatch = 4096;
    struct Block {
        Block* next;
        std::size_t length;  // of the list that begins here
    };
    // The first block of a list that no thread has. Blocks of 16 bytes have no room for it, and stay where they are.
    struct Batch : Block {
        Batch* next_batch;
    };
    static constexpr std::size_t kFirstShared = 2;
    friend struct FramePoolDepot;

    void* allocate_slow(std::size_t bytes);
    void refill();
    // The older half of a long list goes to the threads that run short.
    void give_away(std::size_t size_class) noexcept;

    Block* free_[kClasses] = {};
    char* chunk_ = nullptr;  // the part of the newest chunk that is not carved yet
    std::size_t chunk_left_ = 0;
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
