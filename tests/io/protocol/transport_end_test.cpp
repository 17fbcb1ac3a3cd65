// How a transport's connection ends: by its peer, its server, its loop; and who is alive until then.
#include "io/protocol/protocols.hpp"

namespace aio::test {
namespace {

using testing::ElementsAre;

template <class P>
Coro<> expect_reset() {
    auto& record = keep_record();
    auto ends = co_await connected_to<P>(reset_at_once, record);
    ends.transport.write("!");
    co_await record.lost();
    expect_is<ConnectionResetError>(record.error);
    EXPECT_THAT(record.calls, ElementsAre("made", "lost"));
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, that_its_peer_resets_is_lost_with_that_error) { co_await expect_reset<Recorder>(); }
ASYNC_TEST(Transport, that_its_peer_resets_while_it_reads_into_buffers_is_lost_with_that_error) {
    co_await expect_reset<BufferedRecorder<10>>();
}

Coro<> send_once_and_reset(StreamReader reader, StreamWriter writer) {
    writer.write("last words");
    co_await reset_at_once(std::move(reader), std::move(writer));
}

ASYNC_TEST(Transport, goes_on_when_nobody_holds_it) {
    auto& record = keep_record();
    Server server = co_await start_server(echo_bytes, "127.0.0.1", 0);
    const MakerOf<> maker(record);
    {
        auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
        transport.write("question");
        record.transport = Transport();
    }
    co_await record.received(8);
    EXPECT_EQ(record.data, "question");
    server.abort_clients();
    co_await record.lost();
    co_await finish(server);
}

ASYNC_TEST(Transport, tells_the_last_words_of_a_peer_that_resets) {
    auto& record = keep_record();
    auto ends = co_await connected_to(send_once_and_reset, record);
    co_await record.received(10);
    EXPECT_EQ(record.data, "last words");
    ends.transport.write("!");
    co_await record.lost();
    EXPECT_TRUE(record.error);
    co_await finish(ends.server);
}

ASYNC_TEST(Transport, is_closed_with_its_server) {
    auto& record = keep_record();
    const MakerOf<> maker(record);
    Server server = co_await create_server(maker, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await record.called(1);
    server.close();
    server.close_clients();
    co_await server.wait_closed();
    EXPECT_THAT(record.calls, ElementsAre("made", "lost")) << "before wait_closed() returns";
    EXPECT_EQ(co_await reader.read(), "");
    writer.close();
    co_await writer.wait_closed();
}

ASYNC_TEST(Transport, knows_who_is_at_its_ends) {
    auto& record = keep_record();
    auto ends = co_await connected_to(wait_for_the_end, record);
    EXPECT_TRUE(ends.transport);
    EXPECT_FALSE(Transport());
    EXPECT_EQ(ends.transport, record.transport);
    EXPECT_EQ(ends.transport.peername().port, ends.server.port());
    EXPECT_EQ(ends.transport.sockname().host, "127.0.0.1");
    EXPECT_GE(ends.transport.fileno(), 0);
    const std::shared_ptr<BaseProtocol> none;
    expect_error<ValueError>([&] { ends.transport.set_protocol(none); });
    ends.transport.close();
    co_await record.lost();
    co_await finish(ends.server);
}

// Says when it is destroyed.
class Mortal : public Recorder {
public:
    using Recorder::Recorder;
    ~Mortal() override { record_.note("destroyed"); }
};

ASYNC_TEST(Transport, keeps_its_protocol_until_the_connection_is_lost) {
    auto& record = keep_record();
    auto handler = [](StreamReader reader, StreamWriter) -> Coro<> { co_await reader.read(); };
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    const MakerOf<Mortal> maker(record);
    Transport transport;
    {
        auto [made, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
        transport = made;
    }
    co_await settle();
    EXPECT_THAT(record.calls, ElementsAre("made"));
    transport.close();
    co_await record.called(3);
    EXPECT_THAT(record.calls, ElementsAre("made", "lost", "destroyed"));
    co_await finish(server);
}

Coro<> say_something(StreamReader reader, StreamWriter writer) {
    writer.write("something");
    co_await reader.read();
}

class Exiting : public Mortal {
public:
    using Mortal::Mortal;
    void data_received(std::string_view) override { throw SystemExit(3); }
};

TEST(TransportAtTheEnd, a_protocol_that_exits_leaves_the_loop) {
    Record record;
    {
        EventLoop loop({.backend = "sim"});
        loop.set_exception_handler([](EventLoop&, const ExceptionContext&) {});
        auto work = [](Record& noted) -> Coro<> {
            auto ends = co_await connected_to<Exiting>(say_something, noted);
            co_await noted.lost();
        };
        EXPECT_THROW(loop.run_until_complete(work(record)), SystemExit);
    }
    EXPECT_THAT(record.calls, ElementsAre("made", "destroyed"));
}

TEST(TransportAtTheEnd, a_loop_that_closes_destroys_its_protocols_without_a_call) {
    Record record;
    {
        EventLoop loop({.backend = "sim"});
        auto leave = [](Record& noted) -> Coro<> {
            Server server = co_await create_server(make_echo, "127.0.0.1", 0);
            const MakerOf<Mortal> maker(noted);
            co_await create_connection(maker, "127.0.0.1", server.port());
        };
        loop.run_until_complete(leave(record));
        EXPECT_THAT(record.calls, ElementsAre("made"));
    }
    EXPECT_THAT(record.calls, ElementsAre("made", "destroyed"));
}

}  // namespace
}  // namespace aio::test
