// What the server says unasked: notifications, notices, the end.
#include "db/pg/with_server.hpp"

#include <aio/sync/event.hpp>
#include <aio/sync/queue.hpp>

#include <string>
#include <vector>

namespace aio::test {
namespace {

ASYNC_TEST(PgListeners, are_called_for_their_channel, kOnce) {
    // asyncpg: test_listeners.test_listen_01, test_listeners.test_listen_02
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto other = co_await pg::connect(postgres().dsn());
    Queue<pg::Notification> heard;
    const auto hear = [&](const pg::Notification& notification) { heard.put_nowait(notification); };
    const pg::Listener first = co_await c.add_listener("news", hear);
    const pg::Listener second = co_await c.add_listener("news", hear);
    co_await other.execute("NOTIFY weather, 'rain'");
    co_await other.execute("SELECT pg_notify('news', $1)", "aio");
    for (int i = 0; i < 2; ++i) {
        const pg::Notification notification = co_await heard.get();
        EXPECT_EQ(notification.channel, "news");
        EXPECT_EQ(notification.payload, "aio");
        EXPECT_EQ(notification.process, other.get_server_pid());
    }
    co_await c.remove_listener(first);
    co_await c.remove_listener(first);
    co_await other.execute("NOTIFY news, 'again'");
    EXPECT_EQ((co_await heard.get()).payload, "again");
    co_await c.remove_listener(second);
    EXPECT_EQ((co_await c.fetch("SELECT pg_listening_channels()")).size(), 0u);
    EXPECT_TRUE(heard.empty());
    co_await c.close();
    co_await c.remove_listener(second);
    co_await other.close();
}

ASYNC_TEST(PgListeners, of_channels_that_are_no_words, kOnce) {  // asyncpg: test_listeners.test_listen_notletters
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    for (const std::string channel : {"12+\"34", "Käse", "a b"}) {
        Queue<std::string> heard;
        const auto hear = [&](const pg::Notification& notification) { heard.put_nowait(notification.channel); };
        const auto listener = co_await c.add_listener(channel, hear);
        co_await c.execute("SELECT pg_notify($1, 'x')", channel);
        EXPECT_EQ(co_await heard.get(), channel);
        co_await c.remove_listener(listener);
    }
    co_await c.close();
}

ASYNC_TEST(PgListeners, that_throw_are_reported, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    std::vector<std::string> reported;
    get_running_loop().set_exception_handler(
        [&](EventLoop&, const ExceptionContext& context) { reported.emplace_back(context.message); });
    const auto fail = [](const pg::Notification&) { throw ValueError("no"); };
    co_await c.add_listener("news", fail);
    co_await c.execute("NOTIFY news");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(reported.size(), 1u);
    get_running_loop().set_exception_handler(nullptr);
    co_await c.close();
}

ASYNC_TEST(PgListeners, may_remove_themselves, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    int calls = 0;
    pg::Listener listener;
    Event called;
    const auto remove = [&](const pg::Notification&) {
        ++calls;
        called.set();
        create_task(c.remove_listener(listener));
    };
    listener = co_await c.add_listener("news", remove);
    co_await c.execute("NOTIFY news");
    co_await called.wait();
    co_await sleep(0s);
    co_await c.execute("NOTIFY news");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(calls, 1);
    co_await c.close();
}

ASYNC_TEST(PgNotifications, come_from_a_generator, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto other = co_await pg::connect(postgres().dsn());
    {
        auto news = c.notifications("news");
        auto first = create_task([&]() -> Coro<std::optional<pg::Notification>> { co_return co_await news.next(); });
        while ((co_await c.fetch("SELECT pg_listening_channels()")).empty()) co_await sleep(1ms);
        co_await other.execute("NOTIFY news, '1'; NOTIFY news, '2'");
        EXPECT_EQ((co_await first)->payload, "1");
        EXPECT_EQ((co_await news.next())->payload, "2");
    }
    EXPECT_EQ((co_await c.fetch("SELECT pg_listening_channels()")).size(), 0u);
    co_await c.close();
    co_await other.close();
}

ASYNC_TEST(PgNotifications, end_with_an_error_when_the_connection_is_lost, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    auto news = c.notifications("news");
    auto first = create_task([&]() -> Coro<> { co_await news.next(); });
    while ((co_await c.fetch("SELECT pg_listening_channels()")).empty()) co_await sleep(1ms);
    const auto other = co_await pg::connect(postgres().dsn());
    co_await other.execute("SELECT pg_terminate_backend($1)", static_cast<int>(c.get_server_pid()));
    co_await expect_throws<db::InterfaceError>(first);
    co_await other.close();
}

ASYNC_TEST(PgNotifications, that_nobody_takes_do_not_pile_up, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    auto news = c.notifications("news");
    auto first = create_task([&]() -> Coro<> { co_await news.next(); });
    while ((co_await c.fetch("SELECT pg_listening_channels()")).empty()) co_await sleep(1ms);
    co_await c.execute("SELECT count(pg_notify('news', i::text)) FROM generate_series(1, 10100) i");
    co_await first;
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    const auto drain = [&]() -> Coro<> {
        while (co_await news.next()) {}
    };
    EXPECT_THAT(co_await expect_throws<db::InterfaceError>(drain()), testing::HasSubstr("10000"));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgNotices, go_to_their_listener, kOnce) {
    // asyncpg: test_listeners.test_log_listener_01, test_listeners.test_log_listener_02
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    std::vector<std::string> notices;
    c.set_notice_listener([&](const db::ErrorReport& notice) { notices.push_back(notice.message); });
    co_await c.execute("DO $$ BEGIN RAISE NOTICE 'catch me!'; RAISE WARNING 'and me'; END $$");
    EXPECT_EQ(notices, (std::vector<std::string>{"catch me!", "and me"}));
    c.set_notice_listener(nullptr);
    co_await c.close();
}

ASYNC_TEST(PgTermination, is_told_once, kOnce) {
    // asyncpg: test_listeners.test_connection_termination_callback_called_on_remote,
    // asyncpg: test_listeners.test_connection_termination_callback_called_on_local
    SKIP_WITHOUT_POSTGRES();
    const auto observer = co_await pg::connect(postgres().dsn());
    for (const bool remote : {false, true}) {
        const auto c = co_await pg::connect(postgres().dsn());
        int ends = 0;
        Event ended;
        c.add_termination_listener([&] {
            ++ends;
            ended.set();
        });
        if (remote) {
            co_await observer.execute("SELECT pg_terminate_backend($1)", static_cast<int>(c.get_server_pid()));
            co_await ended.wait();
        } else {
            co_await c.close();
        }
        c.terminate();
        EXPECT_EQ(ends, 1);
    }
    co_await observer.close();
}

ASYNC_TEST(PgReset, brings_a_session_back, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    int calls = 0;
    co_await c.add_listener("news", [&](const pg::Notification&) { ++calls; });
    co_await c.execute("SET application_name = 'changed'; BEGIN; SELECT pg_advisory_lock(7)");
    co_await c.reset();
    EXPECT_FALSE(c.is_in_transaction());
    EXPECT_NE(co_await c.fetchval<std::string>("SHOW application_name"), "changed");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'"), 0);
    co_await c.execute("NOTIFY news");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(calls, 0);
    co_await c.close();
}

ASYNC_TEST(PgNotices, may_start_a_task, kOnce) {  // asyncpg: test_listeners.test_log_listener_03
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    std::string heard;
    Event done;
    std::optional<Task<>> task;
    const auto note = [&](std::string message) -> Coro<> {
        co_await sleep(0s);
        heard = message;
        done.set();
    };
    c.set_notice_listener([&](const db::ErrorReport& notice) { task = create_task(note(notice.message)); });
    co_await c.execute("DO $$ BEGIN RAISE NOTICE 'catch me!'; END $$");
    co_await done.wait();
    EXPECT_EQ(heard, "catch me!");
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
