// C++ types for those of PostgreSQL's types that have no counterpart in the standard library.
//
// All are plain values with public members or a text form: a constructor parses the text and throws ValueError, `to_string()`
// prints it as PostgreSQL does. Dates and times are std::chrono's (codec.hpp lists which type fits which).
#pragma once

#include <aio/db/bytes.hpp>
#include <aio/db/numeric.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::pg {

using db::Bytes;
using db::Numeric;

// uuid.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};  // in the order of the text

    Uuid() noexcept = default;
    // From its bytes.
    explicit Uuid(const std::array<std::uint8_t, 16>& value) noexcept : bytes(value) {}
    // From 32 hexadecimal digits in either case, optionally with a hyphen after each group of four digits, and in braces, as
    // PostgreSQL accepts them. Errors: ValueError.
    explicit Uuid(std::string_view text);

    // "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".
    std::string to_string() const;
    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// money: an amount in the smallest unit of lc_monetary's currency, such as cents. How many of them make the main unit is a
// setting of the server, which it does not report.
struct Money {
    std::int64_t units = 0;  // cents

    friend auto operator<=>(const Money&, const Money&) = default;
};

// interval: three parts that PostgreSQL keeps apart, since months and days differ in length. A std::chrono duration is passed
// as microseconds; an interval without months is read as one, its days being 24 hours long.
struct Interval {
    std::int32_t months = 0;           // years are 12 of them
    std::int32_t days = 0;             // weeks are 7 of them
    std::chrono::microseconds time{};  // hours and below; may be more than a day

    // Infinite intervals, since PostgreSQL 17.
    static constexpr Interval infinity() noexcept {
        constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
        return {kMax, kMax, std::chrono::microseconds::max()};
    }
    static constexpr Interval minus_infinity() noexcept {
        constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
        return {kMin, kMin, std::chrono::microseconds::min()};
    }
    // Member by member: 1 day is not 24 hours.
    friend bool operator==(const Interval&, const Interval&) = default;
};

// timetz: a time of day and its zone's offset.
struct TimeTz {
    std::chrono::microseconds time{};  // since midnight, 0 to 24 hours
    std::chrono::seconds offset{};     // east of UTC: +02:00 is 7200

    friend bool operator==(const TimeTz&, const TimeTz&) = default;
};

// inet and cidr: an address of IPv4 or IPv6 and the length of its network's prefix.
struct Inet {
    bool is_ipv6 = false;                    // or IPv4
    std::uint8_t prefix = 32;                // bits of the network: 32 or 128 for a single host
    std::array<std::uint8_t, 16> address{};  // of IPv4, the first four

    Inet() noexcept = default;
    // From "10.0.0.1", "10.0.0.0/8", "2001:db8::/32". Errors: ValueError.
    explicit Inet(std::string_view text);

    // "10.0.0.0/8"; without the prefix if it is a single host's.
    std::string to_string() const;
    friend bool operator==(const Inet&, const Inet&) = default;
};

// macaddr (6 bytes) and macaddr8 (8 bytes).
template <std::size_t N>
struct BasicMacAddress {
    std::array<std::uint8_t, N> bytes{};  // in the order of the text

    BasicMacAddress() noexcept = default;
    // From its bytes.
    explicit BasicMacAddress(const std::array<std::uint8_t, N>& value) noexcept : bytes(value) {}
    // From 2·N hexadecimal digits, with `:`, `-` or `.` between any of them, or nothing. Errors: ValueError.
    explicit BasicMacAddress(std::string_view text);

    // "08:00:2b:01:02:03".
    std::string to_string() const;
    friend auto operator<=>(const BasicMacAddress&, const BasicMacAddress&) = default;
};
using MacAddress = BasicMacAddress<6>;   // macaddr: EUI-48
using MacAddress8 = BasicMacAddress<8>;  // macaddr8: EUI-64

// bit and varbit.
class BitString {
public:
    BitString() noexcept = default;
    // From "0101". Errors: ValueError.
    explicit BitString(std::string_view text);
    // `size` bits from bytes, the highest bit of each first; the bits behind the last are cleared. Errors: ValueError, if the
    // bytes are not as many as the bits need.
    BitString(std::string bytes, std::size_t size);

    // The number of bits.
    std::size_t size() const noexcept { return size_; }
    // Precondition: index < size().
    bool operator[](std::size_t index) const noexcept {
        return (static_cast<unsigned char>(bytes_[index / 8]) >> (7 - index % 8) & 1) != 0;
    }
    // The bits, the highest of each byte first; those behind the last are 0.
    const std::string& bytes() const noexcept { return bytes_; }
    // "0101".
    std::string to_string() const;
    friend bool operator==(const BitString&, const BitString&) = default;

private:
    std::string bytes_;
    std::size_t size_ = 0;
};

// point.
struct Point {
    double x = 0, y = 0;  // any numbers, also infinities and NaN
    friend bool operator==(const Point&, const Point&) = default;
};

// line: a·x + b·y + c = 0.
struct Line {
    double a = 0, b = 0, c = 0;  // a and b are not both 0
    friend bool operator==(const Line&, const Line&) = default;
};

// lseg: the line between two points.
struct LineSegment {
    Point from, to;  // its ends
    friend bool operator==(const LineSegment&, const LineSegment&) = default;
};

// box. The server orders the corners: upper right, lower left.
struct Box {
    Point high, low;  // opposite corners
    friend bool operator==(const Box&, const Box&) = default;
};

// path: lines from point to point, and back to the first if it is closed.
struct Path {
    std::vector<Point> points;  // at least one
    bool closed = false;        // whether the last point is connected to the first
    friend bool operator==(const Path&, const Path&) = default;
};

// polygon.
struct Polygon {
    std::vector<Point> points;  // its corners, at least one
    friend bool operator==(const Polygon&, const Polygon&) = default;
};

// circle.
struct Circle {
    Point center;       // its middle
    double radius = 0;  // not below 0
    friend bool operator==(const Circle&, const Circle&) = default;
};

// pg_lsn: a position in the write-ahead log.
struct Lsn {
    std::uint64_t value = 0;  // an offset in bytes

    Lsn() noexcept = default;
    // From a number.
    explicit Lsn(std::uint64_t position) noexcept : value(position) {}
    // From "16/B374D848". Errors: ValueError.
    explicit Lsn(std::string_view text);

    // "16/B374D848".
    std::string to_string() const;
    friend auto operator<=>(const Lsn&, const Lsn&) = default;
};

// tid: the physical place of a row, as in the column `ctid`.
struct Tid {
    std::uint32_t block = 0;   // of the table's file
    std::uint16_t offset = 0;  // of the row in its block
    friend auto operator<=>(const Tid&, const Tid&) = default;
};

}  // namespace aio::pg
