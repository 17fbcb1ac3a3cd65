// ByteBuffer's slow path: the sizes of blocks, the free blocks that each thread keeps, moving and growing.
// Appending and consuming inside a block are inline in the header.
#include <aio/io/byte_buffer.hpp>

#include <aio/core/frame_pool.hpp>

#include "base/per_thread.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace aio::detail {

namespace {

// Blocks are 1, 4, 16, 64, 256 KiB and then powers of two. The smallest live in the frame pool, the next few in a
// list per thread, and large ones go back to the allocator.
constexpr std::size_t kSmallest = 1024;
constexpr std::size_t kLargestKept = 256 * 1024;
constexpr unsigned kKeptPerSize = 16;
constexpr unsigned kKeptOfLargest = 4;
// Some processors copy five times as slowly where the two places differ in their distance to a cache line (Zen 3).
constexpr std::align_val_t kAlignment{64};

std::size_t block_size(std::size_t wanted) noexcept {
    std::size_t size = kSmallest;
    while (size < wanted && size < kLargestKept) size *= 4;
    return size >= wanted ? size : std::bit_ceil(wanted);
}

// Free blocks of 4, 16, 64 and 256 KiB.
class KeptBlocks {
public:
    ~KeptBlocks() {
        for (Shelf& shelf : shelves_) {
            while (char* block = shelf.take()) ::operator delete(block, kAlignment);
        }
    }
    char* take(std::size_t size) noexcept { return shelf(size).take(); }
    bool keep(char* block, std::size_t size) noexcept {
        return frame_pool.recycling() && shelf(size).put(block, size == kLargestKept ? kKeptOfLargest : kKeptPerSize);
    }

private:
    struct Shelf {
        char* blocks[kKeptPerSize];
        unsigned count = 0;
        char* take() noexcept { return count ? blocks[--count] : nullptr; }
        bool put(char* block, unsigned most) noexcept {
            if (count == most) return false;
            blocks[count++] = block;
            return true;
        }
    };
    Shelf& shelf(std::size_t size) noexcept {
        return shelves_[size == 4096 ? 0 : size == 16384 ? 1 : size == 65536 ? 2 : 3];
    }

    Shelf shelves_[4];
};

constinit thread_local PerThread<KeptBlocks> kept_blocks;

char* allocate_block(std::size_t size) {
    if (size == kSmallest) return static_cast<char*>(frame_pool.allocate(size));
    if (size <= kLargestKept) {
        if (char* block = kept_blocks.get().take(size)) return block;
    }
    return static_cast<char*>(::operator new(size, kAlignment));
}

// In the lower bits of ByteBuffer::seen_, beside kPinned: which size a block has. All above the largest that is kept are freed
// alike. Blocks are aligned to more than that.
constexpr std::uintptr_t kSizeBits = 0b1110;
static_assert(FramePool::kMaxAlignment > (kSizeBits | 1));

std::uintptr_t size_bits(std::size_t size) noexcept {
    std::uintptr_t number = 0;
    for (std::size_t each = kSmallest; each < size && each <= kLargestKept; each *= 4) ++number;
    return number << 1;
}

std::size_t size_of(std::uintptr_t bits) noexcept { return kSmallest << 2 * ((bits & kSizeBits) >> 1); }

void free_block(char* block, std::size_t size) noexcept {
    if (size == kSmallest) return frame_pool.deallocate(block, size);
    if (size <= kLargestKept && kept_blocks.get().keep(block, size)) return;
    ::operator delete(block, kAlignment);
}

}  // namespace

void ByteBuffer::make_room(std::size_t count) {
    const std::size_t live = size();
    const std::size_t capacity = static_cast<std::size_t>(limit_ - block_);
    // Moving the bytes to the front is worth it when more than half of the block is free there: each byte then
    // moves once per time it is passed over.
    if ((seen_ & kPinned) == 0 && live <= capacity / 2 && capacity - live >= count) {
        if (live > 0) std::memmove(block_, begin_, live);
        begin_ = block_;
        end_ = block_ + live;
        return;
    }
    // Growing doubles, unless the bytes need no more than they have.
    const std::size_t wanted = live > capacity / 2 ? std::max(live + count, capacity * 2) : live + count;
    const std::size_t size = block_size(wanted);
    char* block = allocate_block(size);
    if (live > 0) std::memcpy(block, begin_, live);
    if (seen_ == kPinned && block_) {
        seen_ = reinterpret_cast<std::uintptr_t>(block_) | size_bits(capacity);  // nothing in the new block is seen
    } else if (block_) {
        free_block(block_, capacity);
    }
    block_ = begin_ = block;
    end_ = block + live;
    limit_ = block + size;
}

void ByteBuffer::end_views() noexcept {
    const std::uintptr_t address = seen_ & ~(kPinned | kSizeBits);
    if (address != 0) free_block(reinterpret_cast<char*>(address), size_of(seen_));
    seen_ = 0;
}

void ByteBuffer::release() noexcept {
    if (seen_ != 0) end_views();
    if (block_) free_block(block_, static_cast<std::size_t>(limit_ - block_));
    block_ = begin_ = end_ = limit_ = nullptr;
}

}  // namespace aio::detail
