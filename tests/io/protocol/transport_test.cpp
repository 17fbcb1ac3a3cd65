// What a protocol does with its transport: writing, and flow control in both directions.
#include "io/protocol/protocols.hpp"

namespace aio::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// More than the kernel's buffers hold.
std::size_t much() { return rerunning() ? 1'000'000 : 12'000'000; }

// --- writing -----------------------------------------------------------------------------------------------

ASYNC_TEST(Transport, close_sends_what_was_written) {  // semantics 46
    auto& record = keep_record();
    auto& arrived = keep<std::size_t>(0u);
    auto count = [&arrived](StreamReader reader, StreamWriter) -> Coro<> {
        while (const std::size_t size = (co_await reader.read_view(65536)).size()) arrived += size;
    };
    Server server = co_await start_server(count, "127.0.0.1", 0);
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    transport.write(std::string(much(), 'x'));
    transport.close();
    EXPECT_TRUE(transport.is_closing());
    EXPECT_THAT(record.calls, ElementsAre("made", "pause")) << "only a full buffer is told at once";
    co_await record.lost();
    EXPECT_FALSE(record.error);
    co_await finish(server);
    EXPECT_EQ(arrived, much());
}

ASYNC_TEST(Transport, abort_drops_what_was_written_and_calls_nothing_at_once) {  // semantics 46
    auto& record = keep_record();
    auto ends = co_await connected_to(wait_for_the_end, record);
    ends.transport.write(std::string(much(), 'x'));
    record.calls.clear();
    ends.transport.abort();
    EXPECT_TRUE(record.calls.empty());
    EXPECT_TRUE(ends.transport.is_closing());
    EXPECT_EQ(ends.transport.get_protocol(), ends.protocol);
    co_await record.lost();
    EXPECT_EQ(record.calls, Log{"lost"});
    EXPECT_FALSE(record.error);
    EXPECT_EQ(ends.transport.get_protocol(), nullptr);
    ends.transport.abort();
    ends.transport.close();
    co_await settle();
    EXPECT_EQ(record.calls, Log{"lost"}) << "exactly once";
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, writes_pieces_and_the_end_of_the_direction) {
    auto& record = keep_record();
    auto ends = co_await connected_to(count_bytes, record);
    EXPECT_TRUE(ends.transport.can_write_eof());
    const std::vector<std::string> pieces{"one", "", "three"};
    ends.transport.writelines(pieces);
    ends.transport.write_eof();
    EXPECT_THAT(expect_error<RuntimeError>([&] { ends.transport.write("more"); }), HasSubstr("after write_eof()"));
    co_await record.lost();
    EXPECT_EQ(record.data, "8 bytes");
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, writes_after_the_loss_are_dropped_and_from_the_fifth_on_warned_of) {  // semantics 46
    auto& record = keep_record();
    auto ends = co_await connected_to(wait_for_the_end, record);
    ends.transport.abort();
    co_await record.lost();
    for (int i = 0; i < 4; ++i) ends.transport.write("x");
    EXPECT_TRUE(take_logs().empty());
    ends.transport.write("x");
    EXPECT_EQ(take_logs().size(), 1u);
    EXPECT_EQ(ends.transport.get_write_buffer_size(), 0u);
    co_await finish(ends.server);
}

Coro<> read_when_told(StreamReader reader, StreamWriter writer) {
    co_await reader.readexactly(1);
    co_await aio::sleep(100ms);  // what the peer writes meanwhile fills all buffers there are
    std::size_t rest = much();
    while (rest > 0) {
        const std::size_t size = (co_await reader.read_view(65536)).size();
        if (size == 0) co_return;
        rest -= size;
    }
    writer.write("all");
}

ASYNC_TEST(Transport, tells_the_protocol_to_pause_and_to_resume_writing) {  // semantics 42
    auto& record = keep_record();
    auto ends = co_await connected_to(read_when_told, record);
    ends.transport.write("!");
    ends.transport.write(std::string(much() / 2, 'x'));
    EXPECT_THAT(record.calls, ElementsAre("made", "pause"));
    EXPECT_GT(ends.transport.get_write_buffer_size(), 65536u);
    ends.transport.write(std::string(much() / 2, 'x'));
    EXPECT_THAT(record.calls, ElementsAre("made", "pause")) << "once";
    co_await record.called(3);
    EXPECT_LE(ends.transport.get_write_buffer_size(), 16384u);
    co_await record.lost();
    EXPECT_THAT(record.calls, ElementsAre("made", "pause", "resume", "data", "eof", "lost"));
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, has_limits_of_its_write_buffer) {  // semantics 42
    using Limits = std::pair<std::size_t, std::size_t>;
    auto& record = keep_record();
    auto ends = co_await connected_to(wait_for_the_end, record);
    const Transport& transport = ends.transport;
    EXPECT_EQ(transport.get_write_buffer_limits(), Limits(16384, 65536));
    transport.set_write_buffer_limits(1000);
    EXPECT_EQ(transport.get_write_buffer_limits(), Limits(250, 1000));
    transport.set_write_buffer_limits(std::nullopt, 1000);
    EXPECT_EQ(transport.get_write_buffer_limits(), Limits(1000, 4000));
    transport.set_write_buffer_limits(0);
    EXPECT_EQ(transport.get_write_buffer_limits(), Limits(0, 0));
    expect_error<ValueError>([&] { transport.set_write_buffer_limits(1, 2); });
    transport.set_write_buffer_limits();
    EXPECT_EQ(transport.get_write_buffer_limits(), Limits(16384, 65536));
    transport.close();
    co_await record.lost();
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, a_lower_limit_pauses_what_is_above_it_now) {
    auto& record = keep_record();
    auto ends = co_await connected_to(wait_for_the_end, record);
    ends.transport.write("some");
    EXPECT_EQ(ends.transport.get_write_buffer_size(), 4u);
    ends.transport.set_write_buffer_limits(0);
    EXPECT_THAT(record.calls, ElementsAre("made", "pause"));
    co_await record.called(3);
    EXPECT_THAT(record.calls, ElementsAre("made", "pause", "resume"));
    ends.transport.close();
    co_await record.lost();
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, an_error_of_pause_writing_or_resume_writing_is_reported_and_no_more) {
    struct Throwing : Recorder {
        using Recorder::Recorder;
        void pause_writing() override {
            record_.note("pause");
            throw ValueError("no");
        }
        void resume_writing() override {
            record_.note("resume");
            throw ValueError("no");
        }
    };
    auto& record = keep_record();
    auto ends = co_await connected_to<Throwing>(wait_for_the_end, record);
    ends.transport.write(std::string(much(), 'x'));
    co_await record.called(3);
    EXPECT_THAT(take_report_messages(),
                ElementsAre("protocol.pause_writing() failed", "protocol.resume_writing() failed"));
    EXPECT_FALSE(ends.transport.is_closing());
    ends.transport.close();
    co_await record.lost();
    EXPECT_FALSE(record.error);
    co_await finish(ends.server);
}

