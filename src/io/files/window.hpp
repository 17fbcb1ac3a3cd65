// Window: the bytes read ahead of a file's position. What was consumed stays behind it for a while, so that a seek
// back is no call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace aio::detail {

class Window {
public:
    bool empty() const noexcept { return begin_ == end_; }
    std::size_t size() const noexcept { return end_ - begin_; }
    // Bytes that a seek can go back to.
    std::size_t consumed() const noexcept { return begin_; }
    std::string_view view() const noexcept { return {block_.get() + begin_, size()}; }

    void consume(std::size_t count) noexcept { begin_ += count; }
    void go_back(std::size_t count) noexcept { begin_ -= count; }
    void clear() noexcept { begin_ = end_ = 0; }
    void release() noexcept {
        block_.reset();
        capacity_ = begin_ = end_ = 0;
    }

    // Room for `count` bytes behind the last one. Errors: std::bad_alloc, and nothing changed.
    char* prepare(std::size_t count) {
        if (begin_ == end_) clear();
        if (capacity_ - end_ < count) make_room(count);
        return block_.get() + end_;
    }
    void commit(std::size_t count) noexcept { end_ += count; }

    // Puts `bytes` in front; there is nothing to go back to then. Errors: std::bad_alloc, and nothing changed.
    void prepend(std::string_view bytes) {
        prepare(bytes.size());
        const std::size_t before = size();
        std::memmove(block_.get() + bytes.size(), block_.get() + begin_, before);
        std::memcpy(block_.get(), bytes.data(), bytes.size());
        begin_ = 0;
        end_ = bytes.size() + before;
    }

private:
    void make_room(std::size_t count) {
        if (capacity_ - size() >= count && begin_ >= size()) {
            std::memcpy(block_.get(), block_.get() + begin_, size());
        } else {
            const std::size_t capacity = size() == 0 ? count : std::max(size() + count, 2 * capacity_);
            std::unique_ptr<char[]> larger(new char[capacity]);
            if (size() > 0) std::memcpy(larger.get(), block_.get() + begin_, size());
            block_ = std::move(larger);
            capacity_ = capacity;
        }
        end_ -= std::exchange(begin_, 0);
    }

    std::unique_ptr<char[]> block_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace aio::detail
