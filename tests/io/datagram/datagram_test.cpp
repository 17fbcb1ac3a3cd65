// DatagramEndpoint: receiving, addresses, errors of the network, the end.
#include <aio/core/run.hpp>
#include <aio/core/task.hpp>
#include <aio/io/datagram.hpp>

#include "io/datagram/datagrams.hpp"
#include "io/descriptors.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>

namespace aio::test {
namespace {

// The code() of the OSError that `awaitable` throws.
template <class A>
Coro<int> code_of(A awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const OSError& error) {
        co_return error.code();
    }
    co_return 0;
}

Coro<> exchange(std::string host) {
    DatagramEndpoint server = co_await create_datagram_endpoint({.local_addr = {host, 0}});
    DatagramEndpoint client = co_await endpoint_to(server.sockname());
    EXPECT_EQ(client.peername(), server.sockname());
    client.sendto("xxx");
    auto [data, from] = co_await server.recvfrom();
    EXPECT_EQ(data, "xxx");
    EXPECT_EQ(from, client.sockname());
    server.sendto("received", from);
    auto [answer, sender] = co_await client.recvfrom();
    EXPECT_EQ(answer, "received");
    EXPECT_EQ(sender, server.sockname());
    EXPECT_FALSE(client.is_closing());
    co_await end(client);
    EXPECT_TRUE(client.is_closing());
    EXPECT_EQ(client.fileno(), -1);
    co_await end(server);
}

ASYNC_TEST(Datagram, two_endpoints_talk_over_ipv4) {  // CPython: test_events.test_create_datagram_endpoint
    co_await exchange("127.0.0.1");
}

ASYNC_TEST(Datagram, two_endpoints_talk_over_ipv6) {  // CPython: test_events.test_create_datagram_endpoint_ipv6
    co_await exchange("::1");
}

ASYNC_TEST(Datagram, many_clients_are_told_apart_by_their_address) {
    DatagramEndpoint server = co_await local_endpoint();
    Task<> echo = create_task(echo_datagrams(server));
    std::vector<DatagramEndpoint> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(co_await endpoint_to(server.sockname()));
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].sendto("client " + std::to_string(i));
    for (std::size_t i = 0; i < clients.size(); ++i) {
        EXPECT_EQ((co_await clients[i].recvfrom()).first, "client " + std::to_string(i));
        co_await end(clients[i]);
    }
    co_await end(server);
    co_await echo;
}

