// Numbers that clients send in paths, queries and forms, and the answers to what is none.
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/parse_text.hpp>

#include <charconv>
#include <cmath>
#include <system_error>

namespace aio::http::detail {

namespace {

// The whole text, or nothing.
template <class T>
std::optional<T> parse_number(std::string_view text) noexcept {
    T value{};
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stopped == end ? std::optional(value) : std::nullopt;
}

template <class T>
std::optional<T> parse_finite(std::string_view text) noexcept {
    const std::optional<T> value = parse_number<T>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_signed(std::string_view text) noexcept { return parse_number<std::int64_t>(text); }
std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept {
    return parse_number<std::uint64_t>(text);
}
std::optional<float> parse_float(std::string_view text) noexcept { return parse_finite<float>(text); }
std::optional<double> parse_double(std::string_view text) noexcept { return parse_finite<double>(text); }

std::optional<bool> parse_bool(std::string_view text) noexcept {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    return std::nullopt;
}

std::string integer_between(std::int64_t least, std::uint64_t most) {
    return "an integer from " + std::to_string(least) + " to " + std::to_string(most);
}

void throw_no_such_path() { throw HTTPNotFound(); }

void throw_wrong_parameter(std::string_view kind, std::string_view name, const std::string& expected) {
    throw HTTPBadRequest("400: the " + std::string(kind) + " '" + std::string(name) + "' must be " + expected);
}

}  // namespace aio::http::detail
