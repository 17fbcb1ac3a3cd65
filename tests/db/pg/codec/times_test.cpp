// Source of the bytes: PostgreSQL 17, src/backend/utils/adt: date.c, timestamp.c, and what a server of version 15 sent.
#include "db/pg/codec/wire_values.hpp"

#include <limits>
#include <random>

namespace aio::pg {
namespace {

using namespace std::chrono_literals;
using std::chrono::hh_mm_ss;
using std::chrono::local_days;
using std::chrono::local_time;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_time;
using std::chrono::year_month_day;
using SysMicros = sys_time<microseconds>;
using LocalMicros = local_time<microseconds>;

constexpr Oid kDate = 1082, kTime = 1083, kTimestamp = 1114, kTimestampTz = 1184, kInterval = 1186, kTimeTz = 1266;

TEST(Dates, are_days_since_2000) {
    expect_bytes(kDate, 2000y / 1 / 1, "00000000");
    expect_bytes(kDate, 1984y / 3 / 1, "ffffe968");
    expect_bytes(kDate, 1999y / 12 / 31, "ffffffff");
    expect_bytes(kDate, -4712y / 1 / 1, "ffda97cd");  // 4713 BC
    expect_bytes(kDate, sys_days(2024y / 2 / 29), "00002279");
    EXPECT_EQ(decoded<sys_days>(hex("7fda970c"), kDate).time_since_epoch().count(),
              0x7fda970c + 10957);  // in 5874897
}

TEST(Dates, have_infinities_as_days_only) {
    expect_bytes(kDate, sys_days::max(), "7fffffff");
    expect_bytes(kDate, sys_days::min(), "80000000");
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { decoded<year_month_day>(hex("7fffffff"), kDate); }),
              "column \"born\" (date) is infinity, which does not fit into std::chrono::year_month_day");
    EXPECT_THROW(decoded<year_month_day>(hex("80000000"), kDate), db::OutOfRangeError);
}

TEST(Dates, beyond_the_years_of_chrono_are_days_only) {
    EXPECT_THROW(decoded<year_month_day>(hex("7fda970c"), kDate), db::OutOfRangeError);
    EXPECT_EQ(decoded<year_month_day>(encoded(kDate, 32767y / 12 / 31), kDate), 32767y / 12 / 31);
    const sys_days next = sys_days(32767y / 12 / 31) + std::chrono::days(1);
    EXPECT_THROW(decoded<year_month_day>(encoded(kDate, next), kDate), db::OutOfRangeError);
    EXPECT_THROW(decoded<sys_days>(hex("7ffffffe"), kDate), db::MalformedValueError);
}

TEST(Dates, that_do_not_exist_are_refused) {
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { encoded(kDate, 2023y / 2 / 29); }),
              "$1 has the type date, which cannot hold the date 2023-2-29, which does not exist");
}

TEST(Timestamps, are_microseconds_since_2000) {
    expect_bytes(kTimestampTz, SysMicros(sys_days(2000y / 1 / 1)), "0000000000000000");
    expect_bytes(kTimestampTz, SysMicros(), "fffca2fec4c82000");
    expect_bytes(kTimestampTz, SysMicros(sys_days(2024y / 2 / 29) + 12h + 34min + 56s + 789012us),
                 "0002b58341728614");
    expect_bytes(kTimestamp, LocalMicros(local_days(2024y / 2 / 29) + 12h + 34min + 56s + 789012us),
                 "0002b58341728614");
    expect_bytes(kTimestamp, LocalMicros(local_days(-4712y / 1 / 1)), "fd0f7fbdaf17e000");  // 4713 BC
}

TEST(Timestamps, have_infinities_at_the_ends_of_their_type) {
    expect_bytes(kTimestampTz, SysMicros::max(), "7fffffffffffffff");
    expect_bytes(kTimestampTz, SysMicros::min(), "8000000000000000");
    expect_bytes(kTimestamp, LocalMicros::max(), "7fffffffffffffff");
    EXPECT_EQ(decoded<sys_time<nanoseconds>>(hex("7fffffffffffffff"), kTimestampTz), sys_time<nanoseconds>::max());
    EXPECT_EQ(decoded<sys_time<seconds>>(hex("8000000000000000"), kTimestampTz), sys_time<seconds>::min());
    EXPECT_EQ(encoded(kTimestampTz, sys_time<nanoseconds>::min()), hex("8000000000000000"));
}

