#include "http/wire/range.hpp"

#include <gtest/gtest.h>

namespace aio::http::wire {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(Range, a_part_has_both_its_ends) {
    EXPECT_EQ(parse_range("bytes=0-0", 10), (Ranges{{0, 0}}));
    EXPECT_EQ(parse_range("bytes=2-5", 10), (Ranges{{2, 5}}));
    EXPECT_EQ((ByteRange{2, 5}.size()), 4u);
}

TEST(Range, a_part_without_an_end_goes_to_the_end) { EXPECT_EQ(parse_range("bytes=4-", 10), (Ranges{{4, 9}})); }

TEST(Range, a_part_that_reaches_behind_the_end_is_cut) {
    EXPECT_EQ(parse_range("bytes=4-10", 10), (Ranges{{4, 9}}));
    EXPECT_EQ(parse_range("bytes=4-99999999999999999999999", 10), (Ranges{{4, 9}}));
}

TEST(Range, a_suffix_is_the_last_bytes) {
    EXPECT_EQ(parse_range("bytes=-3", 10), (Ranges{{7, 9}}));
    EXPECT_EQ(parse_range("bytes=-10", 10), (Ranges{{0, 9}}));
    EXPECT_EQ(parse_range("bytes=-99999999999999999999999", 10), (Ranges{{0, 9}}));
}

TEST(Range, several_parts_keep_their_order) {
    EXPECT_EQ(parse_range("bytes=5-6,0-1,-1", 10), (Ranges{{5, 6}, {0, 1}, {9, 9}}));
    EXPECT_EQ(parse_range("bytes= 0-0 ,, 2-2\t,", 10), (Ranges{{0, 0}, {2, 2}}));
}

TEST(Range, parts_behind_the_end_are_left_out) {
    EXPECT_EQ(parse_range("bytes=10-12,3-4", 10), (Ranges{{3, 4}}));
    EXPECT_EQ(parse_range("bytes=10-", 10), Ranges());
    EXPECT_EQ(parse_range("bytes=99999999999999999999999-", 10), Ranges());
}

TEST(Range, no_bytes_from_the_end_cannot_be_had) {
    EXPECT_EQ(parse_range("bytes=-0", 10), Ranges());
    EXPECT_EQ(parse_range("bytes=-0", 0), Ranges());
}

TEST(Range, of_nothing_there_is_no_part) {
    EXPECT_EQ(parse_range("bytes=0-", 0), Ranges());
    EXPECT_EQ(parse_range("bytes=0-5", 0), Ranges());
    EXPECT_EQ(parse_range("bytes=-5", 0), std::nullopt);  // the whole, which is empty
}

TEST(Range, the_unit_is_compared_without_case) { EXPECT_EQ(parse_range("Bytes=1-2", 10), (Ranges{{1, 2}})); }

TEST(Range, what_breaks_the_grammar_is_ignored) {
    for (const std::string_view header :
         {"",           "bytes",       "bytes=",    "bytes=,",    "bytes=-",       "bytes=5",     "bytes=a-b",
          "bytes=5-4",  "bytes=1-2-3", "bytes=--1", "bytes=+1-2", "bytes=1- 2",    "bytes=0x1-2", "bytes =0-1",
          " bytes=0-1", "items=0-1",   "0-1",       "bytes:0-1",  "bytes=0-1;2-3", "bytes=0-1,x", "bytes=1.0-2"}) {
        EXPECT_EQ(parse_range(header, 10), std::nullopt) << header;
    }
}

TEST(Range, too_many_parts_are_ignored) {
    std::string header = "bytes=0-0";
    for (std::size_t i = 1; i < kMostRanges; ++i) header += ",0-0";
    EXPECT_EQ(parse_range(header, 1000)->size(), kMostRanges);
    EXPECT_EQ(parse_range(header + ",0-0", 1000), std::nullopt);
    EXPECT_EQ(parse_range(header + ",2000-", 1000), std::nullopt) << "also those behind the end";
}

TEST(Range, parts_that_are_more_than_the_whole_are_ignored) {
    EXPECT_EQ(parse_range("bytes=0-4,5-9", 10)->size(), 2u);
    EXPECT_EQ(parse_range("bytes=0-,0-,0-", 10), std::nullopt);
    EXPECT_EQ(parse_range("bytes=0-5,5-9", 10), std::nullopt);
}

TEST(Range, the_largest_representation_there_can_be) {
    constexpr std::uint64_t kSize = 18446744073709551615u;
    EXPECT_EQ(parse_range("bytes=0-", kSize), (Ranges{{0, kSize - 1}}));
    EXPECT_EQ(parse_range("bytes=18446744073709551614-", kSize), (Ranges{{kSize - 1, kSize - 1}}));
    EXPECT_EQ(parse_range("bytes=0-,0-", kSize), std::nullopt);
}

TEST(Range, content_range_says_which_part_it_is) {
    EXPECT_EQ(content_range({0, 99}, 1234), "bytes 0-99/1234");
    EXPECT_EQ(unsatisfied_range(1234), "bytes */1234");
}

TEST(Range, content_range_is_read_back) {
    const auto part = parse_content_range("bytes 5-9/10");
    ASSERT_TRUE(part);
    EXPECT_EQ(part->range, (ByteRange{5, 9}));
    EXPECT_EQ(part->size, 10u);
    EXPECT_EQ(parse_content_range("BYTES 5-9/*")->size, std::nullopt);
    for (const std::string_view header : {"", "bytes", "bytes */10", "bytes 5-9", "bytes 9-5/10", "bytes 5-9/9",
                                          "items 5-9/10", "bytes=5-9/10", "bytes 5-/10", "bytes -5-9/10"}) {
        EXPECT_FALSE(parse_content_range(header)) << header;
    }
}

}  // namespace
}  // namespace aio::http::wire
