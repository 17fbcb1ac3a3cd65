// StreamReader without a connection: fed by hand.
#include <aio/core/task.hpp>
#include <aio/io/server.hpp>

#include "support/async_test.hpp"

namespace aio::test {
namespace {

const std::string kData = "line1\nline2\nline3\n";

ASYNC_TEST(StreamReader, empty_data_changes_nothing) {  // CPython: test_streams.test_feed_empty_data
    StreamReader reader;
    reader.feed_data("");
    reader.feed_eof();
    EXPECT_EQ(co_await reader.read(), "");
}

ASYNC_TEST(StreamReader, fed_data_can_be_read) {  // CPython: test_streams.test_feed_nonempty_data
    StreamReader reader;
    reader.feed_data(kData);
    EXPECT_EQ(co_await reader.read(1000), kData);
}

ASYNC_TEST(StreamReader, reading_zero_bytes_takes_nothing) {  // CPython: test_streams.test_read_zero
    StreamReader reader;
    reader.feed_data(kData);
    EXPECT_EQ(co_await reader.read(0), "");
    EXPECT_EQ(co_await reader.readexactly(static_cast<std::ptrdiff_t>(kData.size())), kData);
}

ASYNC_TEST(StreamReader, read_waits_for_data) {  // CPython: test_streams.test_read
    StreamReader reader;
    auto read = create_task(reader.read(30));
    get_running_loop().call_soon([=] { reader.feed_data(kData); });
    EXPECT_EQ(co_await read, kData);
}

ASYNC_TEST(StreamReader, read_returns_what_there_is_up_to_the_size) {  // CPython: test_streams.test_read_line_breaks
    StreamReader reader;
    reader.feed_data("line1");
    reader.feed_data("line2");
    EXPECT_EQ(co_await reader.read(5), "line1");
    EXPECT_EQ(co_await reader.read(1000), "line2");
}

ASYNC_TEST(StreamReader, read_at_the_end_is_empty) {  // CPython: test_streams.test_read_eof
    // semantics 45
    StreamReader reader;
    auto read = create_task(reader.read(1024));
    get_running_loop().call_soon([=] { reader.feed_eof(); });
    EXPECT_EQ(co_await read, "");
    EXPECT_EQ(co_await reader.read(), "");
}

ASYNC_TEST(StreamReader, read_without_a_size_reads_until_the_end) {  // CPython: test_streams.test_read_until_eof
    StreamReader reader;
    auto read = create_task(reader.read(-1));
    get_running_loop().call_soon([=] {
        reader.feed_data("chunk1\n");
        reader.feed_data("chunk2");
        reader.feed_eof();
    });
    EXPECT_EQ(co_await read, "chunk1\nchunk2");
}

ASYNC_TEST(StreamReader, an_exception_ends_reading) {  // CPython: test_streams.test_read_exception
    StreamReader reader;
    reader.feed_data("line\n");
    EXPECT_EQ(co_await reader.read(2), "li");
    reader.set_exception(ValueError("broken"));
    EXPECT_EQ(co_await expect_throws<ValueError>(reader.read(2)), "broken");
    EXPECT_EQ(expect_is<ValueError>(reader.exception()), "broken");
}

ASYNC_TEST(StreamReader, read_is_not_bound_by_the_limit) {  // CPython: test_streams.test_read_limit
    StreamReader reader(3);
    reader.feed_data("chunk");
    EXPECT_EQ(co_await reader.read(5), "chunk");
}

ASYNC_TEST(StreamReader, the_limit_must_be_positive) {
    EXPECT_THROW(StreamReader(0), ValueError);
    co_return;
}

ASYNC_TEST(StreamReader, is_at_the_end_when_all_was_read) {  // CPython: test_streams.test_at_eof
    StreamReader reader;
    EXPECT_FALSE(reader.at_eof());
    reader.feed_data("some data\n");
    EXPECT_FALSE(reader.at_eof());
    co_await reader.readline();
    EXPECT_FALSE(reader.at_eof());
    reader.feed_data("some data\n");
    reader.feed_eof();
    co_await reader.readline();
    EXPECT_TRUE(reader.at_eof());
}

ASYNC_TEST(StreamReader, data_after_the_end_are_refused) {
    StreamReader reader;
    reader.feed_eof();
    EXPECT_THROW(reader.feed_data("x"), RuntimeError);
    co_return;
}

// --- readexactly -------------------------------------------------------------------------------------------

ASYNC_TEST(StreamReader, readexactly_refuses_negative_sizes) {  // CPython: test_streams.test_readexactly_zero_or_less
    StreamReader reader;
    reader.feed_data(kData);
    EXPECT_EQ(co_await reader.readexactly(0), "");
    EXPECT_NE(co_await expect_throws<ValueError>(reader.readexactly(-1)), "");
    EXPECT_EQ(co_await reader.read(1000), kData);
}

ASYNC_TEST(StreamReader, readexactly_waits_for_the_last_byte) {  // CPython: test_streams.test_readexactly
    StreamReader reader;
    const auto size = static_cast<std::ptrdiff_t>(2 * kData.size());
    auto read = create_task(reader.readexactly(size));
    get_running_loop().call_soon([=] {
        for (int i = 0; i < 3; ++i) reader.feed_data(kData);
    });
    EXPECT_EQ(co_await read, kData + kData);
    EXPECT_EQ(co_await reader.read(1000), kData);
}

ASYNC_TEST(StreamReader, readexactly_is_not_bound_by_the_limit) {  // CPython: test_streams.test_readexactly_limit
    StreamReader reader(3);
    reader.feed_data("chunk");
    EXPECT_EQ(co_await reader.readexactly(5), "chunk");
}

ASYNC_TEST(StreamReader, readexactly_tells_what_came_before_the_end) {  // CPython: test_streams.test_readexactly_eof
    // semantics 45
    StreamReader reader;
    auto read = create_task(reader.readexactly(static_cast<std::ptrdiff_t>(2 * kData.size())));
    get_running_loop().call_soon([=] {
        reader.feed_data(kData);
        reader.feed_eof();
    });
    try {
        co_await read;
        ADD_FAILURE();
    } catch (const IncompleteReadError& error) {
        EXPECT_EQ(error.partial(), kData);
        EXPECT_EQ(error.expected(), 2 * kData.size());
    }
    EXPECT_EQ(co_await reader.read(), "");
}

ASYNC_TEST(StreamReader, an_exception_ends_readexactly) {  // CPython: test_streams.test_readexactly_exception
    StreamReader reader;
    reader.feed_data("line\n");
    EXPECT_EQ(co_await reader.readexactly(2), "li");
    reader.set_exception(ValueError("broken"));
    co_await expect_throws<ValueError>(reader.readexactly(2));
}

// --- waiting -----------------------------------------------------------------------------------------------

ASYNC_TEST(StreamReader,
           an_exception_after_a_cancelled_read_is_harmless) {  // CPython: test_streams.test_exception_cancel
    StreamReader reader;
    auto read = create_task(reader.readline());
    co_await run_passes(1);
    read.cancel();
    co_await run_passes(1);
    reader.set_exception(RuntimeError("message"));
    co_await run_passes(1);
    EXPECT_TRUE(read.cancelled());
}

ASYNC_TEST(StreamReader, a_second_read_at_the_same_time_is_refused) {  // semantics 45
    StreamReader reader;
    auto first = create_task(reader.read(1));
    co_await run_passes(1);
    const std::string what = co_await expect_throws<RuntimeError>(reader.readline());
    EXPECT_EQ(what, "readline() called while another coroutine is already waiting for incoming data");
    reader.feed_data("x");
    // Woken, but not resumed: what woke it is still its own.
    co_await expect_throws<RuntimeError>(reader.read(1));
    EXPECT_EQ(co_await first, "x");
}

ASYNC_TEST(StreamReader, a_cancelled_read_loses_no_data) {
    StreamReader reader;
    auto read = create_task(reader.readexactly(8));
    co_await run_passes(1);
    reader.feed_data("1234");
    read.cancel();
    co_await run_passes(1);
    EXPECT_TRUE(read.cancelled());
    reader.feed_data("5678");
    EXPECT_EQ(co_await reader.readexactly(8), "12345678");
}

ASYNC_TEST(StreamReader, a_read_cancelled_after_its_data_came_loses_none) {
    StreamReader reader;
    auto read = create_task(reader.read(8));
    co_await run_passes(1);
    reader.feed_data("1234");
    read.cancel();
    co_await run_passes(1);
    EXPECT_TRUE(read.cancelled());
    EXPECT_EQ(co_await reader.read(8), "1234");
}

ASYNC_TEST(StreamReader, a_read_keeps_its_stream_alive) {
    auto reader = std::make_unique<StreamReader>();
    auto read = create_task(reader->read());
    reader->feed_data("last words");
    reader->feed_eof();
    reader.reset();
    EXPECT_EQ(co_await read, "last words");
}

ASYNC_TEST(StreamReader, reading_what_is_there_does_not_suspend) {
    StreamReader reader;
    reader.feed_data("abcdef\nx");
    bool passed = false;
    get_running_loop().call_soon([&] { passed = true; });
    EXPECT_EQ(co_await reader.read(2), "ab");
    EXPECT_EQ(co_await reader.readexactly(2), "cd");
    EXPECT_EQ(co_await reader.readline(), "ef\n");
    EXPECT_FALSE(passed);
    co_await run_passes(1);
}

}  // namespace
}  // namespace aio::test
