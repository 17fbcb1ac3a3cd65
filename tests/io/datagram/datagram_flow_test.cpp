// DatagramEndpoint: limits of the queues, fairness, the protocol form, allocations.
#include <aio/core/task.hpp>
#include <aio/io/datagram.hpp>

#include "core/loop_state.hpp"
#include "io/datagram/datagrams.hpp"
#include "support/allocations.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <unistd.h>

#include <algorithm>

namespace aio::test {
namespace {

std::size_t polls_in_flight() { return get_running_loop().state().backend->in_flight(); }

ASYNC_TEST(DatagramFlow, beyond_its_limit_an_endpoint_leaves_datagrams_to_the_kernel) {
    DatagramEndpoint receiver =
        co_await create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}, .receive_limit = 2000});
    DatagramEndpoint sender = co_await endpoint_to(receiver.sockname());
    co_await run_passes(2);
    const std::size_t both = polls_in_flight();
    for (int i = 0; i < 50; ++i) sender.sendto(std::string(100, static_cast<char>('0' + i)));
    co_await aio::sleep(20ms);
    EXPECT_EQ(polls_in_flight(), both - 1) << "it does not wait for more";
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ((co_await receiver.recvfrom()).first, std::string(100, static_cast<char>('0' + i)));
    }
    co_await run_passes(2);
    EXPECT_EQ(polls_in_flight(), both) << "it waits again";
    co_await end(sender);
    co_await end(receiver);
}

// An AF_UNIX receiver that takes one datagram and lets the others wait: senders feel it.
struct Pair {
    std::string path = fresh_socket_path();
    std::optional<DatagramEndpoint> receiver, sender;
    ~Pair() { ::unlink(path.c_str()); }
};

Coro<> connect(Pair& pair, bool connected) {
    pair.receiver = co_await create_datagram_endpoint({.local_addr = pair.path, .receive_limit = 1});
    if (connected) {
        pair.sender = co_await create_datagram_endpoint({.remote_addr = pair.path});
    } else {
        pair.sender = co_await create_datagram_endpoint({.family = AF_UNIX});
    }
}

// Datagrams to fill the receiver's queue and the sender's buffer: many small ones, or in a rerun a few large ones.
const int kEnough = static_cast<int>(scaled(2000));
const std::size_t kPadding = rerunning() ? 8000 : 200;

void send_many(const Pair& pair, bool connected) {
    const Address to = pair.receiver->sockname();
    for (int i = 0; i < kEnough; ++i) {
        const std::string text = std::to_string(i) + std::string(kPadding, '.');
        if (connected) {
            pair.sender->sendto(text);
        } else {
            pair.sender->sendto(text, to);
        }
    }
}

Coro<int> receive_many(DatagramEndpoint endpoint) {
    int count = 0;
    for (; count < kEnough; ++count) {
        const DatagramView view = co_await endpoint.recvfrom_view();
        if (!view.data.starts_with(std::to_string(count) + ".")) co_return -count;
    }
    co_return count;
}

Coro<> expect_backpressure(bool connected) {
    Pair pair;
    co_await connect(pair, connected);
    send_many(pair, connected);
    EXPECT_GT(pair.sender->get_write_buffer_size(), 64u * 1024);
    auto draining = create_task(pair.sender->drain());
    co_await aio::sleep(20ms);
    EXPECT_FALSE(draining.done());
    auto receiving = create_task(receive_many(*pair.receiver));
    co_await draining;
    EXPECT_LE(pair.sender->get_write_buffer_size(), 16u * 1024);
    EXPECT_EQ(co_await receiving, kEnough);
    EXPECT_EQ(pair.sender->get_write_buffer_size(), 0u);
    co_await end(*pair.sender);
    co_await end(*pair.receiver);
}

ASYNC_TEST(DatagramFlow, drain_waits_for_a_receiver_that_is_behind) {  // semantics 42
    co_await expect_backpressure(true);
}

ASYNC_TEST(DatagramFlow, drain_waits_also_if_the_kernel_cannot_tell_when_there_is_room) {  // semantics 42
    co_await expect_backpressure(false);
}

ASYNC_TEST(DatagramFlow, close_sends_what_is_buffered) {
    Pair pair;
    co_await connect(pair, true);
    send_many(pair, true);
    pair.sender->close();
    auto closing = create_task(pair.sender->wait_closed());
    auto draining = create_task(pair.sender->drain());
    EXPECT_EQ(co_await receive_many(*pair.receiver), kEnough);
    co_await closing;
    co_await wait_for_all(draining);
    co_await expect_throws<ConnectionResetError>(pair.sender->drain());
    co_await end(*pair.receiver);
}

