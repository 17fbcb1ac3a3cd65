// ISO 8601 text to moments and back: "2026-11-30", "2026-11-30 15:04:05.250", "15:04".
#include <aio/sqlite/codec_time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace aio::sqlite::detail {

namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kSecondsPerDay = 86'400;

// Reads a text from its begin; each function leaves what it does not read.
class Reader {
public:
    explicit Reader(std::string_view text) noexcept : rest_(text) {}

    bool at_end() const noexcept { return rest_.empty(); }
    bool skip(char c) noexcept {
        if (rest_.empty() || rest_[0] != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    // A number of exactly `digits` digits.
    std::optional<int> number(std::size_t digits) noexcept {
        if (rest_.size() < digits) return std::nullopt;
        int result = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
            result = result * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(digits);
        return result;
    }
    std::optional<std::int64_t> days() noexcept {
        const auto year = number(4);
        if (!year || !skip('-')) return std::nullopt;
        const auto month = number(2);
        if (!month || !skip('-')) return std::nullopt;
        const auto day = number(2);
        if (!day) return std::nullopt;
        const year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                  std::chrono::day(static_cast<unsigned>(*day)));
        if (!date.ok()) return std::nullopt;
        return sys_days(date).time_since_epoch().count();
    }
    // "15:04", "15:04:05", "15:04:05.25".
    std::optional<Moment> time_of_day() noexcept {
        const auto hour = number(2);
        if (!hour || *hour > 24 || !skip(':')) return std::nullopt;
        const auto minute = number(2);
        if (!minute || *minute > 59) return std::nullopt;
        Moment result{*hour * 3'600 + *minute * 60, 0};
        if (skip(':')) {
            const auto second = number(2);
            if (!second || *second > 59) return std::nullopt;
            result.seconds += *second;
            if (skip('.') && !fraction(result)) return std::nullopt;
        }
        const Moment whole_day{kSecondsPerDay, 0};
        const bool is_beyond =
            result.seconds > whole_day.seconds || (result.seconds == whole_day.seconds && result.nanoseconds > 0);
        if (is_beyond) return std::nullopt;
        return result;
    }
    // "Z", "+02:00", or nothing: seconds east of UTC.
    std::optional<std::int64_t> offset() noexcept {
        if (at_end() || skip('Z')) return 0;
        const bool is_west = skip('-');
        if (!is_west && !skip('+')) return std::nullopt;
        const auto hours = number(2);
        if (!hours || *hours > 23 || !skip(':')) return std::nullopt;
        const auto minutes = number(2);
        if (!minutes || *minutes > 59) return std::nullopt;
        const std::int64_t seconds = *hours * 3'600 + *minutes * 60;
        return is_west ? -seconds : seconds;
    }

private:
    // One digit or more; what is finer than nanoseconds must be 0.
    bool fraction(Moment& into) noexcept {
        std::int32_t unit = 100'000'000;
        bool any = false;
        while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
            if (unit == 0 && rest_[0] != '0') return false;
            into.nanoseconds += unit * (rest_[0] - '0');
            unit /= 10;
            any = true;
            rest_.remove_prefix(1);
        }
        return any;
    }

    std::string_view rest_;
};

std::optional<Moment> parse(std::string_view text, TimeLayout layout) noexcept {
    Reader reader(text);
    if (layout == TimeLayout::time_of_day) {
        const auto time = reader.time_of_day();
        return reader.at_end() ? time : std::nullopt;
    }
    const auto days = reader.days();
    if (!days) return std::nullopt;
    if (layout == TimeLayout::date) {
        return reader.at_end() ? std::optional(Moment{*days, 0}) : std::nullopt;
    }
    Moment result{*days * kSecondsPerDay, 0};
    if (reader.at_end()) return result;  // midnight, as SQLite's functions take it
    if (!reader.skip(' ') && !reader.skip('T')) return std::nullopt;
    const auto time = reader.time_of_day();
    if (!time) return std::nullopt;
    result.seconds += time->seconds;
    result.nanoseconds = time->nanoseconds;
    if (layout == TimeLayout::utc) {
        const auto offset = reader.offset();
        if (!offset) return std::nullopt;
        result.seconds -= *offset;
    }
    return reader.at_end() ? std::optional(result) : std::nullopt;
}

// "15:04:05" and `digits` digits of a second.
void append_time(std::string& text, std::int64_t second_of_day, std::int32_t nanoseconds, int digits) {
    char buffer[40];
    const auto n = static_cast<int>(second_of_day);
    std::snprintf(buffer, sizeof buffer, "%02d:%02d:%02d.%09d", n / 3'600, n / 60 % 60, n % 60, nanoseconds);
    constexpr std::size_t kWithoutFraction = 8;
    text.append(buffer, kWithoutFraction + (digits > 0 ? 1 + static_cast<std::size_t>(digits) : 0));
}

}  // namespace

Moment read_moment(const Value& value, TimeLayout layout, NameOf name) {
    if (value.type() != Type::text) throw_mismatch(value, name);
    if (const std::optional<Moment> result = parse(value.bytes(), layout)) return *result;
    static constexpr const char* kExamples[] = {"2026-11-30", "2026-11-30 15:04:05", "2026-11-30 15:04:05",
                                                "15:04:05"};
    throw_malformed(value, "\"" + std::string(value.bytes().substr(0, 50)) + "\" has not the form of \"" +
                               kExamples[static_cast<std::size_t>(layout)] + '"');
}

void encode_moment(Encoder& encoder, Moment moment, TimeLayout layout, int digits) {
    std::string text;
    if (layout == TimeLayout::time_of_day) {
        if (moment.seconds < 0 || moment.seconds > kSecondsPerDay ||
            (moment.seconds == kSecondsPerDay && moment.nanoseconds > 0)) {
            throw_out_of_range(encoder, "a time of day outside of 00:00 to 24:00,");
        }
        append_time(text, moment.seconds, moment.nanoseconds, digits);
        return encoder.write_text(text);
    }
    const bool is_date = layout == TimeLayout::date;
    constexpr std::int64_t kFirst = -719'528;  // 0000-01-01, in days since 1970
    constexpr std::int64_t kLast = 2'932'896;  // 9999-12-31
    // A date's moment counts days.
    std::int64_t days = moment.seconds;
    std::int64_t second_of_day = 0;
    if (!is_date) {
        days = moment.seconds / kSecondsPerDay;
        second_of_day = moment.seconds % kSecondsPerDay;
        if (second_of_day < 0) {
            second_of_day += kSecondsPerDay;
            --days;
        }
    }
    if (days < kFirst || days > kLast) throw_out_of_range(encoder, "a time outside of the years 0 to 9999,");
    const year_month_day date{sys_days(std::chrono::days(days))};
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    text = buffer;
    if (!is_date) {
        text += ' ';
        append_time(text, second_of_day, moment.nanoseconds, digits);
    }
    encoder.write_text(text);
}

void throw_too_fine(const Value& value, NameOf name) {
    throw_out_of_range(value, "\"" + std::string(value.bytes().substr(0, 50)) + '"', name);
}

}  // namespace aio::sqlite::detail
