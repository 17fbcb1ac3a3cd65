// Dates, times and intervals: PostgreSQL counts from 2000-01-01, C++ from 1970-01-01.
//
// Source: PostgreSQL 17, src/include/datatype/timestamp.h (epochs, limits, infinities), src/backend/utils/adt: date.c
// (date_send, time_send, timetz_send), timestamp.c (timestamp_send, interval_send).
#include <aio/pg/codec_functions.hpp>

#include "db/pg/codec/big_endian.hpp"

#include <limits>
#include <utility>

namespace aio::pg::detail {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr sys_days kEpoch{std::chrono::year(2000) / 1 / 1};
constexpr microseconds kEpochTime = kEpoch.time_since_epoch();

constexpr std::int32_t kInfiniteDate = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kMinusInfiniteDate = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kInfiniteTime = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinusInfiniteTime = std::numeric_limits<std::int64_t>::min();

constexpr microseconds kDay = hours(24);

void check_time_of_day(const Value& value, microseconds time) {
    if (time < microseconds(0) || time > kDay) throw_malformed(value, "it is no time of a day");
}

void check_time_of_day(const Encoder& encoder, microseconds time) {
    if (time < microseconds(0) || time > kDay) {
        throw_out_of_range(encoder,
                           std::to_string(time.count()) + " microseconds; a day has 0 to 86400000000 of them");
    }
}

void append_interval(std::string& output, const Interval& value) {
    append_big_endian(output, value.time.count());
    append_big_endian(output, value.days);
    append_big_endian(output, value.months);
}

// Nothing: it is beyond the ends of a 64-bit number.
std::optional<microseconds> add(microseconds a, microseconds b) noexcept {
    std::int64_t result = 0;
    if (__builtin_add_overflow(a.count(), b.count(), &result)) return std::nullopt;
    return microseconds(result);
}

}  // namespace

sys_days read_days(const Value& value, NameOf name) {
    expect_layout(value, Layout::date, name);
    const auto read = read_number<std::int32_t>(value);
    if (read == kInfiniteDate) return sys_days::max();
    if (read == kMinusInfiniteDate) return sys_days::min();
    std::int32_t count = 0;  // of days, whose number has 32 bits
    if (__builtin_add_overflow(read, static_cast<std::int32_t>(kEpoch.time_since_epoch().count()), &count)) {
        throw_malformed(value, "it is beyond the last date");
    }
    return sys_days(days(count));
}

year_month_day read_date(const Value& value, NameOf name) {
    const sys_days date = read_days(value, name);
    if (date == sys_days::max()) throw_out_of_range(value, "infinity", name);
    if (date == sys_days::min()) throw_out_of_range(value, "-infinity", name);
    constexpr sys_days kFirst{std::chrono::year::min() / 1 / 1};
    constexpr sys_days kLast{std::chrono::year::max() / 12 / 31};
    if (date < kFirst || date > kLast) {
        throw_out_of_range(value, std::to_string(date.time_since_epoch().count()) + " days after 1970-01-01", name);
    }
    return date;
}

microseconds read_timestamp(const Value& value, Layout layout, NameOf name) {
    expect_layout(value, layout, name);
    const auto read = read_number<std::int64_t>(value);
    if (read == kInfiniteTime) return microseconds::max();
    if (read == kMinusInfiniteTime) return microseconds::min();
    const std::optional<microseconds> result = add(microseconds(read), kEpochTime);
    if (!result || *result == microseconds::max()) {  // the last year of PostgreSQL's, 294276, is cut short
        throw_out_of_range(value, std::to_string(read) + " microseconds after 2000-01-01", name);
    }
    return *result;
}

microseconds read_time(const Value& value, NameOf name) {
    expect_layout(value, Layout::time, name);
    const microseconds time(read_number<std::int64_t>(value));
    check_time_of_day(value, time);
    return time;
}

microseconds read_duration(const Value& value, NameOf name) {
    if (value.type().layout == Layout::time) return read_time(value, name);
    const Interval interval = read_interval(value, name);
    if (interval == Interval::infinity() || interval == Interval::minus_infinity()) {
        throw_out_of_range(value, "infinite", name);
    }
    if (interval.months != 0) {
        throw_out_of_range(value, std::to_string(interval.months) + " months, whose length is not fixed", name);
    }
    std::int64_t whole_days = 0;
    std::optional<microseconds> result;
    if (!__builtin_mul_overflow(kDay.count(), std::int64_t{interval.days}, &whole_days)) {
        result = add(microseconds(whole_days), interval.time);
    }
    if (!result) throw_out_of_range(value, std::to_string(interval.days) + " days and more", name);
    return *result;
}