ASYNC_TEST(DatagramFlow, abort_drops_what_is_buffered) {
    Pair pair;
    co_await connect(pair, true);
    send_many(pair, true);
    auto draining = create_task(pair.sender->drain());
    co_await run_passes(2);
    pair.sender->abort();
    EXPECT_EQ(pair.sender->get_write_buffer_size(), 0u);
    co_await expect_throws<ConnectionResetError>(draining);
    co_await pair.sender->wait_closed();
    co_await end(*pair.receiver);
}

ASYNC_TEST(DatagramFlow, sending_after_close_is_dropped_and_from_the_fifth_time_on_logged) {  // semantics 46
    DatagramEndpoint endpoint = co_await local_endpoint();
    const Address self = endpoint.sockname();
    co_await end(endpoint);
    for (int i = 0; i < 5; ++i) endpoint.sendto("too late", self);
    EXPECT_EQ(take_logs().size(), 1u);
}

ASYNC_TEST(DatagramFlow, write_buffer_limits_are_checked) {
    DatagramEndpoint endpoint = co_await local_endpoint();
    EXPECT_THROW(endpoint.set_write_buffer_limits(10, 11), ValueError);
    endpoint.set_write_buffer_limits(0);
    co_await endpoint.drain();
    co_await end(endpoint);
}

// --- the protocol form ---------------------------------------------------------------------------------------

// A protocol keeps its endpoint open: a test that is cut short must close it.
struct Closing {
    explicit Closing(DatagramEndpoint e) : endpoint(std::move(e)) {}
    Closing(const Closing&) = delete;
    ~Closing() { endpoint.close(); }
    DatagramEndpoint endpoint;
};

struct Recorder : DatagramProtocol {
    void connection_made(DatagramEndpoint given) override {
        transport = given;
        events.push_back("made");
    }
    void datagram_received(std::string_view data, const PeerAddress& from) override {
        events.emplace_back(data);
        if (data == "throw") throw ZeroDivision("datagram_received");
        if (data == "answer") transport->sendto("here", from);
        if (data == "close") transport->close();
        if (!got.done()) got.set_result();
    }
    void error_received(std::exception_ptr error) override {
        expect_is<ConnectionRefusedError>(error);
        events.push_back("error");
        if (!got.done()) got.set_result();
    }
    void connection_lost(std::exception_ptr error) override {
        events.push_back(error ? "lost by an error" : "lost");
        transport.reset();
        if (!lost.done()) lost.set_result();
    }
    void pause_writing() override { events.push_back("pause"); }
    void resume_writing() override {
        events.push_back("resume");
        if (!got.done()) got.set_result();
    }

    std::optional<DatagramEndpoint> transport;
    Log events;
    Future<> got, lost;
};

struct CloseTransport {
    Recorder& protocol;
    ~CloseTransport() {
        if (protocol.transport) protocol.transport->close();
    }
};

ASYNC_TEST(DatagramProtocol, is_told_everything_in_order) {  // semantics 46
    auto protocol = std::make_shared<Recorder>();
    DatagramEndpoint server = co_await create_datagram_endpoint(protocol, {.local_addr = {"127.0.0.1", 0}});
    const Closing closing(server);
    EXPECT_EQ(protocol->events, Log{"made"});
    DatagramEndpoint client = co_await endpoint_to(server.sockname());
    for (const char* text : {"one", "answer", "close", "not any more"}) client.sendto(text);
    EXPECT_EQ((co_await client.recvfrom()).first, "here");
    co_await protocol->lost;
    co_await server.wait_closed();
    EXPECT_EQ(protocol->events, (Log{"made", "one", "answer", "close", "lost"}));
    co_await end(client);
}

ASYNC_TEST(DatagramProtocol, keeps_the_endpoint_open_without_a_handle) {
    auto protocol = std::make_shared<Recorder>();
    Address address;
    {
        DatagramEndpoint server = co_await create_datagram_endpoint(protocol, {.local_addr = {"127.0.0.1", 0}});
        address = server.sockname();
    }
    const CloseTransport closing{*protocol};
    co_await run_passes(3);
    DatagramEndpoint client = co_await endpoint_to(address);
    client.sendto("close");
    co_await protocol->lost;
    EXPECT_EQ(protocol->events, (Log{"made", "close", "lost"}));
    co_await end(client);
    co_await run_passes(2);
}

