// Numeric: its text form, its order, and the numbers that it is made of and becomes.
#include <aio/db/numeric.hpp>

#include <aio/db/conversion_error.hpp>

#include "db/numeric_parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace aio::db {

namespace {

using detail::kNumericBase;
using detail::NumericParts;
using Kind = NumericParts::Kind;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kBlanks = " \t\n\r\v\f";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    return std::ranges::equal(text, lower, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

[[noreturn]] void throw_no_number(std::string_view text) {
    throw ValueError("'" + std::string(text.substr(0, 60)) + (text.size() > 60 ? "..." : "") +
                     "' is not a numeric; it is written as -12.50, 1.5e3, NaN or Infinity");
}

// Groups decimal digits, of which `point` are before the point, into digits of base 10000.
void group(NumericParts& parts, std::string_view digits, std::int64_t point) {
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    digits.remove_prefix(zeros);
    digits = digits.substr(0, digits.find_last_not_of('0') + 1);
    point -= static_cast<std::int64_t>(zeros);
    if (digits.empty()) return;
    if (point > detail::kMostBeforePoint) {
        throw ValueError("a numeric has at most 131072 digits before the point, and not " + std::to_string(point));
    }
    // The number of groups before the point, rounded up, less one. Division rounds towards zero, which is up below it.
    const std::int64_t weight = (point > 0 ? point + 3 : point) / 4 - 1;
    parts.weight = static_cast<std::int32_t>(weight);
    std::int64_t at = point - (weight + 1) * 4;  // from -3 to 0: zeros in front
    while (at < static_cast<std::int64_t>(digits.size())) {
        std::uint16_t value = 0;
        for (int i = 0; i < 4; ++i, ++at) {
            const bool inside = at >= 0 && at < static_cast<std::int64_t>(digits.size());
            value =
                static_cast<std::uint16_t>(value * 10 + (inside ? digits[static_cast<std::size_t>(at)] - '0' : 0));
        }
        parts.digits.push_back(value);
    }
}

NumericParts parse_finite(std::string_view text, std::string_view whole) {
    NumericParts parts;
    const auto take_digits = [&text] {
        const auto end = std::ranges::find_if_not(text, is_digit);
        const std::string_view result = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        text.remove_prefix(result.size());
        return result;
    };
    std::string digits(take_digits());
    auto point = static_cast<std::int64_t>(digits.size());
    std::int64_t scale = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        const std::string_view fraction = take_digits();
        digits += fraction;
        scale = static_cast<std::int64_t>(fraction.size());
    }
    if (digits.empty()) throw_no_number(whole);
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
        std::int32_t exponent = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
        if (error != std::errc()) throw_no_number(whole);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        point += exponent;
        scale -= exponent;
    }
    if (!text.empty()) throw_no_number(whole);
    if (scale > detail::kMostScale) {
        throw ValueError("a numeric has at most 16383 digits behind the point, and not " + std::to_string(scale));
    }
    parts.scale = static_cast<std::uint16_t>(std::max<std::int64_t>(scale, 0));
    group(parts, digits, point);
    return parts;
}

NumericParts parse(std::string_view whole) {
    std::string_view text = trim(whole);
    NumericParts parts;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (equals_ignoring_case(text, "infinity") || equals_ignoring_case(text, "inf")) {
        parts.kind = Kind::infinity;
    } else if (equals_ignoring_case(trim(whole), "nan")) {
        parts.kind = Kind::nan;
    } else {
        parts = parse_finite(text, whole);
    }
    parts.negative = negative;
    return parts;
}

// The digit of 10000^exponent.
unsigned digit_of(const NumericParts& parts, std::int32_t exponent) noexcept {
    const std::int64_t index = std::int64_t{parts.weight} - exponent;
    const bool inside = index >= 0 && index < static_cast<std::int64_t>(parts.digits.size());
    return inside ? parts.digits[static_cast<std::size_t>(index)] : 0;
}

void append_padded(std::string& output, unsigned digit) {
    for (unsigned power = kNumericBase / 10; power > 0; power /= 10) {
        output += static_cast<char>('0' + digit / power % 10);
    }
}

std::strong_ordering compare_magnitudes(const NumericParts& a, const NumericParts& b) noexcept {
    if (a.digits.empty() || b.digits.empty()) return a.digits.size() <=> b.digits.size();
    if (a.weight != b.weight) return a.weight <=> b.weight;
    return std::lexicographical_compare_three_way(a.digits.begin(), a.digits.end(), b.digits.begin(), b.digits.end());
}

// NaN above all, infinities outside of the finite ones.
int rank_of(const NumericParts& parts) noexcept {
    if (parts.kind == Kind::nan) return 2;
    if (parts.kind == Kind::infinity) return parts.negative ? -1 : 1;
    return 0;
}

}  // namespace

