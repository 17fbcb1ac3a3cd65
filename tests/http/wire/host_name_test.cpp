#include "http/wire/host_name.hpp"
#include "http/wire/request_rules.hpp"

#include <gtest/gtest.h>

namespace aio::http::wire {
namespace {

TEST(HostName, addresses_are_told_from_names) {
    for (const char* host : {"127.0.0.1", "::1", "2001:db8::1", "fe80::1%eth0", "::ffff:1.2.3.4"}) {
        EXPECT_TRUE(is_ip_address(host)) << host;
    }
    for (const char* host :
         {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "a.b.c.d", "[::1]", "::g", "1.2.3.4 "}) {
        EXPECT_FALSE(is_ip_address(host)) << host;
    }
    EXPECT_FALSE(is_ip_address(std::string(300, '1')));
}

TEST(HostName, addresses_take_their_shortest_form) {
    EXPECT_EQ(normalised_host("[2001:0DB8:0000::0001]"), "2001:db8::1");
    EXPECT_EQ(normalised_host("::FFFF:1.2.3.4"), "::ffff:1.2.3.4");
}

TEST(HostName, what_cannot_be_read_stays_as_it_is) {
    EXPECT_EQ(readable_host("xn--9ca.example"), "\xc3\xa9.example");
    EXPECT_EQ(readable_host("example.org"), "example.org");
    EXPECT_EQ(readable_host("xn--\x7f"), "xn--\x7f");
}

TEST(HostName, odd_names_that_exist_are_names) {
    for (const char* host : {"a_b.example", "-a.example", "example.org.", "1.2.3", "xn--x", "a", "0x7f.1"}) {
        EXPECT_EQ(normalised_host(host), host);
    }
}

TEST(RequestTarget, is_a_path_a_url_an_authority_or_a_star) {
    EXPECT_EQ(target_problem("GET", "/"), "");
    EXPECT_EQ(target_problem("GET", "http://a/b"), "");
    EXPECT_EQ(target_problem("CONNECT", "a:1"), "");
    EXPECT_EQ(target_problem("OPTIONS", "*"), "");
    EXPECT_NE(target_problem("GET", ""), "");
    EXPECT_NE(target_problem("GET", "a:1"), "");
    EXPECT_NE(target_problem("GET", "*"), "");
    EXPECT_NE(target_problem("CONNECT", "/"), "");
    EXPECT_NE(target_problem("GET", "1http://a/"), "");
    EXPECT_NE(target_problem("GET", "://a/"), "");
}

}  // namespace
}  // namespace aio::http::wire
