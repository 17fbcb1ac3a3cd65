// Formats and parses the dates of header fields, and caches the current one for a second. cookie_date.cpp parses the
// dates of cookies, which have looser rules.
#include "http/wire/date.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace aio::http::wire {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr UnixTime kSecondsPerDay = 86400;
// What four digits of a year can say: from the year 1 to the year 9999.
constexpr UnixTime kFirst = -62135596800, kLast = 253402300799;

using std::chrono::day, std::chrono::month, std::chrono::year, std::chrono::sys_days;

void append_two(std::string& text, unsigned number) {
    text += static_cast<char>('0' + number / 10 % 10);
    text += static_cast<char>('0' + number % 10);
}

// Splits "06 Nov 1994", "06-Nov-94" and "08:49:37" alike.
std::string_view take_word(std::string_view& rest) noexcept {
    const std::size_t begin = rest.find_first_not_of(" ,-:");
    if (begin == std::string_view::npos) return {};
    rest.remove_prefix(begin);
    const std::size_t size = std::min(rest.find_first_of(" ,-:"), rest.size());
    const std::string_view word = rest.substr(0, size);
    rest.remove_prefix(size);
    return word;
}

std::optional<unsigned> month_number(std::string_view name) noexcept {
    for (unsigned i = 0; i < kMonths.size(); ++i) {
        if (equal_ignoring_case(name, kMonths[i])) return i + 1;
    }
    return std::nullopt;
}

int year_of(UnixTime time) noexcept {
    const sys_days date{std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(time)))};
    return static_cast<int>(std::chrono::year_month_day(date).year());
}

// Two digits mean the year that is at most 50 years ahead (RFC 9110 section 5.6.7).
int full_year(int number, std::size_t digits) noexcept {
    if (digits != 2) return number;
    const int most = year_of(unix_time()) + 50;
    return most - ((most - number) % 100);
}

bool is_gmt(std::string_view zone) noexcept {
    return equal_ignoring_case(zone, "GMT") || equal_ignoring_case(zone, "UTC");
}

bool is_day_name(std::string_view word) noexcept {
    for (const std::string_view day : kDays) {
        if (starts_ignoring_case(word, day)) return true;
    }
    return false;
}

std::optional<UnixTime> parse_clock(std::string_view& rest) noexcept {
    const auto hours = parse_number<unsigned>(take_word(rest));
    const auto minutes = parse_number<unsigned>(take_word(rest));
    const auto seconds = parse_number<unsigned>(take_word(rest));
    if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
    return *hours * 3600 + *minutes * 60 + *seconds;
}

}  // namespace

std::string format_date(UnixTime time) {
    time = std::clamp(time, kFirst, kLast);
    const UnixTime days = (time >= 0 ? time : time - kSecondsPerDay + 1) / kSecondsPerDay;
    const auto seconds = static_cast<unsigned>(time - days * kSecondsPerDay);
    const sys_days date{std::chrono::days(days)};
    const std::chrono::year_month_day ymd(date);
    std::string text(kDays[std::chrono::weekday(date).c_encoding()]);
    text += ", ";
    append_two(text, static_cast<unsigned>(ymd.day()));
    text.append(" ").append(kMonths[static_cast<unsigned>(ymd.month()) - 1]).append(" ");
    const int y = static_cast<int>(ymd.year());
    append_two(text, static_cast<unsigned>(y / 100));
    append_two(text, static_cast<unsigned>(y % 100));
    text += ' ';
    append_two(text, seconds / 3600);
    text += ':';
    append_two(text, seconds / 60 % 60);
    text += ':';
    append_two(text, seconds % 60);
    text += " GMT";
    return text;
}

std::optional<UnixTime> parse_date(std::string_view text) noexcept {
    std::string_view rest = text;
    if (!is_day_name(take_word(rest))) return std::nullopt;
    const std::string_view first = take_word(rest);
    const bool asctime = !first.empty() && is_alpha(first.front());
    const std::string_view second = take_word(rest);
    const auto month_of_year = month_number(asctime ? first : second);
    const auto day_of_month = parse_number<unsigned>(asctime ? second : first);
    std::optional<UnixTime> clock;
    std::string_view year_text;
    if (asctime) {
        clock = parse_clock(rest);
        year_text = take_word(rest);
    } else {
        year_text = take_word(rest);
        clock = parse_clock(rest);
    }
    const auto number = parse_number<int>(year_text);
    if (const std::string_view zone = trimmed(rest); asctime ? !zone.empty() : !is_gmt(zone)) return std::nullopt;
    if (!month_of_year || !day_of_month || !clock || !number || year_text.size() % 2 != 0) return std::nullopt;
    const auto date = year(full_year(*number, year_text.size())) / month(*month_of_year) / day(*day_of_month);
    if (!date.ok() || *number > 9999) return std::nullopt;
    return sys_days(date).time_since_epoch().count() * kSecondsPerDay + *clock;
}

UnixTime unix_time() noexcept {
    timespec now;
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
}

std::string_view current_date() {
    struct Made {
        UnixTime second = -1;
        std::array<char, kDateSize> text{};
    };
    thread_local constinit Made made;
    if (const UnixTime now = unix_time(); now != made.second) [[unlikely]] {
        format_date(now).copy(made.text.data(), made.text.size());
        made.second = now;
    }
    return {made.text.data(), made.text.size()};
}

}  // namespace aio::http::wire
