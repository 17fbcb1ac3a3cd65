// Cancelled statements: what has not begun never begins, what runs is interrupted, a neighbour is never hit.
#include "db/sqlite/with_database.hpp"

#include <random>
#include <set>
#include <vector>

namespace aio::test {
namespace {

ASYNC_TEST(SqliteCancel, a_statement_that_runs_is_interrupted, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const auto begun = co_await notice_begin(db);
    const auto endless = [&]() -> Coro<> {
        co_await db.fetch(
            "WITH RECURSIVE c(x) AS (SELECT begun(1) UNION ALL SELECT x + 1 FROM c) SELECT sum(x) FROM c");
    };
    for (int i = 0; i < 3; ++i) {
        begun->clear();
        auto task = create_task(endless);
        co_await begun->wait();
        auto neighbour = create_task([&]() -> Coro<int> { co_return co_await db.fetchval<int>("SELECT 7"); });
        co_await sleep(Duration(0));
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_EQ(co_await neighbour, 7);
    }
    const auto slow = [&] { return db.fetch(db::runtime(kEndless)); };
    co_await expect_throws<TimeoutError>(with_timeout(10ms, slow));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT 8"), 8);
    co_await db.close();
}

ASYNC_TEST(SqliteCancel, a_statement_that_waits_never_begins, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(a)");
    const auto gate = co_await Gate::in(db);
    auto held = create_task([&]() -> Coro<int> { co_return co_await db.fetchval<int>("SELECT gate(1)"); });
    co_await gate->reached.wait();
    std::vector<Task<>> waiting;
    for (int i = 0; i < 10; ++i) {
        waiting.push_back(create_task([&db, i]() -> Coro<> { co_await db.execute("INSERT INTO t VALUES(?)", i); }));
    }
    co_await sleep(Duration(0));
    for (std::size_t i = 0; i < waiting.size(); i += 2) waiting[i].cancel();
    for (std::size_t i = 0; i < waiting.size(); i += 2) co_await expect_throws<CancelledError>(std::move(waiting[i]));
    gate->open();
    EXPECT_EQ(co_await held, 1);
    for (std::size_t i = 1; i < waiting.size(); i += 2) co_await waiting[i];
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT group_concat(a) FROM t"), "1,3,5,7,9");
    co_await db.close();
}

ASYNC_TEST(SqliteCancel, beside_an_open_cursor_hits_neither_it_nor_what_follows, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute(
        "CREATE TABLE t(a, b); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000)"
        " INSERT INTO t SELECT x, printf('%100d', x) FROM c");
    const auto begun = co_await notice_begin(db);
    auto rows = db.cursor("SELECT a, b FROM t ORDER BY rowid");
    int expected = 1;
    for (int round = 0; round < 30; ++round) {
        for (int i = 0; i < 100; ++i) {
            const auto row = co_await rows.next();
            CO_ASSERT_TRUE(row.has_value());
            EXPECT_EQ(row->get<int>(0), expected++);
        }
        begun->clear();
        auto task = create_task([&]() -> Coro<> {
            co_await db.fetch(
                "WITH RECURSIVE c(x) AS (SELECT begun(1) UNION ALL SELECT x + 1 FROM c) SELECT sum(x) FROM c");
        });
        co_await begun->wait();
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_EQ(co_await db.fetchval<int>("SELECT ?", round), round);
    }
    EXPECT_FALSE((co_await rows.next()).has_value());
    co_await db.close();
}

ASYNC_TEST(SqliteCancel, ends_waiting_for_a_lock, kOnce) {
    const TemporaryDirectory directory;
    const auto a = co_await sqlite::connect(directory.file());
    const auto b = co_await sqlite::connect(directory.file(), {.busy_timeout = Duration::max()});
    co_await a.execute("CREATE TABLE t(a); BEGIN IMMEDIATE");
    const auto write = [&]() -> Coro<> { co_await b.execute("INSERT INTO t VALUES(1)"); };
    auto task = create_task(write);
    co_await expect_throws<TimeoutError>(with_timeout(5ms, write));  // behind the first
    task.cancel();
    co_await expect_throws<CancelledError>(std::move(task));
    EXPECT_EQ(co_await b.fetchval<int>("SELECT count(*) FROM t"), 0);  // the thread does not wait any more
    auto again = create_task(write);
    co_await sleep(Duration(0));
    co_await a.execute("COMMIT");
    co_await again;
    EXPECT_EQ(co_await a.fetchval<int>("SELECT count(*) FROM t"), 1);
    co_await a.close();
    co_await b.close();
}

ASYNC_TEST(SqliteCancel, of_executemany_leaves_nothing, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(a)");
    const auto begun = co_await notice_begin(db);
    std::vector<std::tuple<int>> sets(200'000, std::tuple<int>(1));
    const auto many = [&]() -> Coro<> { co_await db.executemany("INSERT INTO t VALUES(begun(?))", sets); };
    auto task = create_task(many);
    co_await begun->wait();
    task.cancel();
    co_await expect_throws<CancelledError>(std::move(task));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), 0);
    EXPECT_FALSE(db.is_in_transaction());
    co_await db.close();
}

// --- the storm ------------------------------------------------------------------------------------------------------

struct Storm {
    explicit Storm(unsigned the_seed) : seed(the_seed), random(the_seed) {}
    unsigned seed;
    std::mt19937 random;
    int last = 0, answered = 0, cancelled = 0;
    std::set<int> kept, perhaps;

    unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }
    void blame(const std::string& what) { ADD_FAILURE() << what << "; seed " << seed; }
};

constexpr const char* kCount =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ?) SELECT ?, x FROM c";

Coro<> insert(sqlite::Connection db, Storm& storm, int number, int rows) {
    std::vector<std::tuple<int>> sets;
    for (int i = 0; i < rows; ++i) sets.emplace_back(number);
    storm.perhaps.insert(number);
    co_await db.executemany("INSERT INTO storm VALUES(?)", sets);
    storm.perhaps.erase(number);
    storm.kept.insert(number);
}

// One question, insertion or error.
Coro<> ask(sqlite::Connection db, Storm& storm) {
    const int number = ++storm.last;
    switch (storm.below(6)) {
        case 0: co_return co_await insert(db, storm, number, 3);
        case 1:
            try {
                co_await db.fetch("SELECT * FROM none");
                storm.blame("a table that is not there was read");
            } catch (const db::UndefinedTableError&) {}
            co_return;
        case 2: {
            const int count = 1 + static_cast<int>(storm.below(2'000));
            const auto rows = co_await db.fetch(db::runtime(kCount), count, number);
            if (static_cast<int>(rows.size()) != count) storm.blame("rows are missing");
            for (const auto& row : rows) {
                if (row.get<int>(0) != number) storm.blame("the row of another question");
            }
            co_return;
        }
        case 3: {
            auto rows = db.cursor(db::runtime(kCount), 3'000, number);
            int count = 0;
            while (const auto row = co_await rows.next()) {
                if (row->get<int>(0) != number || row->get<int>(1) != ++count) storm.blame("a cursor is wrong");
                if (count == 1'700 && storm.below(2) == 0) co_return;
            }
            co_return;
        }
        default:
            if (co_await db.fetchval<int>("SELECT ?", number) != number) storm.blame("another's answer");
    }
}

Coro<> rage(sqlite::Connection db, Storm& storm, unsigned rounds) {
    for (unsigned i = 0; i < rounds; ++i) {
        auto task = create_task(ask(db, storm));
        try {
            if (storm.below(2) == 0) {
                for (unsigned n = storm.below(12); n > 0; --n) co_await sleep(Duration(storm.below(3) * 30'000));
                task.cancel();
            }
            co_await task;
            ++storm.answered;
        } catch (const CancelledError&) {
            ++storm.cancelled;
        } catch (const std::exception& error) {
            storm.blame(std::string("a neighbour saw: ") + error.what());
        }
    }
}

ASYNC_TEST(SqliteCancel, storms_never_mix_answers, kOnce) {
    Storm& storm = keep<Storm>(std::random_device()());
    const auto db = co_await sqlite::connect(":memory:", {.statement_cache_size = 2});
    co_await db.execute("CREATE TABLE storm(a)");
    std::vector<Task<>> tasks;
    for (int i = 0; i < 16; ++i) tasks.push_back(create_task(rage(db, storm, 150)));
    for (auto& task : tasks) co_await task;
    EXPECT_GT(storm.answered, 300);
    EXPECT_GT(storm.cancelled, 300);
    const auto rows = co_await db.fetch("SELECT a, count(*) FROM storm GROUP BY a");
    std::set<int> found;
    for (const auto& row : rows) {
        const int number = row.get<int>(0);
        found.insert(number);
        if (row.get<int>(1) != 3) storm.blame("half a statement took place");
        if (!storm.kept.contains(number) && !storm.perhaps.contains(number))
            storm.blame("a row that was never inserted");
    }
    for (const int number : storm.kept) {
        if (!found.contains(number)) storm.blame("the row " + std::to_string(number) + " is lost");
    }
    EXPECT_FALSE(db.is_in_transaction());
    co_await db.close();
}

}  // namespace
}  // namespace aio::test