TEST(Timestamps, with_and_without_zone_are_different_types) {
    EXPECT_EQ(message_of<db::TypeMismatchError>([] { encoded(kTimestamp, SysMicros()); }),
              "$1 has the type timestamp, for which std::chrono::sys_time<std::chrono::microseconds> cannot be "
              "passed; pass "
              "std::chrono::local_time<std::chrono::microseconds>");
    EXPECT_THROW(encoded(kTimestampTz, LocalMicros()), db::TypeMismatchError);
    EXPECT_THROW(decoded<SysMicros>(hex("0000000000000000"), kTimestamp), db::TypeMismatchError);
    EXPECT_THROW(decoded<sys_days>(hex("0000000000000000"), kTimestamp), db::TypeMismatchError);
}

TEST(Timestamps, of_other_periods_are_rounded_when_passed) {
    const auto at = [](auto since) { return encoded(kTimestampTz, sys_time<decltype(since)>(since)); };
    EXPECT_EQ(at(1s), at(1000000us));
    EXPECT_EQ(at(1499ns), at(1us));
    EXPECT_EQ(at(1501ns), at(2us));
    EXPECT_EQ(at(-1501ns), at(-2us));
    EXPECT_EQ(at(24h), at(std::chrono::microseconds(86400'000'000)));
    EXPECT_THROW(at(seconds(std::numeric_limits<std::int64_t>::max() / 1000)), db::OutOfRangeError);
    EXPECT_THROW(at(std::chrono::hours(std::numeric_limits<std::int64_t>::max() / 2)), db::OutOfRangeError);
}

TEST(Timestamps, of_other_periods_are_exact_when_read) {
    const std::string second = encoded(kTimestampTz, SysMicros(1s)),
                      more = encoded(kTimestampTz, SysMicros(1000001us));
    EXPECT_EQ(decoded<sys_time<seconds>>(second, kTimestampTz).time_since_epoch(), 1s);
    EXPECT_EQ(decoded<sys_time<nanoseconds>>(more, kTimestampTz).time_since_epoch(), 1000001000ns);
    EXPECT_THROW(decoded<sys_time<seconds>>(more, kTimestampTz), db::OutOfRangeError);
    const std::string late = encoded(kTimestampTz, SysMicros(sys_days(2263y / 1 / 1)));
    EXPECT_THROW(decoded<sys_time<nanoseconds>>(late, kTimestampTz), db::OutOfRangeError);
}

TEST(Timestamps, beyond_the_ends_of_the_microseconds_are_errors) {
    // The last one of PostgreSQL's, in the year 294276, is beyond the end of microseconds since 1970.
    EXPECT_THROW(decoded<LocalMicros>(hex("7fffff5bb3b29fff"), kTimestamp), db::OutOfRangeError);
    EXPECT_THROW(encoded(kTimestamp, LocalMicros(microseconds(std::numeric_limits<std::int64_t>::min() + 1))),
                 db::OutOfRangeError);
}

TEST(TimesOfDay, are_microseconds_since_midnight) {
    using Time = hh_mm_ss<microseconds>;
    EXPECT_EQ(encoded(kTime, Time(0us)), hex("0000000000000000"));
    EXPECT_EQ(encoded(kTime, Time(24h)), hex("000000141dd76000"));
    EXPECT_EQ(encoded(kTime, 12h + 34min + 56s + 789012us), hex("0000000a8be62614"));
    EXPECT_EQ(decoded<Time>(hex("0000000a8be62614"), kTime).subseconds(), 789012us);
    EXPECT_EQ(decoded<microseconds>(hex("000000141dd76000"), kTime), 24h);
    EXPECT_EQ(decoded<std::chrono::hours>(hex("000000141dd76000"), kTime), 24h);
    EXPECT_THROW(decoded<hh_mm_ss<seconds>>(hex("0000000a8be62614"), kTime), db::OutOfRangeError);
    expect_exact_length<Time>(kTime, hex("0000000a8be62614"));
}

TEST(TimesOfDay, are_not_beyond_the_day) {
    EXPECT_THROW(encoded(kTime, 24h + 1us), db::OutOfRangeError);
    EXPECT_THROW(encoded(kTime, -1us), db::OutOfRangeError);
    EXPECT_THROW(decoded<microseconds>(hex("000000141dd76001"), kTime), db::MalformedValueError);
    EXPECT_THROW(decoded<microseconds>(hex("ffffffffffffffff"), kTime), db::MalformedValueError);
}

