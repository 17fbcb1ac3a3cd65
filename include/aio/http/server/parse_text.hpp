// Numbers in URLs and forms, for request.match_info<int>("id") and similar functions. Internal, except the syntax:
// decimal digits with "-" in front, no "+", no spaces; of floating-point types also "1e3", not "inf" and "nan"; of bool
// "true", "false", "1", "0". A number beyond the type's range is invalid.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http::detail {

template <class T, class... Others>
inline constexpr bool is_one_of = (std::same_as<T, Others> || ...);

template <class T>
concept TextInteger =
    std::integral<T> && !is_one_of<T, bool, char, wchar_t, char8_t, char16_t, char32_t> && sizeof(T) <= 8;

// The types that match_info, query and get can return.
template <class T>
concept ParsedFromText = TextInteger<T> || is_one_of<T, bool, float, double, std::string>;

std::optional<std::int64_t> parse_signed(std::string_view text) noexcept;
std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept;
std::optional<float> parse_float(std::string_view text) noexcept;
std::optional<double> parse_double(std::string_view text) noexcept;
std::optional<bool> parse_bool(std::string_view text) noexcept;

template <ParsedFromText T>
std::optional<T> parse_text(std::string_view text) {
    if constexpr (std::same_as<T, std::string>) {
        return std::string(text);
    } else if constexpr (std::same_as<T, bool>) {
        return parse_bool(text);
    } else if constexpr (std::same_as<T, float>) {
        return parse_float(text);
    } else if constexpr (std::same_as<T, double>) {
        return parse_double(text);
    } else if constexpr (std::signed_integral<T>) {
        const std::optional<std::int64_t> number = parse_signed(text);
        return number && std::in_range<T>(*number) ? std::optional(static_cast<T>(*number)) : std::nullopt;
    } else {
        const std::optional<std::uint64_t> number = parse_unsigned(text);
        return number && std::in_range<T>(*number) ? std::optional(static_cast<T>(*number)) : std::nullopt;
    }
}

// The description of valid text: "an integer from 0 to 255".
std::string integer_between(std::int64_t least, std::uint64_t most);
template <ParsedFromText T>
std::string expected_text() {
    if constexpr (std::same_as<T, bool>) {
        return "true or false";
    } else if constexpr (TextInteger<T>) {
        return integer_between(static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                               static_cast<std::uint64_t>(std::numeric_limits<T>::max()));
    } else {
        return "a number";
    }
}

// The resource does not exist: HTTPNotFound.
[[noreturn]] void throw_no_such_path();
// HTTPBadRequest: "the query parameter 'page' must be an integer from 0 to 255".
[[noreturn]] void throw_wrong_parameter(std::string_view kind, std::string_view name, const std::string& expected);

// `text` as a T; nullopt without a text. Errors: HTTPBadRequest for a text that is no T.
template <ParsedFromText T>
std::optional<T> parse_parameter(std::string_view kind, std::string_view name,
                                 const std::optional<std::string_view>& text) {
    if (!text) return std::nullopt;
    std::optional<T> value = parse_text<T>(*text);
    if (!value) throw_wrong_parameter(kind, name, expected_text<T>());
    return value;
}

}  // namespace aio::http::detail