ASYNC_TEST(Datagram, datagrams_arrive_whole_in_order_and_may_be_empty) {
    DatagramEndpoint receiver = co_await local_endpoint();
    DatagramEndpoint sender = co_await endpoint_to(receiver.sockname());
    const std::vector<std::string> all = {"one", "", std::string(65'507, 'x'), "", "the last"};
    for (const std::string& each : all) sender.sendto(each);
    for (const std::string& each : all) EXPECT_EQ((co_await receiver.recvfrom()).first, each);
    co_await end(sender);
    co_await end(receiver);
}

ASYNC_TEST(Datagram, one_that_is_too_long_is_refused_and_the_endpoint_goes_on) {
    DatagramEndpoint receiver = co_await local_endpoint();
    DatagramEndpoint sender = co_await endpoint_to(receiver.sockname());
    sender.sendto(std::string(65'508, 'x'));
    EXPECT_EQ(co_await code_of(sender.recvfrom()), EMSGSIZE);
    sender.sendto("short");
    EXPECT_EQ((co_await receiver.recvfrom()).first, "short");
    co_await end(sender);
    co_await end(receiver);
}

ASYNC_TEST(Datagram, longer_ones_than_64_kib_are_reported_and_dropped) {
    const std::string path = fresh_socket_path();
    DatagramEndpoint receiver = co_await create_datagram_endpoint({.local_addr = path});
    DatagramEndpoint sender = co_await create_datagram_endpoint({.remote_addr = path});
    sender.sendto(std::string(65'537, 'x'));
    sender.sendto(std::string(65'536, 'y'));
    EXPECT_EQ(co_await code_of(receiver.recvfrom()), EMSGSIZE);
    EXPECT_EQ((co_await receiver.recvfrom()).first.size(), 65'536u);
    co_await end(sender);
    co_await end(receiver);
    ::unlink(path.c_str());
}

ASYNC_TEST(Datagram, a_view_is_valid_until_the_next_receive) {
    DatagramEndpoint receiver = co_await local_endpoint();
    DatagramEndpoint sender = co_await endpoint_to(receiver.sockname());
    sender.sendto("first");
    const DatagramView first = co_await receiver.recvfrom_view();
    for (int i = 0; i < 30; ++i) sender.sendto(std::string(1000, 'n'));
    co_await aio::sleep(5ms);
    EXPECT_EQ(first.data, "first");
    EXPECT_EQ(first.from.str(), sender.sockname().str());
    EXPECT_EQ((co_await receiver.recvfrom_view()).data, std::string(1000, 'n'));
    co_await end(sender);
    co_await end(receiver);
}

ASYNC_TEST(Datagram, nobody_listening_surfaces_in_the_next_receive_once) {
    DatagramEndpoint gone = co_await local_endpoint();
    const Address address = gone.sockname();
    co_await end(gone);
    DatagramEndpoint client = co_await endpoint_to(address);
    client.sendto("anybody there?");
    const std::string what = co_await expect_throws<ConnectionRefusedError>(client.recvfrom());
    EXPECT_THAT(what, testing::HasSubstr(address.str()));
    DatagramEndpoint back = co_await create_datagram_endpoint({.local_addr = address});
    client.sendto("and now?");
    auto [data, from] = co_await back.recvfrom();
    back.sendto("yes", from);
    EXPECT_EQ((co_await client.recvfrom()).first, "yes");
    co_await end(client);
    co_await end(back);
}

ASYNC_TEST(Datagram, errors_nobody_asks_for_do_not_keep_the_loop_busy) {
    DatagramEndpoint gone = co_await local_endpoint();
    const Address address = gone.sockname();
    co_await end(gone);
    DatagramEndpoint client = co_await endpoint_to(address);
    for (int i = 0; i < 100; ++i) {
        client.sendto("hello");
        co_await run_passes(1);
    }
    co_await aio::sleep(5ms);
    EXPECT_EQ(co_await code_of(client.recvfrom()), ECONNREFUSED);
    co_await end(client);
}

ASYNC_TEST(Datagram, a_cancelled_receive_loses_nothing) {
    DatagramEndpoint receiver = co_await local_endpoint();
    DatagramEndpoint sender = co_await endpoint_to(receiver.sockname());
    auto receiving = create_task(receiver.recvfrom());
    co_await run_passes(2);
    receiving.cancel();
    sender.sendto("kept");
    co_await wait_for_all(receiving);
    EXPECT_TRUE(receiving.cancelled());
    EXPECT_EQ((co_await receiver.recvfrom()).first, "kept");
    co_await end(sender);
    co_await end(receiver);
}

ASYNC_TEST(Datagram, only_one_task_may_wait) {
    DatagramEndpoint endpoint = co_await local_endpoint();
    auto first = create_task(endpoint.recvfrom());
    co_await run_passes(2);
    co_await expect_throws<RuntimeError>(endpoint.recvfrom());
    endpoint.sendto("to myself", endpoint.sockname());
    EXPECT_EQ((co_await first).first, "to myself");
    co_await end(endpoint);
}

ASYNC_TEST(Datagram, close_ends_a_receive_that_waits) {
    DatagramEndpoint endpoint = co_await local_endpoint();
    auto receiving = create_task(endpoint.recvfrom());
    co_await run_passes(2);
    co_await end(endpoint);
    co_await expect_throws<ConnectionAbortedError>(receiving);
    co_await expect_throws<ConnectionAbortedError>(endpoint.recvfrom());
    const auto none = co_await endpoint.next();
    EXPECT_FALSE(none);
    co_await endpoint.wait_closed();
}

ASYNC_TEST(Datagram, an_endpoint_whose_last_handle_is_gone_is_closed) {
    Address address;
    {
        DatagramEndpoint endpoint = co_await local_endpoint();
        address = endpoint.sockname();
    }
    co_await run_passes(4);
    DatagramEndpoint again = co_await create_datagram_endpoint({.local_addr = address});
    co_await end(again);
}

TEST(Datagram, an_endpoint_that_is_open_when_its_loop_closes_is_closed) {
    std::optional<DatagramEndpoint> endpoint;
    int fd = -1;
    aio::run([&]() -> Coro<> {
        endpoint = co_await local_endpoint();
        fd = endpoint->fileno();
        endpoint->sendto("never received", endpoint->sockname());
    });
    EXPECT_TRUE(endpoint->is_closing());
    EXPECT_EQ(endpoint->fileno(), -1);
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
    EXPECT_EQ(endpoint->sockname(), Address());
    endpoint->sendto("nor this", Address{"127.0.0.1", 9, {}});
    EXPECT_THROW(endpoint->setsockopt(SOL_SOCKET, SO_RCVBUF, 10'000), RuntimeError);
}

ASYNC_TEST(Datagram, addresses_that_do_not_fit_are_refused) {
    DatagramEndpoint open = co_await local_endpoint();
    EXPECT_THROW(open.sendto("no address"), ValueError);
    EXPECT_THROW(open.sendto("a name", Address{"localhost", 1, {}}), ValueError);
    EXPECT_THROW(open.sendto("a port", Address{"127.0.0.1", 65'536, {}}), ValueError);
    EXPECT_THROW(open.sendto("nobody", PeerAddress()), ValueError);
    DatagramEndpoint connected = co_await endpoint_to(open.sockname());
    EXPECT_THROW(connected.sendto("another", Address{"127.0.0.1", 9, {}}), ValueError);
    connected.sendto("the same", open.sockname());
    EXPECT_EQ((co_await open.recvfrom()).first, "the same");
    co_await end(connected);
    co_await end(open);
}

ASYNC_TEST(Datagram, options_that_make_no_sense_are_refused) {
    co_await expect_throws<ValueError>(create_datagram_endpoint());
    co_await expect_throws<ValueError>(create_datagram_endpoint({.local_addr = {"127.0.0.1", 70'000}}));
    co_await expect_throws<ValueError>(
        create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}, .remote_addr = {"::1", 9}}));
    co_await expect_throws<ValueError>(
        create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}, .family = AF_INET6}));
    co_await expect_throws<ValueError>(create_datagram_endpoint({.local_addr = "/tmp/x", .remote_addr = {"::1", 9}}));
    co_await expect_throws<ValueError>(create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}, .sock = 3}));
    co_await expect_throws<ValueError>(
        create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}, .receive_limit = 0}));
    EXPECT_THROW(static_cast<void>(create_datagram_endpoint(nullptr, {.local_addr = {"127.0.0.1", 0}})), ValueError);
}

ASYNC_TEST(Datagram, an_address_in_use_is_refused_unless_all_share_the_port) {
    DatagramEndpoint first = co_await local_endpoint();
    const Address address = first.sockname();
    EXPECT_EQ(co_await code_of(create_datagram_endpoint({.local_addr = address})), EADDRINUSE);
    co_await end(first);
    DatagramEndpoint one = co_await create_datagram_endpoint({.local_addr = address, .reuse_port = true});
    DatagramEndpoint two = co_await create_datagram_endpoint({.local_addr = address, .reuse_port = true});
    co_await end(one);
    co_await end(two);
}

ASYNC_TEST(Datagram, a_family_alone_makes_a_socket_that_can_send) {
    DatagramEndpoint receiver = co_await local_endpoint();
    DatagramEndpoint sender = co_await create_datagram_endpoint({.family = AF_INET});
    sender.sendto("from somewhere", receiver.sockname());
    auto [data, from] = co_await receiver.recvfrom();
    EXPECT_EQ(data, "from somewhere");
    receiver.sendto("found you", from);
    EXPECT_EQ((co_await sender.recvfrom()).first, "found you");
    co_await end(sender);
    co_await end(receiver);
}

ASYNC_TEST(Datagram, with_allow_broadcast_the_socket_hears_others_than_its_remote_address) {
    DatagramEndpoint remote = co_await local_endpoint();
    DatagramEndpoint other = co_await local_endpoint();
    DatagramEndpoint endpoint =
        co_await create_datagram_endpoint({.remote_addr = remote.sockname(), .allow_broadcast = true});
    endpoint.sendto("hello");
    auto [data, from] = co_await remote.recvfrom();
    other.sendto("a stranger", from);
    EXPECT_EQ((co_await endpoint.recvfrom()).first, "a stranger");
    EXPECT_THROW(endpoint.sendto("no", other.sockname()), ValueError);
    co_await end(endpoint);
    co_await end(other);
    co_await end(remote);
}

ASYNC_TEST(Datagram, unix_sockets_talk_by_path_and_replace_one_that_was_left_behind) {
    const std::string server_path = fresh_socket_path(), client_path = fresh_socket_path();
    for (int round = 0; round < 2; ++round) {  // asyncio leaves the path as well
        DatagramEndpoint server = co_await create_datagram_endpoint({.local_addr = server_path});
        DatagramEndpoint client =
            co_await create_datagram_endpoint({.local_addr = client_path, .remote_addr = server_path});
        client.sendto("hello");
        auto [data, from] = co_await server.recvfrom();
        EXPECT_EQ(from.path, client_path);
        server.sendto("hello yourself", from);
        EXPECT_EQ((co_await client.recvfrom()).first, "hello yourself");
        co_await end(client);
        co_await end(server);
    }
    ::unlink(server_path.c_str());
    ::unlink(client_path.c_str());
}

ASYNC_TEST(Datagram, a_unix_sender_without_a_name_cannot_be_answered) {
    const std::string path = fresh_socket_path();
    DatagramEndpoint server = co_await create_datagram_endpoint({.local_addr = path});
    DatagramEndpoint client = co_await create_datagram_endpoint({.remote_addr = path});
    client.sendto("guess who");
    const DatagramView view = co_await server.recvfrom_view();
    EXPECT_TRUE(view.from.empty());
    EXPECT_THROW(server.sendto("?", view.from), ValueError);
    co_await end(client);
    co_await end(server);
    ::unlink(path.c_str());
}

ASYNC_TEST(Datagram, a_unix_path_that_is_not_there_is_an_error) {
    EXPECT_EQ(co_await code_of(create_datagram_endpoint({.remote_addr = "/tmp/aio-nothing-is-here"})), ENOENT);
}

ASYNC_TEST(Datagram, a_socket_of_ones_own_can_be_taken_over) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CO_ASSERT_GE(fd, 0);
    std::optional<DatagramEndpoint> endpoint;
    try {
        endpoint = co_await create_datagram_endpoint({.sock = fd});
    } catch (...) {
        ::close(fd);
        throw;
    }
    EXPECT_EQ(endpoint->fileno(), fd);
    EXPECT_THROW(get_running_loop().add_reader(fd, [] {}), RuntimeError);
    co_await end(*endpoint);
    auto& streams = keep<Sockets>();
    co_await expect_throws<ValueError>(create_datagram_endpoint({.sock = streams.fd[0]}));
}

TEST(PeerAddress, is_a_value_that_can_be_compared_hashed_and_read) {
    const PeerAddress v4(Address{"127.0.0.1", 80, {}}), v6(Address{"::1", 80, {}}), path(Address{{}, 0, "/tmp/x"});
    EXPECT_EQ(v4.str(), "127.0.0.1:80");
    EXPECT_EQ(v6.str(), "[::1]:80");
    EXPECT_EQ(path.str(), "unix:/tmp/x");
    EXPECT_EQ(v4, PeerAddress(v4.address()));
    EXPECT_NE(v4, PeerAddress(Address{"127.0.0.1", 81, {}}));
    EXPECT_EQ(PeerAddress().address(), Address());
    std::unordered_map<PeerAddress, int> sessions;
    sessions[v4] = 1;
    sessions[v6] = 2;
    EXPECT_EQ(sessions[PeerAddress(Address{"127.0.0.1", 80, {}})], 1);
    EXPECT_EQ(sessions.size(), 2u);
}

}  // namespace
}  // namespace aio::test
