// Values, rows, structs.
#pragma once

#include "db/conformance/dialect.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace aio::test::conformance {

struct Person {
    int id = 0;
    std::string name;
    std::optional<double> score;
};
struct NamedPerson {
    std::string name;
    int id = 0;
};

// A table `people` with Ann, who has a score, and Bob, who has none.
template <class Db>
Coro<typename Db::Connection> connect_to_people() {
    auto c = co_await Db::connect();
    co_await make_table<Db>(c, "people",
                            "id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, score DOUBLE PRECISION");
    const std::optional<double> score = 1.5, none;
    co_await c.execute(Db::sql("INSERT INTO people(id, name, score) VALUES(?, ?, ?)"), 1, "Ann", score);
    co_await c.execute(Db::sql("INSERT INTO people(id, name, score) VALUES(?, ?, ?)"), 2, std::string("Bob"), none);
    co_return c;
}

template <class Db>
Coro<> values_come_back() {
    const auto c = co_await Db::connect();
    co_await make_table<Db>(c, "vals", "id INTEGER PRIMARY KEY, big BIGINT, real8 DOUBLE PRECISION, txt TEXT");
    using Big = std::int64_t;
    const Big numbers[] = {0, -1, std::numeric_limits<Big>::min(), std::numeric_limits<Big>::max()};
    const double reals[] = {0.1, -1e300, 5e-324, 3};
    const std::string texts[] = {"", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "it's \"quoted\" \\ and %",
                                 std::string(3'000'000, 'x')};
    for (int i = 0; i < 4; ++i) {
        co_await c.execute(Db::sql("INSERT INTO vals(id, big, real8, txt) VALUES(?, ?, ?, ?)"), i, numbers[i],
                           reals[i], texts[i]);
    }
    const auto rows = co_await c.fetch(Db::sql("SELECT big, real8, txt FROM vals WHERE id >= ? ORDER BY id"), 0);
    CO_ASSERT_EQ(rows.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(rows[i].template get<Big>("big"), numbers[i]);
        EXPECT_EQ(rows[i].template get<double>("real8"), reals[i]);
        EXPECT_TRUE(rows[i].template get<std::string_view>("txt") == texts[i]) << i;
    }
    co_await c.close();
}

template <class Db>
Coro<> rows_by_name_position_and_type() {
    const auto c = co_await connect_to_people<Db>();
    const auto rows = co_await c.fetch(Db::sql("SELECT id, name, score FROM people ORDER BY id"));
    co_await c.close();  // rows outlive their connection
    CO_ASSERT_EQ(rows.size(), 2u);
    EXPECT_FALSE(rows.empty());
    int expected = 1;
    for (const auto& row : rows) EXPECT_EQ(row.template get<int>("id"), expected++);
    EXPECT_EQ(rows[0].size(), 3u);
    EXPECT_EQ(rows[0].name(1), "name");
    EXPECT_EQ(rows[1].template get<std::string>(1), "Bob");
    EXPECT_EQ(rows[0].template get<std::string_view>("name"), "Ann");
    const auto [id, name, score] = rows[1].template as<int, std::string, std::optional<double>>();
    EXPECT_EQ(id, 2);
    EXPECT_EQ(name, "Bob");
    EXPECT_FALSE(score.has_value());
    EXPECT_EQ(rows[0].template get<std::optional<double>>(2), 1.5);
}

// Rows of 1 to 40 columns: names are found in another way where there are many.
template <class Db>
Coro<> columns_are_found_by_name_in_wide_rows() {
    const auto c = co_await Db::connect();
    for (const int columns : {1, 8, 9, 16, 17, 40}) {
        std::string sql = "SELECT 0 AS c0";
        for (int i = 1; i < columns; ++i) sql += ", " + std::to_string(i) + " AS c" + std::to_string(i);
        const auto row = co_await c.fetchrow(kept(sql + ", 99 AS c0"));  // the first of two is found
        CO_ASSERT_TRUE(row.has_value());
        for (int i = 0; i < columns; ++i) {
            const std::string name = "c" + std::to_string(i);
            EXPECT_EQ(row->template get<int>(name), i);
            EXPECT_EQ(row->position(name), static_cast<std::size_t>(i));
        }
        EXPECT_TRUE(row->contains("c0"));
        EXPECT_FALSE(row->contains("c" + std::to_string(columns)));
        EXPECT_EQ(row->template get<int>("c0", -1), 0);
        EXPECT_EQ(row->template get<int>("none", -1), -1);
        expect_error<db::ColumnError>([&] { row->position("none"); });
        EXPECT_EQ(row->template get<int>(static_cast<std::size_t>(columns)), 99);
    }
    co_await c.close();
}

