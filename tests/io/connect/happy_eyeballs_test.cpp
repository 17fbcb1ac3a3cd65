// Connecting to a name with several addresses. 127.0.0.2, .3... stand for the hosts of other networks.
#include <aio/base/exception_group.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/io/server.hpp>

#include "io/connect/connect.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"
#include "support/resolvers.hpp"

#include <netinet/in.h>

namespace aio::test {
namespace {

using aio::detail::interleaved;
using aio::detail::RawAddress;

// 127.0.0.1 is served; the others given are silent, at the same port. "many.test" has them all, the served one last.
struct Hosts {
    std::optional<Server> server;
    std::vector<SilentPort*> silent;
    FakeResolver* resolver = nullptr;
    int port = 0;
};

Coro<Hosts*> hosts(std::vector<std::string> silent_hosts) {
    Hosts& result = keep<Hosts>();
    result.server = co_await start_server(echo_lines, "127.0.0.1", 0);
    result.port = result.server->port();
    result.resolver = &use_fake_resolver();
    for (const std::string& host : silent_hosts) {
        result.silent.push_back(co_await SilentPort::open(host, result.port));
        result.resolver->names["many.test"].hosts.push_back(host);
    }
    result.resolver->names["many.test"].hosts.push_back("127.0.0.1");
    co_return &result;
}

Coro<> end(Hosts& all) {
    all.server->close();
    for (SilentPort* port : all.silent) port->refuse();
    co_await all.server->wait_closed();
}

Coro<std::string> connect_and_close(std::string host, int port, ConnectionOptions options = {}) {
    auto [reader, writer] = co_await open_connection(host, port, options);
    const std::string peer = writer.peername().host;
    writer.close();
    co_await writer.wait_closed();
    co_return peer;
}

ASYNC_TEST(HappyEyeballs, the_next_attempt_begins_after_the_delay) {  // semantics 49
    // CPython: test_staggered.test_first_timeout_second_successful
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2"));
    const Stopwatch watch;
    EXPECT_EQ(co_await connect_and_close("many.test", all.port), "127.0.0.1");
    watch.expect(250ms);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, each_attempt_waits_for_the_one_before_it) {
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2", "127.0.0.3"));
    const Stopwatch watch;
    EXPECT_EQ(co_await connect_and_close("many.test", all.port, {.happy_eyeballs_delay = 100ms}), "127.0.0.1");
    watch.expect(200ms);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, a_failure_begins_the_next_attempt_at_once) {
    // CPython: test_staggered.test_first_error_second_successful, test_base_events.test_create_connection_multiple
    Hosts& all = *co_await hosts({});
    all.resolver->names["many.test"].hosts.insert(all.resolver->names["many.test"].hosts.begin(), "127.0.0.2");
    const Stopwatch watch;
    EXPECT_EQ(co_await connect_and_close("many.test", all.port), "127.0.0.1");
    watch.expect(0ms);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, one_that_answers_at_once_starts_no_other) {  // CPython: test_staggered.test_one_successful
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2"));
    std::swap(all.resolver->names["many.test"].hosts[0], all.resolver->names["many.test"].hosts[1]);
    const Stopwatch watch;
    EXPECT_EQ(co_await connect_and_close("many.test", all.port), "127.0.0.1");
    watch.expect(0ms);
    EXPECT_EQ(pending_timers(), 0u);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, without_a_delay_the_next_attempt_waits_for_the_failure) {
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2"));
    const Stopwatch watch;
    auto connecting = create_task(connect_and_close("many.test", all.port, {.happy_eyeballs_delay = 0ms}));
    co_await aio::sleep(600ms);
    EXPECT_FALSE(connecting.done());
    EXPECT_EQ(pending_timers(), 0u);
    if (simulated()) {
        all.silent[0]->refuse();
        EXPECT_EQ(co_await connecting, "127.0.0.1");
        watch.expect(600ms);
    } else {
        connecting.cancel();  // a kernel tells a client of a closed port only when it tries again
        co_await wait_for_all(connecting);
    }
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, the_failure_of_the_last_attempt_begins_the_next_before_its_time) {
    if (!simulated()) CO_SKIP();
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2"));
    const Stopwatch watch;
    get_running_loop().call_later(100ms, [&] { all.silent[0]->refuse(); });
    EXPECT_EQ(co_await connect_and_close("many.test", all.port), "127.0.0.1");
    watch.expect(100ms);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, the_failure_of_an_earlier_attempt_does_not_hurry_the_next) {
    if (!simulated()) CO_SKIP();
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2", "127.0.0.3"));
    const Stopwatch watch;
    get_running_loop().call_later(300ms, [&] { all.silent[0]->refuse(); });
    EXPECT_EQ(co_await connect_and_close("many.test", all.port), "127.0.0.1");
    watch.expect(500ms);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, a_slow_answer_still_wins_over_a_slower_one) {
    if (!simulated()) CO_SKIP();
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2", "127.0.0.3"));
    const Stopwatch watch;
    get_running_loop().call_later(300ms, [&] { all.silent[0]->open_up(); });
    EXPECT_EQ(co_await connect_and_close("many.test", all.port), "127.0.0.2");
    watch.expect(300ms);
    EXPECT_EQ(pending_timers(), 0u);
    all.silent[1]->open_up();  // the loser's connection is gone from its backlog
    co_await aio::sleep(1ms);
    EXPECT_EQ(all.silent[1]->taken(), 1);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, of_two_winners_at_once_one_is_kept) {  // CPython: test_staggered.test_multiple_winners
    if (!simulated()) CO_SKIP();
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2", "127.0.0.3"));
    get_running_loop().call_later(300ms, [&] {
        all.silent[0]->open_up();
        all.silent[1]->open_up();
    });
    const std::string peer = co_await connect_and_close("many.test", all.port);
    EXPECT_THAT(peer, testing::AnyOf("127.0.0.2", "127.0.0.3"));
    co_await aio::sleep(1ms);
    EXPECT_EQ(all.silent[0]->taken(), 2);
    EXPECT_EQ(all.silent[1]->taken(), 2);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, cancelling_the_caller_gives_all_attempts_up) {  // CPython: test_staggered.test_cancelled
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2", "127.0.0.3"));
    all.resolver->names["many.test"].hosts.pop_back();
    auto connecting = create_task(connect_and_close("many.test", all.port, {.happy_eyeballs_delay = 10ms}));
    co_await aio::sleep(100ms);
    connecting.cancel();
    co_await wait_for_all(connecting);
    EXPECT_TRUE(connecting.cancelled());
    EXPECT_EQ(pending_timers(), 0u);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, a_timeout_ends_the_attempts) {  // CPython: test_base_events.test_create_connection_timeout
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2", "127.0.0.3"));
    all.resolver->names["many.test"].hosts.pop_back();
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(wait_for(connect_and_close("many.test", all.port), 400ms));
    watch.expect(400ms);
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, a_winner_is_closed_when_its_caller_is_cancelled_meanwhile) {
    if (!simulated()) CO_SKIP();
    Hosts& all = *co_await hosts(list<std::string>("127.0.0.2"));
    auto connecting = create_task(connect_and_close("many.test", all.port, {.happy_eyeballs_delay = 0ms}));
    co_await settle();
    all.silent[0]->open_up();
    for (int pass = 0; pass < 20 && !connecting.done() && all.silent[0]->taken() < 2; ++pass) {
        co_await aio::sleep(0ms);
    }
    connecting.cancel();
    co_await wait_for_all(connecting);
    co_await end(all);
}

LOOP_TEST(HappyEyeballs, a_loop_may_close_during_the_attempts, kOnce) {
    loop.run_until_complete([]() -> Coro<> {
        Hosts& all = *co_await hosts(list<std::string>("127.0.0.2", "127.0.0.3"));
        all.resolver->names["many.test"].hosts.pop_back();
        create_task(connect_and_close("many.test", all.port, {.happy_eyeballs_delay = 10ms}));
        co_await aio::sleep(50ms);
    });
    loop.close();
    EXPECT_EQ(take_report_messages(), Log{"Task was destroyed but it is pending!"});
}

// --- errors --------------------------------------------------------------------------------------------------

ASYNC_TEST(HappyEyeballs, the_same_error_from_all_is_that_error) {
    // CPython: test_base_events.test_create_connection_connect_err, test_staggered.test_none_successful
    FakeResolver& resolver = use_fake_resolver();
    const int port = co_await closed_port();
    resolver.names["two.test"].hosts = list<std::string>("127.0.0.1", "127.0.0.2");
    const std::string at = std::to_string(port);
    EXPECT_EQ(co_await expect_throws<ConnectionRefusedError>(connect_and_close("two.test", port)),
              "connect to two.test:" + at + " (127.0.0.1:" + at + ", 127.0.0.2:" + at +
                  "): Connection refused (errno 111)");
}

ASYNC_TEST(HappyEyeballs, different_errors_are_told_together) {
    // CPython: test_base_events.test_create_connection_multiple_errors
    FakeResolver& resolver = use_fake_resolver();
    const int port = co_await closed_port();
    resolver.names["two.test"].hosts = list<std::string>("255.255.255.255", "127.0.0.1");
    const std::string at = std::to_string(port);
    const std::string what = co_await expect_throws<OSError>(connect_and_close("two.test", port));
    EXPECT_THAT(what, testing::StartsWith("connect to two.test:" + at + ": Multiple exceptions: 255.255.255.255:" +
                                          at + ": Network is unreachable, 127.0.0.1:" + at + ": Connection refused"));
}

Coro<Log> errors_of_all(std::string host, int port) {
    Log errors;
    try {
        co_await connect_and_close(host, port, {.all_errors = true});
    } catch (const ExceptionGroup& group) {
        errors.push_back(group.message());
        for (const std::exception_ptr& error : group.exceptions()) errors.push_back(expect_is<OSError>(error));
    }
    co_return errors;
}

ASYNC_TEST(HappyEyeballs, all_errors_are_an_exception_group_on_demand) {
    // CPython: test_base_events.test_create_connection_connect_err
    FakeResolver& resolver = use_fake_resolver();
    const int port = co_await closed_port();
    const std::string at = std::to_string(port);
    resolver.names["two.test"].hosts = list<std::string>("127.0.0.1", "127.0.0.2");
    EXPECT_THAT(co_await errors_of_all("two.test", port),
                testing::ElementsAre("connect to two.test:" + at + " failed",
                                     "connect to 127.0.0.1:" + at + ": Connection refused (errno 111)",
                                     "connect to 127.0.0.2:" + at + ": Connection refused (errno 111)"));
    EXPECT_THAT(co_await errors_of_all("127.0.0.1", port), testing::SizeIs(2));
}

ASYNC_TEST(HappyEyeballs, a_name_without_addresses_is_an_error) {
    // CPython: test_base_events.test_create_connection_no_getaddrinfo
    use_fake_resolver().names["none.test"] = {};
    EXPECT_EQ(co_await expect_throws<GaiError>(connect_and_close("none.test", 80)),
              "look up the IPv4 or IPv6 address of 'none.test': No address associated with hostname");
}

// --- where from ----------------------------------------------------------------------------------------------

ASYNC_TEST(HappyEyeballs, a_local_address_that_is_taken_is_named) {
    // CPython: test_base_events.test_create_connection_local_addr_in_use
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    ConnectionOptions options;
    options.local_host = "127.0.0.1";
    options.local_port = server.port();
    EXPECT_EQ(
        co_await expect_throws<OSError>(connect_and_close("127.0.0.1", server.port(), options)),
        "bind the local address 127.0.0.1:" + std::to_string(server.port()) + ": Address already in use (errno 98)");
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(HappyEyeballs, an_address_of_another_family_than_the_local_one_is_passed_over) {
    // CPython: test_base_events.test_create_connection_local_addr_nomatch_family
    Hosts& all = *co_await hosts({});
    all.resolver->names["many.test"].hosts.insert(all.resolver->names["many.test"].hosts.begin(), "::1");
    all.resolver->names["here.test"].hosts = list<std::string>("127.0.0.2");
    ConnectionOptions options;
    options.local_host = "here.test";
    EXPECT_EQ(co_await connect_and_close("many.test", all.port, options), "127.0.0.1");
    const std::string what = co_await expect_throws<OSError>(connect_and_close("::1", all.port, options));
    EXPECT_THAT(what, testing::HasSubstr("which is of another family: Cannot assign requested address"));
    co_await end(all);
}

ASYNC_TEST(HappyEyeballs, the_family_may_be_chosen) {
    Hosts& all = *co_await hosts({});
    co_await connect_and_close("many.test", all.port, {.family = AF_INET});
    EXPECT_EQ(all.resolver->last_options.family, AF_INET);
    EXPECT_EQ(all.resolver->last_options.type, SOCK_STREAM);
    co_await expect_throws<GaiError>(connect_and_close("127.0.0.1", all.port, {.family = AF_INET6}));
    co_await end(all);
}

// --- in which order ------------------------------------------------------------------------------------------

std::vector<RawAddress> addresses(std::initializer_list<const char*> given) {
    std::vector<RawAddress> result;
    for (const char* host : given) result.push_back(*RawAddress::numeric(host, 1));
    return result;
}
std::string order(std::initializer_list<const char*> given, int first) {
    std::string text;
    for (const RawAddress& address : interleaved(addresses(given), first)) text += address.decoded().host + " ";
    return text;
}

TEST(Interleave, the_families_take_turns) {
    EXPECT_EQ(order({"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"}, 1), "::1 1.1.1.1 ::2 2.2.2.2 ::3 ");
    EXPECT_EQ(order({"1.1.1.1", "::1", "::2", "::3"}, 1), "1.1.1.1 ::1 ::2 ::3 ");
    EXPECT_EQ(order({"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"}, 2), "::1 ::2 1.1.1.1 ::3 2.2.2.2 ");
    EXPECT_EQ(order({"::1", "::2", "1.1.1.1"}, 9), "::1 ::2 1.1.1.1 ");
    EXPECT_EQ(order({"::1"}, 1), "::1 ");
    EXPECT_EQ(order({}, 1), "");
}

ASYNC_TEST(Interleave, is_left_out_on_demand) {
    FakeResolver& resolver = use_fake_resolver();
    const int port = co_await closed_port();
    resolver.names["mixed.test"].hosts = list<std::string>("127.0.0.1", "127.0.0.2", "255.255.255.255", "::1");
    const std::string turns = co_await expect_throws<OSError>(connect_and_close("mixed.test", port));
    EXPECT_LT(turns.find("[::1]"), turns.find("127.0.0.2"));
    const std::string as_given =
        co_await expect_throws<OSError>(connect_and_close("mixed.test", port, {.interleave = 0}));
    EXPECT_GT(as_given.find("[::1]"), as_given.find("127.0.0.2"));
    // asyncio's default: no turns without a delay
    const std::string one_by_one =
        co_await expect_throws<OSError>(connect_and_close("mixed.test", port, {.happy_eyeballs_delay = -1s}));
    EXPECT_GT(one_by_one.find("[::1]"), one_by_one.find("127.0.0.2"));
}

}  // namespace
}  // namespace aio::test
