// The tokens of an Expires date, each taken for clock, day, month or year.
// The three date formats of HTTP are in date.cpp.
#include "http/wire/cookie_date.hpp"

#include "http/wire/syntax.hpp"

#include <array>
#include <chrono>

namespace aio::http::wire {

namespace {

// %x09 / %x20-2F / %x3B-40 / %x5B-60 / %x7B-7E: all that is no letter, digit, colon, control or non-ASCII character.
bool is_delimiter(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u == 0x09 || (u >= 0x20 && u <= 0x2F) || (u >= 0x3B && u <= 0x40) || (u >= 0x5B && u <= 0x60) ||
           (u >= 0x7B && u <= 0x7E);
}

std::string_view take_token(std::string_view& rest) noexcept {
    while (!rest.empty() && is_delimiter(rest.front())) rest.remove_prefix(1);
    std::size_t size = 0;
    while (size < rest.size() && !is_delimiter(rest[size])) ++size;
    const std::string_view token = rest.substr(0, size);
    rest.remove_prefix(size);
    return token;
}

// A number of `least` to `most` digits, behind which no digit stands. `text` loses it.
std::optional<int> take_digits(std::string_view& text, std::size_t least, std::size_t most) noexcept {
    std::size_t size = 0;
    int number = 0;
    while (size < text.size() && size <= most && is_digit(text[size])) number = number * 10 + (text[size++] - '0');
    if (size < least || size > most) return std::nullopt;
    text.remove_prefix(size);
    return number;
}

// Seconds since midnight; -1 for a clock that does not exist ("25:00:00"). Nothing: no clock.
std::optional<int> clock_of(std::string_view token) noexcept {
    std::array<int, 3> fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) {
            if (token.empty() || token.front() != ':') return std::nullopt;
            token.remove_prefix(1);
        }
        const auto field = take_digits(token, 1, 2);
        if (!field) return std::nullopt;
        fields[i] = *field;
    }
    if (fields[0] > 23 || fields[1] > 59 || fields[2] > 59) return -1;
    return fields[0] * 3600 + fields[1] * 60 + fields[2];
}

std::optional<int> parse_month(std::string_view token) noexcept {
    constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (token.size() < 3) return std::nullopt;
    for (int i = 0; i < 12; ++i) {
        if (starts_ignoring_case(token, kMonths.substr(3 * static_cast<std::size_t>(i), 3))) return i + 1;
    }
    return std::nullopt;
}

std::optional<int> parse_digits(std::string_view token, std::size_t least, std::size_t most) noexcept {
    return take_digits(token, least, most);
}

}  // namespace

std::optional<UnixTime> parse_cookie_date(std::string_view text) noexcept {
    std::optional<int> clock, day, month, year;
    const auto fill = [](std::optional<int>& field, std::optional<int> value) {
        if (field || !value) return false;
        field = value;
        return true;
    };
    while (true) {
        const std::string_view token = take_token(text);
        if (token.empty()) break;
        if (fill(clock, clock_of(token))) continue;
        if (fill(day, parse_digits(token, 1, 2))) continue;
        if (fill(month, parse_month(token))) continue;
        fill(year, parse_digits(token, 2, 4));
    }
    if (!clock || !day || !month || !year || *clock < 0) return std::nullopt;
    if (*year <= 99) *year += *year >= 70 ? 1900 : 2000;
    if (*year < 1601) return std::nullopt;
    using namespace std::chrono;
    const year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                              std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return std::nullopt;
    constexpr UnixTime kSecondsPerDay = 86400;
    return sys_days(date).time_since_epoch().count() * kSecondsPerDay + *clock;
}

}  // namespace aio::http::wire
