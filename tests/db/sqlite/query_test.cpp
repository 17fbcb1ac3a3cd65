// execute(), fetch(), fetchrow(), fetchval(), executemany(), prepare(): rows, columns, parameters, errors.
#include <aio/core/async_generator.hpp>
#include <aio/sync/event.hpp>

#include "db/sqlite/with_database.hpp"

#include <stdexcept>
#include <tuple>
#include <vector>

namespace aio::test {
namespace {

using sqlite::named;

ASYNC_TEST(SqliteQuery, execute_returns_what_was_changed, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    EXPECT_EQ((co_await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)")).changes, 0);
    const auto inserted = co_await db.execute("INSERT INTO t VALUES(?, ?), (20, 'b')", 1, "a");
    EXPECT_EQ(inserted.changes, 2);
    EXPECT_EQ(inserted.last_insert_rowid, 20);
    EXPECT_EQ((co_await db.execute("UPDATE t SET name = name || '!'")).changes, 2);
    EXPECT_EQ((co_await db.execute("DELETE FROM t WHERE id = ?", 1)).changes, 1);
    EXPECT_EQ((co_await db.execute("SELECT * FROM t")).changes, 0);
    EXPECT_EQ((co_await db.execute("UPDATE t SET name = 1 WHERE id = 7")).changes, 0);
    EXPECT_EQ((co_await db.execute("CREATE TABLE u(a)")).changes, 0);
    EXPECT_EQ((co_await db.execute("")).changes, 0);
    EXPECT_EQ((co_await db.execute("-- nothing")).last_insert_rowid, 20);
    co_await db.close();
}

ASYNC_TEST(SqliteQuery, scripts_end_at_the_first_error, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const auto last = co_await db.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2); DELETE FROM t; -- end");
    EXPECT_EQ(last.changes, 2);
    const std::string text = co_await expect_throws<db::UndefinedTableError>(
        db.execute("INSERT INTO t VALUES(3); INSERT INTO none VALUES(4); INSERT INTO t VALUES(5)"));
    EXPECT_THAT(text, testing::HasSubstr("INSERT INTO none"));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT sum(a) FROM t"), 3);
    co_await expect_throws<db::ArgumentCountError>(db.execute(db::runtime("SELECT 1; SELECT ?")));
    co_await expect_throws<db::SyntaxError>(db.fetch("SELECT 1; SELECT 2"));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT 1; -- a comment ; and a semicolon\n;"), 1);
    co_await db.close();
}

ASYNC_TEST(SqliteQuery, rows_by_name_number_and_type, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
    for (int i = 1; i <= 3; ++i) co_await db.execute("INSERT INTO t(name) VALUES(?)", "n" + std::to_string(i));
    const sqlite::Rows rows = co_await db.fetch("SELECT id, name FROM t WHERE id > ? ORDER BY id", 0);
    CO_ASSERT_EQ(rows.size(), 3u);
    int expected = 1;
    for (const sqlite::Row& row : rows) {
        EXPECT_EQ(row.get<int>("id"), expected);
        EXPECT_EQ(row.get<std::string>(1), "n" + std::to_string(expected));
        ++expected;
    }
    const auto [id, name] = rows[2].as<int, std::string>();
    EXPECT_EQ(id, 3);
    EXPECT_EQ(name, "n3");
    EXPECT_EQ(rows[0].size(), 2u);
    EXPECT_EQ(rows[0].name(1), "name");
    EXPECT_THAT(expect_error<db::ColumnError>([&] { rows[0].get<int>("none"); }), testing::HasSubstr("\"none\""));
    expect_error<db::ColumnError>([&] { rows[0].get<int>(2); });
    expect_error<db::ColumnError>([&] { rows[0].as<int>(); });
    expect_error<std::out_of_range>([&] { static_cast<void>(rows[3]); });
    EXPECT_TRUE((co_await db.fetch("SELECT id FROM t WHERE id = 9")).empty());
    EXPECT_FALSE((co_await db.fetchrow("SELECT id FROM t WHERE id = 9")).has_value());
    EXPECT_TRUE((co_await db.fetch("")).empty());
    co_await expect_throws<db::NoRowError>(db.fetchval<int>("SELECT id FROM t WHERE id = 9"));
    EXPECT_EQ(co_await db.fetchval<std::optional<int>>("SELECT id FROM t WHERE id = 9"), std::nullopt);
    co_await db.close();
    EXPECT_EQ(rows[1].get<int>(0), 2);  // rows outlive their connection
}

struct User {
    int id;
    std::string name;
    std::optional<double> weight;
};

ASYNC_TEST(SqliteQuery, rows_become_structs, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const auto row = co_await db.fetchrow("SELECT 7, 'Eve', NULL");
    CO_ASSERT_TRUE(row.has_value());
    const auto user = db::from_row<User>(*row);
    EXPECT_EQ(user.id, 7);
    EXPECT_EQ(user.name, "Eve");
    EXPECT_FALSE(user.weight.has_value());
    co_await db.close();
}

ASYNC_TEST(SqliteQuery, parameters_by_position_number_and_name, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const auto text = [&](auto sql, auto... args) { return db.fetchval<std::string>(db::runtime(sql), args...); };
    EXPECT_EQ(co_await text("SELECT ? || ?", "a", "b"), "ab");
    EXPECT_EQ(co_await text("SELECT ?2 || ?1", "a", "b"), "ba");
    EXPECT_EQ(co_await text("SELECT :x || @y || $z || :x", named("z", "c"), named(":x", "a"), named("@y", "b")),
              "abca");
    EXPECT_EQ(co_await text("SELECT :x || :y", "a", "b"), "ab");
    EXPECT_EQ(co_await db.fetchval<int>("SELECT :a - :b", named("b", 1), named("a", 3)), 2);
    EXPECT_THAT(co_await expect_throws<db::ArgumentCountError>(text("SELECT :x", named("y", 1))),
                testing::HasSubstr("\"y\""));
    co_await expect_throws<db::ArgumentCountError>(text("SELECT ?", 1, 2));
    co_await expect_throws<db::ArgumentCountError>(text("SELECT ?, ?", 1));
    co_await expect_throws<db::ArgumentCountError>(text("SELECT ?"));
    co_await db.close();
}

ASYNC_TEST(SqliteQuery, executemany_is_all_or_nothing, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
    std::vector<std::tuple<int, std::string>> people;
    for (int i = 1; i <= 1000; ++i) people.emplace_back(i, "n" + std::to_string(i));
    co_await db.executemany("INSERT INTO t VALUES(?, ?)", people);
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t WHERE name = 'n' || id"), 1000);
    const std::vector<std::tuple<int>> more = {{2000}, {2001}, {5}};
    co_await expect_throws<db::UniqueViolationError>(db.executemany("INSERT INTO t(id) VALUES(?)", more));
    const auto body = [&]() -> Coro<> {
        co_await db.execute("INSERT INTO t(id) VALUES(3000)");
        co_await expect_throws<db::UniqueViolationError>(db.executemany("INSERT INTO t(id) VALUES(?)", more));
    };
    co_await db.transaction(body);  // a failed statement does not fail the transaction
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), 1001);
    const std::vector<std::tuple<int>> none;
    co_await db.executemany("INSERT INTO t(id) VALUES(?)", none);
    const std::vector<std::tuple<int>> numbers = {{4000}, {4001}};
    const auto rows = co_await db.fetchmany("INSERT INTO t(id) VALUES(?) RETURNING id", numbers);
    CO_ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].get<int>(0), 4001);
    using Pair = std::tuple<sqlite::Named<int>, sqlite::Named<int>>;
    const std::vector<Pair> names = {Pair(named("a", 1), named("b", 2)), Pair(named("b", 1), named("a", 2))};
    co_await expect_throws<ValueError>(db.executemany("INSERT INTO t(id) VALUES(:a + :b)", names));
    co_await db.close();
}

