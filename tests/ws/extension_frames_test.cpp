// What extensions do with frames, and what becomes of one that fails.
#include "ws/two_extensions.hpp"

#include "ws/extensions.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {

// websockets: test_protocol.test_client_extension_encodes_frame, test_protocol.test_server_extension_encodes_frame
// websockets: test_protocol.test_client_extension_decodes_frame, test_protocol.test_server_extension_decodes_frame
// websockets: test_frames.test_extensions
ASYNC_TEST(WSExtension, changes_all_frames_both_ways) {
    const EndsBody body = [](Ends ends) -> Coro<> {
        const auto send = [&](unsigned first, std::string_view data) {
            // A mask of zeros where there must be one.
            std::string bytes(1, static_cast<char>(first));
            bytes += static_cast<char>((ends.client ? 0 : 0x80) | data.size());
            if (!ends.client) bytes.append(4, '\0');
            ends.raw.bytes(bytes.append(data));
        };
        send(0xa1, "this.whole");
        EXPECT_EQ((co_await ends.ours.recv()).text(), "whole");
        send(0x21, "this.in ");
        send(0xa9, "ping");
        send(0x20, "this.three ");
        send(0xa0, "this.\xc3\xa4");
        EXPECT_EQ((co_await ends.ours.recv()).text(), "in three \u00e4");
        EXPECT_EQ(co_await ends.frame(), "aa:ping");
        const std::vector<std::string> parts = {"a", "b"};
        co_await ends.ours.send(parts);
        EXPECT_EQ(co_await ends.frame(), "21:this.a");
        EXPECT_EQ(co_await ends.frame(), "a0:this.b");
        const auto latency = ends.ours.ping("late");
        EXPECT_EQ(co_await ends.frame(), "a9:late");
        send(0xaa, "late");
        co_await latency;
        auto closing = create_task(ends.ours.close(1000, "bye"));
        EXPECT_EQ(co_await ends.frame(),
                  "a8:\x03\xe8"
                  "bye");
        send(0xa8, "\x03\xe8");
        ends.raw.writer().close();
        co_await closing;
        EXPECT_EQ(ends.ours.close_code(), 1000);
    };
    co_await as_client_of("x-rsv2, x-op; op=this", false, body);
    co_await as_server_of("x-rsv2, x-op; op=this", false, body);
}

// websockets: test_connection.test_unexpected_failure_in_send_context
ASYNC_TEST(WSExtension, that_fails_ends_its_connection) {
    const struct {
        unsigned first;
        const char* data;
        unsigned code;
    } cases[] = {
        {0x81, "that.1", 1002}, {0x81, "throw", 1011},  {0x81, "more", 1009},   {0x81, "not utf-8", 1007},
        {0x91, "this.1", 1002}, {0xc1, "this.1", 1002}, {0xa9, "this.1", 1002},
    };
    for (const auto& each : cases) {
        const EndsBody body = [&](Ends ends) -> Coro<> {
            std::string bytes(1, static_cast<char>(each.first));
            const std::string_view data = each.data;
            bytes += static_cast<char>(data.size());
            ends.raw.bytes(bytes.append(data));
            const std::string frame = co_await ends.frame();
            const unsigned code = static_cast<unsigned char>(frame[3]) * 256u + static_cast<unsigned char>(frame[4]);
            EXPECT_EQ(code, each.code) << each.first << " " << each.data;
            ends.raw.writer().close();
            co_await expect_throws<ws::ConnectionClosedError>(ends.ours.recv());
        };
        co_await as_client_of("x-op; op=this", false, body);
    }
    const EndsBody sends = [](Ends ends) -> Coro<> {
        EXPECT_EQ(co_await expect_throws<std::runtime_error>(send_text(ends.ours, "throw")), "an extension's bug");
        EXPECT_EQ(co_await ends.frame(), "88:\x03\xf3");
        ends.raw.writer().close();
        co_await expect_throws<ws::ConnectionClosedError>(ends.ours.recv());
    };
    co_await as_client_of("x-op; op=this", false, sends);
}

