// The reads that return views, and the buffer under them.
#include <aio/core/task.hpp>
#include <aio/io/server.hpp>

#include "support/allocations.hpp"
#include "support/async_test.hpp"

namespace aio::test {
namespace {

ASYNC_TEST(StreamView, reads_as_its_copying_twin_does) {
    StreamReader reader;
    reader.feed_data("one\ntwo;three");
    reader.feed_eof();
    EXPECT_EQ(co_await reader.readline_view(), "one\n");
    EXPECT_EQ(co_await reader.readuntil_view(";"), "two;");
    EXPECT_EQ(co_await reader.readexactly_view(2), "th");
    EXPECT_EQ(co_await reader.read_view(1), "r");
    EXPECT_EQ(co_await reader.read_view(), "ee");
}

ASYNC_TEST(StreamView, stays_valid_until_the_next_read) {
    StreamReader reader;
    reader.feed_data("0123456789");
    const std::string_view view = co_await reader.readexactly_view(10);
    // These would reuse its place, then move everything to larger blocks, twice.
    for (std::size_t size = 10; size < 300'000; size *= 3) reader.feed_data(std::string(size, 'x'));
    EXPECT_EQ(view, "0123456789");
    EXPECT_EQ(co_await reader.readexactly(10), "xxxxxxxxxx");
}

ASYNC_TEST(StreamView, of_a_waiting_read_stays_valid_too) {
    StreamReader reader;
    auto task = create_task([](StreamReader in) -> Coro<> {
        const std::string_view view = co_await in.readuntil_view("\n");
        in.feed_data("more");
        EXPECT_EQ(view, "line\n");
    }(reader));
    co_await run_passes(1);
    reader.feed_data("line\n");
    co_await task;
    EXPECT_EQ(co_await reader.read(10), "more");
}

ASYNC_TEST(StreamView, bytes_keep_their_order_through_all_sizes) {
    StreamReader reader;
    std::string fed, seen;
    unsigned random = 1;
    for (std::size_t round = 0; round < scaled(400); ++round) {
        random = random * 1664525 + 1013904223;
        std::string piece(random >> 18, static_cast<char>('a' + round % 26));
        fed += piece;
        reader.feed_data(piece);
        if (random & 1024) continue;
        while (seen.size() + 5000 < fed.size()) seen += co_await reader.readexactly_view(1 + (random >> 20));
    }
    reader.feed_eof();
    seen += co_await reader.read_view();
    EXPECT_TRUE(seen == fed);
}

ASYNC_TEST(StreamView, reading_allocates_nothing, kOnce) {
    if (!aio::detail::frame_pool.recycling()) CO_SKIP();  // AddressSanitizer sees each block
    StreamReader reader;
    const std::string message(64, 'm');
    std::size_t bytes = 0;
    std::uint64_t before = 0;
    for (int i = 0; i < 1000; ++i) {
        if (i == 10) before = allocations();  // the pools are warm
        for (int k = 0; k < 16; ++k) reader.feed_data(message);
        for (int k = 0; k < 16; ++k) bytes += (co_await reader.readexactly_view(64)).size();
    }
    EXPECT_EQ(bytes, 1000u * 16 * 64);
    EXPECT_EQ(allocations() - before, 0u);
}

}  // namespace
}  // namespace aio::test
