// Numbers in network byte order, and reading a value's bytes with a check of each bound.
#pragma once

#include <aio/pg/value.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace aio::pg::detail {

// Result: the number in the first sizeof(T) bytes. Precondition: there are as many.
template <std::integral T>
constexpr T load_big_endian(const char* bytes) noexcept {
    std::make_unsigned_t<T> result = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        result = static_cast<std::make_unsigned_t<T>>(static_cast<std::uint64_t>(result) << 8 |
                                                      static_cast<unsigned char>(bytes[i]));
    }
    return static_cast<T>(result);
}

template <std::integral T>
void store_big_endian(char* bytes, T value) noexcept {
    auto rest = static_cast<std::uint64_t>(value);
    for (std::size_t i = sizeof(T); i-- > 0; rest >>= 8) bytes[i] = static_cast<char>(rest & 0xff);
}

template <std::integral T>
void append_big_endian(std::string& output, T value) {
    char bytes[sizeof(T)];
    store_big_endian(bytes, value);
    output.append(bytes, sizeof(T));
}

inline void append_double(std::string& output, double value) {
    append_big_endian(output, std::bit_cast<std::uint64_t>(value));
}

// Takes numbers and bytes off the front of a value. Whatever is missing is a db::MalformedValueError.
class Input {
public:
    explicit Input(const Value& value) noexcept : value_(value), rest_(value.bytes()) {}
    Input(const Value& value, std::string_view bytes) noexcept : value_(value), rest_(bytes) {}

    std::string_view rest() const noexcept { return rest_; }

    template <std::integral T>
    T take() {
        return load_big_endian<T>(take_bytes(sizeof(T)).data());
    }
    double take_double() { return std::bit_cast<double>(take<std::uint64_t>()); }
    std::string_view take_bytes(std::size_t size) {
        if (rest_.size() < size) throw_malformed(value_, "it ends too early");
        const std::string_view result = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return result;
    }
    // Everything must have been taken.
    void finish() const {
        if (!rest_.empty()) throw_malformed(value_, "it is too long");
    }

private:
    const Value& value_;
    std::string_view rest_;
};

// A value that is one number.
template <std::integral T>
T read_number(const Value& value) {
    Input input(value);
    const T result = input.take<T>();
    input.finish();
    return result;
}

// Throws unless the value is of this layout, and in binary.
inline void expect_layout(const Value& value, Layout layout, NameOf name) {
    if (value.type().layout != layout || value.format() != Format::binary) throw_mismatch(value, name);
}
inline void expect_layout(const Encoder& encoder, Layout layout, NameOf name) {
    if (encoder.type().layout != layout || encoder.format() != Format::binary) throw_mismatch(encoder, name);
}

}  // namespace aio::pg::detail
