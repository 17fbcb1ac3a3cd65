#include "http/wire/date.hpp"

#include <gtest/gtest.h>

namespace aio::http::wire {
namespace {

constexpr UnixTime kExample = 784111777;  // RFC 9110's own

TEST(HttpDate, is_written_in_the_one_form) {
    EXPECT_EQ(format_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(format_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(format_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(format_date(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

TEST(HttpDate, years_of_more_than_four_digits_are_cut) {
    EXPECT_EQ(format_date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(format_date(INT64_MIN), "Mon, 01 Jan 0001 00:00:00 GMT");
}

TEST(HttpDate, is_read_in_all_three_forms) {
    EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
    EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
    EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), kExample);
}

TEST(HttpDate, is_read_with_little_differences) {
    EXPECT_EQ(parse_date("sun, 6 nov 1994 08:49:37 gmt"), kExample);
    EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 UTC"), kExample);
    EXPECT_EQ(parse_date(" Sun, 06 Nov 1994 08:49:37 GMT "), kExample);
    EXPECT_EQ(parse_date("Mon, 06 Nov 1994 08:49:37 GMT"), kExample) << "the day of the week is not looked at";
    EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800) << "a leap second";
}

TEST(HttpDate, goes_there_and_back) {
    for (UnixTime time = -100'000'000'000 / 3; time < 200'000'000'000; time += 9'999'999'937) {
        EXPECT_EQ(parse_date(format_date(time)), time) << format_date(time);
    }
}

TEST(HttpDate, a_year_of_two_digits_is_at_most_fifty_years_ahead) {
    const std::string today = format_date(unix_time());
    const int this_year = std::stoi(today.substr(12, 4));
    for (const int ahead : {-49, -1, 0, 1, 49, 50}) {
        const std::string digits = std::to_string((this_year + ahead) % 100 + 100).substr(1);
        const std::string year = std::to_string(this_year + ahead);
        EXPECT_EQ(parse_date("Sunday, 06-Nov-" + digits + " 08:49:37 GMT"),
                  parse_date("Sun, 06 Nov " + year + " 08:49:37 GMT"))
            << digits;
    }
}

TEST(HttpDate, anything_else_is_none) {
    for (const char* text : {"",
                             "0",
                             "now",
                             "784111777",
                             "Sun, 06 Nov 1994",
                             "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 PST",
                             "Sun, 06 Nov 1994 08:49:37 +0100",
                             "Sun, 32 Nov 1994 08:49:37 GMT",
                             "Sun, 31 Nov 1994 08:49:37 GMT",
                             "Sun, 29 Feb 1900 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:00:00 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 06 Foo 1994 08:49:37 GMT",
                             "06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 19940 08:49:37 GMT",
                             "Sun, 06 Nov 199400 08:49:37 GMT",
                             "Sun Nov  6 08:49:37 1994 GMT",
                             "Sun Nov  6 08:49:37",
                             "Foo, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 0x6 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 08:49:37 GMT x",
                             "Sun, +6 Nov 1994 08:49:37 GMT"}) {
        EXPECT_EQ(parse_date(text), std::nullopt) << text;
    }
}

TEST(HttpDate, the_present_one_is_the_clocks) {
    const auto before = unix_time();
    const auto now = parse_date(current_date());
    ASSERT_TRUE(now);
    EXPECT_GE(*now, before);
    EXPECT_LE(*now, unix_time());
}

}  // namespace
}  // namespace aio::http::wire