TimeTz read_timetz(const Value& value, NameOf name) {
    expect_layout(value, Layout::timetz, name);
    Input input(value);
    const microseconds time(input.take<std::int64_t>());
    const auto west = input.take<std::int32_t>();
    input.finish();
    check_time_of_day(value, time);
    if (west <= -86400 || west >= 86400) throw_malformed(value, "its offset is a day or more");
    return {time, -seconds(west)};
}

Interval read_interval(const Value& value, NameOf name) {
    expect_layout(value, Layout::interval, name);
    Input input(value);
    Interval result;
    result.time = microseconds(input.take<std::int64_t>());
    result.days = input.take<std::int32_t>();
    result.months = input.take<std::int32_t>();
    input.finish();
    return result;
}

void encode_days(Encoder& encoder, sys_days value, NameOf name) {
    expect_layout(encoder, Layout::date, name);
    std::int32_t result = 0;
    if (value == sys_days::max()) {
        result = kInfiniteDate;
    } else if (value == sys_days::min()) {
        result = kMinusInfiniteDate;
    } else {
        const std::int64_t since = std::int64_t{value.time_since_epoch().count()} - kEpoch.time_since_epoch().count();
        if (!std::in_range<std::int32_t>(since) || since == kInfiniteDate || since == kMinusInfiniteDate) {
            throw_out_of_range(encoder, std::to_string(since) + " days after 2000-01-01");
        }
        result = static_cast<std::int32_t>(since);
    }
    append_big_endian(encoder.output(), result);
}

void encode_date(Encoder& encoder, year_month_day value) {
    expect_layout(encoder, Layout::date, &db::type_name<year_month_day>);
    if (!value.ok()) {
        throw_out_of_range(encoder, "the date " + std::to_string(static_cast<int>(value.year())) + "-" +
                                        std::to_string(static_cast<unsigned>(value.month())) + "-" +
                                        std::to_string(static_cast<unsigned>(value.day())) +
                                        ", which does not exist");
    }
    encode_days(encoder, value, &db::type_name<year_month_day>);
}

void encode_timestamp(Encoder& encoder, microseconds value, Layout layout, NameOf name) {
    expect_layout(encoder, layout, name);
    if (value != microseconds::max() && value != microseconds::min()) {
        const std::optional<microseconds> since = add(value, -kEpochTime);
        if (!since || since->count() == kMinusInfiniteTime) {
            throw_out_of_range(encoder, std::to_string(value.count()) + " microseconds after 1970-01-01");
        }
        value = *since;
    }
    append_big_endian(encoder.output(), value.count());  // the ends are PostgreSQL's infinities, too
}

void encode_time(Encoder& encoder, microseconds value, NameOf name) {
    expect_layout(encoder, Layout::time, name);
    check_time_of_day(encoder, value);
    append_big_endian(encoder.output(), value.count());
}

void encode_duration(Encoder& encoder, microseconds value, NameOf name) {
    if (encoder.type().layout == Layout::time) return encode_time(encoder, value, name);
    expect_layout(encoder, Layout::interval, name);
    append_interval(encoder.output(), {0, 0, value});
}

void encode_timetz(Encoder& encoder, const TimeTz& value) {
    expect_layout(encoder, Layout::timetz, &db::type_name<TimeTz>);
    check_time_of_day(encoder, value.time);
    if (value.offset <= -hours(24) || value.offset >= hours(24)) {
        throw_out_of_range(encoder, "an offset of " + std::to_string(value.offset.count()) + " seconds");
    }
    append_big_endian(encoder.output(), value.time.count());
    append_big_endian(encoder.output(), static_cast<std::int32_t>(-value.offset.count()));
}

void encode_interval(Encoder& encoder, const Interval& value) {
    expect_layout(encoder, Layout::interval, &db::type_name<Interval>);
    append_interval(encoder.output(), value);
}

}  // namespace aio::pg::detail
