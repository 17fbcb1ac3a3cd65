// Types that are altered while a connection knows them: by itself, by others, in transactions, in a pool.
#include "db/pg/with_server.hpp"

#include <tuple>
#include <vector>

namespace aio::test {

struct AlteredPair {
    int a;
    int b;
};

}  // namespace aio::test

AIO_DB_COLUMNS(aio::test::AlteredPair, a, b)

namespace aio::test {
namespace {

using Texts = std::tuple<int, std::string>;

// A connection to a schema of its own, with the composite `pair` and the table `pairs` that has a row of it.
Coro<pg::Connection> with_pairs(std::size_t cache = 100) {
    pg::ConnectOptions options;
    options.statement_cache_size = cache;
    auto connection = co_await pg::connect(postgres().dsn("search_path=aio_altered"), options);
    co_await connection.execute(
        "SET client_min_messages = warning; DROP SCHEMA IF EXISTS aio_altered CASCADE; CREATE SCHEMA aio_altered;"
        "CREATE TYPE pair AS (a int, x int, b int); CREATE TYPE loose AS (a int, x int, b int); CREATE TABLE pairs(p "
        "pair, more pair[]);"
        "INSERT INTO pairs VALUES(ROW(1, 9, 2), ARRAY[ROW(3, 9, 4)::pair])");
    co_return connection;
}

Coro<AlteredPair> pair_of(pg::Connection connection) {
    return connection.fetchval<AlteredPair>("SELECT p FROM pairs");
}

// With the cache and without it.
Coro<> drops_an_attribute(std::size_t cache) {
    const auto c = co_await with_pairs(cache);
    EXPECT_EQ((co_await pair_of(c)).b, 2);
    co_await c.execute("ALTER TYPE pair DROP ATTRIBUTE x");
    const auto pair = co_await pair_of(c);  // the second field of three was x
    EXPECT_EQ(pair.a, 1);
    EXPECT_EQ(pair.b, 2);
    const auto list = co_await c.fetchval<std::vector<AlteredPair>>("SELECT more FROM pairs");
    CO_ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].b, 4);
    co_await c.close();
}

ASYNC_TEST(PgAlteredTypes, a_dropped_attribute_does_not_shift_the_others, kOnce) {
    // asyncpg: test_cache_invalidation.test_type_cache_invalidation_on_drop_type_attr
    SKIP_WITHOUT_POSTGRES();
    co_await drops_an_attribute(100);
    co_await drops_an_attribute(0);
}

ASYNC_TEST(PgAlteredTypes, a_new_attribute_is_read_at_once, kOnce) {
    // asyncpg: test_cache_invalidation.test_type_cache_invalidation_in_transaction,
    // asyncpg: test_cache_invalidation.test_prepared_type_cache_invalidation,
    // asyncpg: test_introspection.test_introspection_sticks_for_ps
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_pairs();
    const auto prepared = co_await c.prepare("SELECT p FROM pairs");
    EXPECT_EQ((co_await prepared.fetchval<AlteredPair>()).b, 2);
    const auto alter = [&]() -> Coro<> {
        co_await c.execute("ALTER TYPE pair ADD ATTRIBUTE c text");
        const auto row = co_await c.fetchrow("SELECT ROW(1, 2, 3, 'x')::pair AS p, more FROM pairs");
        EXPECT_EQ(row->get<pg::Record>("p").get<std::string>("c"), "x");
        EXPECT_EQ(row->get<std::vector<pg::Record>>("more").at(0).get<std::optional<std::string>>("c"), std::nullopt);
        throw ValueError("not after all");
    };
    co_await expect_throws<ValueError>(c.transaction(alter));
    EXPECT_EQ((co_await prepared.fetchval<AlteredPair>()).b, 2);  // what was rolled back is forgotten as well
    // What no value shows.
    co_await c.execute("ALTER TYPE pair RENAME ATTRIBUTE x TO y");
    EXPECT_EQ((co_await prepared.fetchrow())->get<pg::Record>("p").get<int>("x"), 9);
    c.reload_schema_state();
    EXPECT_EQ((co_await prepared.fetchrow())->get<pg::Record>("p").get<int>("y"), 9);
    co_await c.close();
}

