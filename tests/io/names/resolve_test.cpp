// Names and addresses.
#include <aio/core/task.hpp>
#include <aio/io/server.hpp>

#include "io/address/raw_address.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"

namespace aio::test {
namespace {

using aio::detail::RawAddress;

TEST(Address, numeric_hosts_are_read_and_written_alike) {
    for (const char* host : {"127.0.0.1", "0.0.0.0", "::1", "2001:db8::17"}) {
        const auto address = RawAddress::numeric(host, 81);
        ASSERT_TRUE(address) << host;
        EXPECT_EQ(address->decoded(), (Address{host, 81, {}}));
    }
    EXPECT_EQ(RawAddress::numeric("::1", 81)->str(), "[::1]:81");
    for (const char* name :
         {"localhost", "", "127.1", "1.2.3.4.5", "::g", "fe80::1%nosuch", "fe80::1%", "fe80::1%1x"}) {
        EXPECT_FALSE(RawAddress::numeric(name, 81)) << name;
    }
    EXPECT_FALSE(RawAddress::numeric(std::string("127.0.0.1\0x", 11), 81));
}

TEST(Address, unix_paths_keep_their_bytes) {
    EXPECT_EQ(RawAddress::unix_path("/run/a").str(), "unix:/run/a");
    const std::string abstract("\0name", 5);
    EXPECT_EQ(RawAddress::unix_path(abstract).decoded().path, abstract);
    EXPECT_EQ(RawAddress::unix_path(abstract).str(), "unix:@name");
    EXPECT_THROW(RawAddress::unix_path(""), ValueError);
    EXPECT_THROW(RawAddress::unix_path(std::string(108, 'x')), ValueError);
    EXPECT_NO_THROW(RawAddress::unix_path(std::string(107, 'x')));
}

ASYNC_TEST(Resolve, a_name_is_looked_up_on_a_thread, kOnce) {
    Server server = co_await start_server(echo_lines, "localhost", 0);
    const std::string host = server.sockets().at(0).host;
    auto [reader, writer] = co_await open_connection(host == "::1" ? "::1" : "localhost", server.port());
    writer.write("found\n");
    EXPECT_EQ(co_await reader.readline(), "found\n");
    co_await end(server, writer);
}

ASYNC_TEST(Resolve, a_refused_name_tells_its_addresses, kOnce) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    const int port = server.port();
    server.close();
    co_await server.wait_closed();
    const std::string what = co_await expect_throws<OSError>(open_connection("localhost", port));
    EXPECT_THAT(what, testing::StartsWith("connect to localhost:" + std::to_string(port)));
    EXPECT_THAT(what, testing::HasSubstr("127.0.0.1:" + std::to_string(port)));
}

ASYNC_TEST(Resolve, a_name_that_cannot_be_is_refused, kOnce) {
    const std::string what = co_await expect_throws<GaiError>(open_connection("no such host.invalid", 80));
    EXPECT_THAT(what, testing::StartsWith("look up the IPv4 or IPv6 address of 'no such host.invalid': "));
}

}  // namespace
}  // namespace aio::test
