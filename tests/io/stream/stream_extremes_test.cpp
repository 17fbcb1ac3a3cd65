// Sizes and limits of streams at their ends, and what happens twice. The rule and its check: tools/extremes.py.
#include <aio/core/timeout.hpp>
#include <aio/io/pipe.hpp>

#include "io/protocol/protocols.hpp"

#include <unistd.h>

namespace aio::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kHalf = SIZE_MAX / 2 + 1;  // twice that is 0

// Any number of bytes is buffered within these.
constexpr std::size_t kHugeSizes[] = {kHalf - 1, kHalf, SIZE_MAX - 1, SIZE_MAX};

StreamReader fed(std::string_view data, bool ends = true) {
    StreamReader reader;
    reader.feed_data(data);
    if (ends) reader.feed_eof();
    return reader;
}

}  // namespace

// Extremes: StreamReader::StreamReader(limit)
ASYNC_TEST(Extremes, of_the_limit_of_a_reader, kOnce) {
    EXPECT_THAT(expect_error<ValueError>([] { StreamReader reader(std::size_t{0}); }), HasSubstr("must be positive"));
    StreamReader one(1);
    one.feed_data("a\nbc\nd\n");
    EXPECT_EQ(co_await one.readline(), "a\n");
    co_await expect_throws<ValueError>(one.readline());
    EXPECT_EQ(co_await one.readuntil(), "d\n");
    one.feed_data("abc");
    co_await expect_throws<LimitOverrunError>(one.readuntil());
    EXPECT_EQ(co_await one.read(3), "abc");
    for (const std::size_t limit : kHugeSizes) {
        StreamReader reader(limit);
        EXPECT_EQ(reader.limit(), limit);
        reader.feed_data("line\nrest");
        EXPECT_FALSE(reader.stream()->reading_paused()) << limit;
        EXPECT_EQ(co_await reader.readline(), "line\n");
        co_await expect_throws<TimeoutError>(wait_for(reader.readuntil("|"), 1ms));
        reader.feed_eof();
        EXPECT_EQ(co_await reader.read(), "rest");
    }
}

// Extremes: StreamReader::read(size), StreamReader::read_view(size)
ASYNC_TEST(Extremes, of_reads, kOnce) {
    for (const std::ptrdiff_t all : {PTRDIFF_MIN, std::ptrdiff_t{-1}}) {
        EXPECT_EQ(co_await fed("abc").read(all), "abc");
        const StreamReader reader = fed("abc");
        EXPECT_EQ(co_await reader.read_view(all), "abc");
    }
    EXPECT_EQ(co_await fed("abc").read(0), "");
    EXPECT_EQ(co_await fed("", false).read(0), "") << "it need not wait for nothing";
    EXPECT_EQ(co_await fed("abc").read(1), "a");
    EXPECT_EQ(co_await fed("abc", false).read(PTRDIFF_MAX), "abc") << "what there is";
    const StreamReader reader = fed("abc");
    EXPECT_EQ(co_await reader.read_view(0), "");
    EXPECT_EQ(co_await reader.read_view(1), "a");
    EXPECT_EQ(co_await reader.read_view(PTRDIFF_MAX), "bc");
    EXPECT_EQ(co_await reader.read_view(PTRDIFF_MAX), "");
}

// Extremes: StreamReader::readexactly(size), StreamReader::readexactly_view(size)
ASYNC_TEST(Extremes, of_exact_reads, kOnce) {
    for (const std::ptrdiff_t size : {PTRDIFF_MIN, std::ptrdiff_t{-1}}) {
        EXPECT_THAT(co_await expect_throws<ValueError>(fed("abc").readexactly(size)), HasSubstr("less than zero"));
        co_await expect_throws<ValueError>(fed("abc").readexactly_view(size));
    }
    EXPECT_EQ(co_await fed("abc").readexactly(0), "");
    EXPECT_EQ(co_await fed("", false).readexactly(0), "");
    EXPECT_EQ(co_await fed("").readexactly(0), "") << "at the end, too";
    EXPECT_EQ(co_await fed("abc").readexactly(1), "a");
    for (const std::ptrdiff_t size : {std::ptrdiff_t{4}, PTRDIFF_MAX}) {
        const StreamReader reader = fed("abc");
        std::string partial;
        try {
            co_await reader.readexactly(size);
        } catch (const IncompleteReadError& error) {
            partial = error.partial();
            EXPECT_EQ(error.expected(), static_cast<std::size_t>(size));
        }
        EXPECT_EQ(partial, "abc");
        co_await expect_throws<IncompleteReadError>(fed("abc").readexactly_view(size));
    }
}

