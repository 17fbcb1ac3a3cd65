// send_in_place(): large data go out from where they lie, over streams of every kind.
#include <aio/base/error.hpp>

#include "io/stream/output_turn.hpp"
#include "io/stream/peer_link.hpp"

namespace aio::test {
namespace {

// Waits until the peer's kernel takes no more.
Coro<> stuck(const StreamWriter& writer) {
    pollfd state = {writer.fileno(), POLLOUT, 0};
    while (::poll(&state, 1, 0) != 0) co_await aio::sleep(1ms);
}

OVER_EACH_LINK(it_arrives_behind_what_was_written_before) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    const std::string data = pattern(kLarge);
    std::size_t progress = 0;
    link.writer.write(std::string_view(data).substr(0, 100'000));
    co_await detail::send_in_place(link.writer, std::string_view(data).substr(100'000), &progress);
    EXPECT_EQ(progress, kLarge - 100'000);
    co_await link.end();
}

OVER_EACH_LINK(it_waits_for_a_reader_that_stopped) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    const std::string data = pattern(kLarge);
    std::size_t progress = 0;
    link.stop_peer();
    Task<> sending = create_task(detail::send_in_place(link.writer, data, &progress));
    co_await stuck(link.writer);
    EXPECT_FALSE(sending.done());
    EXPECT_LT(progress, kLarge);
    link.continue_peer();
    co_await sending;
    EXPECT_EQ(progress, kLarge);
    co_await link.end();
}

OVER_EACH_LINK(it_ends_with_the_connection) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    const std::string data = pattern(kLarge);
    link.stop_peer();
    Task<> sending = create_task(detail::send_in_place(link.writer, data));
    co_await stuck(link.writer);
    link.peer.kill();
    EXPECT_THROW(co_await sending, OSError);
    co_await link.end_broken();
}

OVER_EACH_LINK(it_can_be_cancelled_and_its_data_may_go) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    {
        const auto data = std::make_unique<std::string>(pattern(kLarge));
        link.stop_peer();
        Task<> sending = create_task(detail::send_in_place(link.writer, *data));
        co_await stuck(link.writer);
        sending.cancel();
        EXPECT_THROW(co_await sending, CancelledError);
    }
    link.writer.abort();
    link.continue_peer();
    co_await link.end_broken();
}

ASYNC_TEST(SendInPlace, has_the_stream_for_itself, kOnce) {
    if (simulated()) CO_SKIP();
    const Link link = co_await link_with_peer({"tcp"}, "sink", kLarge);
    const std::string data = pattern(kLarge);
    link.stop_peer();
    Task<> sending = create_task(detail::send_in_place(link.writer, data));
    co_await stuck(link.writer);
    EXPECT_THROW(link.writer.write("in between"), RuntimeError);
    EXPECT_THROW(co_await detail::send_in_place(link.writer, "too"), RuntimeError);
    link.continue_peer();
    co_await sending;
    co_await link.end();
}

ASYNC_TEST(SendInPlace, of_nothing_sends_nothing, kOnce) {
    if (simulated()) CO_SKIP();
    const Link link = co_await link_with_peer({"tcp"}, "sink", 0);
    std::size_t progress = 1;
    co_await detail::send_in_place(link.writer, "", &progress);
    EXPECT_EQ(progress, 0u);
    co_await link.end();
}

}  // namespace
}  // namespace aio::test