ASYNC_TEST(SqliteQuery, statements_of_many_tasks_fail_alone, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY)");
    const auto good = [&](int i) -> Coro<int> { co_return co_await db.fetchval<int>("SELECT ?", i); };
    const auto bad = [&]() -> Coro<> { co_await db.execute("INSERT INTO t VALUES('text')"); };
    std::vector<Task<int>> answers;
    std::vector<Task<>> failures;
    for (int i = 0; i < 200; ++i) {
        answers.push_back(create_task(good(i)));
        failures.push_back(create_task(bad()));
    }
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(co_await answers[static_cast<std::size_t>(i)], i);
        co_await expect_throws<db::DataError>(std::move(failures[static_cast<std::size_t>(i)]));
    }
    co_await db.close();
}

ASYNC_TEST(SqliteQuery, a_prepared_statement_describes_itself, kOnce) {
    const auto db = co_await sqlite::connect(":memory:", {.statement_cache_size = 1});
    co_await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name VARCHAR(20))");
    const auto by_id = co_await db.prepare("SELECT name, id + ? FROM t WHERE id = :id");
    EXPECT_EQ(by_id.get_parameters(), (std::vector<std::string>{"", ":id"}));
    EXPECT_EQ(by_id.get_attributes()[0].name, "name");
    EXPECT_EQ(by_id.get_attributes()[0].type_name, "VARCHAR(20)");
    EXPECT_EQ(by_id.get_attributes()[1].type_name, "");
    EXPECT_TRUE(by_id.is_readonly());
    const auto insert = co_await db.prepare("INSERT INTO t(name) VALUES(?)");
    EXPECT_FALSE(insert.is_readonly());
    EXPECT_EQ((co_await insert.execute("a")).last_insert_rowid, 1);
    const std::vector<std::tuple<std::string>> names = {{"b"}, {"c"}};
    co_await insert.executemany(names);
    EXPECT_EQ(co_await by_id.fetchval<std::string>(1, 3), "c");
    EXPECT_EQ((co_await by_id.fetch(1, 2)).size(), 1u);
    EXPECT_FALSE((co_await by_id.fetchrow(1, 4)).has_value());
    co_await expect_throws<db::ArgumentCountError>(by_id.fetch(1));
    co_await expect_throws<db::UndefinedTableError>(db.prepare("SELECT * FROM none"));
    // It is compiled again when the schema changes.
    const auto all = co_await db.prepare("SELECT * FROM t");
    EXPECT_EQ((co_await all.fetch())[0].size(), 2u);
    co_await db.execute("ALTER TABLE t ADD COLUMN born TEXT DEFAULT 'x'");
    EXPECT_EQ((co_await all.fetch())[0].get<std::string>("born"), "x");
    co_await db.close();
    co_await expect_throws<db::InterfaceError>(all.fetch());
}