// Extremes: StreamWriter::set_write_buffer_limits(high), StreamWriter::set_write_buffer_limits(low)
ASYNC_TEST(Extremes, of_water_marks, kOnce) {
    Server server = co_await start_server(count_bytes, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    std::size_t written = 0;
    for (const std::size_t high : {std::size_t{0}, std::size_t{1}, kHalf, SIZE_MAX}) {
        const auto above = [&writer = writer, high] { writer.set_write_buffer_limits(high, high + 1); };
        if (high < SIZE_MAX) {
            EXPECT_THAT(expect_error<ValueError>(above), HasSubstr("must be at least low"));
        }
        for (const std::size_t low : {std::size_t{0}, high}) {
            writer.set_write_buffer_limits(high, low);
            writer.write("abc");
            written += 3;
            co_await writer.drain();
        }
        writer.set_write_buffer_limits(high);
        co_await writer.drain();
    }
    writer.write("");
    writer.write_eof();
    EXPECT_EQ(co_await reader.read(), std::to_string(written) + " bytes");
    co_await end(server, writer);
}

// Extremes: Transport::set_write_buffer_limits(high), Transport::set_write_buffer_limits(low)
ASYNC_TEST(Extremes, of_water_marks_of_transports, kOnce) {
    using Limits = std::pair<std::size_t, std::size_t>;  // low, high
    auto& record = keep_record();
    auto ends = co_await connected_to(wait_for_the_end, record);
    const Transport& transport = ends.transport;
    const auto limits = [&](std::optional<std::size_t> high, std::optional<std::size_t> low) {
        transport.set_write_buffer_limits(high, low);
        return transport.get_write_buffer_limits();
    };
    EXPECT_EQ(limits(std::nullopt, std::nullopt), Limits(16 * 1024, 64 * 1024));
    EXPECT_EQ(limits(0, std::nullopt), Limits(0, 0));
    EXPECT_EQ(limits(1, std::nullopt), Limits(0, 1));
    EXPECT_EQ(limits(SIZE_MAX, std::nullopt), Limits(SIZE_MAX / 4, SIZE_MAX));
    EXPECT_EQ(limits(std::nullopt, 0), Limits(0, 0));
    EXPECT_EQ(limits(std::nullopt, 1), Limits(1, 4));
    for (const std::size_t low : {SIZE_MAX / 4 + 1, kHalf, SIZE_MAX}) {
        EXPECT_EQ(limits(std::nullopt, low), Limits(low, SIZE_MAX)) << "four times that cannot be counted";
        EXPECT_EQ(limits(SIZE_MAX, low), Limits(low, SIZE_MAX));
        EXPECT_THAT(expect_error<ValueError>([&] { limits(1, low); }), HasSubstr("must be at least low"));
    }
    ends.transport.close();
    co_await record.lost();
    co_await finish(ends.server);
}

// Extremes: ConnectionOptions::limit, ServerOptions::limit
ASYNC_TEST(Extremes, of_limits_of_connections, kOnce) {
    co_await expect_throws<ValueError>(start_server(echo_lines, "127.0.0.1", 0, {.limit = 0}));
    for (const std::size_t limit : {std::size_t{1}, kHalf, SIZE_MAX}) {
        Server server = co_await start_server(echo_bytes, "127.0.0.1", 0, {.limit = limit});
        EXPECT_THAT(co_await expect_throws<ValueError>(open_connection("127.0.0.1", server.port(), {.limit = 0})),
                    HasSubstr("must be positive"));
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), {.limit = limit});
        EXPECT_EQ(reader.limit(), limit);
        writer.write("some bytes, and more than one");
        EXPECT_EQ(co_await reader.readexactly(29), "some bytes, and more than one");
        co_await end(server, writer);
    }
}

// Extremes: connect_read_pipe(limit)
ASYNC_TEST(Extremes, of_limits_of_pipes, kOnce) {
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, kHalf, SIZE_MAX}) {
        int ends[2];
        CO_ASSERT_EQ(::pipe(ends), 0);
        if (limit == 0) {
            EXPECT_THAT(expect_error<ValueError>([&] { connect_read_pipe(ends[0], limit); }), HasSubstr("positive"));
            ::close(ends[0]);
            ::close(ends[1]);
            continue;
        }
        const StreamReader reader = connect_read_pipe(ends[0], limit);
        const StreamWriter writer = connect_write_pipe(ends[1]);
        writer.write("a\n");
        EXPECT_EQ(co_await reader.readline(), "a\n");
        writer.close();
        co_await writer.wait_closed();
        EXPECT_EQ(co_await reader.read(), "");
    }
}

// --- the same twice -------------------------------------------------------------------------------------------

ASYNC_TEST(Twice, a_stream_is_read_by_two_tasks) {
    const StreamReader reader = fed("", false);
    Task<std::string> first = create_task(reader.read(3));
    co_await run_passes(1);
    EXPECT_THAT(co_await expect_throws<RuntimeError>(reader.read(3)), HasSubstr("already waiting"));
    co_await expect_throws<RuntimeError>(reader.readexactly(0));
    reader.feed_data("abc");
    EXPECT_EQ(co_await first, "abc");
}

ASYNC_TEST(Twice, streams_and_servers_are_closed) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    for (int time = 0; time < 2; ++time) {
        writer.close();
        co_await writer.wait_closed();
        writer.abort();
        server.close();
        co_await server.wait_closed();
    }
    EXPECT_EQ(co_await reader.read(), "");
    EXPECT_EQ(co_await reader.read(), "");
}

}  // namespace aio::test
