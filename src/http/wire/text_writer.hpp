// Text put together piece by piece, into memory that is large enough from the start: heads of messages.
#pragma once

#include <aio/base/assert.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>

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
    TextWriter(TextSpace& space, std::size_t most) : begin_(space.of(most)), end_(begin_), limit_(begin_ + most) {}

    void put(std::string_view piece) noexcept {
        AIO_ASSERT(piece.size() <= room());
        end_ = std::copy(piece.begin(), piece.end(), end_);
    }
    // Literals: of a size that the compiler knows.
    template <std::size_t N>
    void put(const char (&literal)[N]) noexcept {
        AIO_ASSERT(N - 1 <= room());
        std::memcpy(end_, literal, N - 1);
        end_ += N - 1;
    }
    // Text of a size that the compiler knows. Precondition: piece.size() == Size.
    template <std::size_t Size>
    void put_sized(std::string_view piece) noexcept {
        AIO_ASSERT(piece.size() == Size && Size <= room());
        std::memcpy(end_, piece.data(), Size);
        end_ += Size;
    }
    void put_number(std::uint64_t number) noexcept {
        const auto [end, error] = std::to_chars(end_, limit_, number);
        AIO_ASSERT(error == std::errc());
        end_ = end;
    }
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
    std::size_t room() const noexcept { return static_cast<std::size_t>(limit_ - end_); }

    char* begin_;
    char* end_;
    char* limit_;
};

}  // namespace aio::http::wire