ASYNC_TEST(SqliteQuery, errors_have_types_and_places, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute(
        "CREATE TABLE p(id INTEGER PRIMARY KEY);"
        "CREATE TABLE t(a INT UNIQUE, b INT NOT NULL DEFAULT 0, c INT CONSTRAINT small CHECK(c < 10),"
        " d INT REFERENCES p(id)); INSERT INTO t(a) VALUES(1);"
        "CREATE TABLE s(i INTEGER) STRICT");
    try {
        co_await db.execute("INSERT INTO t(a) VALUES(?)", 1);
        ADD_FAILURE();
    } catch (const db::UniqueViolationError& error) {
        EXPECT_EQ(error.report().table, "t");
        EXPECT_EQ(error.report().column, "a");
        EXPECT_EQ(error.report().code, 2067);  // SQLITE_CONSTRAINT_UNIQUE
        EXPECT_THAT(error.what(), testing::HasSubstr("INSERT INTO t(a) VALUES(?)"));
    }
    try {
        co_await db.execute("INSERT INTO t(c) VALUES(11)");
        ADD_FAILURE();
    } catch (const db::CheckViolationError& error) {
        EXPECT_EQ(error.report().constraint, "small");
    }
    co_await expect_throws<db::NotNullViolationError>(db.execute("INSERT INTO t(b) VALUES(NULL)"));
    co_await expect_throws<db::ForeignKeyViolationError>(db.execute("INSERT INTO t(d) VALUES(5)"));
    co_await expect_throws<db::DataError>(db.execute("INSERT INTO s VALUES('x')"));
    co_await expect_throws<db::UndefinedTableError>(db.fetch("SELECT * FROM none"));
    co_await expect_throws<db::UndefinedColumnError>(db.fetch("SELECT none FROM t"));
    co_await expect_throws<db::UndefinedColumnError>(db.execute("INSERT INTO t(none) VALUES(1)"));
    co_await expect_throws<db::DuplicateTableError>(db.execute("CREATE TABLE t(a)"));
    co_await expect_throws<db::ProgrammingError>(db.fetch("SELECT none(1)"));
    co_await expect_throws<db::DataError>(
        db.fetch("SELECT sum(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1)"));
    try {
        co_await db.fetch("SELECT 'é', SELEC");
        ADD_FAILURE();
    } catch (const db::UndefinedColumnError& error) {
        EXPECT_EQ(error.report().position, 13);
    }
    try {
        co_await db.fetch("SELECT 'é' FRO M t");
        ADD_FAILURE();
    } catch (const db::SyntaxError& error) {
        EXPECT_EQ(error.report().position, 16);
    }
    co_await expect_throws<db::SyntaxError>(db.execute("SELECT ("));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), 1);
    co_await db.close();
}

