// Cancellations at random moments, on one connection and on a pool, through a proxy that delays and splits: whoever is not
// cancelled gets the answer to its own question, no row is lost, nor there twice, and no connection or descriptor is left behind.
#include "db/mysql/with_server.hpp"

#include "support/tcp_proxy.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

namespace aio::test {
namespace {

std::ptrdiff_t descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

struct MysqlStorm {
    explicit MysqlStorm(unsigned the_seed) : seed(the_seed), random(the_seed) {}

    unsigned seed;
    std::mt19937 random;
    std::set<int> kept, perhaps, never;    // rows, by what became of their statement
    std::vector<std::vector<int>> groups;  // of rows that come together
    int answered = 0, cancelled = 0, next = 0;

    unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }
    void blame(const std::string& what) { ADD_FAILURE() << what << "; seed " << seed; }
};

// Rows that are inserted by `act`.
template <class Act>
Coro<> insert_rows(MysqlStorm& storm, std::vector<int> rows, Act act) {
    storm.perhaps.insert(rows.begin(), rows.end());
    co_await act();
    for (const int row : rows) {
        storm.perhaps.erase(row);
        storm.kept.insert(row);
    }
}

// One question, insertion or error on a connection or a pool.
template <class Target>
Coro<> ask(const Target& target, MysqlStorm& storm) {
    const int number = ++storm.next;
    switch (storm.below(9)) {
        case 0: {
            const auto act = [&]() -> Coro<> { co_await target.execute("INSERT INTO storm VALUES(?)", number); };
            const std::vector<int> one(1, number);
            co_await insert_rows(storm, one, act);
            co_return;
        }
        case 1: {
            const double pause = storm.below(8) / 1000.0;
            const auto act = [&]() -> Coro<> {
                co_await target.execute("INSERT INTO storm SELECT ? FROM (SELECT sleep(?)) AS s", number, pause);
            };
            const std::vector<int> one(1, number);
            co_await insert_rows(storm, one, act);
            co_return;
        }
        case 2:
            co_await expect_throws<db::UndefinedTableError>(
                target.fetch("SELECT * FROM missing WHERE a = ?", number));
            co_return;
        case 3: {
            const int rows = 1 + static_cast<int>(storm.below(30'000));
            const int answer = co_await target.template fetchval<int>(
                "SELECT ? + 0 * count(*) FROM seq_1_to_30000 WHERE seq <= ?", number, rows);
            if (answer != number) storm.blame("the answer to another question");
            co_return;
        }
        case 4: {
            const int rows = 1 + static_cast<int>(storm.below(300));
            const auto result = co_await target.fetch("SELECT ?, seq FROM seq_1_to_300 WHERE seq <= ?", number, rows);
            if (static_cast<int>(result.size()) != rows) storm.blame("rows are missing");
            for (const auto& row : result) {
                if (row.template get<int>(0) != number) storm.blame("the row of another question");
            }
            co_return;
        }
        case 5: {
            std::vector<std::tuple<int>> sets;
            std::vector<int> group = {number, ++storm.next, ++storm.next};
            for (const int each : group) sets.emplace_back(each);
            storm.groups.push_back(group);
            const auto act = [&]() -> Coro<> { co_await target.executemany("INSERT INTO storm VALUES(?)", sets); };
            co_await insert_rows(storm, group, act);
            co_return;
        }
        case 6: {
            const std::string sql = "SELECT " + std::to_string(number);
            if (co_await target.template fetchval<int>(db::runtime(sql)) != number) storm.blame("a wrong answer");
            co_return;
        }
        default:
            if (co_await target.template fetchval<int>("SELECT ?", number) != number) {
                storm.blame("the answer to another question");
            }
    }
}

// `act` again and again, half of the times cancelled or timed out at a random moment.
template <class Act>
Coro<> rage(Act act, MysqlStorm& storm, unsigned rounds) {
    for (unsigned i = 0; i < rounds; ++i) {
        const auto moment = std::chrono::microseconds(storm.below(storm.below(2) == 0 ? 4'000 : 30'000));
        try {
            if (storm.below(4) == 0) {
                co_await with_timeout(moment, act);
            } else {
                auto task = create_task(act());
                if (storm.below(2) == 0) {
                    co_await sleep(moment);
                    task.cancel();
                }
                co_await task;
            }
            ++storm.answered;
        } catch (const CancelledError&) {
            ++storm.cancelled;
        } catch (const TimeoutError&) {
            ++storm.cancelled;
        } catch (const std::exception& error) {
            storm.blame(std::string("a neighbour saw: ") + error.what());
        }
    }
}

// The proxy changes its ways while the tasks run.
template <class Act>
Coro<> rage_together(TcpProxy& proxy, MysqlStorm& storm, Act act, unsigned rounds) {
    const auto vary = [&]() -> Coro<> {
        while (true) {
            static constexpr std::size_t kPieces[] = {1, 7, 65'536};
            proxy.piece = kPieces[storm.below(3)];
            proxy.delay_us = static_cast<int>(storm.below(3) * 300);
            co_await sleep(30ms);
        }
    };
    const char* const text = std::getenv("AIO_TEST_LONG");
    if (text) rounds *= static_cast<unsigned>(std::max(1, std::atoi(text)));
    auto varying = create_task(vary());
    std::vector<Task<>> tasks;
    for (unsigned i = 0; i < 12; ++i) tasks.push_back(create_task(rage(act, storm, rounds)));
    for (auto& task : tasks) co_await task;
    varying.cancel();
    co_await expect_throws<CancelledError>(std::move(varying));
}

Coro<> expect_stored(mysql::Connection observer, const MysqlStorm& storm) {
    const auto rows = co_await observer.fetch("SELECT a, count(*) FROM storm GROUP BY a");
    std::set<int> found;
    for (const auto& row : rows) {
        const int number = row.get<int>(0);
        found.insert(number);
        if (row.get<int>(1) != 1) ADD_FAILURE() << "a row was inserted twice; seed " << storm.seed;
        if (!storm.kept.contains(number) && !storm.perhaps.contains(number)) {
            ADD_FAILURE() << "a row of what was rolled back; seed " << storm.seed;
        }
    }
    for (const auto& group : storm.groups) {
        const auto count = std::ranges::count_if(group, [&](int number) { return found.contains(number); });
        if (count != 0 && count != 3) ADD_FAILURE() << "half of an executemany took place; seed " << storm.seed;
    }
    for (const int number : storm.kept) {
        if (!found.contains(number)) ADD_FAILURE() << "the row " << number << " is lost; seed " << storm.seed;
    }
}

ASYNC_TEST(MysqlStorm, on_one_connection, kOnce) {
    SKIP_WITHOUT_MARIADB();
    MysqlStorm& storm = keep<MysqlStorm>(std::random_device()());
    const auto observer = co_await mysql::connect(mariadb().dsn());
    co_await observer.execute("CREATE OR REPLACE TABLE storm(a INT) ENGINE=InnoDB");
    const std::ptrdiff_t before = descriptors();
    {
        TcpProxy proxy(mariadb().port());
        const auto connection = co_await mysql::connect(mariadb().dsn_at(proxy.port(), "", "me"));
        const auto act = [&]() -> Coro<> { return ask(connection, storm); };
        co_await rage_together(proxy, storm, act, 15);
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
        EXPECT_FALSE(connection.is_closed());
        EXPECT_FALSE(connection.is_in_transaction());
        co_await connection.close();
    }
    EXPECT_EQ(descriptors(), before);
    EXPECT_GT(storm.cancelled, 20);
    co_await expect_stored(observer, storm);
    co_await observer.close();
}

class Mishap : public std::runtime_error {
    using runtime_error::runtime_error;
};

Coro<> transact(const mysql::Pool& pool, MysqlStorm& storm) {
    const int number = ++storm.next;
    const unsigned kind = storm.below(5);
    const auto connection = co_await pool.acquire();
    const auto body = [&]() -> Coro<> {
        co_await connection->execute("INSERT INTO storm VALUES(?)", number);
        if (kind == 1) co_await connection->fetch("SELECT sleep(?)", 0.003);
        if (kind == 2) throw Mishap("on purpose");
        if (kind == 3) {
            auto rows = connection->cursor("SELECT ? FROM seq_1_to_120", number);
            while (const auto row = co_await rows.next()) {
                if (row->get<int>(0) != number) storm.blame("a row of another cursor");
            }
        }
        if (co_await connection->fetchval<int>("SELECT ?", number) != number) storm.blame("a wrong answer");
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

ASYNC_TEST(MysqlStorm, on_a_pool, kOnce) {
    SKIP_WITHOUT_MARIADB();
    MysqlStorm& storm = keep<MysqlStorm>(std::random_device()());
    const auto observer = co_await mysql::connect(mariadb().dsn());
    co_await observer.execute("CREATE OR REPLACE TABLE storm(a INT) ENGINE=InnoDB");
    const std::ptrdiff_t before = descriptors();
    {
        TcpProxy proxy(mariadb().port());
        const auto pool =
            co_await mysql::create_pool(mariadb().dsn_at(proxy.port(), "", "me"), {.max_size = 8, .max_cancels = 2});
        const auto act = [&]() -> Coro<> {
            const unsigned kind = storm.below(12);
            if (kind < 4) return transact(pool, storm);
            if (kind == 4) pool.expire_connections();
            return ask(pool, storm);
        };
        co_await rage_together(proxy, storm, act, 15);
        std::vector<mysql::PooledConnection> all;
        for (int i = 0; i < 8; ++i) all.push_back(co_await pool.acquire(10s));  // no place is lost
        for (const auto& connection : all) {
            EXPECT_EQ(co_await connection->fetchval<int>("SELECT ?", 7), 7);
            EXPECT_FALSE(connection->is_in_transaction());
        }
        all.clear();
        co_await pool.close();
    }
    EXPECT_EQ(descriptors(), before);
    co_await expect_stored(observer, storm);
    co_await observer.execute("DROP TABLE storm");
    co_await observer.close();
}

}  // namespace
}  // namespace aio::test