namespace detail {

std::optional<WideInteger> to_wide_integer(const NumericParts& parts) noexcept {
    if (parts.kind != Kind::finite || needed_scale(parts) > 0 || parts.weight > 5) return std::nullopt;
    std::uint64_t value = 0;
    for (std::int32_t i = parts.digits.empty() ? -1 : parts.weight; i >= 0; --i) {
        const unsigned digit = digit_of(parts, i);
        if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / kNumericBase) return std::nullopt;
        value = value * kNumericBase + digit;
    }
    if (!parts.negative) return WideInteger{value, false};
    if (value > std::uint64_t{1} << 63) return std::nullopt;
    return WideInteger{0 - value, value != 0};
}

int needed_scale(const NumericParts& parts) noexcept {
    if (parts.digits.empty()) return 0;
    const std::int64_t groups = static_cast<std::int64_t>(parts.digits.size()) - 1 - parts.weight;
    if (groups <= 0) return 0;
    int zeros = 0;
    for (unsigned digit = parts.digits.back(); digit % 10 == 0 && zeros < 4; digit /= 10) ++zeros;
    return static_cast<int>(groups * 4 - zeros);
}

}  // namespace detail

Numeric::Numeric(detail::WideInteger value) {
    parts_.negative = value.negative;
    std::uint64_t rest = value.negative ? 0 - value.bits : value.bits;
    for (; rest > 0; rest /= kNumericBase) parts_.digits.push_back(static_cast<std::uint16_t>(rest % kNumericBase));
    std::ranges::reverse(parts_.digits);
    parts_.weight = static_cast<std::int32_t>(parts_.digits.size()) - 1;
    normalize();
}

Numeric::Numeric(double value) {
    if (std::isnan(value)) {
        parts_.kind = Kind::nan;
    } else if (std::isinf(value)) {
        parts_.kind = Kind::infinity;
        parts_.negative = value < 0;
    } else {
        std::array<char, 32> text;
        const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
        *this = Numeric(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
    }
}

Numeric::Numeric(std::string_view text) : parts_(parse(text)) { normalize(); }

Numeric::Numeric(NumericParts parts) noexcept : parts_(std::move(parts)) { normalize(); }

void Numeric::normalize() noexcept {
    auto& digits = parts_.digits;
    const auto first = std::ranges::find_if(digits, [](std::uint16_t digit) { return digit != 0; });
    parts_.weight -= static_cast<std::int32_t>(first - digits.begin());
    digits.erase(digits.begin(), first);
    while (!digits.empty() && digits.back() == 0) digits.pop_back();
    if (!digits.empty()) return;
    parts_.weight = 0;
    if (parts_.kind == Kind::finite || parts_.kind == Kind::nan) parts_.negative = false;
}

std::string Numeric::to_string() const {
    if (is_nan()) return "NaN";
    if (is_infinite()) return parts_.negative ? "-Infinity" : "Infinity";
    std::string result(parts_.negative ? "-" : "");
    const std::int32_t top = std::max(parts_.weight, 0);
    result += std::to_string(digit_of(parts_, top));
    for (std::int32_t i = top; i-- > 0;) append_padded(result, digit_of(parts_, i));
    if (parts_.scale == 0) return result;
    result += '.';
    const std::size_t size = result.size() + parts_.scale;
    for (std::int32_t i = -1; result.size() < size; --i) append_padded(result, digit_of(parts_, i));
    result.resize(size);
    return result;
}

double Numeric::to_double() const {
    if (is_nan()) return std::numeric_limits<double>::quiet_NaN();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (is_infinite()) return parts_.negative ? -kInfinity : kInfinity;
    const std::string text = to_string();
    double result = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    if (error == std::errc()) return result;
    const double size = parts_.weight > 0 ? kInfinity : 0.0;  // too large, or too small
    return parts_.negative ? -size : size;
}

std::int64_t Numeric::to_signed(std::int64_t min, std::int64_t max) const {
    const std::optional<detail::WideInteger> value = detail::to_wide_integer(parts_);
    const auto result = value ? static_cast<std::int64_t>(value->bits) : 0;
    const bool fits = value && (value->negative ? result >= min : value->bits <= static_cast<std::uint64_t>(max));
    if (!fits) throw OutOfRangeError("the numeric " + to_string() + " is not an integer of the type asked for");
    return result;
}

std::uint64_t Numeric::to_unsigned(std::uint64_t max) const {
    const std::optional<detail::WideInteger> value = detail::to_wide_integer(parts_);
    if (!value || value->negative || value->bits > max) {
        throw OutOfRangeError("the numeric " + to_string() + " is not an integer of the type asked for");
    }
    return value->bits;
}

std::weak_ordering operator<=>(const Numeric& a, const Numeric& b) noexcept {
    const int rank = rank_of(a.parts_);
    if (rank != rank_of(b.parts_)) return rank <=> rank_of(b.parts_);
    if (rank != 0) return std::weak_ordering::equivalent;
    if (a.parts_.negative != b.parts_.negative) return b.parts_.negative <=> a.parts_.negative;
    return a.parts_.negative ? compare_magnitudes(b.parts_, a.parts_) : compare_magnitudes(a.parts_, b.parts_);
}

}  // namespace aio::db
