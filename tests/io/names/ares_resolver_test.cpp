// AresResolver against a name server (tests/interop/dns_server.py) and against dnsmasq.
#include <aio/io/dns.hpp>

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include "core/loop_state.hpp"
#include "io/names/name_server.hpp"
#include "support/async_test.hpp"
#include "support/command.hpp"
#include "support/peers.hpp"
#include "support/test_run.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cstdlib>

namespace aio::test {
namespace {

using Infos = std::vector<AddressInfo>;

std::size_t in_flight() { return get_running_loop().state().backend->in_flight(); }

ASYNC_TEST(AresResolver, asks_for_both_families, kOnce) {
    Dns dns;
    EXPECT_THAT(co_await ask("both.test"), testing::UnorderedElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1"));
    const LookupOptions v4{AF_INET, SOCK_STREAM, 0, 0};
    const LookupOptions v6{AF_INET6, SOCK_STREAM, 0, 0};
    EXPECT_THAT(co_await ask("both.test", v4), testing::UnorderedElementsAre("192.0.2.1", "192.0.2.2"));
    EXPECT_THAT(co_await ask("both.test", v6), testing::ElementsAre("2001:db8::1"));
    EXPECT_THAT(co_await ask("a.test"), testing::SizeIs(2));
    EXPECT_THAT(co_await ask("aaaa.test"), testing::SizeIs(1));
}

ASYNC_TEST(AresResolver, an_answer_is_whole, kOnce) {
    Dns dns;
    const Infos infos = co_await aio::getaddrinfo("aaaa.test", 443, {.type = SOCK_STREAM});
    CO_ASSERT_EQ(infos.size(), 1u);
    EXPECT_EQ(infos[0], (AddressInfo{AF_INET6, SOCK_STREAM, IPPROTO_TCP, "", Address("2001:db8::1", 443)}));
    const Infos all = co_await aio::getaddrinfo("aaaa.test", 443, {.flags = AI_CANONNAME});
    CO_ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].canonname, "aaaa.test");
}

ASYNC_TEST(AresResolver, follows_aliases, kOnce) {
    Dns dns;
    const LookupOptions options{AF_INET, SOCK_STREAM, 0, AI_CANONNAME};
    const Infos infos = co_await aio::getaddrinfo("alias.test", 80, options);
    CO_ASSERT_EQ(infos.size(), 2u);
    EXPECT_EQ(infos[0].canonname, "both.test");
}

ASYNC_TEST(AresResolver, asks_over_tcp_when_an_answer_is_cut_short, kOnce) {
    Dns dns;
    const LookupOptions v4{AF_INET, SOCK_STREAM, 0, 0};
    EXPECT_EQ((co_await ask("big.test", v4)).size(), 40u);
    dns.use({.tcp = true});
    EXPECT_EQ((co_await ask("a.test", v4)).size(), 2u);
}

ASYNC_TEST(AresResolver, errors_say_what_the_server_said, kOnce) {
    Dns dns;
    const std::string what = co_await expect_throws<GaiError>(ask("nx.test"));
    EXPECT_THAT(what,
                testing::StartsWith("look up the IPv4 or IPv6 address of 'nx.test': Name or service not known ("));
    EXPECT_EQ(co_await gai_code("nx.test"), EAI_NONAME);
    EXPECT_EQ(co_await gai_code("empty.test"), EAI_NODATA);
    EXPECT_EQ(co_await gai_code("servfail.test"), EAI_AGAIN);
    EXPECT_NE(co_await gai_code("refused.test"), 0);
}

ASYNC_TEST(AresResolver, bytes_that_are_no_answer_are_an_error_in_the_end, kOnce) {
    Dns dns({.timeout = 100ms, .tries = 2});
    EXPECT_NE(co_await gai_code("garbage.test"), 0);
    EXPECT_NE(co_await gai_code("hangup.test"), 0);
}

ASYNC_TEST(AresResolver, asks_again_when_no_answer_comes, kOnce) {
    Dns dns({.timeout = 100ms, .tries = 5});
    EXPECT_THAT(co_await ask("dropfirst.test"), testing::SizeIs(3));
}

ASYNC_TEST(AresResolver, gives_up_after_its_tries, kOnce) {
    Dns dns({.timeout = 50ms, .tries = 2});
    const std::string what = co_await expect_throws<GaiError>(ask("drop.test"));
    EXPECT_THAT(what, testing::StartsWith(
                          "look up the IPv4 or IPv6 address of 'drop.test': Temporary failure in name resolution ("));
    EXPECT_EQ(co_await gai_code("drop.test"), EAI_AGAIN);
}

ASYNC_TEST(AresResolver, a_server_that_is_not_there_is_a_temporary_failure, kOnce) {
    Dns dns;
    const int port = free_port();
    const std::string servers = "127.0.0.1:" + std::to_string(port);
    set_resolver(std::make_shared<AresResolver>(AresOptions{.servers = servers, .timeout = 100ms, .tries = 1}));
    EXPECT_EQ(co_await gai_code("a.test"), EAI_AGAIN);
    const std::string both = servers + ",127.0.0.1:" + dns.port;  // the next one is asked
    set_resolver(std::make_shared<AresResolver>(AresOptions{.servers = both, .timeout = 1s, .tries = 2}));
    EXPECT_THAT(co_await ask("a.test"), testing::SizeIs(2));
}

ASYNC_TEST(AresResolver, many_questions_run_side_by_side, kOnce) {
    Dns dns;
    std::vector<Task<Log>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(create_task(ask("slow." + std::to_string(i) + ".test")));
    for (auto& task : tasks) EXPECT_EQ((co_await task).size(), 3u);
}

ASYNC_TEST(AresResolver, knows_this_machine_without_a_server, kOnce) {
    auto resolver =
        std::make_shared<AresResolver>(AresOptions{.servers = "127.0.0.1:1", .timeout = 100ms, .tries = 1});
    set_resolver(resolver);
    const LookupOptions v4{AF_INET, SOCK_STREAM, 0, 0};
    EXPECT_THAT(co_await ask("localhost", v4), testing::Each(testing::StartsWith("127.")));
}

ASYNC_TEST(AresResolver, a_cancelled_question_frees_its_caller_at_once, kOnce) {
    Dns dns;
    auto asking = create_task(ask("drop.test"));
    co_await settle();
    EXPECT_GT(in_flight(), 0u);
    asking.cancel();
    co_await wait_for_all(asking);
    EXPECT_TRUE(asking.cancelled());
    co_await aio::sleep(20ms);
    EXPECT_EQ(in_flight(), 0u);  // nobody waits: nothing is watched any more
    EXPECT_EQ(pending_timers(), 0u);
    EXPECT_THAT(co_await ask("a.test"), testing::SizeIs(2));
}

ASYNC_TEST(AresResolver, a_cancelled_question_leaves_the_others_alone, kOnce) {
    Dns dns;
    auto lost = create_task(ask("slow.1.test"));
    auto kept = create_task(ask("slow.2.test"));
    co_await settle();
    lost.cancel();
    EXPECT_EQ((co_await kept).size(), 3u);
    EXPECT_TRUE(lost.cancelled());
}

ASYNC_TEST(AresResolver, a_cancelled_question_holds_nothing_while_others_are_asked, kOnce) {
    Dns dns;
    auto lost = create_task(ask("drop.test"));
    auto kept = create_task(ask("slow.test"));
    co_await settle();
    lost.cancel();
    EXPECT_EQ((co_await kept).size(), 3u);
    co_await aio::sleep(20ms);
    EXPECT_EQ(in_flight(), 0u);
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(AresResolver, sockets_are_open_only_while_it_asks, kOnce) {
    Dns dns;
    co_await ask("a.test");
    co_await aio::sleep(20ms);
    const std::size_t before = harness::open_descriptors();
    for (int i = 0; i < 20; ++i) co_await ask("both." + std::to_string(i) + ".test");
    co_await aio::sleep(20ms);
    EXPECT_EQ(harness::open_descriptors(), before);
    EXPECT_EQ(in_flight(), 0u);
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(AresResolver, a_cache_over_it_asks_once, kOnce) {
    Dns dns;
    set_resolver(std::make_shared<CachingResolver>(dns.resolver));
    const LookupOptions v4{AF_INET, SOCK_STREAM, 0, 0};
    std::vector<Task<Log>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(create_task(ask("slow.test", v4)));
    for (auto& task : tasks) EXPECT_EQ((co_await task).size(), 2u);
    co_await ask("slow.test", v4);
    EXPECT_EQ(co_await ask("count.slow.test", v4), list<std::string>("127.0.0.1"));
}

ASYNC_TEST(AresResolver, names_of_addresses, kOnce) {
    Dns dns;
    EXPECT_EQ(co_await aio::getnameinfo(Address("192.0.2.1", 80), NI_NUMERICSERV), (NameInfo{"a.test", "80"}));
    EXPECT_EQ(co_await aio::getnameinfo(Address("192.0.2.9", 80), NI_NUMERICSERV), (NameInfo{"192.0.2.9", "80"}));
    const std::string what =
        co_await expect_throws<GaiError>(aio::getnameinfo(Address("192.0.2.9", 80), NI_NAMEREQD | NI_NUMERICSERV));
    EXPECT_THAT(what, testing::StartsWith("look up the name of 192.0.2.9:80: Name or service not known"));
}

ASYNC_TEST(AresResolver, asks_a_real_name_server, kOnce) {
    if (::access("/usr/sbin/dnsmasq", X_OK) != 0) CO_SKIP();
    const std::string number = std::to_string(free_port());
    const ServerProcess process(
        "exec /usr/sbin/dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= "
        "--listen-address=127.0.0.1 --bind-interfaces --port=" +
        number +
        " --address=/web.test/192.0.2.7 --address=/web.test/2001:db8::7 --cname=www.test,host.test "
        "--host-record=host.test,192.0.2.8 2>/dev/null");
    const std::string servers = "127.0.0.1:" + number;
    set_resolver(std::make_shared<AresResolver>(AresOptions{.servers = servers, .timeout = 200ms, .tries = 3}));
    for (int i = 0; i < 50 && co_await gai_code("web.test") != 0; ++i) {
        ::usleep(20'000);  // it is starting
    }
    EXPECT_THAT(co_await ask("web.test"), testing::UnorderedElementsAre("192.0.2.7", "2001:db8::7"));
    const LookupOptions v4{AF_INET, SOCK_STREAM, 0, AI_CANONNAME};
    const Infos infos = co_await aio::getaddrinfo("www.test", 80, v4);
    CO_ASSERT_EQ(infos.size(), 1u);
    EXPECT_EQ(infos[0].canonname, "host.test");
    EXPECT_EQ(infos[0].address.host, "192.0.2.8");
}

// --- its end -------------------------------------------------------------------------------------------------

LOOP_TEST(AresResolver, a_loop_may_close_while_it_asks, kOnce) {
    std::unique_ptr<Dns> dns;
    loop.run_until_complete([&]() -> Coro<> {
        dns = std::make_unique<Dns>();
        create_task(ask("drop.test"));
        create_task(ask("slow.test"));
        co_await run_passes(5);
    });
    loop.close();
    EXPECT_EQ(take_report_messages().size(), 2u);
    EventLoop next({.backend = harness::backend_name()});
    set_resolver(next, dns->resolver);
    EXPECT_EQ(next.run_until_complete(ask("a.test")).size(), 2u);
}

ASYNC_TEST(AresResolver, its_end_ends_what_it_asks, kOnce) {
    Dns dns;
    auto direct = create_task(dns.resolver->getaddrinfo("drop.test", 80, LookupOptions{0, SOCK_STREAM, 0, 0}));
    co_await settle();
    set_resolver(nullptr);
    dns.resolver.reset();
    const std::string what = co_await expect_throws<GaiError>(direct);
    EXPECT_THAT(what, testing::StartsWith("look up the IPv4 or IPv6 address of 'drop.test': Request canceled"));
}

TEST(AresResolver, servers_must_be_addresses) {
    EXPECT_THROW(AresResolver({.servers = "name.test"}), ValueError);
    EXPECT_THROW(AresResolver({.servers = "127.0.0.1:53,nonsense"}), ValueError);
    for (const char* bad : {"127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:53x", "127.0.0.1:-53",
                            "[::1]53", "[::1", "[::1]:", "127.0.0.1,", ",127.0.0.1", "127.0.0.1,,::1",
                            "127.0.0.1 ::1", "127.1", "fe80::1%nowhere", "[127.0.0.1", "::1:x", " "}) {
        EXPECT_THROW(AresResolver({.servers = bad}), ValueError) << bad;
    }
    EXPECT_THROW(AresResolver({.timeout = -1s}), ValueError);
    EXPECT_THROW(AresResolver({.tries = -1}), ValueError);
    EXPECT_NO_THROW(AresResolver({.servers = "127.0.0.1,127.0.0.2:5353,[::1]:53,::1,[::1]"}));
    EXPECT_NO_THROW(AresResolver({.servers = "fe80::1%lo,[fe80::1%lo]:5353,fe80::1%1"}));
}

TEST(AresResolver, is_for_one_loop_at_a_time) {
    const auto resolver = std::make_shared<AresResolver>(AresOptions{.servers = "127.0.0.1:1"});
    EventLoop one({.backend = "epoll"});
    EventLoop other({.backend = "epoll"});
    set_resolver(one, resolver);
    set_resolver(other, resolver);
    EXPECT_FALSE(one.run_until_complete(ask("localhost")).empty());
    EXPECT_THROW(other.run_until_complete(ask("localhost")), RuntimeError);
    one.close();
    EXPECT_FALSE(other.run_until_complete(ask("localhost")).empty());
}

}  // namespace
}  // namespace aio::test
