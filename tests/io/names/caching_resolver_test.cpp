#include <aio/io/dns.hpp>

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"
#include "support/resolvers.hpp"

#include <netdb.h>
#include <netinet/in.h>

namespace aio::test {
namespace {

using Infos = std::vector<AddressInfo>;

// A cache, which is the loop's resolver, over a table of names.
struct Cached {
    std::shared_ptr<FakeResolver> inner = std::make_shared<FakeResolver>();
    std::shared_ptr<CachingResolver> cache;

    explicit Cached(CacheOptions options = {}) : cache(std::make_shared<CachingResolver>(inner, options)) {
        set_resolver(cache);
        inner->names["a.test"].hosts = {"192.0.2.1"};
        inner->names["slow.test"] = {{"192.0.2.2"}, 100ms};
        inner->names["bad.test"] = {{}, 100ms, EAI_AGAIN};
        inner->names["none.test"] = {{}, Duration(0), EAI_NONAME};
    }
    std::size_t asked() const { return inner->asked.size(); }
};

Coro<Log> ask(std::string host, LookupOptions options = {.type = SOCK_STREAM}) {
    const Infos infos = co_await aio::getaddrinfo(host, 80, options);
    co_return hosts_of(infos);
}

ASYNC_TEST(CachingResolver, remembers_an_answer_for_its_time) {
    if (!simulated()) CO_SKIP();
    Cached dns;
    EXPECT_EQ(co_await ask("a.test"), list<std::string>("192.0.2.1"));
    co_await aio::sleep(9999ms);
    if (virtual_time()) {
        EXPECT_EQ(co_await ask("a.test"), list<std::string>("192.0.2.1"));
        EXPECT_EQ(dns.asked(), 1u);
    }
    co_await aio::sleep(1ms);
    EXPECT_EQ(co_await ask("a.test"), list<std::string>("192.0.2.1"));
    EXPECT_EQ(dns.asked(), 2u);
}

ASYNC_TEST(CachingResolver, asks_once_for_all_who_wait) {
    Cached dns;
    std::vector<Task<Log>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(create_task(ask("slow.test")));
    const Stopwatch watch;
    for (auto& task : tasks) EXPECT_EQ(co_await task, list<std::string>("192.0.2.2"));
    watch.expect(100ms);
    EXPECT_EQ(dns.asked(), 1u);
}

ASYNC_TEST(CachingResolver, the_cancellation_of_one_does_not_take_it_from_the_others) {
    Cached dns;
    auto first = create_task(ask("slow.test"));
    auto second = create_task(ask("slow.test"));
    co_await settle();
    const Stopwatch watch;
    first.cancel();
    co_await wait_for_all(first);
    watch.expect(0ms);
    EXPECT_TRUE(first.cancelled());
    EXPECT_EQ(co_await second, list<std::string>("192.0.2.2"));
    EXPECT_EQ(dns.asked(), 1u);
    EXPECT_EQ(dns.inner->gave_up, 0);
}

ASYNC_TEST(CachingResolver, what_nobody_waits_for_any_more_is_cancelled) {
    Cached dns;
    auto first = create_task(ask("slow.test"));
    auto second = create_task(ask("slow.test"));
    co_await settle();
    first.cancel();
    second.cancel();
    co_await wait_for_all(first);
    co_await wait_for_all(second);
    auto third = create_task(ask("slow.test"));  // not to be given the one that is being cancelled
    EXPECT_EQ(co_await third, list<std::string>("192.0.2.2"));
    EXPECT_EQ(dns.asked(), 2u);
    EXPECT_EQ(dns.inner->gave_up, 1);
}

ASYNC_TEST(CachingResolver, a_look_up_that_others_cancel_before_it_began_ends_the_wait) {
    Cached dns;
    auto asking = create_task(ask("slow.test"));
    co_await run_passes(1);
    for (const AnyTask& task : all_tasks()) {
        if (task.get_name() == "look-up") task.cancel();
    }
    co_await wait_for_all(asking);
    EXPECT_TRUE(asking.cancelled());
    EXPECT_EQ(co_await ask("slow.test"), list<std::string>("192.0.2.2"));
}

ASYNC_TEST(CachingResolver, an_error_reaches_all_and_is_not_remembered) {
    Cached dns;
    auto first = create_task(ask("bad.test"));
    auto second = create_task(ask("bad.test"));
    const std::string what = "look up the IPv4 or IPv6 address of 'bad.test': Temporary failure in name resolution";
    EXPECT_EQ(co_await expect_throws<GaiError>(first), what);
    EXPECT_EQ(co_await expect_throws<GaiError>(second), what);
    EXPECT_EQ(dns.asked(), 1u);
    co_await expect_throws<GaiError>(ask("bad.test"));
    EXPECT_EQ(dns.asked(), 2u);
    EXPECT_EQ(dns.cache->size(), 0u);
}

ASYNC_TEST(CachingResolver, that_there_is_no_such_name_is_remembered_on_demand) {
    Cached dns({.negative_ttl = 1s});
    co_await expect_throws<GaiError>(ask("none.test"));
    co_await expect_throws<GaiError>(ask("none.test"));
    EXPECT_EQ(dns.asked(), 1u);
    co_await aio::sleep(1s);
    co_await expect_throws<GaiError>(ask("none.test"));
    EXPECT_EQ(dns.asked(), 2u);
    co_await expect_throws<GaiError>(ask("bad.test"));  // says nothing about the name
    co_await expect_throws<GaiError>(ask("bad.test"));
    EXPECT_EQ(dns.asked(), 4u);
    Cached plain;
    co_await expect_throws<GaiError>(ask("none.test"));
    co_await expect_throws<GaiError>(ask("none.test"));
    EXPECT_EQ(plain.asked(), 2u);
}

ASYNC_TEST(CachingResolver, keeps_what_was_used_last) {
    Cached dns({.max_entries = 3});
    for (const char* host : {"1.test", "2.test", "3.test", "4.test"}) dns.inner->names[host].hosts = {"192.0.2.9"};
    const Log order = list<std::string>("1.test", "2.test", "3.test", "1.test", "4.test");
    for (const std::string& host : order) co_await ask(host);
    EXPECT_EQ(dns.cache->size(), 3u);
    EXPECT_EQ(dns.asked(), 4u);
    co_await ask("1.test");
    EXPECT_EQ(dns.asked(), 4u);
    co_await ask("2.test");
    EXPECT_EQ(dns.inner->asked.back(), "2.test");
    EXPECT_EQ(dns.asked(), 5u);
}

ASYNC_TEST(CachingResolver, one_name_has_many_questions) {
    Cached dns;
    co_await ask("a.test");
    co_await ask("A.Test");
    EXPECT_EQ(dns.asked(), 1u);
    co_await ask("a.test", {.family = AF_INET, .type = SOCK_STREAM});
    co_await ask("a.test", {.type = SOCK_DGRAM});
    EXPECT_EQ(dns.asked(), 3u);
    const Infos other_port = co_await aio::getaddrinfo("a.test", 443, {.type = SOCK_STREAM});
    EXPECT_EQ(other_port[0].address, Address("192.0.2.1", 443));
    EXPECT_EQ(dns.asked(), 3u);
}

ASYNC_TEST(CachingResolver, addresses_take_turns_on_demand) {
    Cached dns({.round_robin = true});
    dns.inner->names["many.test"].hosts = {"::1", "1.1.1.1", "::2", "2.2.2.2", "3.3.3.3"};
    EXPECT_THAT(co_await ask("many.test"), testing::ElementsAre("::1", "1.1.1.1", "::2", "2.2.2.2", "3.3.3.3"));
    EXPECT_THAT(co_await ask("many.test"), testing::ElementsAre("::2", "2.2.2.2", "::1", "3.3.3.3", "1.1.1.1"));
    EXPECT_THAT(co_await ask("many.test"), testing::ElementsAre("::1", "3.3.3.3", "::2", "1.1.1.1", "2.2.2.2"));
    EXPECT_EQ(dns.asked(), 1u);
}

ASYNC_TEST(CachingResolver, forgets_on_demand) {
    Cached dns;
    dns.inner->names["b.test"].hosts = {"192.0.2.3"};
    co_await ask("a.test");
    co_await ask("a.test", {.family = AF_INET, .type = SOCK_STREAM});
    co_await ask("b.test");
    dns.cache->clear("A.test");
    EXPECT_EQ(dns.cache->size(), 1u);
    co_await ask("b.test");
    EXPECT_EQ(dns.asked(), 3u);
    dns.cache->clear();
    EXPECT_EQ(dns.cache->size(), 0u);
    co_await ask("b.test");
    EXPECT_EQ(dns.asked(), 4u);
}

ASYNC_TEST(CachingResolver, what_was_asked_before_clear_is_not_remembered) {
    Cached dns;
    auto before = create_task(ask("slow.test"));
    co_await settle();
    dns.cache->clear();
    dns.inner->names["slow.test"].hosts = {"192.0.2.99"};
    auto after = create_task(ask("slow.test"));
    EXPECT_EQ(co_await before, list<std::string>("192.0.2.2"));
    EXPECT_EQ(co_await after, list<std::string>("192.0.2.99"));
    EXPECT_EQ(co_await ask("slow.test"), list<std::string>("192.0.2.99"));
    EXPECT_EQ(dns.asked(), 2u);
}

ASYNC_TEST(CachingResolver, may_be_dropped_while_it_asks) {
    auto asking = create_task([]() -> Coro<Log> {
        Cached dns;
        auto task = create_task(ask("slow.test"));
        co_await settle();
        set_resolver(nullptr);
        co_return co_await task;
    });
    EXPECT_EQ(co_await asking, list<std::string>("192.0.2.2"));
}

ASYNC_TEST(CachingResolver, names_of_addresses_are_the_inner_resolvers) {
    Cached dns;
    const NameInfo names = co_await aio::getnameinfo(Address("192.0.2.1", 80));
    EXPECT_EQ(names.host, "name-of-192.0.2.1");
}

LOOP_TEST(CachingResolver, a_loop_may_close_while_it_asks, kOnce) {
    std::shared_ptr<CachingResolver> cache;
    loop.run_until_complete([&]() -> Coro<> {
        Cached dns;
        cache = dns.cache;
        create_task(ask("slow.test"));
        create_task(ask("slow.test"));
        co_await settle();
    });
    loop.close();
    EXPECT_EQ(take_report_messages().size(), 3u);  // the two and the look-up were pending
    EXPECT_EQ(cache->size(), 0u);
    EventLoop next({.backend = "sim"});  // and may go on with another loop
    set_resolver(next, cache);
    EXPECT_EQ(next.run_until_complete(ask("a.test")), Log{"192.0.2.1"});
}

TEST(CachingResolver, is_for_one_loop_at_a_time) {
    auto inner = std::make_shared<FakeResolver>();
    inner->names["slow.test"] = {{"192.0.2.2"}, 100ms};
    auto cache = std::make_shared<CachingResolver>(inner);
    EventLoop one({.backend = "sim"});
    EventLoop other({.backend = "sim"});
    set_resolver(one, cache);
    set_resolver(other, cache);
    Task<Log> asking = one.create_task(ask("slow.test"));
    one.run_until_complete(run_passes(3));
    EXPECT_THROW(other.run_until_complete(ask("slow.test")), RuntimeError);
    EXPECT_EQ(one.run_until_complete(asking), Log{"192.0.2.2"});
    EXPECT_EQ(other.run_until_complete(ask("slow.test")), Log{"192.0.2.2"});
}

TEST(CachingResolver, its_limits_must_make_sense) {
    EXPECT_THROW(CachingResolver(nullptr, {.max_entries = 0}), ValueError);
    EXPECT_THROW(CachingResolver(nullptr, {.ttl = -1s}), ValueError);
    EXPECT_THROW(CachingResolver(nullptr, {.negative_ttl = -1s}), ValueError);
}

}  // namespace
}  // namespace aio::test