// Extremes: pg::TimeTz::time, pg::TimeTz::offset
TEST(TimeTzCodec, counts_its_offset_westward) {  // asyncpg: test_codecs.test_timetz_encoding
    expect_bytes(kTimeTz, TimeTz{12h, 2h}, "0000000a0eebb000 ffffe3e0");
    expect_bytes(kTimeTz, TimeTz{0us, -(5h + 30min)}, "0000000000000000 00004d58");
    expect_bytes(kTimeTz, TimeTz{12h, 0s}, "0000000a0eebb000 00000000");
    EXPECT_THROW(encoded(kTimeTz, TimeTz{0us, 24h}), db::OutOfRangeError);
    EXPECT_THROW(encoded(kTimeTz, TimeTz{25h, 0s}), db::OutOfRangeError);
    EXPECT_THROW(encoded(kTimeTz, TimeTz{microseconds::min(), 0s}), db::OutOfRangeError);
    EXPECT_THROW(encoded(kTimeTz, TimeTz{microseconds::max(), 0s}), db::OutOfRangeError);
    EXPECT_THROW(encoded(kTimeTz, TimeTz{0us, seconds::min()}), db::OutOfRangeError);
    EXPECT_THROW(encoded(kTimeTz, TimeTz{0us, seconds::max()}), db::OutOfRangeError);
    EXPECT_THROW(decoded<TimeTz>(hex("0000000000000000 80000000"), kTimeTz), db::MalformedValueError);
}

// Extremes: pg::Interval::months, pg::Interval::days, pg::Interval::time
TEST(IntervalCodec, keeps_its_three_parts) {  // asyncpg: test_codecs.test_interval
    expect_bytes(kInterval, Interval{}, "0000000000000000 00000000 00000000");
    expect_bytes(kInterval, Interval{14, 3, 4h + 5min + 6s + 7us}, "000000036c8bc087 00000003 0000000e");
    expect_bytes(kInterval, Interval{-1, -1, -1us}, "ffffffffffffffff ffffffff ffffffff");
    expect_bytes(kInterval, Interval::infinity(), "7fffffffffffffff 7fffffff 7fffffff");
    expect_bytes(kInterval, Interval::minus_infinity(), "8000000000000000 80000000 80000000");
}

TEST(IntervalCodec, takes_durations) {
    EXPECT_EQ(encoded(kInterval, 36h), encoded(kInterval, Interval{0, 0, 36h}));
    EXPECT_EQ(encoded(kInterval, 1500ms), encoded(kInterval, Interval{0, 0, 1500000us}));
    EXPECT_EQ(encoded(kInterval, 1500ns), encoded(kInterval, Interval{0, 0, 2us}));
}

TEST(IntervalCodec, becomes_a_duration_without_months) {
    EXPECT_EQ(decoded<seconds>(encoded(kInterval, Interval{0, 1, 1s}), kInterval), 86401s);
    EXPECT_EQ(decoded<microseconds>(encoded(kInterval, Interval{0, -1, 24h}), kInterval), 0us);
    EXPECT_THROW(decoded<seconds>(encoded(kInterval, Interval{0, 0, 1us}), kInterval), db::OutOfRangeError);
    EXPECT_EQ(
        message_of<db::OutOfRangeError>([] { decoded<seconds>(encoded(kInterval, Interval{1, 0, 0us}), kInterval); }),
        "column \"born\" (interval) is 1 months, whose length is not fixed, which does not fit into "
        "std::chrono::seconds");
    EXPECT_THROW(decoded<seconds>(encoded(kInterval, Interval::infinity()), kInterval), db::OutOfRangeError);
    const Interval last{0, std::numeric_limits<std::int32_t>::max(), microseconds::max()};
    EXPECT_THROW(decoded<microseconds>(encoded(kInterval, last), kInterval), db::OutOfRangeError);
}

TEST(Times, survive_a_round_trip) {
    std::mt19937_64 random(20261130);
    for (int i = 0; i < 1000; ++i) {
        const SysMicros time{microseconds(static_cast<std::int64_t>(random()) / 2)};
        EXPECT_EQ(decoded<SysMicros>(encoded(kTimestampTz, time), kTimestampTz), time);
        const sys_days day{std::chrono::days(static_cast<int>(random()) / 2)};
        EXPECT_EQ(decoded<sys_days>(encoded(kDate, day), kDate), day);
    }
}

}  // namespace
}  // namespace aio::pg
