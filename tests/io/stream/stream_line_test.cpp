// StreamReader: readline, readuntil, lines.
#include <aio/core/task.hpp>
#include <aio/io/server.hpp>

#include "support/async_test.hpp"

namespace aio::test {
namespace {

ASYNC_TEST(StreamLine, is_put_together_from_chunks) {  // CPython: test_streams.test_readline
    StreamReader reader;
    reader.feed_data("chunk1 ");
    auto line = create_task(reader.readline());
    get_running_loop().call_soon([=] {
        reader.feed_data("chunk2 ");
        reader.feed_data("chunk3 ");
        reader.feed_data("\n chunk4");
    });
    EXPECT_EQ(co_await line, "chunk1 chunk2 chunk3 \n");
    EXPECT_EQ(co_await reader.read(1000), " chunk4");
}

// CPython: test_streams.test_readline_limit_with_existing_data
ASYNC_TEST(StreamLine, longer_than_the_limit_is_dropped_as_far_as_it_came) {
    StreamReader reader(3);
    reader.feed_data("li");
    reader.feed_data("ne1\nline2\n");
    co_await expect_throws<ValueError>(reader.readline());
    EXPECT_EQ(co_await reader.read(1000), "line2\n");

    StreamReader other(3);
    other.feed_data("li");
    other.feed_data("ne1");
    other.feed_data("li");
    co_await expect_throws<ValueError>(other.readline());
    other.feed_eof();
    EXPECT_EQ(co_await other.read(1000), "");
}

ASYNC_TEST(StreamLine, over_the_limit_is_dropped_with_its_newline) {  // CPython: test_streams.test_readline_limit
    // semantics 44
    StreamReader reader(7);
    auto line = create_task(reader.readline());
    get_running_loop().call_soon([=] {
        reader.feed_data("chunk1");
        reader.feed_data("chunk2");
        reader.feed_data("chunk3\nchunk4\n");
    });
    co_await expect_throws<ValueError>(line);
    EXPECT_EQ(co_await reader.readline(), "chunk4\n");

    reader.feed_data("1234567\n");
    EXPECT_EQ(co_await reader.readline(), "1234567\n");
    reader.feed_data("12345678\n");
    co_await expect_throws<ValueError>(reader.readline());
    reader.feed_data("12345678");
    co_await expect_throws<ValueError>(reader.readline());
}

ASYNC_TEST(StreamLine, at_the_end_may_lack_its_newline) {  // CPython: test_streams.test_readline_eof
    StreamReader reader;
    reader.feed_data("some data");
    reader.feed_eof();
    EXPECT_EQ(co_await reader.readline(), "some data");
}

ASYNC_TEST(StreamLine, is_empty_at_the_end) {  // CPython: test_streams.test_readline_empty_eof
    StreamReader reader;
    reader.feed_eof();
    EXPECT_EQ(co_await reader.readline(), "");
}

ASYNC_TEST(StreamLine, an_exception_ends_readline) {  // CPython: test_streams.test_readline_exception
    StreamReader reader;
    reader.feed_data("line\n");
    EXPECT_EQ(co_await reader.readline(), "line\n");
    reader.set_exception(ValueError("broken"));
    co_await expect_throws<ValueError>(reader.readline());
}

ASYNC_TEST(StreamLine, lines_end_with_the_stream) {
    StreamReader reader;
    reader.feed_data("one\ntwo\nthree");
    reader.feed_eof();
    Log seen;
    auto lines = reader.lines();
    while (auto line = co_await lines.next()) seen.push_back(*line);
    EXPECT_EQ(seen, (Log{"one\n", "two\n", "three"}));
}

// --- readuntil ---------------------------------------------------------------------------------------------

ASYNC_TEST(StreamUntil, needs_a_separator) {  // CPython: test_streams.test_readuntil_separator
    StreamReader reader;
    EXPECT_THROW(static_cast<void>(reader.readuntil("")), ValueError);
    EXPECT_THROW(static_cast<void>(reader.readuntil("a", "")), ValueError);
    EXPECT_THROW(static_cast<void>(reader.readuntil(std::vector<std::string>())), ValueError);
    co_return;
}

ASYNC_TEST(StreamUntil, finds_a_separator_across_chunks) {  // CPython: test_streams.test_readuntil_multi_chunks
    StreamReader reader;
    reader.feed_data("lineAAA");
    EXPECT_EQ(co_await reader.readuntil("AAA"), "lineAAA");
    reader.feed_data("lineAAAB");
    reader.feed_data("AA");
    EXPECT_EQ(co_await reader.readuntil("AAA"), "lineAAA");
    auto rest = create_task(reader.readuntil("AAA"));
    co_await run_passes(1);
    reader.feed_data("A");
    EXPECT_EQ(co_await rest, "BAAA");
}

// CPython: test_streams.test_readuntil_multi_chunks_1
ASYNC_TEST(StreamUntil, finds_a_separator_whose_beginning_repeats) {
    StreamReader reader;
    reader.feed_data("QWEaa");
    reader.feed_data("XYaa");
    reader.feed_data("a");
    EXPECT_EQ(co_await reader.readuntil("aaa"), "QWEaaXYaaa");
    reader.feed_data("QWEaa");
    reader.feed_data("XYa");
    reader.feed_data("aa");
    EXPECT_EQ(co_await reader.readuntil("aaa"), "QWEaaXYaaa");
    reader.feed_data("aaa");
    EXPECT_EQ(co_await reader.readuntil("aaa"), "aaa");
    reader.feed_data("Xaaa");
    EXPECT_EQ(co_await reader.readuntil("aaa"), "Xaaa");
    reader.feed_data("XXX");
    reader.feed_data("a");
    reader.feed_data("a");
    reader.feed_data("a");
    EXPECT_EQ(co_await reader.readuntil("aaa"), "XXXaaa");
}

ASYNC_TEST(StreamUntil, tells_what_came_before_the_end) {  // CPython: test_streams.test_readuntil_eof
    StreamReader reader;
    reader.feed_data("some dataAA");
    reader.feed_eof();
    try {
        co_await reader.readuntil("AAA");
        ADD_FAILURE();
    } catch (const IncompleteReadError& error) {
        EXPECT_EQ(error.partial(), "some dataAA");
        EXPECT_EQ(error.expected(), 0u);
    }
    EXPECT_TRUE(reader.at_eof());
}

// CPython: test_streams.test_readuntil_limit_found_sep
ASYNC_TEST(StreamUntil, over_the_limit_leaves_the_data_in_place) {  // semantics 44
    StreamReader reader(3);
    reader.feed_data("some dataAA");
    EXPECT_THAT(co_await expect_throws<LimitOverrunError>(reader.readuntil("AAA")), testing::HasSubstr("not found"));
    EXPECT_EQ(reader.stream()->write_buffer_size(), 0u);
    reader.feed_data("A");
    EXPECT_THAT(co_await expect_throws<LimitOverrunError>(reader.readuntil("AAA")), testing::HasSubstr("is found"));
    EXPECT_EQ(co_await reader.read(100), "some dataAAA");
}

ASYNC_TEST(StreamUntil, over_the_limit_says_how_much_to_consume) {
    StreamReader reader(3);
    reader.feed_data("some dataAA");
    std::size_t consumed = 0;
    try {
        co_await reader.readuntil("AAA");
        ADD_FAILURE();
    } catch (const LimitOverrunError& error) {
        consumed = error.consumed();
    }
    EXPECT_EQ(co_await reader.readexactly(static_cast<std::ptrdiff_t>(consumed)), "some data");
    reader.feed_data("A");
    EXPECT_EQ(co_await reader.readuntil("AAA"), "AAA");
}

ASYNC_TEST(StreamUntil, of_several_separators_takes_the_one_that_ends_first) {
    StreamReader reader;
    reader.feed_data("one\r\ntwo\nthree;four");
    EXPECT_EQ(co_await reader.readuntil("\r\n", "\n", ";"), "one\r\n");
    EXPECT_EQ(co_await reader.readuntil("\r\n", "\n", ";"), "two\n");
    const std::vector<std::string> separators{"\r\n", "\n", ";"};
    EXPECT_EQ(co_await reader.readuntil(separators), "three;");
    EXPECT_EQ(co_await reader.read(100), "four");
}

ASYNC_TEST(StreamUntil, each_split_of_the_data_gives_the_same_answer) {
    const std::string data = "abXaXXbXYcXXY--";
    for (std::size_t cut = 0; cut <= data.size(); ++cut) {
        StreamReader reader;
        auto read = create_task(reader.readuntil("XXY"));
        co_await run_passes(1);
        for (const char byte : data.substr(0, cut)) reader.feed_data({&byte, 1});
        reader.feed_data(data.substr(cut));
        EXPECT_EQ(co_await read, "abXaXXbXYcXXY") << cut;
        EXPECT_EQ(co_await reader.read(10), "--") << cut;
    }
}

}  // namespace
}  // namespace aio::test
