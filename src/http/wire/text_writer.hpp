// Text put together piece by piece, into memory that is large enough from the start: heads of messages.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace aio::http::wire {

// Memory to write text into, again and again.
class TextSpace {
public:
    // At least `size` bytes; what was there is lost. Errors: std::bad_alloc.
    char* of(std::size_t size) {
        if (size > size_) grow(size);
        return memory_.get();
    }
    std::size_t size() const noexcept { return size_; }

private:
    void grow(std::size_t size) {
        size_ = 0;
        memory_ = std::make_unique_for_overwrite<char[]>(size);
        size_ = size;
    }

    std::unique_ptr<char[]> memory_;
    std::size_t size_ = 0;
};

// Precondition of all: `most`, as it was given, is enough for what is put.
class TextWriter {
public:
    TextWriter(TextSpace& space, std::size_t most) : begin_(space.of(most)), end_(begin_) {}

    void put(std::string_view piece) noexcept { end_ = std::copy(piece.begin(), piece.end(), end_); }
    // Literals: of a size that the compiler knows.
    template <std::size_t N>
    void put(const char (&literal)[N]) noexcept {
        std::memcpy(end_, literal, N - 1);
        end_ += N - 1;
    }
    // Text of a size that the compiler knows. Precondition: piece.size() == Size.
    template <std::size_t Size>
    void put_sized(std::string_view piece) noexcept {
        std::memcpy(end_, piece.data(), Size);
        end_ += Size;
    }
    void put_number(std::uint64_t number) noexcept { end_ = std::to_chars(end_, end_ + 20, number).ptr; }
    // A line of a head.
    template <class Name>
    void put_field(const Name& name, std::string_view value) noexcept {
        put(name);
        put(": ");
        put(value);
        put("\r\n");
    }

    std::string_view text() const noexcept { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }

private:
    char* begin_;
    char* end_;
};

}  // namespace aio::http::wire
