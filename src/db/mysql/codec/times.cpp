// Dates and times. In binary they are numbers without the zeros at their end; in text as SQL writes them.
//
// Source: MySQL 8.0 source documentation, "Binary Protocol Value"; manual, 11.2 (ranges, zero dates).
#include <aio/mysql/codec_functions.hpp>

#include "db/mysql/wire/integers.hpp"

#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>

namespace aio::mysql {

std::string DateTime::to_string() const {
    char text[64];
    std::snprintf(text, sizeof text, "%04u-%02u-%02u %02u:%02u:%02u", unsigned{year}, unsigned{month}, unsigned{day},
                  unsigned{hour}, unsigned{minute}, unsigned{second});
    std::string result = text;
    if (microsecond != 0) {
        std::snprintf(text, sizeof text, ".%06u", static_cast<unsigned>(microsecond));
        result += text;
    }
    return result;
}

namespace detail {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr microseconds kLongestTime = hours(838) + minutes(59) + seconds(59) + microseconds(999'999);

// Takes numbers and signs off the front of a text. What does not fit is a db::MalformedValueError.
class TimeText {
public:
    explicit TimeText(const Value& value) noexcept : value_(value), rest_(value.bytes()) {}

    bool take(char c) noexcept {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!take(c)) throw_malformed(value_, "its text is no date or time");
    }
    unsigned number(unsigned most) {
        unsigned result = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), result);
        if (error != std::errc() || result > most) throw_malformed(value_, "its text is no date or time");
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return result;
    }
    // Behind the seconds, if there are any.
    std::uint32_t fraction() {
        if (!take('.')) return 0;
        const std::size_t size = rest_.size();
        std::uint32_t result = number(999'999);
        for (std::size_t digits = size - rest_.size(); digits < 6; ++digits) result *= 10;
        return result;
    }
    bool at_end() const noexcept { return rest_.empty(); }
    void finish() const {
        if (!rest_.empty()) throw_malformed(value_, "its text goes on behind the time");
    }

private:
    const Value& value_;
    std::string_view rest_;
};

DateTime parse_datetime(const Value& value) {
    TimeText text(value);
    DateTime result;
    result.year = static_cast<std::uint16_t>(text.number(9999));
    text.expect('-');
    result.month = static_cast<std::uint8_t>(text.number(12));
    text.expect('-');
    result.day = static_cast<std::uint8_t>(text.number(31));
    if (text.at_end()) return result;
    text.expect(' ');
    result.hour = static_cast<std::uint8_t>(text.number(23));
    text.expect(':');
    result.minute = static_cast<std::uint8_t>(text.number(59));
    text.expect(':');
    result.second = static_cast<std::uint8_t>(text.number(59));
    result.microsecond = text.fraction();
    text.finish();
    return result;
}

DateTime load_datetime(const Value& value) {
    const std::string_view bytes = value.bytes();
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    DateTime result;
    if (bytes.size() >= 4) {
        result.year = wire::load_u16(bytes.data());
        result.month = byte(2);
        result.day = byte(3);
    }
    if (bytes.size() >= 7) {
        result.hour = byte(4);
        result.minute = byte(5);
        result.second = byte(6);
    }
    if (bytes.size() >= 11) result.microsecond = wire::load_u32(bytes.data() + 7);
    const bool fits = result.year <= 9999 && result.month <= 12 && result.day <= 31 && result.hour <= 23 &&
                      result.minute <= 59 && result.second <= 59 && result.microsecond <= 999'999;
    if (!fits) throw_malformed(value, "it is no date");
    return result;
}

microseconds parse_duration(const Value& value) {
    TimeText text(value);
    const bool negative = text.take('-');
    constexpr unsigned kMostHours = 9'999;  // more than MySQL allows
    microseconds result = hours(text.number(kMostHours));
    text.expect(':');
    result += minutes(text.number(59));
    text.expect(':');
    result += seconds(text.number(59));
    result += microseconds(text.fraction());
    text.finish();
    return negative ? -result : result;
}

microseconds load_duration(const Value& value) {
    const std::string_view bytes = value.bytes();
    if (bytes.empty()) return microseconds(0);
    if (bytes.size() != 8 && bytes.size() != 12) throw_malformed(value, "it is no time");
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const std::uint32_t whole_days = wire::load_u32(bytes.data() + 1);
    constexpr std::uint32_t kMostDays = 1'000'000;  // more than MySQL allows
    const bool fits = byte(0) <= 1 && whole_days <= kMostDays && byte(5) <= 23 && byte(6) <= 59 && byte(7) <= 59;
    if (!fits) throw_malformed(value, "it is no time");
    microseconds result = days(whole_days) + hours(byte(5)) + minutes(byte(6)) + seconds(byte(7));
    if (bytes.size() == 12) {
        const std::uint32_t fraction = wire::load_u32(bytes.data() + 8);
        if (fraction > 999'999) throw_malformed(value, "it is no time");
        result += microseconds(fraction);
    }
    return byte(0) == 1 ? -result : result;
}

sys_days days_of(const Value& value, const DateTime& read, NameOf name) {
    const year_month_day date = std::chrono::year(read.year) / read.month / read.day;
    if (!date.ok()) throw_out_of_range(value, read.to_string().substr(0, 10) + ", which is no day", name);
    return date;
}

}  // namespace

DateTime read_datetime(const Value& value, NameOf name) {
    const Kind kind = value.type().kind();
    if (kind != Kind::date && kind != Kind::datetime) throw_mismatch(value, name);
    return value.format() == Format::text ? parse_datetime(value) : load_datetime(value);
}

sys_days read_days(const Value& value, NameOf name) {
    if (value.type().kind() != Kind::date) throw_mismatch(value, name);
    return days_of(value, read_datetime(value, name), name);
}

microseconds read_local_time(const Value& value, NameOf name) {
    if (value.type().kind() != Kind::datetime) throw_mismatch(value, name);
    const DateTime read = read_datetime(value, name);
    return days_of(value, read, name).time_since_epoch() + hours(read.hour) + minutes(read.minute) +
           seconds(read.second) + microseconds(read.microsecond);
}

microseconds read_duration(const Value& value, NameOf name) {
    if (value.type().kind() != Kind::time) throw_mismatch(value, name);
    return value.format() == Format::text ? parse_duration(value) : load_duration(value);
}

namespace {

void append_datetime(std::string& output, const DateTime& value, bool with_time) {
    const std::size_t size = !with_time ? 4 : value.microsecond != 0 ? 11 : 7;
    wire::append_int(output, size, 1);
    wire::append_int(output, value.year, 2);
    wire::append_int(output, value.month, 1);
    wire::append_int(output, value.day, 1);
    if (size < 7) return;
    wire::append_int(output, value.hour, 1);
    wire::append_int(output, value.minute, 1);
    wire::append_int(output, value.second, 1);
    if (size == 11) wire::append_int(output, value.microsecond, 4);
}

// Years 0 to 9999 are what the protocol's readers expect.
DateTime date_of(const Encoder& encoder, sys_days value) {
    constexpr sys_days kFirst{std::chrono::year(0) / 1 / 1};
    constexpr sys_days kLast{std::chrono::year(9999) / 12 / 31};
    if (value < kFirst || value > kLast) {
        throw_out_of_range(encoder, std::to_string(value.time_since_epoch().count()) + " days after 1970-01-01");
    }
    const year_month_day date(value);
    DateTime result;
    result.year = static_cast<std::uint16_t>(static_cast<int>(date.year()));
    result.month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()));
    result.day = static_cast<std::uint8_t>(static_cast<unsigned>(date.day()));
    return result;
}

}  // namespace

