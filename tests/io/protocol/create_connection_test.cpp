// create_connection, create_server and the other functions that take a protocol's factory.
#include <aio/base/exception_group.hpp>
#include <aio/sync/queue.hpp>

#include "io/descriptors.hpp"
#include "io/protocol/protocols.hpp"

namespace aio::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Coro<> expect_echo(Transport transport, Record& record) {
    transport.write("hello");
    co_await record.received(5);
    EXPECT_EQ(record.data, "hello");
    transport.close();
    co_await record.lost();
}

ASYNC_TEST(CreateConnection, connects_a_protocol_to_a_protocol) {  // CPython: test_events.test_create_connection
    auto& record = keep_record();
    Server server = co_await create_server(make_echo, "127.0.0.1", 0);
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    static_assert(std::is_same_v<decltype(protocol), std::shared_ptr<Recorder>>);
    co_await expect_echo(transport, record);
    co_await finish(server);
}

ASYNC_TEST(CreateConnection, takes_any_callable_that_gives_an_owning_pointer) {
    auto& record = keep_record();
    Server server = co_await create_server([] { return std::make_shared<EchoProtocol>(); }, "127.0.0.1", 0);
    const auto protocol = std::make_shared<Recorder>(record);
    const auto same = [&protocol] { return protocol; };
    auto [transport, made] = co_await create_connection(same, "127.0.0.1", server.port());
    EXPECT_EQ(made, protocol);
    co_await expect_echo(transport, record);
    co_await finish(server);
}

ASYNC_TEST(CreateConnection, reaches_an_af_unix_path) {  // CPython: test_events.test_create_unix_connection
    auto& record = keep_record();
    const std::string path = fresh_socket_path();
    Server server = co_await create_unix_server(make_echo, path);
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await create_unix_connection(maker, path);
    EXPECT_EQ(transport.peername().path, path);
    co_await expect_echo(transport, record);
    co_await finish(server);
}

ASYNC_TEST(CreateConnection, takes_a_socket_that_is_connected, kOnce) {
    if (simulated()) CO_SKIP();
    auto& record = keep_record();
    auto& sockets = keep<Sockets>();
    const MakerOf<> maker(record);
    auto [one, protocol] = co_await connect_accepted_socket(maker, sockets.fd[0]);
    sockets.take(0);
    auto [two, echo] = co_await connect_accepted_socket(make_echo, sockets.fd[1]);
    sockets.take(1);
    co_await expect_echo(one, record);
    while (two.get_protocol()) co_await aio::sleep(1ms);
}

ASYNC_TEST(CreateConnection, a_factory_that_throws_or_gives_nothing_fails_it) {
    auto& ended = keep<Queue<int>>();
    auto until_the_end = [&ended](StreamReader reader, StreamWriter) -> Coro<> {
        co_await reader.read();
        ended.put_nowait(1);
    };
    Server server = co_await start_server(until_the_end, "127.0.0.1", 0);
    const auto throws = []() -> std::unique_ptr<EchoProtocol> { throw ValueError("no protocol"); };
    EXPECT_EQ(co_await expect_throws<ValueError>(create_connection(throws, "127.0.0.1", server.port())),
              "no protocol");
    co_await ended.get();
    const auto nothing = [] { return std::unique_ptr<EchoProtocol>(); };
    EXPECT_THAT(co_await expect_throws<ValueError>(create_connection(nothing, "127.0.0.1", server.port())),
                HasSubstr("not null"));
    co_await ended.get();
    co_await finish(server);
}

ASYNC_TEST(CreateServer, reports_what_its_factory_throws_and_closes_the_connection) {
    const auto throws = []() -> std::unique_ptr<EchoProtocol> { throw ValueError("no protocol"); };
    Server server = co_await create_server(throws, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_EQ(co_await reader.read(), "");
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "Error on transport creation for incoming connection");
    EXPECT_THAT(reports[0].what, HasSubstr("no protocol"));
    co_await end(server, writer);
}

ASYNC_TEST(CreateConnection,
           fails_as_open_connection_does) {  // CPython: test_base_events.test_create_connection_connect_err
    auto& record = keep_record();
    const MakerOf<> maker(record);
    co_await expect_throws<ConnectionRefusedError>(create_connection(maker, "127.0.0.1", 1));
    co_await expect_throws<ValueError>(create_connection(maker, "127.0.0.1", 99999));
    ConnectionOptions options;
    options.all_errors = true;
    co_await expect_throws<ExceptionGroup>(create_connection(maker, "127.0.0.1", 1, options));
    EXPECT_TRUE(record.calls.empty());
}

// Before the k-th pass of the loop, for every k until it is connected.
ASYNC_TEST(CreateConnection, cancelled_at_any_await_leaves_no_connection) {
    auto& record = keep_record();
    Server server = co_await start_server(count_bytes, "127.0.0.1", 0);
    bool connected = false;
    for (int passes = 0; !connected; ++passes) {
        record.calls.clear();
        const MakerOf<> maker(record);
        auto task = create_task(create_connection(maker, "127.0.0.1", server.port()));
        co_await run_passes(passes);
        connected = task.done();
        task.cancel();
        co_await wait_for_all(task);
        if (connected) break;
        EXPECT_TRUE(task.cancelled());
        EXPECT_TRUE(record.calls.empty());
    }
    CO_ASSERT_TRUE(record.transport);
    record.transport.close();
    co_await record.lost();
    co_await finish(server);
}