template <class Db>
Coro<> wrong_reads_have_typed_errors() {
    const auto c = co_await connect_to_people<Db>();
    const auto rows = co_await c.fetch(Db::sql("SELECT id, name, score FROM people ORDER BY id"));
    const auto row = rows[1];
    EXPECT_THAT(expect_error<db::ColumnError>([&] { row.template get<int>("none"); }), testing::HasSubstr("none"));
    expect_error<db::ColumnError>([&] { row.template get<int>(3); });
    expect_error<db::ColumnError>([&] { row.template as<int>(); });
    EXPECT_THAT(expect_error<db::NullValueError>([&] { row.template get<double>("score"); }),
                testing::HasSubstr("score"));
    EXPECT_THAT(expect_error<db::TypeMismatchError>([&] { row.template get<int>("name"); }),
                testing::HasSubstr("name"));
    expect_error<std::out_of_range>([&] { static_cast<void>(rows[2]); });
    co_await c.execute(Db::sql("UPDATE people SET id = ? WHERE id = 1"), 300);
    const auto large = co_await c.fetchrow(Db::sql("SELECT id FROM people WHERE id = ?"), 300);
    CO_ASSERT_TRUE(large.has_value());
    EXPECT_THAT(expect_error<db::OutOfRangeError>([&] { large->template get<std::int8_t>("id"); }),
                testing::HasSubstr("id"));
    co_await c.close();
}

template <class Db>
Coro<> structs_by_position_and_by_name() {
    const auto c = co_await connect_to_people<Db>();
    const auto people = co_await c.template fetch_as<Person>(
        Db::sql("SELECT id, name, score FROM people WHERE id < ? ORDER BY id"), 9);
    CO_ASSERT_EQ(people.size(), 2u);
    EXPECT_EQ(people[0].name, "Ann");
    EXPECT_EQ(people[0].score, 1.5);
    EXPECT_EQ(people[1].id, 2);
    const auto named = co_await c.template fetch_as<NamedPerson>(Db::sql("SELECT * FROM people ORDER BY id"));
    CO_ASSERT_EQ(named.size(), 2u);
    EXPECT_EQ(named[1].id, 2);
    EXPECT_EQ(named[1].name, "Bob");
    co_await expect_throws<db::ColumnError>(c.template fetch_as<Person>(Db::sql("SELECT id, name FROM people")));
    co_await expect_throws<db::ColumnError>(c.template fetch_as<NamedPerson>(Db::sql("SELECT id FROM people")));
    co_await c.close();
}

template <class Db>
Coro<> first_rows_and_values() {
    const auto c = co_await connect_to_people<Db>();
    const auto first = co_await c.fetchrow(Db::sql("SELECT name FROM people ORDER BY id"));
    CO_ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->template get<std::string>(0), "Ann");
    const auto none = co_await c.fetchrow(Db::sql("SELECT name FROM people WHERE id = ?"), 7);
    EXPECT_FALSE(none.has_value());
    EXPECT_EQ(co_await c.template fetchval<std::string>(Db::sql("SELECT name FROM people WHERE id = ?"), 2), "Bob");
    co_await expect_throws<db::NoRowError>(
        c.template fetchval<std::string>(Db::sql("SELECT name FROM people WHERE id = ?"), 7));
    using Maybe = std::optional<double>;
    EXPECT_EQ(co_await c.template fetchval<Maybe>(Db::sql("SELECT score FROM people WHERE id = ?"), 7), std::nullopt);
    EXPECT_EQ(co_await c.template fetchval<Maybe>(Db::sql("SELECT score FROM people WHERE id = ?"), 2), std::nullopt);
    co_await expect_throws<db::NullValueError>(
        c.template fetchval<double>(Db::sql("SELECT score FROM people WHERE id = ?"), 2));
    const auto empty = co_await c.fetch(Db::sql("SELECT id FROM people WHERE id > ?"), 7);
    EXPECT_TRUE(empty.empty());
    co_await c.close();
}

}  // namespace aio::test::conformance

AIO_DB_COLUMNS(aio::test::conformance::NamedPerson, name, id)
