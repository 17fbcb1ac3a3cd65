// Numeric: an exact decimal number, PostgreSQL's numeric and MySQL's DECIMAL. aio::pg::Numeric and aio::mysql::Numeric are it.
//
// It holds every value of the server exactly, including the number of decimal places: 1.50 stays 1.50, although it equals 1.5.
// It does no arithmetic; for that, convert it, or pass its text to a library.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace aio::db {

namespace detail {

// The parts of the binary format: digits of base 10000, the first of weight 10000^weight.
struct NumericParts {
    enum class Kind : std::uint8_t { finite, nan, infinity };

    Kind kind = Kind::finite;
    bool negative = false;
    std::int32_t weight = 0;
    std::uint16_t scale = 0;  // decimal digits behind the point
    std::vector<std::uint16_t> digits;
};

// Any integer of at most 64 bits.
struct WideInteger {
    std::uint64_t bits;
    bool negative;
};

}  // namespace detail

// A decimal number, NaN, or an infinity. The default is 0.
class Numeric {
public:
    Numeric() noexcept = default;
    // From any integer.
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Numeric(T value)
        : Numeric(detail::WideInteger{static_cast<std::uint64_t>(value), (std::is_signed_v<T> && value < T{})}) {}
    // The number with the fewest digits that is read back as `value`: 0.1 is 0.1. Of NaN and infinities, those.
    explicit Numeric(double value);
    // From "-12.50", "1.5e-3", "NaN", "Infinity", "-inf", in any case, with blanks around. Errors: ValueError, also beyond
    // PostgreSQL's limits: 131072 digits before the point, 16383 behind it.
    explicit Numeric(std::string_view text);
    explicit Numeric(const char* text) : Numeric(std::string_view(text)) {}

    // As PostgreSQL prints it: "-12.50", never with an exponent; "NaN", "Infinity", "-Infinity".
    std::string to_string() const;
    // The nearest double; an infinity if it is beyond its range.
    double to_double() const;
    // The integer, if the value is one and T can hold it. Errors: OutOfRangeError.
    template <std::integral T>
    T to_integer() const {
        if constexpr (std::is_signed_v<T>) {
            return static_cast<T>(to_signed(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
        } else {
            return static_cast<T>(to_unsigned(std::numeric_limits<T>::max()));
        }
    }

    // What kind of number it is.
    bool is_nan() const noexcept { return parts_.kind == detail::NumericParts::Kind::nan; }
    bool is_infinite() const noexcept { return parts_.kind == detail::NumericParts::Kind::infinity; }
    bool is_finite() const noexcept { return parts_.kind == detail::NumericParts::Kind::finite; }
    // Whether it is below zero. Zero and NaN are not.
    bool is_negative() const noexcept { return parts_.negative; }
    // The number of decimal digits behind the point, zeros at the end included.
    int scale() const noexcept { return parts_.scale; }

    // By value, as PostgreSQL compares: 1.5 equals 1.50, NaN equals NaN and is above everything.
    friend bool operator==(const Numeric& a, const Numeric& b) noexcept { return (a <=> b) == 0; }
    friend std::weak_ordering operator<=>(const Numeric& a, const Numeric& b) noexcept;

    // For the codec.
    explicit Numeric(detail::NumericParts parts) noexcept;
    const detail::NumericParts& parts() const noexcept { return parts_; }

private:
    explicit Numeric(detail::WideInteger value);
    std::int64_t to_signed(std::int64_t min, std::int64_t max) const;
    std::uint64_t to_unsigned(std::uint64_t max) const;
    void normalize() noexcept;

    detail::NumericParts parts_;  // no zero digits at either end; zero has none, and weight 0
};

}  // namespace aio::db
