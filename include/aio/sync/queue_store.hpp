// Where queues keep their items: a ring (first in, first out), a stack (last in, first out) or a heap (smallest
// first), each in one array whose length is a power of two. The number of items is the queue's to know; it is
// passed in. Internal to queue.hpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace aio::detail {

// The array: raw memory for `capacity()` items.
template <class T>
class Slots {
public:
    Slots() noexcept = default;
    explicit Slots(std::size_t capacity) : items_(std::allocator<T>().allocate(capacity)), capacity_(capacity) {}
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;
    ~Slots() {
        if (items_) std::allocator<T>().deallocate(items_, capacity_);
    }
    void swap(Slots& other) noexcept {
        std::swap(items_, other.items_);
        std::swap(capacity_, other.capacity_);
    }

    std::size_t capacity() const noexcept { return capacity_; }
    T& operator[](std::size_t index) const noexcept { return items_[index]; }
    // Makes an item of a free slot, and the reverse.
    void fill(std::size_t index, T&& item) { std::construct_at(items_ + index, std::move(item)); }
    T take(std::size_t index) {
        T item(std::move(items_[index]));
        drop(index);
        return item;
    }
    void drop(std::size_t index) noexcept { std::destroy_at(items_ + index); }

private:
    T* items_ = nullptr;
    std::size_t capacity_ = 0;
};

// What the three have in common. `Place` says which slot the i-th item of the old array is in.
template <class T>
class Store {
public:
    std::size_t capacity() const noexcept { return slots_.capacity(); }

protected:
    static constexpr std::size_t kFirstCapacity = 8;

    template <class Place>
    void grow(std::size_t size, Place place) {
        Slots<T> larger(slots_.capacity() > 0 ? 2 * slots_.capacity() : kFirstCapacity);
        std::size_t moved = 0;
        try {
            for (; moved < size; ++moved) larger.fill(moved, static_cast<T&&>(slots_[place(moved)]));
        } catch (...) {  // a move threw: what has moved is lost, but nothing leaks
            while (moved > 0) larger.drop(--moved);
            throw;
        }
        for (std::size_t i = 0; i < size; ++i) slots_.drop(place(i));
        slots_.swap(larger);
    }

    Slots<T> slots_;
};

template <class T>
class Ring : public Store<T> {
public:
    static constexpr const char* kName = "Queue";

    void push(T&& item, std::size_t size) { this->slots_.fill(place(size), std::move(item)); }
    T pop(std::size_t) {
        T item(this->slots_.take(head_));
        head_ = place(1);
        return item;
    }
    void grow(std::size_t size) {
        Store<T>::grow(size, [this](std::size_t i) { return place(i); });
        head_ = 0;
    }
    void clear(std::size_t size) noexcept {
        for (std::size_t i = 0; i < size; ++i) this->slots_.drop(place(i));
    }

private:
    std::size_t place(std::size_t i) const noexcept { return (head_ + i) & (this->slots_.capacity() - 1); }

    std::size_t head_ = 0;
};

template <class T>
class Stack : public Store<T> {
public:
    static constexpr const char* kName = "LifoQueue";

    void push(T&& item, std::size_t size) { this->slots_.fill(size, std::move(item)); }
    T pop(std::size_t size) { return this->slots_.take(size - 1); }
    void grow(std::size_t size) {
        Store<T>::grow(size, [](std::size_t i) { return i; });
    }
    void clear(std::size_t size) noexcept {
        while (size > 0) this->slots_.drop(--size);
    }
};

// A binary heap. Both ways first find out where items go and then move them, so that a comparison that throws
// changes nothing.
template <class T, class Compare>
class Heap : public Store<T> {
public:
    static constexpr const char* kName = "PriorityQueue";

    void push(T&& item, std::size_t size) {
        auto& slots = this->slots_;
        std::size_t place = size;
        while (place > 0 && less_(static_cast<const T&>(item), static_cast<const T&>(slots[parent(place)]))) {
            place = parent(place);
        }
        if (place == size) return slots.fill(size, std::move(item));
        slots.fill(size, std::move(slots[parent(size)]));
        for (std::size_t i = parent(size); i != place; i = parent(i)) slots[i] = std::move(slots[parent(i)]);
        slots[place] = std::move(item);
    }

    T pop(std::size_t size) {
        auto& slots = this->slots_;
        const std::size_t last = size - 1;
        const std::size_t hole = hole_for_last(last);
        T item(std::move(slots[0]));
        // Down the path from the root to the hole, each item moves into its parent's place.
        const int depth = std::bit_width(hole + 1) - 1;
        std::size_t above = 0;
        for (int level = depth - 1; level >= 0; --level) {
            const std::size_t below = ((hole + 1) >> level) - 1;
            slots[above] = std::move(slots[below]);
            above = below;
        }
        if (hole != last) slots[hole] = std::move(slots[last]);
        slots.drop(last);
        return item;
    }

    void grow(std::size_t size) {
        Store<T>::grow(size, [](std::size_t i) { return i; });
    }
    void clear(std::size_t size) noexcept {
        while (size > 0) this->slots_.drop(--size);
    }

private:
    static std::size_t parent(std::size_t i) noexcept { return (i - 1) / 2; }

    // Where the item in slot `last` will stand once the root is gone.
    std::size_t hole_for_last(std::size_t last) const {
        const auto& slots = this->slots_;
        std::size_t hole = 0;
        while (2 * hole + 1 < last) {
            std::size_t child = 2 * hole + 1;
            if (child + 1 < last &&
                less_(static_cast<const T&>(slots[child + 1]), static_cast<const T&>(slots[child]))) {
                ++child;
            }
            if (!less_(static_cast<const T&>(slots[child]), static_cast<const T&>(slots[last]))) break;
            hole = child;
        }
        return hole;
    }

    [[no_unique_address]] Compare less_;
};

}  // namespace aio::detail