ASYNC_TEST(PgAlteredTypes, a_cursor_sees_the_change_between_two_batches, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_pairs();
    const auto read = [&]() -> Coro<> {
        auto rows = c.cursor("SELECT ROW(i, 9, 2)::pair AS p FROM generate_series(1, 200) i");
        for (int i = 1; i <= 200; ++i) {
            const auto row = co_await rows.next();
            EXPECT_EQ(row->get<AlteredPair>("p").b, 2);
            EXPECT_EQ(row->get<pg::Record>("p").get<int>("a"), i);
            if (i == 10) c.reload_schema_state();
        }
    };
    co_await c.transaction(read);
    co_await c.close();
}

ASYNC_TEST(PgAlteredTypes, arguments_have_the_new_fields, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    for (const std::size_t cache : {std::size_t(100), std::size_t(0)}) {
        const auto c = co_await with_pairs(cache);
        const auto pass = [&](auto value) { return c.fetchval<std::string>("SELECT ($1::loose)::text", value); };
        EXPECT_EQ(co_await pass(std::tuple(1, 2, 3)), "(1,2,3)");
        co_await c.execute("ALTER TYPE loose DROP ATTRIBUTE x");
        EXPECT_EQ(co_await pass(AlteredPair{1, 2}), "(1,2)");  // refused here before
        EXPECT_EQ(co_await pass(std::tuple(1, 2)), "(1,2)");
        co_await c.execute("ALTER TYPE loose ALTER ATTRIBUTE b TYPE text CASCADE");
        EXPECT_EQ(co_await pass(Texts(1, "2")), "(1,2)");
        co_await expect_throws<db::TypeMismatchError>(pass(std::tuple(1, 2, 3)));
        co_await expect_throws<db::TypeMismatchError>(pass(7));
        co_await c.close();
    }
}

ASYNC_TEST(PgAlteredTypes, the_server_refuses_old_fields_once_in_a_transaction, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_pairs();
    const auto observer = co_await pg::connect(postgres().dsn("search_path=aio_altered"));
    const auto pass = [&]() -> Coro<std::string> {
        return c.fetchval<std::string>("SELECT (($1::loose).b)::text", AlteredPair{1, 2});
    };
    co_await c.execute("ALTER TYPE loose DROP ATTRIBUTE x");
    EXPECT_EQ(co_await pass(), "2");
    co_await observer.execute("ALTER TYPE loose ALTER ATTRIBUTE b TYPE bigint CASCADE");
    co_await expect_throws<db::ProgrammingError>(c.transaction(pass));
    EXPECT_EQ(co_await c.transaction(pass), "2");
    co_await observer.execute("ALTER TYPE loose ALTER ATTRIBUTE b TYPE smallint CASCADE");
    EXPECT_EQ(co_await pass(), "2");  // outside of one it is repeated
    co_await observer.close();
    co_await c.close();
}

ASYNC_TEST(PgAlteredTypes, inside_of_a_record_without_names_are_learnt, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_pairs();
    co_await c.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')");
    using Anonymous = std::tuple<int, std::string, AlteredPair>;
    const auto found = co_await c.fetchval<Anonymous>("SELECT ROW(1, 'ok'::mood, p) FROM pairs");
    EXPECT_EQ(std::get<1>(found), "ok");
    EXPECT_EQ(std::get<2>(found).b, 2);
    co_await c.close();
}

ASYNC_TEST(PgAlteredTypes, a_cancelled_reader_leaves_no_harm, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_pairs();
    EXPECT_EQ((co_await pair_of(c)).b, 2);
    for (int passes = 0; passes < 12; ++passes) {
        co_await c.execute(db::runtime(passes % 2 == 0 ? "ALTER TYPE pair DROP ATTRIBUTE x"
                                                       : "ALTER TYPE pair DROP ATTRIBUTE b, ADD ATTRIBUTE x int,"
                                                         "ADD ATTRIBUTE b int; UPDATE pairs SET p = ROW(1, 9, 2)"));
        auto reading = create_task(pair_of(c));
        co_await run_passes(passes);
        reading.cancel();
        try {
            EXPECT_EQ((co_await std::move(reading)).b, 2);
        } catch (const CancelledError&) {
            // Expected.
        }
        EXPECT_EQ((co_await pair_of(c)).b, 2) << passes;
    }
    co_await c.close();
}