// --- reading -----------------------------------------------------------------------------------------------

Coro<> send_all(StreamReader, StreamWriter writer) {
    writer.write(std::string(much(), 'x'));
    writer.close();
    try {
        co_await writer.wait_closed();
    } catch (const ConnectionError&) {
        // Some tests close before they have read it.
    }
}

// Pauses for a while whenever something came.
template <class Base>
class Stuttering : public Base {
public:
    using Base::Base;
    void stop_for_a_moment(const Transport& transport) {
        EXPECT_TRUE(transport.is_reading());
        transport.pause_reading();
        transport.pause_reading();
        EXPECT_FALSE(transport.is_reading());
        get_running_loop().call_later(1ms, [transport] { transport.resume_reading(); });
    }
};
class StutteringRecorder : public Stuttering<Recorder> {
public:
    using Stuttering::Stuttering;
    void data_received(std::string_view data) override {
        Recorder::data_received(data);
        stop_for_a_moment(record_.transport);
    }
};
class StutteringBuffered : public Stuttering<BufferedRecorder<65536>> {
public:
    using Stuttering::Stuttering;
    void buffer_updated(std::size_t size) override {
        BufferedRecorder<65536>::buffer_updated(size);
        stop_for_a_moment(record_.transport);
    }
};

template <class P>
Coro<> expect_all() {
    auto& record = keep_record();
    auto ends = co_await connected_to<P>(send_all, record);
    co_await record.lost();
    EXPECT_EQ(record.data.size(), much());
    EXPECT_THAT(record.calls, ElementsAre("made", "data", "eof", "lost"));
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, that_pauses_and_resumes_reading_loses_nothing) { co_await expect_all<StutteringRecorder>(); }
ASYNC_TEST(Transport, that_pauses_and_resumes_reading_into_buffers_loses_nothing) {
    co_await expect_all<StutteringBuffered>();
}

ASYNC_TEST(Transport, that_does_not_read_slows_its_peer_down) {
    auto& record = keep_record();
    auto& sent = keep<std::size_t>(0u);
    auto flood = [&sent](StreamReader, StreamWriter writer) -> Coro<> {
        try {
            while (true) {
                writer.write(std::string(65536, 'x'));
                co_await writer.drain();
                sent += 65536;
            }
        } catch (const ConnectionError&) {
            // The other end has seen enough.
        }
    };
    Server server = co_await start_server(flood, "127.0.0.1", 0);
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    transport.pause_reading();
    std::size_t before = 1;
    while (std::exchange(before, sent) != sent) co_await aio::sleep(20ms);  // until the peer is stuck
    const std::size_t kept = record.data.size();
    EXPECT_EQ(kept, 0u);
    transport.resume_reading();
    co_await record.received(sent + 1);
    transport.abort();
    co_await record.lost();
    co_await finish(server);
}

ASYNC_TEST(Transport, gives_nothing_more_once_it_was_closed) {
    struct Closing : Recorder {
        using Recorder::Recorder;
        void data_received(std::string_view data) override {
            Recorder::data_received(data);
            record_.transport.close();
        }
    };
    auto& record = keep_record();
    auto ends = co_await connected_to<Closing>(send_all, record);
    co_await record.lost();
    EXPECT_LT(record.data.size(), much());
    EXPECT_THAT(record.calls, ElementsAre("made", "data", "lost"));
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, that_is_paused_is_told_of_its_abort) {
    auto& record = keep_record();
    auto ends = co_await connected_to(wait_for_the_end, record);
    ends.transport.pause_reading();
    ends.transport.abort();
    ends.transport.resume_reading();
    co_await record.lost();
    EXPECT_THAT(record.calls, ElementsAre("made", "lost"));
    co_await finish(ends.server);
}

}  // namespace
}  // namespace aio::test