// Together with permessage-deflate, which is the last: what extensions see is not compressed.
ASYNC_TEST(WSExtension, is_not_disturbed_by_compression) {
    Future<ws::Connection> arrived;
    const auto handler = [&](ws::Connection& connection) -> Coro<> {
        arrived.set_result(connection);
        co_await echo_all(connection);
    };
    ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0, options_with(true, 0))
                            .extension(std::make_shared<TakeRsv2>())
                            .extension(std::make_shared<TakeOp>("that"));
    ws::Connection client = co_await with_all(ws::connect(server.url(), options_with(true, 0)));
    EXPECT_THAT(extensions_in(client.response().headers),
                testing::StartsWith("x-rsv2, x-op; op=that, permessage-deflate"));
    EXPECT_TRUE(client.compressed());
    const std::string large(100'000, 'x');
    for (const std::string& text : list(std::string("short"), large, std::string())) {
        co_await client.send(text);
        EXPECT_EQ((co_await client.recv()).text(), text);
        co_await client.send(text, {.compress = false});
        EXPECT_EQ((co_await client.recv()).text(), text);
    }
    const std::vector<std::string> parts = {large, "", "end"};
    co_await client.send(parts);
    EXPECT_EQ((co_await client.recv()).text(), large + "end");
    co_await client.close();
    server.close();
    co_await server.wait_closed();
}

// websockets: test_connection.test_broadcast_skips_connection_failing_to_send
ASYNC_TEST(WSExtension, that_fails_with_a_broadcast_does_not_keep_it_from_others) {
    const EndsBody both = [](Ends failing) -> Coro<> {
        const EndsBody others = [&](Ends other) -> Coro<> {
            const std::vector<ws::Connection> all = {failing.ours, other.ours};
            EXPECT_EQ(ws::broadcast(all, "throw"), 1u);
            EXPECT_EQ(co_await other.frame(), "81:throw");
            EXPECT_EQ(co_await failing.frame(), "88:\x03\xf3");
            failing.raw.writer().close();
            co_await failing.ours.wait_closed();
        };
        co_await as_client_of("", false, others);
    };
    co_await as_client_of("x-op; op=this", false, both);
}

// What decode() is told that it may return, as it comes.
class Room final : public ws::Extension {
public:
    explicit Room(std::vector<std::uint64_t>& all) : all_(all) {}
    std::string_view name() const noexcept override { return "x-room"; }
    void encode(ws::Frame&) override {}
    void decode(ws::Frame&, std::uint64_t max_size) override { all_.push_back(max_size); }

private:
    std::vector<std::uint64_t>& all_;
};

// Extremes: ws::Extension::decode(max_size)
TEST(WSExtension, is_told_how_much_it_may_return) {
    constexpr std::uint64_t kAll = UINT64_MAX;
    const struct {
        http::wire::WSLimits limits;
        std::vector<std::uint64_t> told;  // of a frame of a byte, and the empty one behind it
    } cases[] = {
        {{0, 0, false}, {kAll, kAll}}, {{1, 0, false}, {1, 0}},          {{3, 2, false}, {2, 2}},
        {{0, 1, true}, {1, 1}},        {{kAll, 0, false}, {kAll, kAll}}, {{2, 0, true}, {2, 1}},
    };
    for (const auto& each : cases) {
        std::vector<std::uint64_t> told;
        ws::detail::Extensions extensions;
        extensions.push_back(std::make_unique<Room>(told));
        const auto coder = ws::detail::coder_of(std::move(extensions));
        http::wire::WSReader reader(false, each.limits, nullptr);
        reader.set_coder(coder.get());
        std::string bytes;
        http::wire::append_ws_frame(bytes, WSOpcode::binary, false, "a", nullptr, false);
        http::wire::append_ws_frame(bytes, WSOpcode::continuation, false, "", nullptr, true);
        std::string_view input = bytes;
        while (reader.read(input)) {}
        EXPECT_EQ(told, each.told) << each.limits.message << " " << each.limits.fragment;
    }
    EXPECT_EQ(ws::detail::coder_of({}), nullptr);
}

}  // namespace aio::test
