// Hosts whose IPv6 addresses lead nowhere: packets vanish, and no error ever comes.
#include <aio/io/server.hpp>

#include <aio/base/error.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"
#include "support/resolvers.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace aio::test {
namespace {

// How long a connection to "dual.test" takes, in real time. The wall clock is what this is about; the limit leaves
// room for a busy machine.
Coro<> expect_fallback(int port) {
    const auto start = std::chrono::steady_clock::now();
    auto [reader, writer] = co_await open_connection("dual.test", port);
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(writer.peername().host.find(':'), std::string::npos);
    EXPECT_GE(took, 250ms);
    EXPECT_LT(took, 2s);
    testing::Test::RecordProperty("fallback_us", std::to_string(took / 1us));
    writer.write("hello\n");
    EXPECT_EQ(co_await reader.readline(), "hello\n");
    writer.close();
    co_await writer.wait_closed();
}

ASYNC_TEST(BlackHole, a_port_whose_ipv6_drops_every_syn_is_reached_over_ipv4, kOnce) {
    if (simulated()) CO_SKIP();
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    SilentPort* silent = nullptr;
    try {
        silent = co_await SilentPort::open("::1", server.port());
    } catch (const OSError&) {
        // no IPv6 here
    }
    if (silent) {
        use_fake_resolver().names["dual.test"].hosts = list<std::string>("::1", "127.0.0.1");
        co_await expect_fallback(server.port());
        silent->refuse();
    }
    server.close();
    co_await server.wait_closed();
    if (!silent) CO_SKIP();
}

// Runs inside the network namespace that the next test makes, where 2001:db8::dead has a link-layer address that
// nobody has.
ASYNC_TEST(BlackHole, inside_the_network_namespace, kOnce) {
    if (simulated() || !std::getenv("AIO_TEST_BLACK_HOLE")) CO_SKIP();
    Server server = co_await start_server(echo_lines, "192.0.2.1", 0);
    FakeResolver& resolver = use_fake_resolver();
    resolver.names["dead.test"].hosts = list<std::string>("2001:db8::dead");
    resolver.names["dual.test"].hosts = list<std::string>("2001:db8::dead", "192.0.2.1");
    co_await expect_throws<TimeoutError>(wait_for(open_connection("dead.test", server.port()), 400ms));
    co_await expect_fallback(server.port());
    server.close();
    co_await server.wait_closed();
}

TEST(BlackHole, a_host_whose_ipv6_network_is_a_black_hole_is_reached_over_ipv4) {
    if (simulated()) GTEST_SKIP();
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::string command =
        "unshare -n sh -c '"
        "ip link set lo up && ip link add hole0 type veth peer name hole1 && "
        "ip addr add 192.0.2.1/24 dev hole0 && ip addr add 2001:db8::1/64 dev hole0 nodad && "
        "ip link set hole0 up && ip link set hole1 up && "
        "ip neigh add 2001:db8::dead lladdr 02:00:00:00:00:01 dev hole0 || exit 77; "
        "AIO_TEST_BLACK_HOLE=1 exec \"$0\" --gtest_brief=1 --gtest_filter=BlackHole.inside*' '" +
        self + "' >/dev/null 2>&1";
    const int status = std::system(command.c_str());
    ASSERT_TRUE(WIFEXITED(status));
    // 126, 127: no unshare or no ip; 1 from unshare itself: not allowed. All of them before the test began.
    if (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) >= 126 || ::geteuid() != 0) GTEST_SKIP();
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace aio::test
