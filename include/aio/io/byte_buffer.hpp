// A growable run of bytes: appended at the end, consumed from the front. The memory under a stream.
//
// Its memory comes in blocks of a few sizes, recycled per thread, so that a connection can give its block back
// whenever it is empty and take one at the next message without meeting malloc: idle connections hold none.
#pragma once

#include <aio/base/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace aio::detail {

class ByteBuffer {
public:
    ByteBuffer() noexcept = default;
    ByteBuffer(const ByteBuffer&) = delete;
    ByteBuffer& operator=(const ByteBuffer&) = delete;
    ~ByteBuffer() {
        if (block_) release();
    }

    bool empty() const noexcept { return begin_ == end_; }
    std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
    const char* data() const noexcept { return begin_; }
    std::string_view view() const noexcept { return {begin_, size()}; }
    // What append() takes without touching what is there.
    std::size_t room() const noexcept { return static_cast<std::size_t>(limit_ - end_); }

    // Errors: std::bad_alloc, and nothing changed.
    void append(const char* bytes, std::size_t count) {
        if (room() < count) make_room(count);
        std::memcpy(end_, bytes, count);
        end_ += count;
    }

    // Makes room() at least `count`, and returns where they may be written, to be followed by end_for_append() with
    // how many they are. Errors: std::bad_alloc, and nothing changed.
    char* reserve(std::size_t count) {
        if (room() < count) make_room(count);
        return end_;
    }

    // Where the next `count` bytes are to be written. Precondition: count <= room().
    char* end_for_append(std::size_t count) noexcept {
        AIO_ASSERT(count <= room());
        return std::exchange(end_, end_ + count);
    }

    // Views of what was consumed stay valid until the next append(), recycle() or release(); while pinned, also
    // across append().
    void consume(std::size_t count) noexcept {
        AIO_ASSERT(count <= size());
        begin_ += count;
    }
    void pin() noexcept { seen_ |= kPinned; }
    // Ends the validity of views; an empty buffer starts at its block's beginning again.
    void recycle() noexcept {
        if (seen_ != 0) [[unlikely]]
            end_views();
        if (begin_ == end_) begin_ = end_ = block_;
    }

    // Forgets the bytes and gives the memory back.
    void release() noexcept;

    friend void swap(ByteBuffer& a, ByteBuffer& b) noexcept {
        std::swap(a.block_, b.block_);
        std::swap(a.begin_, b.begin_);
        std::swap(a.end_, b.end_);
        std::swap(a.limit_, b.limit_);
        std::swap(a.seen_, b.seen_);
    }

private:
    void make_room(std::size_t count);
    void end_views() noexcept;

    // block_ <= begin_ <= end_ <= limit_
    char* block_ = nullptr;
    char* begin_ = nullptr;
    char* end_ = nullptr;
    char* limit_ = nullptr;
    // What views keep from being freed, in one word: whether the block is pinned, and the address of an older block into which a
    // pinned view points, after the bytes behind it moved to a larger one; with the number of its size (byte_buffer.cpp).
    static constexpr std::uintptr_t kPinned = 1;
    std::uintptr_t seen_ = 0;
};

}  // namespace aio::detail
