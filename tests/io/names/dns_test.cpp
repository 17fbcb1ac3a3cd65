// getaddrinfo(), getnameinfo(), and the loop's resolver.
#include <aio/io/dns.hpp>

#include <aio/core/task.hpp>
#include <aio/io/server.hpp>
#include <aio/sync/executor.hpp>
#include <aio/sync/threads.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"
#include "support/resolvers.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <mutex>

namespace aio::test {
namespace {

// The code of the GaiError, or 0.
Coro<int> gai_code(Coro<std::vector<AddressInfo>> asking) {
    try {
        co_await std::move(asking);
    } catch (const GaiError& error) {
        co_return error.code();
    }
    co_return 0;
}

// --- what needs no resolver ----------------------------------------------------------------------------------

ASYNC_TEST(Getaddrinfo, a_numeric_address_is_its_own_answer) {  // CPython: test_base_events.test_ipaddr_info
    FakeResolver& resolver = use_fake_resolver();
    const auto v4 = co_await aio::getaddrinfo("127.0.0.1", 80, {.type = SOCK_STREAM});
    CO_ASSERT_EQ(v4.size(), 1u);
    EXPECT_EQ(v4[0], (AddressInfo{AF_INET, SOCK_STREAM, IPPROTO_TCP, "", Address("127.0.0.1", 80)}));
    const auto v6 = co_await aio::getaddrinfo("2001:db8::1", 53, {.type = SOCK_DGRAM, .flags = AI_CANONNAME});
    CO_ASSERT_EQ(v6.size(), 1u);
    EXPECT_EQ(v6[0], (AddressInfo{AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "2001:db8::1", Address("2001:db8::1", 53)}));
    EXPECT_EQ(resolver.asked, Log{});
}

ASYNC_TEST(Getaddrinfo, without_a_type_there_is_an_entry_for_each) {
    const auto all = co_await aio::getaddrinfo("127.0.0.1", 80);
    CO_ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].proto, IPPROTO_TCP);
    EXPECT_EQ(all[1].type, SOCK_DGRAM);
    EXPECT_EQ(all[2].type, SOCK_RAW);
    const auto raw = co_await aio::getaddrinfo("::1", 0, {.type = SOCK_RAW, .proto = IPPROTO_ICMPV6});
    CO_ASSERT_EQ(raw.size(), 1u);
    EXPECT_EQ(raw[0].proto, IPPROTO_ICMPV6);
    EXPECT_EQ(co_await gai_code(aio::getaddrinfo("127.0.0.1", 80, {.type = SOCK_STREAM, .proto = IPPROTO_UDP})),
              EAI_SOCKTYPE);
    EXPECT_EQ(co_await gai_code(aio::getaddrinfo("127.0.0.1", 80, {.family = AF_UNIX})), EAI_FAMILY);
}

ASYNC_TEST(Getaddrinfo, no_host_is_this_machine_or_every_interface) {
    FakeResolver& resolver = use_fake_resolver();
    const LookupOptions here{0, SOCK_STREAM, 0, 0};
    const LookupOptions passive{0, SOCK_STREAM, 0, AI_PASSIVE};
    EXPECT_THAT(hosts_of(co_await aio::getaddrinfo("", 80, here)), testing::ElementsAre("::1", "127.0.0.1"));
    EXPECT_THAT(hosts_of(co_await aio::getaddrinfo("", 80, passive)), testing::ElementsAre("0.0.0.0", "::"));
    const LookupOptions passive6{AF_INET6, SOCK_STREAM, 0, AI_PASSIVE};
    EXPECT_THAT(hosts_of(co_await aio::getaddrinfo("", 80, passive6)), testing::ElementsAre("::"));
    EXPECT_EQ(resolver.asked, Log{});
}

