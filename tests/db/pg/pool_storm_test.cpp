// Cancellations at random moments on a pool, through a proxy that delays and splits: no slot, no connection and no transaction is
// lost, whatever else happens to the connections meanwhile.
#include "db/pg/storm.hpp"

namespace aio::test::storms {
namespace {

class Mishap : public std::runtime_error {
    using runtime_error::runtime_error;
};

Coro<> transact(const pg::Pool& pool, Storm& storm) {
    const int number = fresh_number();
    const unsigned kind = storm.below(5);
    const auto connection = co_await pool.acquire();
    const auto body = [&]() -> Coro<> {
        co_await connection->execute("INSERT INTO storm VALUES($1)", number);
        if (kind == 1) co_await connection->fetch("SELECT pg_sleep($1)", 0.003);
        if (kind == 2) throw Mishap("on purpose");
        if (kind == 3) {
            auto rows = connection->cursor("SELECT $1::int FROM generate_series(1, 120)", number);
            while (const auto row = co_await rows.next()) {
                if (row->get<int>(0) != number) storm.blame("a row of another cursor");
            }
        }
        if (co_await connection->fetchval<int>("SELECT $1::int", number) != number) storm.blame("a wrong answer");
    };
    storm.perhaps.insert(number);
    try {
        co_await connection->transaction(body);
        storm.kept.insert(number);
    } catch (const Mishap&) {
        storm.never.insert(number);
    }
    storm.perhaps.erase(number);
}

constexpr std::size_t kSize = 10;

// A connection that is thrown away, in one of many ways.
Coro<> churn(const pg::Pool& pool, Storm& storm) {
    const auto connection = co_await pool.acquire();
    switch (storm.below(4)) {
        case 0: connection->terminate(); break;
        case 1: pool.expire_connections(); break;
        case 2: co_await connection->execute("BEGIN"); break;
        default: co_await connection->close();
    }
}

Coro<> storm_on_a_pool(std::string name, pg::PoolOptions options, std::string more, bool with_churn,
                       unsigned rounds) {
    Storm& storm = keep<Storm>(std::random_device()());
    const auto observer = co_await pg::connect(postgres().dsn());
    CO_ASSERT_TRUE(postgres().sql(kTable));
    const std::ptrdiff_t before = open_descriptors();
    {
        TcpProxy proxy(postgres().port());
        options.max_size = kSize;
        const auto pool = co_await pg::create_pool(through(proxy, name) + more, options);
        const auto act = [&]() -> Coro<> {
            const unsigned kind = storm.below(6);
            if (kind == 0 && with_churn) return churn(pool, storm);
            if (kind < 3) return transact(pool, storm);
            return ask(pool, storm);
        };
        co_await rage_together(proxy, storm, act, rounds * long_times());
        EXPECT_EQ(pool.statistics().waiting, 0u);
        EXPECT_EQ(pool.statistics().idle, pool.statistics().size);
        {
            std::vector<pg::PooledConnection> all;  // no slot is lost
            for (std::size_t i = 0; i < kSize; ++i) all.push_back(co_await pool.acquire(10s));
            for (const auto& each : all) EXPECT_EQ(co_await each->fetchval<int>("SELECT 7"), 7);
            EXPECT_EQ(pool.statistics().size, kSize);
            EXPECT_EQ(co_await sessions_named(observer, name, kSize), static_cast<int>(kSize));
        }
        co_await pool.close();
        // A connection that is thrown away does not wait for its request's end.
        EXPECT_LE(proxy.most_cancels(), static_cast<int>(with_churn ? kSize : options.max_cancels));
        if (long_times() > 1 || wanted_cancels() > 0) {
            std::printf("answered %d, cancelled %d, requests %d, %d at most at a time\n", storm.answered,
                        storm.cancelled, proxy.cancels(), proxy.most_cancels());
        }
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(co_await sessions_named(observer, name, 0), 0);
    co_await expect_rows(observer, storm);
    co_await observer.close();
}

ASYNC_TEST(PgPoolStorm, on_a_full_pool, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await storm_on_a_pool("pool1", {.min_size = kSize}, "", false, 30);
}

ASYNC_TEST(PgPoolStorm, on_one_that_replaces_its_connections, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const pg::PoolOptions options = {.max_queries = 7, .max_inactive_time = 5ms};
    co_await storm_on_a_pool("pool2", options, "", true, 8);
}

ASYNC_TEST(PgPoolStorm, over_tls_without_prepared_statements, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const pg::PoolOptions options = {.max_queries = 20, .statement_cache_size = 0};
    co_await storm_on_a_pool("pool3", options, " sslmode=require", false, 5);
}

// Cancelled in the middle of look-ups, handshakes and proofs.
ASYNC_TEST(PgPoolStorm, of_connections_that_are_being_opened, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    Storm& storm = keep<Storm>(std::random_device()());
    const auto observer = co_await pg::connect(postgres().dsn());
    const std::ptrdiff_t before = open_descriptors();
    {
        TcpProxy proxy(postgres().port());
        const std::string dsn = "host=127.0.0.1 port=" + std::to_string(proxy.port()) +
                                " user=scram password=secret dbname=postgres application_name=opening sslmode=";
        const auto act = [&]() -> Coro<> {
            const auto connection = co_await pg::connect(dsn + (storm.below(2) == 0 ? "disable" : "require"));
            if (co_await connection.fetchval<int>("SELECT 7") != 7) storm.blame("a wrong answer");
        };
        co_await rage_together(proxy, storm, act, 3 * long_times());
    }
    EXPECT_EQ(co_await sessions_named(observer, "opening", 0), 0);
    for (int tries = 0; tries < 100 && open_descriptors() != before; ++tries) co_await sleep(10ms);
    EXPECT_EQ(open_descriptors(), before);
    co_await observer.close();
}

// Whoever comes too late is told so; nobody hangs, and close() waits for the others.
ASYNC_TEST(PgPoolStorm, in_which_the_pool_is_closed, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto observer = co_await pg::connect(postgres().dsn());
    for (const bool gently : {true, false}) {
        CO_ASSERT_TRUE(postgres().sql(kTable));
        Storm& storm = keep<Storm>(std::random_device()());
        TcpProxy proxy(postgres().port());
        const auto pool = co_await pg::create_pool(through(proxy, "closing"), {.max_size = kSize});
        int refused = 0;
        const auto act = [&]() -> Coro<> {
            try {
                if (storm.below(3) == 0) {
                    co_await transact(pool, storm);
                } else {
                    co_await ask(pool, storm);
                }
            } catch (const db::InterfaceError&) {
                ++refused;
            }
        };
        const auto end = [&]() -> Coro<> {
            co_await sleep(150ms);
            if (gently) {
                co_await pool.close();
            } else {
                pool.terminate();
            }
        };
        auto ending = create_task(end());
        co_await rage_together(proxy, storm, act, 20);
        co_await ending;
        EXPECT_GT(refused, 0);
        EXPECT_EQ(co_await sessions_named(observer, "closing", 0), 0);
        EXPECT_EQ(pool.get_size(), 0u);
        co_await expect_rows(observer, storm);
    }
    co_await observer.close();
}

}  // namespace
}  // namespace aio::test::storms