ASYNC_TEST(PgAlteredTypes, that_are_forgotten_while_they_are_learnt_are_learnt_again, kOnce) {
    // asyncpg: test_introspection.test_introspection_retries_after_cache_bust
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_pairs();
    for (int passes = 0; passes < 16; ++passes) {
        c.reload_schema_state();
        auto reading = create_task(pair_of(c));
        co_await run_passes(passes);
        c.reload_schema_state();
        EXPECT_EQ((co_await std::move(reading)).b, 2) << passes;
    }
    co_await c.close();
}

ASYNC_TEST(PgAlteredTypes, in_a_pool, kOnce) {
    // asyncpg: test_cache_invalidation.test_type_cache_invalidation_in_pool
    SKIP_WITHOUT_POSTGRES();
    const auto owner = co_await with_pairs();
    const auto pool =
        co_await pg::create_pool(postgres().dsn("search_path=aio_altered"), {.min_size = 2, .max_size = 2});
    const auto one = co_await pool.acquire();
    const auto two = co_await pool.acquire();
    EXPECT_EQ((co_await pair_of(*one)).b, 2);
    EXPECT_EQ((co_await pair_of(*two)).b, 2);
    co_await owner.execute("ALTER TYPE pair DROP ATTRIBUTE x");
    EXPECT_EQ((co_await pair_of(*one)).b, 2);
    const auto read = [&]() -> Coro<> { EXPECT_EQ((co_await pair_of(*two)).b, 2); };
    co_await two->transaction(read);
    co_await owner.close();
    pool.terminate();
}

ASYNC_TEST(PgAlteredTypes, a_pool_learns_from_one_connection_that_plans_are_outdated, kOnce) {
    // asyncpg: test_cache_invalidation.test_prepare_cache_invalidation_in_pool
    SKIP_WITHOUT_POSTGRES();
    const auto owner = co_await with_pairs();
    co_await owner.execute("CREATE TABLE t(a int, b int); INSERT INTO t VALUES(1, 2)");
    const auto pool =
        co_await pg::create_pool(postgres().dsn("search_path=aio_altered"), {.min_size = 2, .max_size = 2});
    const auto one = co_await pool.acquire();
    const auto two = co_await pool.acquire();
    co_await one->fetchrow("SELECT * FROM t");
    co_await two->fetchrow("SELECT * FROM t");
    co_await owner.execute("ALTER TABLE t ALTER COLUMN b TYPE text");
    EXPECT_EQ((co_await one->fetchrow("SELECT * FROM t"))->get<std::string>("b"), "2");
    const auto read = [&]() -> Coro<std::string> {
        co_return (co_await two->fetchrow("SELECT * FROM t"))->get<std::string>("b");
    };
    EXPECT_EQ(co_await two->transaction(read), "2");  // nothing is repeated in a transaction
    co_await owner.close();
    pool.terminate();
}

TEST(PgAlteredTypes, a_field_is_not_taken_for_another_one) {
    pg::TypeCatalog types;
    pg::TypeDescription pair;
    pair.oid = 90'000;
    pair.name = "pair";
    pair.kind = pg::TypeKind::composite;
    pair.fields = {{"a", 23}, {"b", 25}};
    types.add(std::move(pair));
    // One field, of type int4, of four bytes.
    const std::string_view wire("\0\0\0\1\0\0\0\x17\0\0\0\4\0\0\0\7", 16);
    const pg::Value value(90'000, pg::Format::binary, wire, types, "p");
    const auto record = value.get<pg::Record>();
    EXPECT_EQ(record.get<int>(0), 7);
    const std::string error = expect_error<db::TypeMismatchError>([&] { static_cast<void>(record["a"]); });
    EXPECT_THAT(error, testing::HasSubstr("reload_schema_state()"));
}

}  // namespace
}  // namespace aio::test