ASYNC_TEST(Getaddrinfo, a_numeric_address_of_another_family_is_refused) {
    EXPECT_EQ(co_await expect_throws<GaiError>(aio::getaddrinfo("127.0.0.1", 80, {.family = AF_INET6})),
              "look up the IPv6 address of '127.0.0.1': Address family for hostname not supported");
    EXPECT_EQ(co_await gai_code(aio::getaddrinfo("::1", 80, {.family = AF_INET})), EAI_ADDRFAMILY);
}

ASYNC_TEST(Getaddrinfo, an_ipv6_zone_is_an_interface, kOnce) {
    const auto named = co_await aio::getaddrinfo("fe80::1%lo", 80, {.type = SOCK_STREAM});
    CO_ASSERT_EQ(named.size(), 1u);
    EXPECT_EQ(named[0].address.host, "fe80::1%lo");
    const auto numbered = co_await aio::getaddrinfo("fe80::1%1", 80, {.type = SOCK_STREAM});
    EXPECT_EQ(numbered, named);
    FakeResolver& resolver = use_fake_resolver();
    EXPECT_EQ(co_await expect_throws<GaiError>(aio::getaddrinfo("fe80::1%nosuch", 80)),
              "look up the IPv4 or IPv6 address of 'fe80::1%nosuch': Name or service not known "
              "(it is not an IPv6 address, or its zone is not an interface)");
    EXPECT_EQ(resolver.asked, Log{});
}

ASYNC_TEST(Getaddrinfo, names_that_cannot_be_are_never_asked_for) {
    FakeResolver& resolver = use_fake_resolver();
    const std::string label(63, 'a');
    const std::string nul("evil\0.test", 10);
    const Log invalid =
        list<std::string>(nul, std::string("127.0.0.1\0.test", 15), label + "a.test", "a..test", ".test", ".",
                          "a.test..", "::g", "[::1]", label + "." + label + "." + label + "." + label);
    for (const std::string& host : invalid) {
        EXPECT_EQ(co_await gai_code(aio::getaddrinfo(host, 80)), EAI_NONAME) << host;
    }
    EXPECT_EQ(resolver.asked, Log{});
    EXPECT_EQ(co_await expect_throws<GaiError>(aio::getaddrinfo(nul, 80, {.family = AF_INET})),
              "look up the IPv4 address of 'evil\\x00.test': Name or service not known (it contains a null byte)");
    EXPECT_EQ(co_await gai_code(aio::getaddrinfo("name.test", 80, {.flags = AI_NUMERICHOST})), EAI_NONAME);
    const Log valid = list<std::string>(label + ".test", "a.test.", "_a-b.test", "x");
    for (const std::string& host : valid) co_await gai_code(aio::getaddrinfo(host, 80));
    EXPECT_EQ(resolver.asked, valid);
}

ASYNC_TEST(Getaddrinfo, a_port_must_be_one) {
    co_await expect_throws<ValueError>(aio::getaddrinfo("127.0.0.1", 65536));
    co_await expect_throws<ValueError>(aio::getaddrinfo("a.test", -1));
}

// --- the loop's resolver -------------------------------------------------------------------------------------

ASYNC_TEST(Resolver, is_told_what_is_wanted) {
    FakeResolver& resolver = use_fake_resolver();
    resolver.names["a.test"].hosts = list<std::string>("192.0.2.1", "192.0.2.2");
    const LookupOptions options{AF_INET, SOCK_DGRAM, IPPROTO_UDP, AI_CANONNAME};
    const auto infos = co_await aio::getaddrinfo("a.test", 53, options);
    EXPECT_THAT(hosts_of(infos), testing::ElementsAre("192.0.2.1", "192.0.2.2"));
    EXPECT_EQ(infos[0].canonname, "a.test");
    EXPECT_EQ(resolver.last_port, 53);
    EXPECT_EQ(resolver.last_options.family, AF_INET);
    EXPECT_EQ(resolver.last_options.type, SOCK_DGRAM);
    EXPECT_EQ(resolver.last_options.proto, IPPROTO_UDP);
    EXPECT_EQ(resolver.last_options.flags, AI_CANONNAME);
}

