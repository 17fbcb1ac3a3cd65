// Types that a database has defined: the driver asks the server what they are made of.
#include "db/pg/with_server.hpp"

#include <map>
#include <tuple>

namespace aio::test {
namespace {

constexpr const char* kTypes =
    "SET client_min_messages = warning; DROP SCHEMA IF EXISTS aio_types CASCADE; CREATE SCHEMA aio_types; SET "
    "search_path = aio_types;"
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
    "CREATE DOMAIN age AS int CHECK (VALUE >= 0);"
    "CREATE DOMAIN ages AS age[];"
    "CREATE TYPE person AS (name text, age age, moods mood[]);"
    "CREATE TYPE pair AS (first person, second person);"
    "CREATE TYPE agerange AS RANGE (subtype = int, multirange_type_name = agemultirange);";

using Person = std::tuple<std::string, int, std::vector<std::string>>;

Coro<pg::Connection> with_types(std::size_t cache = 100) {
    pg::ConnectOptions options;
    options.statement_cache_size = cache;
    auto connection = co_await pg::connect(postgres().dsn(), options);
    co_await connection.execute(db::runtime(kTypes));
    co_return connection;
}

Coro<> read_and_pass_all(pg::Connection c) {
    EXPECT_EQ(co_await c.fetchval<std::string>("SELECT 'ok'::mood"), "ok");
    using Texts = std::vector<std::string>;
    const Texts moods = {"sad", "happy"};
    EXPECT_EQ(co_await c.fetchval<Texts>("SELECT ARRAY['sad', 'happy']::mood[]"), moods);
    EXPECT_EQ(co_await c.fetchval<Texts>("SELECT $1::mood[]", moods), moods);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT $1::age", 7), 7);
    using Ints = std::vector<int>;
    const Ints ages = {1, 2};
    EXPECT_EQ(co_await c.fetchval<Ints>("SELECT $1::ages", ages), ages);
    const Person bob("Bob", 7, {"ok"}), eve("Eve", 0, {});
    EXPECT_EQ(co_await c.fetchval<Person>("SELECT $1::person", bob), bob);
    const std::tuple<Person, Person> pair(bob, eve);
    using Two = std::tuple<Person, Person>;
    EXPECT_EQ(co_await c.fetchval<Two>("SELECT $1::pair", pair), pair);
    const auto row = co_await c.fetchrow("SELECT ROW('Bob', 7, '{ok}')::person AS p");
    const auto record = row->get<pg::Record>("p");
    EXPECT_EQ(record.get<std::string>("name"), "Bob");
    const pg::Range<int> range(1, 5);
    EXPECT_EQ(co_await c.fetchval<pg::Range<int>>("SELECT $1::agerange", range), range);
    const std::vector<pg::Range<int>> ranges = {range, {7, 9}};
    EXPECT_EQ(co_await c.fetchval<std::vector<pg::Range<int>>>("SELECT $1::agemultirange", ranges), ranges);
}

ASYNC_TEST(PgDatabaseTypes, are_read_and_passed, kOnce) {
    // asyncpg: test_codecs.test_enum, test_codecs.test_composites_in_arrays, test_codecs.test_domains,
    // asyncpg: test_introspection.test_introspection_loads_basetypes_of_domains
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_types();
    co_await read_and_pass_all(connection);
    co_await connection.close();
}

ASYNC_TEST(PgDatabaseTypes, without_a_statement_cache, kOnce) {
    // asyncpg: test_introspection.test_introspection_no_stmt_cache_01
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_types(0);
    co_await read_and_pass_all(connection);
    co_await connection.close();
}

ASYNC_TEST(PgDatabaseTypes, of_an_extension, kOnce) {  // asyncpg: test_codecs.test_extra_codec_alias
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_types();
    const bool has_hstore =
        co_await c.fetchval<bool>("SELECT EXISTS(SELECT FROM pg_available_extensions WHERE name = 'hstore')");
    if (!has_hstore) CO_SKIP();  // Debian's server has it; elsewhere it is in a package of its own
    co_await c.execute("CREATE EXTENSION hstore");
    using Map = std::map<std::string, std::optional<std::string>>;
    const Map map = {{"a", "1"}, {"b", std::nullopt}};
    EXPECT_EQ(co_await c.fetchval<Map>("SELECT $1::hstore", map), map);
    co_await c.close();
}

ASYNC_TEST(PgDatabaseTypes, in_a_statement_that_many_tasks_run_first, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_types();
    const auto run = [&](int i) -> Coro<int> {
        const Person bob("Bob", i, {"ok"});
        const auto back = co_await connection.fetchval<Person>("SELECT $1::person", bob);
        co_return std::get<1>(back);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(create_task(run(i)));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], i);
    co_await connection.close();
}

ASYNC_TEST(PgDatabaseTypes, are_learnt_although_the_first_task_was_cancelled, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_types();
    const auto run = [&]() -> Coro<Person> {
        return connection.fetchval<Person>("SELECT ROW('Bob', 7, '{ok}')::person");
    };
    for (int steps = 0; steps < 6; ++steps) {
        connection.reload_schema_state();
        auto task = create_task(run());
        for (int i = 0; i < steps; ++i) co_await sleep(0s);
        task.cancel();
        EXPECT_EQ(std::get<1>(co_await run()), 7) << steps;
    }
    co_await connection.close();
}

ASYNC_TEST(PgDatabaseTypes, that_were_altered_are_asked_for_again, kOnce) {
    // asyncpg: test_cache_invalidation.test_type_cache_invalidation_in_cancelled_transaction (reload_schema_state)
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_types();
    co_await connection.execute("CREATE TYPE couple AS (name text, age int)");
    using Couple = std::tuple<std::string, int>;
    EXPECT_EQ(std::get<1>(co_await connection.fetchval<Couple>("SELECT ROW('Bob', 7)::couple")), 7);
    co_await connection.execute("ALTER TYPE couple ALTER ATTRIBUTE age TYPE text");
    connection.reload_schema_state();
    using Texts = std::tuple<std::string, std::string>;
    EXPECT_EQ(std::get<1>(co_await connection.fetchval<Texts>("SELECT ROW('Bob', 7)::couple")), "7");
    co_await connection.close();
}

ASYNC_TEST(PgDatabaseTypes, of_old_rows_stay_as_they_were, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_types();
    const auto old = co_await connection.fetchrow("SELECT ROW('Bob', 7, '{ok}')::person AS p");
    connection.reload_schema_state();
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT 'ok'::mood"), "ok");
    co_await connection.close();
    EXPECT_EQ(old->get<pg::Record>("p").get<int>("age"), 7);
}

}  // namespace
}  // namespace aio::test