void encode_days(Encoder& encoder, sys_days value) {
    const DateTime date = date_of(encoder, value);
    encoder.set_type(FieldType::date);
    append_datetime(encoder.output(), date, false);
}

void encode_date(Encoder& encoder, year_month_day value) {
    if (!value.ok()) {
        throw_out_of_range(encoder, "the date " + std::to_string(static_cast<int>(value.year())) + "-" +
                                        std::to_string(static_cast<unsigned>(value.month())) + "-" +
                                        std::to_string(static_cast<unsigned>(value.day())) +
                                        ", which does not exist");
    }
    encode_days(encoder, value);
}

void encode_datetime(Encoder& encoder, const DateTime& value) {
    const bool fits = value.year <= 9999 && value.month <= 12 && value.day <= 31 && value.hour <= 23 &&
                      value.minute <= 59 && value.second <= 59 && value.microsecond <= 999'999;
    if (!fits) throw_out_of_range(encoder, value.to_string());
    encoder.set_type(FieldType::datetime);
    append_datetime(encoder.output(), value, true);
}

void encode_local_time(Encoder& encoder, microseconds since_1970) {
    const auto midnight = std::chrono::floor<days>(since_1970);
    if (midnight < days(-800'000) || midnight > days(3'000'000)) {
        throw_out_of_range(encoder, std::to_string(since_1970.count()) + " microseconds after 1970-01-01");
    }
    DateTime value = date_of(encoder, sys_days(midnight));
    const std::chrono::hh_mm_ss time(since_1970 - midnight);
    value.hour = static_cast<std::uint8_t>(time.hours().count());
    value.minute = static_cast<std::uint8_t>(time.minutes().count());
    value.second = static_cast<std::uint8_t>(time.seconds().count());
    value.microsecond = static_cast<std::uint32_t>(time.subseconds().count());
    encode_datetime(encoder, value);
}

void encode_duration(Encoder& encoder, microseconds value) {
    if (value > kLongestTime || value < -kLongestTime) {
        throw_out_of_range(encoder, std::to_string(value.count()) + " microseconds, more than 838:59:59");
    }
    const std::chrono::hh_mm_ss time(value < microseconds(0) ? -value : value);
    std::string& output = encoder.output();
    encoder.set_type(FieldType::time);
    wire::append_int(output, time.subseconds().count() != 0 ? 12 : 8, 1);
    wire::append_int(output, value < microseconds(0) ? 1 : 0, 1);
    const auto whole_hours = static_cast<std::uint64_t>(time.hours().count());
    wire::append_int(output, whole_hours / 24, 4);
    wire::append_int(output, whole_hours % 24, 1);
    wire::append_int(output, static_cast<std::uint64_t>(time.minutes().count()), 1);
    wire::append_int(output, static_cast<std::uint64_t>(time.seconds().count()), 1);
    if (time.subseconds().count() != 0) {
        wire::append_int(output, static_cast<std::uint64_t>(time.subseconds().count()), 4);
    }
}

}  // namespace detail

}  // namespace aio::mysql