ASYNC_TEST(Resolver, connections_and_servers_use_it) {
    FakeResolver& resolver = use_fake_resolver();
    resolver.names["server.test"].hosts = list<std::string>("127.0.0.1", "127.0.0.1");  // twice, as /etc/hosts may
    Server server = co_await start_server(echo_lines, "server.test", 0);
    EXPECT_EQ(server.sockets().size(), 1u);
    auto [reader, writer] = co_await open_connection("server.test", server.port());
    writer.write("found\n");
    EXPECT_EQ(co_await reader.readline(), "found\n");
    EXPECT_EQ(resolver.asked, (Log{"server.test", "server.test"}));
    co_await end(server, writer);
}

ASYNC_TEST(Resolver, an_answer_that_is_not_numeric_is_refused) {
    use_fake_resolver().names["odd.test"].hosts = list<std::string>("other.test");
    const std::string what = co_await expect_throws<GaiError>(open_connection("odd.test", 80));
    EXPECT_THAT(what, testing::HasSubstr("the resolver returned an address that is not numeric"));
}

ASYNC_TEST(Resolver, cancelling_a_look_up_cancels_the_resolver) {
    FakeResolver& resolver = use_fake_resolver();
    resolver.names["slow.test"] = {list<std::string>("192.0.2.1"), 10s};
    auto connecting = create_task(open_connection("slow.test", 80));
    co_await settle();
    connecting.cancel();
    co_await wait_for_all(connecting);
    EXPECT_TRUE(connecting.cancelled());
    EXPECT_EQ(resolver.gave_up, 1);
}

ASYNC_TEST(Resolver, one_that_is_replaced_ends_what_it_began) {
    FakeResolver& first = use_fake_resolver();
    first.names["slow.test"] = {list<std::string>("192.0.2.1"), 50ms};
    auto asking = create_task(aio::getaddrinfo("slow.test", 80, {.type = SOCK_STREAM}));
    co_await settle();
    FakeResolver& second = use_fake_resolver();  // the first lives in the look-up only
    EXPECT_THAT(hosts_of(co_await asking), testing::ElementsAre("192.0.2.1"));
    EXPECT_EQ(second.asked, Log{});
}

TEST(Resolver, belongs_to_its_loop) {
    EventLoop one({.backend = "sim"});
    EventLoop other({.backend = "sim"});
    const auto own = std::make_shared<FakeResolver>();
    set_resolver(one, own);
    const auto current = []() -> Coro<std::shared_ptr<Resolver>> { co_return get_resolver(); };
    EXPECT_EQ(one.run_until_complete(current), own);
    const auto common = other.run_until_complete(current);
    EXPECT_NE(common, nullptr);
    EXPECT_NE(common, own);
    set_resolver(one, nullptr);
    EXPECT_EQ(one.run_until_complete(current), common);
    set_resolver(one, own);
    one.close();
    EXPECT_EQ(own.use_count(), 1);
    EXPECT_THROW(set_resolver(one, own), RuntimeError);
    EXPECT_THROW(set_resolver(own), RuntimeError);
    EXPECT_THROW(get_resolver(), RuntimeError);
}

// --- the threaded one ----------------------------------------------------------------------------------------

ASYNC_TEST(ThreadedResolver, finds_this_machine, kOnce) {
    const auto infos = co_await aio::getaddrinfo("localhost", 80, {.family = AF_INET, .type = SOCK_STREAM});
    CO_ASSERT_FALSE(infos.empty());
    EXPECT_EQ(infos[0], (AddressInfo{AF_INET, SOCK_STREAM, IPPROTO_TCP, "", Address("127.0.0.1", 80)}));
}

ASYNC_TEST(ThreadedResolver, a_name_that_is_none_is_an_error_with_its_name, kOnce) {
    const std::string what = co_await expect_throws<GaiError>(aio::getaddrinfo("no such host.invalid", 80));
    EXPECT_THAT(what, testing::StartsWith("look up the IPv4 or IPv6 address of 'no such host.invalid': "));
}