ASYNC_TEST(CreateServer, begins_to_serve_when_it_is_told) {
    auto& record = keep_record();
    Server server = co_await create_server(make_echo, "127.0.0.1", 0, {.start_serving = false});
    EXPECT_FALSE(server.is_serving());
    server.start_serving();
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    co_await expect_echo(transport, record);
    co_await finish(server);
}

// A server on all interfaces at a port that is free in both families.
Coro<Server> dual_stack_server() {
    while (true) {
        Server probe = co_await start_server(count_bytes, "127.0.0.1", 0);
        const int port = probe.port();
        co_await finish(probe);
        try {
            co_return co_await create_server(make_echo, "", port);
        } catch (const OSError& error) {
            if (error.code() != EADDRINUSE) throw;
        }
    }
}

ASYNC_TEST(CreateServer, without_a_host_serves_both_families) {  // CPython: test_events.test_create_server_dual_stack
    Server server = co_await dual_stack_server();
    for (const Address& address : server.sockets()) {
        auto& record = keep_record();
        const MakerOf<> maker(record);
        const std::string host = address.host == "::" ? "::1" : "127.0.0.1";
        auto [transport, protocol] = co_await create_connection(maker, host, address.port);
        EXPECT_EQ(transport.peername().host, host);
        co_await expect_echo(transport, record);
    }
    co_await finish(server);
}

// --- pipes -------------------------------------------------------------------------------------------------

ASYNC_TEST(ReadPipe, feeds_a_protocol) {  // CPython: test_events.test_read_pipe
    auto& record = keep_record();
    auto& pipe = keep<Pipe>();
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await connect_read_pipe(maker, pipe.fd[0]);
    pipe.take(0);
    write_now(pipe.fd[1], "1");
    co_await record.received(1);
    write_now(pipe.fd[1], "2345");
    co_await record.received(5);
    EXPECT_EQ(record.data, "12345");
    pipe.close(1);
    co_await record.lost();
    EXPECT_THAT(record.calls, ElementsAre("made", "data", "eof", "lost"));
    EXPECT_FALSE(record.error);
}

ASYNC_TEST(ReadPipe, that_is_paused_at_its_end_is_lost_after_it) {
    struct Pausing : Recorder {
        using Recorder::Recorder;
        void data_received(std::string_view data) override {
            Recorder::data_received(data);
            record_.transport.pause_reading();
        }
    };
    auto& record = keep_record();
    auto& pipe = keep<Pipe>();
    const MakerOf<Pausing> maker(record);
    write_now(pipe.fd[1], "last");
    pipe.close(1);
    auto [transport, protocol] = co_await connect_read_pipe(maker, pipe.fd[0]);
    pipe.take(0);
    co_await record.received(4);
    co_await settle();
    EXPECT_THAT(record.calls, ElementsAre("made", "data"));
    transport.resume_reading();
    co_await record.lost();
    EXPECT_THAT(record.calls, ElementsAre("made", "data", "eof", "lost"));
}

ASYNC_TEST(ReadPipe, feeds_a_buffered_protocol) {
    auto& record = keep_record();
    auto& pipe = keep<Pipe>();
    const MakerOf<BufferedRecorder<3>> maker(record);
    auto [transport, protocol] = co_await connect_read_pipe(maker, pipe.fd[0]);
    pipe.take(0);
    write_now(pipe.fd[1], "12345678");
    pipe.close(1);
    co_await record.lost();
    EXPECT_EQ(record.data, "12345678");
}

// One that only writes: any protocol.
class WriteOnly : public Noting<BaseProtocol> {
public:
    using Noting::Noting;
};

ASYNC_TEST(WritePipe, is_written_to_by_a_transport) {  // CPython: test_events.test_write_pipe
    auto& record = keep_record();
    auto& pipe = keep<Pipe>();
    const MakerOf<WriteOnly> maker(record);
    auto [transport, protocol] = co_await connect_write_pipe(maker, pipe.fd[1]);
    pipe.take(1);
    StreamReader reader = pipe.read_from(0);
    transport.write("1");
    EXPECT_EQ(co_await reader.read(10), "1");
    transport.write("2345");
    transport.write_eof();
    EXPECT_EQ(co_await reader.read(), "2345");
    co_await record.lost();
    EXPECT_THAT(record.calls, ElementsAre("made", "lost"));
}

ASYNC_TEST(WritePipe, tells_that_its_reader_is_gone) {  // CPython: test_events.test_write_pipe_disconnect_on_close
    auto& record = keep_record();
    auto& pipe = keep<Pipe>();
    const MakerOf<WriteOnly> maker(record);
    auto [transport, protocol] = co_await connect_write_pipe(maker, pipe.fd[1]);
    pipe.take(1);
    transport.write("1");
    co_await settle();
    pipe.close(0);
    co_await record.lost();
    EXPECT_THAT(record.calls, ElementsAre("made", "lost"));
}

}  // namespace
}  // namespace aio::test
