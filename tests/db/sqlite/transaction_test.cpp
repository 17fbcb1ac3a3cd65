// transaction(): commit, rollback, savepoints, modes, cancellation at each step.
#include "db/sqlite/with_database.hpp"

#include <stdexcept>

namespace aio::test {
namespace {

Coro<sqlite::Connection> with_table() {
    auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)");
    co_return db;
}

Coro<int> sum(sqlite::Connection db) { co_return co_await db.fetchval<int>("SELECT coalesce(sum(a), 0) FROM t"); }

ASYNC_TEST(SqliteTransaction, commits_what_its_body_did, kOnce) {
    const auto db = co_await with_table();
    const auto body = [&]() -> Coro<int> {
        EXPECT_TRUE(db.is_in_transaction());
        co_await db.execute("INSERT INTO t VALUES(?)", 1);
        co_return 42;
    };
    EXPECT_EQ(co_await db.transaction(body), 42);
    EXPECT_FALSE(db.is_in_transaction());
    EXPECT_EQ(co_await sum(db), 1);
    co_await db.close();
}

ASYNC_TEST(SqliteTransaction, an_exception_rolls_back_and_nested_ones_are_savepoints, kOnce) {
    const auto db = co_await with_table();
    const auto add = [&](int a) -> Coro<> { co_await db.execute("INSERT INTO t VALUES(?)", a); };
    const auto good = [&]() -> Coro<> { co_await add(10); };
    const auto bad = [&]() -> Coro<> {
        co_await add(100);
        throw std::runtime_error("changed my mind");
    };
    co_await expect_throws<std::runtime_error>(db.transaction(bad));
    EXPECT_FALSE(db.is_in_transaction());
    const auto outer = [&]() -> Coro<> {
        co_await add(1);
        co_await db.transaction(good);
        for (int i = 0; i < 3; ++i) co_await expect_throws<std::runtime_error>(db.transaction(bad));
        co_await expect_throws<db::UniqueViolationError>(add(1));
        co_await add(2);
    };
    co_await db.transaction(outer);
    EXPECT_EQ(co_await sum(db), 13);
    co_await db.execute("BEGIN");
    co_await expect_throws<std::runtime_error>(db.transaction(bad));
    EXPECT_TRUE(db.is_in_transaction());
    co_await db.execute("COMMIT");
    EXPECT_FALSE(db.is_in_transaction());
    EXPECT_EQ(co_await sum(db), 13);
    co_await db.close();
}

ASYNC_TEST(SqliteTransaction, takes_the_write_lock_at_once_unless_it_is_deferred, kOnce) {
    const TemporaryDirectory directory;
    const auto a = co_await sqlite::connect(directory.file(), {.busy_timeout = Duration(0)});
    const auto b = co_await sqlite::connect(directory.file(), {.busy_timeout = Duration(0)});
    const auto reader = co_await sqlite::connect(directory.file(), {.readonly = true});
    co_await a.execute("CREATE TABLE t(a)");
    const auto nothing = []() -> Coro<> { co_return; };
    const auto read = [&]() -> Coro<int> { co_return co_await b.fetchval<int>("SELECT count(*) FROM t"); };
    const auto body = [&]() -> Coro<> {
        co_await a.execute("INSERT INTO t VALUES(1)");
        co_await expect_throws<db::LockNotAvailableError>(b.transaction(nothing));
        const sqlite::TransactionOptions exclusive = {.mode = sqlite::TransactionMode::exclusive};
        co_await expect_throws<db::LockNotAvailableError>(b.transaction(nothing, exclusive));
        EXPECT_EQ(co_await b.transaction(read, {.mode = sqlite::TransactionMode::deferred}), 0);
        const auto on_reader = [&]() -> Coro<int> {
            co_return co_await reader.fetchval<int>("SELECT count(*) FROM t");
        };
        EXPECT_EQ(co_await reader.transaction(on_reader), 0);
    };
    co_await a.transaction(body);
    // One that has read cannot write when another has written since.
    const auto too_late = [&]() -> Coro<> {
        EXPECT_EQ(co_await b.fetchval<int>("SELECT count(*) FROM t"), 1);
        co_await a.execute("INSERT INTO t VALUES(2)");
        co_await b.execute("INSERT INTO t VALUES(3)");
    };
    co_await expect_throws<db::SerializationError>(
        b.transaction(too_late, {.mode = sqlite::TransactionMode::deferred}));
    EXPECT_EQ(co_await reader.fetchval<int>("SELECT count(*) FROM t"), 2);
    co_await expect_throws<db::TransactionError>(reader.execute("INSERT INTO t VALUES(4)"));
    for (const auto& db : {a, b, reader}) co_await db.close();
}

ASYNC_TEST(SqliteTransaction, one_that_sqlite_rolled_back_runs_nothing_more, kOnce) {
    const auto db = co_await with_table();
    const auto begun = co_await notice_begin(db);
    const auto body = [&]() -> Coro<> {
        co_await db.execute("INSERT INTO t VALUES(1)");
        // An interrupted statement that writes takes the transaction with it.
        const auto slow = [&]() -> Coro<> {
            co_await db.execute(
                "INSERT INTO t WITH RECURSIVE c(x) AS (SELECT begun(10) UNION ALL SELECT x + 1 FROM c) SELECT x FROM "
                "c");
        };
        auto task = create_task(slow);
        co_await begun->wait();
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_THAT(co_await expect_throws<db::TransactionError>(db.execute("INSERT INTO t VALUES(2)")),
                    testing::HasSubstr("rolled back"));
        co_await expect_throws<db::TransactionError>(db.transaction([]() -> Coro<> { co_return; }));
        co_await expect_throws<db::TransactionError>(db.execute("INSERT INTO t VALUES(2); SELECT 1"));
    };
    co_await expect_throws<db::TransactionError>(db.transaction(body));
    EXPECT_FALSE(db.is_in_transaction());
    EXPECT_EQ(co_await sum(db), 0);
    const auto ends_itself = [&]() -> Coro<> {
        co_await db.execute("INSERT INTO t VALUES(5)");
        co_await db.execute("COMMIT");
        co_await db.execute("INSERT INTO t VALUES(6)");
    };
    co_await expect_throws<db::TransactionError>(db.transaction(ends_itself));
    EXPECT_EQ(co_await sum(db), 5);
    co_await db.close();
}

ASYNC_TEST(SqliteTransaction, those_of_several_tasks_do_not_mix_unnoticed, kOnce) {
    const auto db = co_await with_table();
    Event first_has_begun, second_has_begun;
    const auto slow = [&]() -> Coro<> {
        co_await db.execute("INSERT INTO t VALUES(1)");
        first_has_begun.set();
        co_await second_has_begun.wait();
    };
    const auto slower = [&]() -> Coro<> {
        co_await db.execute("INSERT INTO t VALUES(10)");
        second_has_begun.set();
        co_await sleep(1ms);
        co_await db.execute("SELECT 1");
    };
    auto first = create_task(db.transaction(slow));
    co_await first_has_begun.wait();
    auto second = create_task(db.transaction(slower));
    EXPECT_THAT(co_await expect_throws<db::InterfaceError>(std::move(first)), testing::HasSubstr("connection each"));
    co_await expect_throws<Error>(std::move(second));
    EXPECT_FALSE(db.is_in_transaction());
    EXPECT_EQ(co_await sum(db), 0);
    co_await db.close();
}

// Cancels a transaction that inserts 1 and 2, with a savepoint around the 2, in pass `pass`. Result: whether it was cancelled.
Coro<bool> cancelled_in_pass(sqlite::Connection db, int pass) {
    const auto inner = [&]() -> Coro<> { co_await db.execute("INSERT INTO t VALUES(?)", 2); };
    const auto body = [&]() -> Coro<> {
        co_await db.execute("INSERT INTO t VALUES(?)", 1);
        co_await db.transaction(inner);
    };
    auto task = create_task(db.transaction(body));
    for (int i = 0; i < pass; ++i) co_await sleep(Duration(0));
    task.cancel();
    try {
        co_await task;
    } catch (const CancelledError&) {
        co_return true;
    }
    co_return false;
}

ASYNC_TEST(SqliteTransaction, cancelled_at_each_step_it_is_all_or_nothing, kOnce) {
    const auto db = co_await with_table();
    int cancelled = 0;
    bool whole = false;
    for (int pass = 0; !whole; pass += 1 + pass / 8) {
        co_await db.execute("DELETE FROM t");
        whole = !co_await cancelled_in_pass(db, pass);
        const int left = co_await sum(db);
        EXPECT_FALSE(db.is_in_transaction()) << "in pass " << pass;
        EXPECT_TRUE(left == 0 || left == 3) << left << " in pass " << pass;
        cancelled += !whole;
    }
    EXPECT_GT(cancelled, 3);
    co_await db.close();
}

ASYNC_TEST(SqliteTransaction, all_statements_on_the_connection_belong_to_it, kOnce) {
    const auto db = co_await with_table();
    Event inside, done;
    const auto body = [&]() -> Coro<> {
        inside.set();
        co_await done.wait();
        throw std::runtime_error("undo");
    };
    auto task = create_task(db.transaction(body));
    co_await inside.wait();
    co_await db.execute("INSERT INTO t VALUES(1)");
    EXPECT_TRUE(db.is_in_transaction());
    done.set();
    co_await expect_throws<std::runtime_error>(std::move(task));
    EXPECT_EQ(co_await sum(db), 0);
    co_await db.execute("BEGIN; INSERT INTO t VALUES(1)");
    co_await db.reset();
    EXPECT_FALSE(db.is_in_transaction());
    EXPECT_EQ(co_await sum(db), 0);
    co_await db.close();
}

}  // namespace
}  // namespace aio::test