// Holds its jobs until they are run by hand.
class HeldExecutor final : public Executor {
public:
    ~HeldExecutor() override {
        for (Job* job : jobs) job->discard();
    }
    void execute(Job& job) override { jobs.push_back(&job); }
    void shutdown(bool, bool) override {}
    std::vector<Job*> jobs;
};

ASYNC_TEST(ThreadedResolver, a_cancelled_look_up_frees_its_caller_at_once, kOnce) {  // semantics 51
    auto executor = std::make_shared<HeldExecutor>();
    set_resolver(std::make_shared<ThreadedResolver>(executor));
    auto asking = create_task(aio::getaddrinfo("localhost", 80));
    co_await settle();
    CO_ASSERT_EQ(executor->jobs.size(), 1u);
    asking.cancel();
    co_await wait_for_all(asking);
    EXPECT_TRUE(asking.cancelled());
    for (Job* job : std::exchange(executor->jobs, {})) job->run();  // late: nobody minds
    co_await settle();
}

LOOP_TEST(ThreadedResolver, may_end_after_its_loop, kOnce) {
    auto executor = std::make_shared<HeldExecutor>();
    set_resolver(loop, std::make_shared<ThreadedResolver>(executor));
    loop.create_task(aio::getaddrinfo("localhost", 80));
    loop.run_until_complete(run_passes(3));
    loop.close();
    EXPECT_EQ(take_report_messages(), Log{"Task was destroyed but it is pending!"});
    for (Job* job : std::exchange(executor->jobs, {})) job->run();
}

ASYNC_TEST(ThreadedResolver, many_look_ups_do_not_flood_the_machine_with_threads, kOnce) {
    auto executor = std::make_shared<ThreadPoolExecutor>(3, "dns");
    set_resolver(std::make_shared<ThreadedResolver>(executor));
    std::vector<Task<std::vector<AddressInfo>>> tasks;
    for (int i = 0; i < 200; ++i) tasks.push_back(create_task(aio::getaddrinfo("localhost", i)));
    for (auto& task : tasks) EXPECT_FALSE((co_await task).empty());
    EXPECT_LE(executor->workers(), 3u);
}

// --- names of addresses --------------------------------------------------------------------------------------

ASYNC_TEST(Getnameinfo, numbers_need_no_resolver) {
    FakeResolver& resolver = use_fake_resolver();
    const NameInfo names = co_await aio::getnameinfo(Address("::1", 80), NI_NUMERICHOST | NI_NUMERICSERV);
    EXPECT_EQ(names, (NameInfo{"::1", "80"}));
    EXPECT_EQ(resolver.asked, Log{});
}

ASYNC_TEST(Getnameinfo, the_resolver_knows_names) {
    use_fake_resolver();
    const auto [host, service] = co_await aio::getnameinfo(Address("192.0.2.1", 80));
    EXPECT_EQ(host, "name-of-192.0.2.1");
    EXPECT_EQ(service, "80");
}

ASYNC_TEST(Getnameinfo, the_system_knows_this_machine, kOnce) {
    const NameInfo names = co_await aio::getnameinfo(Address("127.0.0.1", 22), NI_NUMERICSERV);
    EXPECT_EQ(names, (NameInfo{"localhost", "22"}));
}

ASYNC_TEST(Getnameinfo, a_name_is_not_an_address) {
    EXPECT_EQ(co_await expect_throws<GaiError>(aio::getnameinfo(Address("a.test", 80))),
              "look up the name of a.test:80: ai_family not supported (it is not a numeric address)");
    co_await expect_throws<GaiError>(aio::getnameinfo(Address("", 0, "/run/a")));
    co_await expect_throws<ValueError>(aio::getnameinfo(Address("127.0.0.1", -1)));
}

}  // namespace
}  // namespace aio::test
