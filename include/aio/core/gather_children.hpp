// The children of a gather in order, as long as it needs them.
#pragma once

#include <aio/base/assert.hpp>
#include <aio/core/future_base.hpp>

#include <cstddef>

namespace aio::detail {

// With a reference to each: a queue in blocks of the frame pool, since the pages of a fresh
// array for a million would cost as much as the tasks.
class GatherChildren {
    struct Block {
        Block* next;
        FutureBase*& at(std::size_t place) noexcept {
            return reinterpret_cast<FutureBase**>(this + 1)[place % kPerBlock];
        }
    };
    static constexpr std::size_t kPerBlock = 64;  // a power of two: places are found without dividing

public:
    class Iterator {
    public:
        Iterator(Block* block, std::size_t place) noexcept : block_(block), place_(place) {}
        FutureBase* operator*() const noexcept { return block_->at(place_); }
        Iterator& operator++() noexcept {
            if (++place_ % kPerBlock == 0) block_ = block_->next;
            return *this;
        }
        bool operator==(const Iterator& other) const noexcept { return place_ == other.place_; }

    private:
        Block* block_;
        std::size_t place_;
    };

    // Errors: std::bad_alloc.
    explicit GatherChildren(std::size_t capacity);
    GatherChildren(const GatherChildren&) = delete;
    ~GatherChildren();

    // No more than the capacity in all.
    void push(FutureBase* child) noexcept {
        AIO_ASSERT(size_ < capacity_);
        if (size_ > 0 && size_ % kPerBlock == 0) filling_ = filling_->next;
        filling_->at(size_++) = child;
    }
    // Precondition of both: not empty.
    FutureBase* front() const noexcept {
        AIO_ASSERT(!empty());
        return *begin();
    }
    void pop() noexcept;
    bool empty() const noexcept { return popped_ == size_; }

    Iterator begin() const noexcept { return Iterator(first_, popped_); }
    Iterator end() const noexcept { return Iterator(nullptr, size_); }

private:
    void drop_first_block() noexcept;
    // Of the block that has room for the child at `place`; the last one is as small as may be.
    std::size_t bytes(std::size_t place) const noexcept {
        const std::size_t left = capacity_ - place;
        return sizeof(Block) + (left < kPerBlock ? left : kPerBlock) * sizeof(FutureBase*);
    }

    const std::size_t capacity_;
    Block* first_ = nullptr;
    Block* filling_ = nullptr;
    std::size_t size_ = 0, popped_ = 0, dropped_ = 0;  // places of children, the last of dropped blocks
};

}  // namespace aio::detail
