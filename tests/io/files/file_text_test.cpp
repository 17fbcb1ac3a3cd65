// Text files: UTF-8, ends of lines, positions.
#include "io/files/file_fixture.hpp"

#include "base/utf8.hpp"

#include <random>

namespace aio::test {
namespace {

using aio::detail::DecodeErrors;
using aio::detail::Newlines;
using files::File;

const std::string kText =
    "gr\xC3\xBC\xC3\x9F, \xE2\x82\xAC 5, \xF0\x9F\x8D\xB0!\n";  // ü ß € and a cake: 14 characters

TEST(Utf8, sequences_are_good_or_bad_as_unicode_says) {
    for (const char* good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_FALSE(detail::find_bad_utf8(good)) << good;
    }
    const auto reason = [](const char* text) { return std::string(detail::find_bad_utf8(text).reason); };
    for (const char* start : {"\x80", "\xC0\x80", "\xC1\xBF", "\xF5\x80\x80\x80", "\xFF"}) {
        EXPECT_EQ(reason(start), "invalid start byte");
    }
    for (const char* next :
         {"\xC2 ", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xE2\x82 x"}) {
        EXPECT_EQ(reason(next), "invalid continuation byte");
    }
    for (const char* cut : {"\xC3", "\xE2\x82", "\xF0\x9F\x8D", "0123456789\xF0\x9F"}) {
        EXPECT_EQ(reason(cut), "unexpected end of data");
        EXPECT_TRUE(detail::find_bad_utf8(cut).cut_short);
    }
    EXPECT_EQ(detail::find_bad_utf8("0123456789abcdef\xFF").begin, 16u);
}

TEST(Utf8, what_is_bad_is_replaced_by_the_longest_part_of_a_character) {
    const auto replaced = [](const char* text) { return detail::decode(text, DecodeErrors::replace, Newlines::any); };
    const std::string sign = "\xEF\xBF\xBD";
    EXPECT_EQ(replaced("a\xFF"
                       "b"),
              "a" + sign + "b");
    EXPECT_EQ(replaced("\xE2\x82x"), sign + "x");
    EXPECT_EQ(replaced("\xED\xA0\x80"), sign + sign + sign);
    EXPECT_EQ(replaced("\xF0\x9F"), sign);
    EXPECT_EQ(detail::decode("a\xFF\r\nb\r", DecodeErrors::ignore, Newlines::universal), "a\nb\n");
}

FILE_TEST(TextFile, characters_are_counted_and_never_cut) {
    const std::string path = scratch.with(kText + kText);
    for (const std::ptrdiff_t buffering : {2, 3, 7, 4096}) {
        File file = co_await files::open(path, "r", {.buffering = buffering});
        EXPECT_EQ(co_await file.read(4), "gr\xC3\xBC\xC3\x9F");
        EXPECT_EQ(co_await file.tell(), 6);
        EXPECT_EQ(co_await file.read(3), ", \xE2\x82\xAC");
        EXPECT_EQ(co_await file.readline(6), " 5, \xF0\x9F\x8D\xB0!");
        EXPECT_EQ(co_await file.readline(), "\n");
        EXPECT_EQ(co_await file.read(), kText);
        co_await file.close();
    }
}

FILE_TEST(TextFile, newlines_are_read_as_python_reads_them) {
    const std::string path = scratch.with("a\nb\rc\r\nd\r\n\re");
    struct Case {
        const char* newline;
        std::vector<std::string> lines;
    };
    const std::vector<Case> cases = {
        {nullptr, {"a\n", "b\n", "c\n", "d\n", "\n", "e"}}, {"", {"a\n", "b\r", "c\r\n", "d\r\n", "\r", "e"}},
        {"\n", {"a\n", "b\rc\r\n", "d\r\n", "\re"}},        {"\r", {"a\nb\r", "c\r", "\nd\r", "\n\r", "e"}},
        {"\r\n", {"a\nb\rc\r\n", "d\r\n", "\re"}},
    };
    for (const Case& each : cases) {
        for (const std::ptrdiff_t buffering : {2, 3, 5, 4096}) {
            SCOPED_TRACE(buffering);
            File file = co_await files::open(path, "r", {.buffering = buffering, .newline = each.newline});
            std::vector<std::string> lines;
            auto reading = file.lines();
            while (auto line = co_await reading.next()) lines.push_back(*line);
            EXPECT_EQ(lines, each.lines);
            co_await file.seek(0);
            EXPECT_EQ(co_await file.readlines(), each.lines);
            co_await file.seek(0);
            std::string all;
            for (const std::string& line : each.lines) all += line;
            EXPECT_EQ(co_await file.read(), all);
            co_await file.seek(0);
            std::string piecewise;
            while (true) {
                const std::string piece = co_await file.read(1);
                if (piece.empty()) break;
                EXPECT_EQ(piece.size(), 1u);
                piecewise += piece;
            }
            EXPECT_EQ(piecewise, all);
            co_await file.close();
        }
    }
}

FILE_TEST(TextFile, newlines_are_written_as_wanted) {
    struct Case {
        const char* newline;
        const char* written;
    };
    for (const Case& each : {Case{nullptr, "a\nb\r\n"}, Case{"", "a\nb\r\n"}, Case{"\n", "a\nb\r\n"},
                             Case{"\r", "a\rb\r\r"}, Case{"\r\n", "a\r\nb\r\r\n"}}) {
        File file = co_await files::open(scratch.path(), "w", {.newline = each.newline});
        EXPECT_EQ(co_await file.write("a\nb\r\n"), 5u);
        co_await file.close();
        EXPECT_EQ(content_of(scratch.path()), each.written);
    }
}

FILE_TEST(TextFile, bad_bytes_are_refused_with_their_position_and_the_position_stays) {
    const std::string path = scratch.with("good\nbad \xE2\x82 here\nend");
    for (const std::ptrdiff_t buffering : {4, 4096}) {
        File file = co_await files::open(path, "r", {.buffering = buffering});
        EXPECT_EQ(co_await file.readline(), "good\n");
        const std::string what = co_await expect_throws<UnicodeDecodeError>(file.readline());
        EXPECT_EQ(what, "read '" + path +
                            "': 'utf-8' codec can't decode byte 0xe2 in position 9: invalid continuation byte");
        EXPECT_EQ(co_await file.tell(), 5);
        co_await expect_throws<UnicodeDecodeError>(file.read());
        EXPECT_EQ(co_await file.tell(), 5);
        co_await expect_throws<UnicodeDecodeError>(file.readlines());
        std::int64_t end = 0;
        try {
            co_await file.read();
        } catch (const UnicodeDecodeError& error) {
            EXPECT_EQ(error.start(), 9);
            end = error.end();
        }
        EXPECT_EQ(end, 11);
        co_await file.seek(end);
        EXPECT_EQ(co_await file.read(), " here\nend");
        co_await file.close();
    }
    File file = co_await files::open(path, "r", {.errors = "replace"});
    EXPECT_EQ(co_await file.read(), "good\nbad \xEF\xBF\xBD here\nend");
    co_await file.close();
    file = co_await files::open(path, "r", {.errors = "ignore"});
    EXPECT_EQ((co_await file.readlines()).at(1), "bad  here\n");
    co_await file.close();
}

FILE_TEST(TextFile, a_character_cut_by_the_end_is_refused) {
    File file = co_await files::open(scratch.with("abc\xF0\x9F"));
    EXPECT_EQ(co_await file.read(3), "abc");
    const std::string what = co_await expect_throws<UnicodeDecodeError>(file.read(1));
    EXPECT_THAT(what, testing::EndsWith("position 3: unexpected end of data"));
    co_await file.close();
}

FILE_TEST(TextFile, text_that_is_none_is_not_written) {
    File file = co_await files::open(scratch.path(), "w");
    co_await expect_throws<UnicodeEncodeError>(file.write("ab\xFF"));
    co_await file.write(kText);
    co_await file.close();
    EXPECT_EQ(content_of(scratch.path()), kText);
    file = co_await files::open(scratch.path(), "w", {.errors = "replace", .newline = "\r\n"});
    co_await file.write("a\xFF\n");
    co_await file.close();
    EXPECT_EQ(content_of(scratch.path()), "a\xEF\xBF\xBD\r\n");
}

FILE_TEST(TextFile, seeks_are_those_python_allows) {
    File file = co_await files::open(scratch.with("0123456789"));
    co_await file.read(3);
    EXPECT_EQ(co_await file.seek(0, SEEK_CUR), 3);
    EXPECT_EQ(co_await file.seek(0, SEEK_END), 10);
    co_await expect_throws<UnsupportedOperation>(file.seek(1, SEEK_CUR));
    co_await expect_throws<UnsupportedOperation>(file.seek(-1, SEEK_END));
    co_await expect_throws<UnsupportedOperation>(file.read1());
    co_await file.close();
}

// Text read in random pieces is the same text, and each tell() is where that piece begins.
FILE_TEST(TextFile, random_pieces_and_positions_agree) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += kText + (i % 3 == 0 ? "\r\n" : i % 3 == 1 ? "\r" : "");
    const std::string path = scratch.with(text);
    for (unsigned seed = 1; seed <= 5; ++seed) {
        std::minstd_rand random(seed);
        File file = co_await files::open(path, "r", {.buffering = 2 + static_cast<int>(random() % 60)});
        const std::string all = co_await file.read();
        co_await file.seek(0);
        std::string pieces;
        while (true) {
            const std::int64_t before = co_await file.tell();
            const auto size = static_cast<std::ptrdiff_t>(random() % 20);
            std::string piece;
            if (random() % 2 == 0) {
                piece = co_await file.read(size + 1);
            } else {
                piece = co_await file.readline();
            }
            if (piece.empty()) break;
            const std::int64_t after = co_await file.tell();
            if (random() % 4 == 0) {
                co_await file.seek(before);
                co_await file.read(1);
                co_await file.seek(after);
            }
            pieces += piece;
        }
        EXPECT_EQ(pieces, all) << "seed " << seed;
        co_await file.close();
    }
}

}  // namespace
}  // namespace aio::test
