// resolv.conf: what it says, and what a machine without a good one does.
#include "io/names/resolv_conf.hpp"

#include <aio/base/error.hpp>

#include "io/few_descriptors.hpp"
#include "support/async_test.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace aio::test {
namespace {

using aio::detail::parse_resolv_conf;
using aio::detail::ResolvConf;
using aio::detail::ResolvConfFile;

Log servers_of(const ResolvConf& conf) {
    Log servers;
    for (const auto& server : conf.servers) servers.push_back(server.str());
    return servers;
}

TEST(ResolvConf, names_servers_and_how_to_ask_them) {
    const ResolvConf conf = parse_resolv_conf(
        "# a comment\n; another\nnameserver 192.0.2.1\nnameserver\t2001:db8::1  # and more\n"
        "nameserver [192.0.2.2]:5353\nsearch example.org  example.com\n"
        "options ndots:3 timeout:2\toptions rotate\noptions attempts:3 use-vc");
    EXPECT_EQ(servers_of(conf), (Log{"192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:5353"}));
    EXPECT_EQ(conf.domains, (Log{"example.org", "example.com"}));
    EXPECT_EQ(conf.ndots, 3);
    EXPECT_EQ(conf.timeout, 2s);
    EXPECT_EQ(conf.attempts, 3);
    EXPECT_TRUE(conf.rotate && conf.tcp);
}

TEST(ResolvConf, that_is_empty_means_this_machine_and_the_defaults) {
    for (const char* text :
         {"", "\n\n", "nameserver\n", "nameserver name.test\nnonsense\noptions edns0 timeout:x\n"}) {
        const ResolvConf conf = parse_resolv_conf(text);
        EXPECT_EQ(servers_of(conf), Log{"127.0.0.1:53"}) << text;
        EXPECT_EQ(conf.ndots, 1);
        EXPECT_EQ(conf.timeout, 5s);
        EXPECT_EQ(conf.attempts, 2);
        EXPECT_FALSE(conf.rotate || conf.tcp);
    }
}

TEST(ResolvConf, has_glibc_s_limits) {
    const ResolvConf most = parse_resolv_conf("options ndots:99 timeout:99 attempts:99\n");
    EXPECT_EQ(most.ndots, 15);
    EXPECT_EQ(most.timeout, 30s);
    EXPECT_EQ(most.attempts, 5);
    const ResolvConf least =
        parse_resolv_conf("options ndots:0 timeout:0 attempts:0 timeout:-1 timeout:99999999999\n");
    EXPECT_EQ(least.ndots, 0);
    EXPECT_EQ(least.timeout, 1s);
    EXPECT_EQ(least.attempts, 1);
}

TEST(ResolvConf, last_search_or_domain_counts) {
    EXPECT_EQ(parse_resolv_conf("search a b\ndomain c d\n").domains, Log{"c"});
    EXPECT_EQ(parse_resolv_conf("domain c\nsearch a b\n").domains, (Log{"a", "b"}));
}

TEST(ResolvConf, environment_comes_after_the_file) {
    ::setenv("LOCALDOMAIN", "here.test there.test", 1);
    ::setenv("RES_OPTIONS", "attempts:4", 1);
    const ResolvConf conf = parse_resolv_conf("search a\noptions attempts:1 timeout:7\n");
    ::unsetenv("LOCALDOMAIN");
    ::unsetenv("RES_OPTIONS");
    EXPECT_EQ(conf.domains, (Log{"here.test", "there.test"}));
    EXPECT_EQ(conf.attempts, 4);
    EXPECT_EQ(conf.timeout, 7s);
}

class Resolv : public testing::Test {
protected:
    void TearDown() override { ::unlink(path.c_str()); }
    void write(const std::string& text) const { std::ofstream(path) << text; }
    const std::string path = "/tmp/aiocpp-resolv-" + std::to_string(::getpid());
};

TEST_F(Resolv, file_is_read_anew_when_it_changes) {
    ResolvConfFile file(path);
    EXPECT_EQ(servers_of(file.get()), Log{"127.0.0.1:53"}) << "it is not there";
    write("nameserver 192.0.2.1\n");
    EXPECT_EQ(servers_of(file.get()), Log{"192.0.2.1:53"});
    const ResolvConf* before = &file.get();
    EXPECT_EQ(before, &file.get());
    write("nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
    EXPECT_EQ(servers_of(file.get()).size(), 2u);
    ::unlink(path.c_str());
    EXPECT_EQ(servers_of(file.get()), Log{"127.0.0.1:53"});
}

TEST_F(Resolv, file_that_cannot_be_read_is_an_error_or_says_what_it_said) {
    write("nameserver 192.0.2.1\n");
    ResolvConfFile file(path);
    {
        const FewDescriptors scarcity;
        EXPECT_THROW(file.get(), OSError);
        EXPECT_THROW(file.get(), OSError) << "not taken for empty the second time";
    }
    EXPECT_EQ(servers_of(file.get()), Log{"192.0.2.1:53"});
    write("nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
    {
        const FewDescriptors scarcity;
        EXPECT_EQ(servers_of(file.get()), Log{"192.0.2.1:53"});
    }
    EXPECT_EQ(servers_of(file.get()).size(), 2u);
}

}  // namespace
}  // namespace aio::test
