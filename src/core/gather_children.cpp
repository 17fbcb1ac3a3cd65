// The blocks of a gather's queue of children: all allocated at the start, each freed once its last child is popped.
// Pushing and iterating are inline in the header; gather.cpp decides when a child is no longer needed.
#include <aio/core/gather_children.hpp>

#include <aio/core/frame_pool.hpp>

namespace aio::detail {

GatherChildren::GatherChildren(std::size_t capacity) : capacity_(capacity) {
    Block** end = &first_;
    try {
        for (std::size_t place = 0; place < capacity; place += kPerBlock) {
            *end = new (frame_pool.allocate(bytes(place))) Block{nullptr};
            end = &(*end)->next;
        }
    } catch (...) {
        while (first_) drop_first_block();
        throw;
    }
    filling_ = first_;
}

GatherChildren::~GatherChildren() {
    while (first_) drop_first_block();
}

void GatherChildren::drop_first_block() noexcept {
    Block* next = first_->next;
    frame_pool.deallocate(first_, bytes(dropped_));
    first_ = next;
    dropped_ += kPerBlock;
}

void GatherChildren::pop() noexcept {
    AIO_ASSERT(!empty());
    if (++popped_ % kPerBlock == 0) drop_first_block();
}

}  // namespace aio::detail
