// Statements: errors, many tasks, many executions, preparing, rows as they come.
#pragma once

#include "db/conformance/dialect.hpp"

#include <string>
#include <tuple>
#include <vector>

namespace aio::test::conformance {

template <class Db>
Coro<> errors_have_their_class_and_harm_nothing() {
    const auto c = co_await Db::connect();
    co_await c.execute(kept("DROP TABLE IF EXISTS child"));
    co_await make_table<Db>(c, "parent",
                            "id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE, n INTEGER CHECK (n > 0)");
    co_await make_table<Db>(c, "child",
                            "id INTEGER PRIMARY KEY, parent INTEGER, FOREIGN KEY (parent) REFERENCES parent(id)");
    const auto insert = Db::sql("INSERT INTO parent(id, name, n) VALUES(?, ?, ?)");
    co_await c.execute(insert, 1, "a", 1);
    co_await expect_throws<db::UniqueViolationError>(c.execute(insert, 1, "b", 1));
    co_await expect_throws<db::UniqueViolationError>(c.execute(insert, 2, "a", 1));
    co_await expect_throws<db::NotNullViolationError>(c.execute(insert, 2, std::optional<std::string>(), 1));
    co_await expect_throws<db::CheckViolationError>(c.execute(insert, 2, "b", 0));
    co_await expect_throws<db::ForeignKeyViolationError>(
        c.execute(Db::sql("INSERT INTO child(id, parent) VALUES(?, ?)"), 1, 99));
    co_await expect_throws<db::UndefinedTableError>(c.fetch(kept("SELECT 1 FROM nowhere")));
    co_await expect_throws<db::UndefinedColumnError>(c.fetch(kept("SELECT nothing FROM parent")));
    const std::string error = co_await expect_throws<db::SyntaxError>(c.fetch(kept("SELECT 1 FRUM parent x y")));
    EXPECT_THAT(error, testing::HasSubstr("FRUM"));  // what() has the statement
    co_await expect_throws<db::DuplicateTableError>(c.execute(kept("CREATE TABLE parent(id INTEGER)")));
    EXPECT_EQ(co_await rows_of<Db>(c, "parent"), 1);
    EXPECT_FALSE(c.is_in_transaction());
    co_await c.close();
}

template <class Db>
Coro<> the_number_of_arguments_is_checked() {
    const auto c = co_await Db::connect();
    co_await expect_throws<Error>(c.fetch(Db::sql("SELECT 0 + ?")));
    co_await expect_throws<Error>(c.fetch(Db::sql("SELECT 0 + ?"), 1, 2));
    EXPECT_EQ(co_await c.template fetchval<int>(Db::sql("SELECT 0 + ?"), 1), 1);
    co_await c.close();
}

template <class Db>
Coro<> each_of_many_tasks_gets_its_own_answer() {
    const auto c = co_await Db::connect();
    co_await make_table<Db>(c, "numbers", "id INTEGER PRIMARY KEY, square INTEGER NOT NULL");
    const auto work = [&](int i) -> Coro<int> {
        co_await c.execute(Db::sql("INSERT INTO numbers(id, square) VALUES(?, ?)"), i, i * i);
        if (i % 7 == 0) {  // fails alone
            co_await expect_throws<db::UniqueViolationError>(
                c.execute(Db::sql("INSERT INTO numbers(id, square) VALUES(?, ?)"), i, 0));
        }
        co_return co_await c.template fetchval<int>(Db::sql("SELECT square FROM numbers WHERE id = ?"), i);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(create_task(work(i)));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], i * i);
    EXPECT_EQ(co_await rows_of<Db>(c, "numbers"), 100);
    co_await c.close();
}

template <class Db>
Coro<> executemany_stores_all_or_none() {
    const auto c = co_await Db::connect();
    co_await make_table<Db>(c, "many", "id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL");
    std::vector<std::tuple<int, std::string>> sets;
    for (int i = 0; i < 1000; ++i) sets.emplace_back(i, "n" + std::to_string(i));
    const auto insert = Db::sql("INSERT INTO many(id, name) VALUES(?, ?)");
    co_await c.executemany(insert, sets);
    EXPECT_EQ(co_await rows_of<Db>(c, "many"), 1000);
    EXPECT_EQ(co_await c.template fetchval<std::string>(Db::sql("SELECT name FROM many WHERE id = ?"), 999), "n999");
    for (auto& [id, name] : sets) id += 2000;
    std::get<0>(sets[990]) = 5;  // there already
    co_await expect_throws<db::UniqueViolationError>(c.executemany(insert, sets));
    EXPECT_EQ(co_await rows_of<Db>(c, "many"), 1000);
    sets.clear();
    co_await c.executemany(insert, sets);
    EXPECT_EQ(co_await rows_of<Db>(c, "many"), 1000);
    EXPECT_FALSE(c.is_in_transaction());
    co_await c.close();
}

template <class Db>
Coro<> prepared_statements_run_many_times() {
    const auto c = co_await Db::connect();
    co_await make_table<Db>(c, "prepared", "id INTEGER PRIMARY KEY, name VARCHAR(20)");
    const auto insert = co_await c.prepare(Db::sql("INSERT INTO prepared(id, name) VALUES(?, ?)"));
    for (int i = 0; i < 20; ++i) co_await insert.execute(i, "n" + std::to_string(i));
    const auto query = co_await c.prepare(Db::sql("SELECT name FROM prepared WHERE id = ?"));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await query.template fetchval<std::string>(i), "n" + std::to_string(i));
    const auto none = co_await query.fetchrow(99);
    EXPECT_FALSE(none.has_value());
    const auto rows = co_await query.fetch(3);
    EXPECT_EQ(rows.size(), 1u);
    co_await expect_throws<db::SyntaxError>(c.prepare(kept("SELEKT 1")));
    co_await c.close();
}

template <class Db>
Coro<> cursors_yield_rows_as_they_come() {
    const auto c = co_await Db::connect();
    co_await make_table<Db>(c, "stream", "id INTEGER PRIMARY KEY");
    std::vector<std::tuple<int>> sets;
    for (int i = 0; i < 5000; ++i) sets.emplace_back(i);
    co_await c.executemany(Db::sql("INSERT INTO stream(id) VALUES(?)"), sets);
    const auto read = [&](int stop) -> Coro<int> {
        auto rows = c.cursor(Db::sql("SELECT id FROM stream WHERE id >= ? ORDER BY id"), 10);
        int expected = 10;
        while (expected < stop) {
            const auto row = co_await rows.next();
            if (!row) break;
            EXPECT_EQ(row->template get<int>(0), expected++);
        }
        co_return expected;
    };
    EXPECT_EQ(co_await c.transaction([&] { return read(1'000'000); }), 5000);
    EXPECT_EQ(co_await c.transaction([&] { return read(600); }), 600);  // left early
    EXPECT_EQ(co_await rows_of<Db>(c, "stream"), 5000);
    co_await c.close();
}

template <class Db>
Coro<> a_closed_connection_says_so() {
    const auto c = co_await Db::connect();
    const auto other = c;  // the same connection
    co_await c.close();
    EXPECT_TRUE(other.is_closed());
    co_await expect_throws<db::InterfaceError>(other.fetch(kept("SELECT 1")));
    co_await other.close();  // once more does no harm
    const auto lost = co_await Db::connect();
    lost.terminate();
    EXPECT_TRUE(lost.is_closed());
    co_await expect_throws<db::InterfaceError>(lost.execute(kept("SELECT 1")));
    static_cast<void>(co_await Db::connect());  // dropped at once
}

}  // namespace aio::test::conformance