ASYNC_TEST(SqliteQuery, a_closed_connection_says_so, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await gather(db.close(), db.close());
    EXPECT_TRUE(db.is_closed());
    co_await db.close();
    co_await expect_throws<db::InterfaceError>(db.fetch("SELECT 1"));
    co_await expect_throws<db::InterfaceError>(db.transaction([]() -> Coro<> { co_return; }));
    co_await expect_throws<db::InterfaceError>(db.prepare("SELECT 1"));
    db.terminate();
}

// --- executemany from a generator ------------------------------------------------------------------------------------

AsyncGenerator<std::tuple<int, std::string>> numbered(int count, int bad = -1) {
    for (int i = 0; i < count; ++i) {
        if (i == bad) throw ValueError("no more");
        if (i % 100 == 0) co_await sleep(Duration(0));
        co_yield std::tuple(i, "row " + std::to_string(i));
    }
}

ASYNC_TEST(SqliteExecuteMany, takes_what_a_generator_yields, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE many(id INTEGER PRIMARY KEY, name TEXT)");
    const auto count = [&] { return db.fetchval<int>("SELECT count(*) FROM many"); };
    co_await db.executemany("INSERT INTO many VALUES(?, ?)", numbered(0));
    EXPECT_EQ(co_await count(), 0);
    co_await db.executemany("INSERT INTO many VALUES(?, ?)", numbered(1'234));
    EXPECT_EQ(co_await count(), 1'234);
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT name FROM many WHERE id = 1233"), "row 1233");
    EXPECT_FALSE(db.is_in_transaction());
    co_await db.close();
}

ASYNC_TEST(SqliteExecuteMany, from_a_generator_stores_all_or_none, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE many(id INTEGER PRIMARY KEY, name TEXT CHECK(name <> 'row 700'))");
    const auto count = [&] { return db.fetchval<int>("SELECT count(*) FROM many"); };
    co_await expect_throws<ValueError>(db.executemany("INSERT INTO many VALUES(?, ?)", numbered(2'000, 900)));
    EXPECT_EQ(co_await count(), 0);
    co_await expect_throws<db::IntegrityError>(db.executemany("INSERT INTO many VALUES(?, ?)", numbered(900)));
    EXPECT_EQ(co_await count(), 0);
    const auto outer = [&]() -> Coro<> {
        co_await db.executemany("INSERT INTO many VALUES(?, ?)", numbered(3));
        co_await expect_throws<ValueError>(db.executemany("INSERT INTO many VALUES(? + 100, ?)", numbered(600, 550)));
    };
    co_await db.transaction(outer);
    EXPECT_EQ(co_await count(), 3);
    co_await db.close();
}

ASYNC_TEST(SqliteExecuteMany, that_is_cancelled_stores_nothing, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE many(id INTEGER PRIMARY KEY, name TEXT)");
    bool waits = false;
    Event never;
    const auto endless = [&]() -> AsyncGenerator<std::tuple<int, std::string>> {
        for (int i = 0; i < 1'000; ++i) co_yield std::tuple(i, std::string("x"));
        waits = true;
        co_await never.wait();
    };
    auto storing = create_task(db.executemany("INSERT INTO many VALUES(?, ?)", endless()));
    while (!waits) co_await sleep(Duration(0));
    storing.cancel();
    co_await expect_throws<CancelledError>(std::move(storing));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM many"), 0);
    co_await db.close();
}

}  // namespace
}  // namespace aio::test
