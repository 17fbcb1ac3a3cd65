// Datagrams between us and other people's programs, and what only a kernel has: broadcast, multicast, both families.
#include <aio/core/task.hpp>
#include <aio/io/datagram.hpp>

#include "io/datagram/datagrams.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include <cstdlib>

namespace aio::test {
namespace {

#define SKIP_IN_SIMULATION() \
    if (simulated()) CO_SKIP()

bool installed(const char* program) {
    return std::system(("command -v " + std::string(program) + " >/dev/null 2>&1").c_str()) == 0;
}

// Runs `command`, in which PORT stands for our echo server's port.
Coro<int> served(std::string command) {
    DatagramEndpoint server = co_await create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}});
    Task<> echo = create_task(echo_datagrams(server));
    const std::string port = std::to_string(server.sockname().port);
    command.replace(command.find("PORT"), 4, port);
    const int status = co_await run_command(command);
    co_await end(server);
    co_await echo;
    co_return status;
}

ASYNC_TEST(DatagramInterop, echoes_what_a_python_socket_sends, kOnce) {
    SKIP_IN_SIMULATION();
    EXPECT_EQ(co_await served("exec /usr/bin/python3 -c '\n"
                              "import os, socket\n"
                              "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                              "s.settimeout(20)\n"
                              "for size in (0, 1, 1472, 9000, 65507):\n"
                              "    data = os.urandom(size)\n"
                              "    s.sendto(data, (\"127.0.0.1\", PORT))\n"
                              "    assert s.recv(70000) == data, size\n"
                              "'"),
              0);
}

ASYNC_TEST(DatagramInterop, echoes_what_netcat_sends, kOnce) {
    SKIP_IN_SIMULATION();
    if (!installed("nc")) CO_SKIP();
    EXPECT_EQ(co_await served("test \"$(printf hello | nc -u -w 1 127.0.0.1 PORT)\" = hello"), 0);
}

ASYNC_TEST(DatagramInterop, talks_to_an_asyncio_server, kOnce) {
    SKIP_IN_SIMULATION();
    DatagramEndpoint ours = co_await create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}});
    const std::string script =
        "import asyncio\n"
        "class Echo(asyncio.DatagramProtocol):\n"
        "    def connection_made(self, t):\n"
        "        self.t = t\n"
        "        t.sendto(b\"ready\", (\"127.0.0.1\", " +
        std::to_string(ours.sockname().port) +
        "))\n"
        "    def datagram_received(self, data, addr):\n"
        "        self.t.sendto(data[::-1], addr)\n"
        "        if data == b\"end\": done.set_result(0)\n"
        "async def main():\n"
        "    global done\n"
        "    done = asyncio.get_running_loop().create_future()\n"
        "    await asyncio.get_running_loop().create_datagram_endpoint(Echo, (\"127.0.0.1\", 0))\n"
        "    await asyncio.wait_for(done, 30)\n"
        "    await asyncio.sleep(0.05)\n"
        "asyncio.run(main())\n";
    Task<int> server = create_task(run_command("exec /usr/bin/python3 -c '" + script + "'"));
    auto [ready, theirs] = co_await ours.recvfrom();
    EXPECT_EQ(ready, "ready");
    for (const char* text : {"abc", "end"}) {
        ours.sendto(text, theirs);
        const std::string answer = (co_await ours.recvfrom()).first;
        EXPECT_EQ(std::string(answer.rbegin(), answer.rend()), text);
    }
    EXPECT_EQ(co_await server, 0);
    co_await end(ours);
}

ASYNC_TEST(DatagramInterop, an_ipv6_socket_on_all_interfaces_serves_ipv4_too, kOnce) {
    SKIP_IN_SIMULATION();
    DatagramEndpoint server = co_await create_datagram_endpoint({.local_addr = {"::", 0}});
    server.setsockopt(SOL_SOCKET, SO_RCVBUF, 100'000);
    const int port = server.sockname().port;
    DatagramEndpoint client = co_await create_datagram_endpoint({.remote_addr = {"127.0.0.1", port}});
    client.sendto("over IPv4");
    auto [data, from] = co_await server.recvfrom();
    EXPECT_EQ(data, "over IPv4");
    EXPECT_EQ(from.host, "::ffff:127.0.0.1");
    server.sendto("to a mapped address", from);
    EXPECT_EQ((co_await client.recvfrom()).first, "to a mapped address");
    server.sendto("to a plain one", client.sockname());
    EXPECT_EQ((co_await client.recvfrom()).first, "to a plain one");
    co_await end(client);
    co_await end(server);
}

ASYNC_TEST(DatagramInterop, broadcasts_if_it_may, kOnce) {
    SKIP_IN_SIMULATION();
    DatagramEndpoint listener = co_await create_datagram_endpoint({.local_addr = {"127.255.255.255", 0}});
    const int port = listener.sockname().port;
    DatagramEndpoint sender = co_await create_datagram_endpoint(
        {.local_addr = {"127.0.0.1", 0}, .remote_addr = {"127.255.255.255", port}, .allow_broadcast = true});
    EXPECT_EQ(sender.getsockopt(SOL_SOCKET, SO_BROADCAST), 1);
    sender.sendto("to all");
    EXPECT_EQ((co_await listener.recvfrom()).first, "to all");
    DatagramEndpoint not_allowed = co_await create_datagram_endpoint({.family = AF_INET});
    not_allowed.sendto("to all", Address{"127.255.255.255", port, {}});
    co_await expect_throws<OSError>(not_allowed.recvfrom());
    co_await end(listener);
    co_await end(sender);
    co_await end(not_allowed);
}

ASYNC_TEST(DatagramInterop, joins_a_multicast_group, kOnce) {
    SKIP_IN_SIMULATION();
    DatagramEndpoint member = co_await create_datagram_endpoint({.local_addr = {"", 0}, .family = AF_INET});
    ip_mreqn group = {};
    group.imr_multiaddr.s_addr = htonl(0xEFFF4D4D);  // 239.255.77.77
    group.imr_ifindex = static_cast<int>(::if_nametoindex("lo"));
    bool joined = true;
    try {
        member.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, group);
    } catch (const OSError&) {
        joined = false;  // no multicast in this container
    }
    if (joined) {
        DatagramEndpoint sender = co_await create_datagram_endpoint({.family = AF_INET});
        sender.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, group);
        sender.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, 0);
        sender.sendto("to the group", Address{"239.255.77.77", member.sockname().port, {}});
        EXPECT_EQ((co_await member.recvfrom()).first, "to the group");
        co_await end(sender);
    }
    co_await end(member);
}

ASYNC_TEST(DatagramInterop, options_that_do_not_exist_are_errors, kOnce) {
    SKIP_IN_SIMULATION();
    DatagramEndpoint endpoint = co_await create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}});
    EXPECT_THROW(endpoint.setsockopt(IPPROTO_IP, 9999, 1), OSError);
    EXPECT_THROW(static_cast<void>(endpoint.getsockopt(IPPROTO_IP, 9999)), OSError);
    co_await end(endpoint);
}

}  // namespace
}  // namespace aio::test