ASYNC_TEST(DatagramProtocol, that_throws_is_reported_and_goes_on) {
    auto protocol = std::make_shared<Recorder>();
    DatagramEndpoint server = co_await create_datagram_endpoint(protocol, {.local_addr = {"127.0.0.1", 0}});
    const Closing closing(server);
    DatagramEndpoint client = co_await endpoint_to(server.sockname());
    client.sendto("throw");
    client.sendto("on");
    co_await protocol->got;
    co_await run_passes(1);
    EXPECT_EQ(take_report_messages(), Log{"Exception in callback <datagram_received>"});
    EXPECT_EQ(protocol->events, (Log{"made", "throw", "on"}));
    co_await expect_throws<RuntimeError>(server.recvfrom());
    co_await end(client);
    co_await end(server);
}

ASYNC_TEST(DatagramProtocol, whose_connection_made_throws_gets_no_endpoint) {
    struct Refusing : Recorder {
        void connection_made(DatagramEndpoint) override { throw ZeroDivision("connection_made"); }
    };
    auto protocol = std::make_shared<Refusing>();
    co_await expect_throws<ZeroDivision>(create_datagram_endpoint(protocol, {.local_addr = {"127.0.0.1", 0}}));
    co_await protocol->lost;
    co_await run_passes(2);
}

ASYNC_TEST(DatagramProtocol, hears_of_errors_of_the_network) {
    DatagramEndpoint gone = co_await local_endpoint();
    const Address address = gone.sockname();
    co_await end(gone);
    auto protocol = std::make_shared<Recorder>();
    DatagramEndpoint client = co_await create_datagram_endpoint(protocol, {.remote_addr = address});
    const Closing closing(client);
    client.sendto("anybody there?");
    co_await protocol->got;
    EXPECT_EQ(protocol->events, (Log{"made", "error"}));
    co_await end(client);
}

ASYNC_TEST(DatagramProtocol, is_paused_and_resumed) {  // semantics 42
    Pair pair;
    pair.receiver = co_await create_datagram_endpoint({.local_addr = pair.path, .receive_limit = 1});
    auto protocol = std::make_shared<Recorder>();
    pair.sender = co_await create_datagram_endpoint(protocol, {.remote_addr = pair.path});
    const Closing closing(*pair.sender);
    send_many(pair, true);
    EXPECT_EQ(protocol->events, (Log{"made", "pause"}));
    EXPECT_EQ(co_await receive_many(*pair.receiver), kEnough);
    co_await protocol->got;
    EXPECT_EQ(protocol->events, (Log{"made", "pause", "resume"}));
    co_await end(*pair.sender);
    co_await end(*pair.receiver);
}

struct Counter : DatagramProtocol {
    void datagram_received(std::string_view, const PeerAddress&) override { ++received; }
    int received = 0;
};

ASYNC_TEST(DatagramFlow, a_flood_leaves_turns_to_others) {
    auto counter = std::make_shared<Counter>();
    DatagramEndpoint server = co_await create_datagram_endpoint(counter, {.local_addr = {"127.0.0.1", 0}});
    const Closing closing(server);
    DatagramEndpoint client = co_await endpoint_to(server.sockname());
    constexpr int kFlood = 200;
    for (int i = 0; i < kFlood; ++i) client.sendto("flood");
    int most = 0;
    for (int pass = 0; pass < 10'000 && counter->received < kFlood; ++pass) {
        const int before = counter->received;
        co_await aio::sleep(Duration(0));
        most = std::max(most, counter->received - before);
    }
    EXPECT_EQ(counter->received, kFlood);
    EXPECT_LE(most, 64);
    co_await end(client);
    co_await end(server);
}

// --- allocations ---------------------------------------------------------------------------------------------

ASYNC_TEST(DatagramFlow, a_datagram_there_and_back_allocates_nothing, kOnce) {
    if (simulated()) CO_SKIP();  // its network is made of strings
    DatagramEndpoint server = co_await local_endpoint();
    DatagramEndpoint client = co_await endpoint_to(server.sockname());
    Task<> echo = create_task([&]() -> Coro<> {
        while (auto datagram = co_await server.next()) server.sendto(datagram->data, datagram->from);
    });
    const std::string text(700, 't');
    std::uint64_t before = 0;
    for (int round = 0; round < 300; ++round) {
        if (round == 100) before = allocations();
        client.sendto(text);
        const DatagramView answer = co_await client.recvfrom_view();
        if (answer.data.size() != text.size()) ADD_FAILURE() << "another answer";
    }
    const std::uint64_t count = allocations() - before;
    if (detail::frame_pool.recycling()) {
        EXPECT_EQ(count, 0u);
    }
    co_await end(server);
    co_await echo;
    co_await end(client);
}

}  // namespace
}  // namespace aio::test
