// Cancellations at random moments on one connection, through a proxy that delays and splits: whoever is not cancelled gets the
// answer to its own question, and no row is lost, nor there twice.
#include "db/pg/storm.hpp"

#include <tuple>

namespace aio::test::storms {
namespace {

// Rows that are inserted together, by `insert`.
template <class Insert>
Coro<> insert_group(Storm& storm, Insert insert) {
    std::vector<int> group;
    for (int i = 0; i < 3; ++i) group.push_back(fresh_number());
    storm.groups.push_back(group);
    storm.perhaps.insert(group.begin(), group.end());
    co_await insert(group);
    for (const int number : group) {
        storm.perhaps.erase(number);
        storm.kept.insert(number);
    }
}

// The same for what only connections can: COPY, executemany, scripts.
Coro<> ask_more(const pg::Connection& connection, Storm& storm) {
    const int number = fresh_number();
    const unsigned kind = storm.below(8);
    if (kind == 0) {
        const auto insert = [&](const std::vector<int>& group) -> Coro<> {
            std::vector<std::tuple<int>> rows;
            for (const int each : group) rows.emplace_back(each);
            co_await connection.executemany("INSERT INTO storm VALUES($1)", rows);
        };
        co_await insert_group(storm, insert);
    } else if (kind == 1) {
        const auto insert = [&](const std::vector<int>& group) -> Coro<> {
            std::string text;
            for (const int each : group) text += std::to_string(each) + "\n";
            if (co_await connection.copy_to_table("storm", text) != "COPY 3") storm.blame("a COPY lost rows");
        };
        co_await insert_group(storm, insert);
    } else if (kind == 2) {
        const auto insert = [&](const std::vector<int>& group) -> Coro<> {
            std::string script;
            for (const int each : group) script += "INSERT INTO storm VALUES(" + std::to_string(each) + ");";
            co_await connection.execute(db::runtime(script + "SELECT pg_sleep(0.002)"));
        };
        co_await insert_group(storm, insert);
    } else if (kind == 3) {
        std::string lines;
        const auto sink = [&](std::string_view bytes) -> Coro<> {
            lines += bytes;
            co_return;
        };
        const std::string text = std::to_string(number);
        co_await connection.copy_from_query("SELECT " + text + " FROM generate_series(1, 500)", sink);
        std::string expected;
        for (int i = 0; i < 500; ++i) expected += text + "\n";
        if (lines != expected) storm.blame("a COPY has the rows of another question");
    } else {
        co_await ask(connection, storm);
    }
}

Coro<> storm_on_one_connection(std::string name, std::size_t statement_cache_size, bool with_more, unsigned rounds) {
    Storm& storm = keep<Storm>(std::random_device()());
    const auto observer = co_await pg::connect(postgres().dsn());
    CO_ASSERT_TRUE(postgres().sql(kTable));
    const std::ptrdiff_t before = open_descriptors();
    {
        TcpProxy proxy(postgres().port());
        const pg::ConnectOptions options = {.statement_cache_size = statement_cache_size};
        const auto connection = co_await pg::connect(through(proxy, name), options);
        const auto act = [&]() -> Coro<> {
            if (with_more) return ask_more(connection, storm);
            return ask(connection, storm);
        };
        co_await rage_together(proxy, storm, act, rounds * long_times());
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
        EXPECT_FALSE(connection.is_closed());
        co_await connection.close();
        EXPECT_LE(proxy.most_cancels(), 1);
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

ASYNC_TEST(PgCancelStorm, on_one_connection, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await storm_on_one_connection("storm1", 100, false, 15);
}

ASYNC_TEST(PgCancelStorm, with_few_prepared_statements, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await storm_on_one_connection("storm3", 2, false, 15);
}

ASYNC_TEST(PgCancelStorm, without_prepared_statements, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await storm_on_one_connection("storm4", 0, false, 10);
}

ASYNC_TEST(PgCancelStorm, with_copies_and_scripts, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await storm_on_one_connection("storm5", 100, true, 15);
}

}  // namespace
}  // namespace aio::test::storms
