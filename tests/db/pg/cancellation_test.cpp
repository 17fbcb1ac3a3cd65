// Cancelled statements and timeouts: what is stopped, and what others on the connection see of it.
#include "db/pg/with_server.hpp"

#include <random>

namespace aio::test {
namespace {

ASYNC_TEST(PgCancellation, a_timeout_stops_the_statement_on_the_server, kOnce) {
    // asyncpg: test_timeout.test_timeout_01, test_timeout.test_timeout_02, test_timeout.test_timeout_03,
    // asyncpg: test_cancellation.test_cancellation_01
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(wait_for(connection.execute("SELECT pg_sleep(60)"), 50ms));
    co_await expect_throws<TimeoutError>(wait_for(connection.fetch("SELECT pg_sleep($1)", 60.0), 50ms));
    co_await expect_throws<TimeoutError>(wait_for(connection.fetchval<int>("SELECT 1 FROM pg_sleep(60)"), 50ms));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    EXPECT_LT(watch.elapsed(), 30s);
    co_await connection.close();
}

ASYNC_TEST(PgCancellation, one_that_was_not_sent_never_is,
           kOnce) {  // asyncpg: test_cancellation.test_cancellation_02
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int)");
    const auto insert = [&](int a) -> Coro<> { co_await connection.execute("INSERT INTO t VALUES($1)", a); };
    co_await insert(0);
    auto stopped = create_task(connection.execute("SELECT pg_sleep(60)"));
    co_await sleep(20ms);
    stopped.cancel();
    co_await run_passes(1);  // a cancel request is under way: what comes now waits
    auto first = create_task(insert(1));
    auto second = create_task(insert(2));
    co_await run_passes(1);
    first.cancel();
    co_await expect_throws<CancelledError>(std::move(first));
    co_await second;
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT sum(a)::int FROM t"), 2);
    co_await expect_throws<CancelledError>(std::move(stopped));
    co_await connection.close();
}

ASYNC_TEST(PgCancellation, one_behind_others_is_dropped_when_its_turn_comes, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto nap = [&](double s) -> Coro<int> {
        co_return co_await connection.fetchval<int>("SELECT 1 + 0 * length(pg_sleep($1)::text)", s);
    };
    co_await nap(0);
    const Stopwatch watch;
    auto head = create_task(nap(0.2));
    auto dropped = create_task(nap(60));
    auto behind = create_task(nap(0));
    co_await sleep(20ms);
    dropped.cancel();
    co_await expect_throws<CancelledError>(std::move(dropped));
    EXPECT_LT(watch.elapsed(), 190ms);  // at once
    EXPECT_EQ(co_await head, 1);
    EXPECT_EQ(co_await behind, 1);
    EXPECT_LT(watch.elapsed(), 30s);
    co_await connection.close();
}

ASYNC_TEST(PgCancellation, many_long_ones_are_stopped_one_after_the_other, kOnce) {
    // asyncpg: test_cancellation.test_cancellation_03
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto nap = [&](double s) -> Coro<int> {
        co_return co_await connection.fetchval<int>("SELECT 1 + 0 * length(pg_sleep($1)::text)", s);
    };
    co_await nap(0);
    const Stopwatch watch;
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create_task(nap(60)));
    auto behind = create_task(nap(0));
    co_await sleep(50ms);
    for (auto& task : tasks) task.cancel();
    for (auto& task : tasks) co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(co_await behind, 1);
    EXPECT_LT(watch.elapsed(), 30s);
    co_await connection.close();
}

ASYNC_TEST(PgCancellation, one_that_is_cancelled_as_soon_as_it_is_sent, kOnce) {
    // asyncpg: test_cancellation.test_cancellation_04
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const Stopwatch watch;
    for (int passes = 0; passes < 20; ++passes) {
        auto task = create_task(connection.fetch("SELECT pg_sleep($1)", 60.0));
        co_await run_passes(passes);
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT $1::int", passes), passes);
    }
    EXPECT_LT(watch.elapsed(), 50s);
    co_await connection.close();
}

ASYNC_TEST(PgCancellation, close_stops_what_nobody_wants, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(wait_for(connection.execute("SELECT pg_sleep(60)"), 50ms));
    co_await connection.close();
    EXPECT_LT(watch.elapsed(), 30s);
}

ASYNC_TEST(PgCancellation, the_servers_own_timeout_is_an_error, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("SET statement_timeout = 20");
    co_await expect_throws<db::QueryCanceledError>(connection.execute("SELECT pg_sleep(60)"));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    co_await connection.close();
}

ASYNC_TEST(PgCancellation, a_commit_that_is_hit_is_not_repeated, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto observer = co_await pg::connect(postgres().dsn());
    co_await connection.execute(
        "CREATE TEMP TABLE t(a int);"
        "CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';"
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()");
    const auto body = [&]() -> Coro<> { co_await connection.execute("INSERT INTO t VALUES(1)"); };
    auto committing = create_task(connection.transaction(body));
    const int pid = static_cast<int>(connection.get_server_pid());
    for (int tries = 0; tries < 200; ++tries) {
        const auto query =
            co_await observer.fetchval<std::string>("SELECT query FROM pg_stat_activity WHERE pid = $1", pid);
        if (query == "COMMIT") break;
        co_await sleep(5ms);
    }
    co_await observer.fetch("SELECT pg_cancel_backend($1)", pid);
    co_await expect_throws<db::QueryCanceledError>(std::move(committing));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await connection.close();
    co_await observer.close();
}

// Counts of what became of the questions.
struct Outcomes {
    int answered = 0, cancelled = 0;
};

Coro<> ask_and_cancel(pg::Connection connection, unsigned seed, int rounds, Outcomes& outcomes) {
    std::mt19937 random(seed);
    for (int i = 0; i < rounds; ++i) {
        const int question = static_cast<int>(random() % 1'000'000);
        const double pause = random() % 4 == 0 ? (random() % 10) / 1000.0 : 0;
        const auto ask = [&]() -> Coro<int> {
            co_return co_await connection.fetchval<int>("SELECT $1::int + 0 * length(pg_sleep($2)::text)", question,
                                                        pause);
        };
        auto task = create_task(ask());
        if (random() % 2 == 0) {
            co_await sleep(std::chrono::microseconds(random() % 6000));
            task.cancel();
        }
        try {
            EXPECT_EQ(co_await task, question);
            ++outcomes.answered;
        } catch (const CancelledError&) {
            ++outcomes.cancelled;
        }
    }
}

ASYNC_TEST(PgCancellation, two_thousand_random_ones_disturb_no_neighbour, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const unsigned seed = std::random_device()();
    const auto connection = co_await pg::connect(postgres().dsn());
    Outcomes& outcomes = keep<Outcomes>();
    std::vector<Task<>> tasks;
    for (unsigned i = 0; i < 8; ++i)
        tasks.push_back(create_task(ask_and_cancel(connection, seed + i, 500, outcomes)));
    for (auto& task : tasks) {
        try {
            co_await task;
        } catch (const std::exception& error) {
            ADD_FAILURE() << "a neighbour saw: " << error.what() << "; seed " << seed;
        }
    }
    EXPECT_EQ(outcomes.answered + outcomes.cancelled, 4000) << "seed " << seed;
    EXPECT_GT(outcomes.cancelled, 100);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
