#include "cli/progress.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace aio::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr, testing::SizeIs, testing::StartsWith;

TEST(ToolProgress, writes_sizes_and_times_for_people) {
    EXPECT_EQ(format_size(0), "0 B");
    EXPECT_EQ(format_size(1023), "1023 B");
    EXPECT_EQ(format_size(1024), "1.0 KiB");
    EXPECT_EQ(format_size(1024 * 1024 - 1), "1.0 MiB");
    EXPECT_EQ(format_size(1.5 * 1024 * 1024), "1.5 MiB");
    EXPECT_EQ(format_size(3e15), "2728.5 TiB");
    EXPECT_EQ(format_time(7s), "0:07");
    EXPECT_EQ(format_time(62min + 3s), "1:02:03");
}

TEST(ToolProgress, draws_a_line_for_each_download_and_one_for_all) {
    const TimePoint start{};
    Progress progress(3);
    Transfer& a = progress.start("a.bin", start);
    a.size = 4 << 20;
    a.done = 1 << 20;
    progress.start("b.bin", start).done = 1 << 10;
    const auto lines = progress.render(100, 10, start + 1s);
    ASSERT_THAT(lines, SizeIs(3));
    EXPECT_THAT(lines[0], StartsWith("a.bin "));
    EXPECT_THAT(lines[0], HasSubstr(" 25% [###...........] 1.0 MiB of 4.0 MiB, 1.0 MiB/s, 0:03"));
    EXPECT_THAT(lines[1], HasSubstr(" 1.0 KiB, 1.0 KiB/s"));
    EXPECT_THAT(lines[2], StartsWith("0 of 3 files, 1.0 MiB, 1.0 MiB/s"));
    progress.finish(a);
    EXPECT_THAT(progress.render(100, 10, start + 1s).back(), StartsWith("1 of 3 files, 1.0 MiB"));
}

TEST(ToolProgress, counts_only_what_came_this_time) {
    const TimePoint start{};
    Progress progress(1);
    Transfer& a = progress.start("a", start);
    a.size = 100;
    a.done = 90;
    a.resumed = 80;
    EXPECT_EQ(a.rate(start + 1s), 10);
    const auto lines = progress.render(100, 10, start + 1s);
    ASSERT_THAT(lines, SizeIs(1));  // one file is not summed up
    EXPECT_THAT(lines[0], HasSubstr("90 B of 100 B, 10 B/s, 0:01"));
}

TEST(ToolProgress, keeps_to_the_width_and_the_number_of_lines) {
    Progress progress(20);
    for (int i = 0; i < 20; ++i) progress.start(std::string(50, 'x') + "äöü", TimePoint{}).size = 10;
    for (const std::size_t width : {20u, 40u, 79u, 200u}) {
        const auto lines = progress.render(width, 5, TimePoint{} + 1s);
        ASSERT_THAT(lines, SizeIs(6));
        EXPECT_THAT(lines.back(), HasSubstr(width < 60 ? "" : "15 more in progress"));
        for (const std::string& line : lines) EXPECT_LE(line.size(), width + 3) << line;
    }
}

}  // namespace
}  // namespace aio::cli
