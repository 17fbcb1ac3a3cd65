// COPY: out of the server and into it, by bytes, files and records.
#include "db/pg/with_server.hpp"

#include <aio/files.hpp>
#include <aio/sync/event.hpp>

#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

namespace aio::test {
namespace {

// Collects what it gets.
struct Collect {
    std::string& all;
    Coro<> operator()(std::string_view piece) const {
        all += piece;
        co_return;
    }
};

ASYNC_TEST(PgCopyOut, of_a_table, kOnce) {
    // asyncpg: test_copy.test_copy_from_table_basics
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute(
        "CREATE TEMP TABLE \"copy tab\"(a text, \"b~\" text); "
        "INSERT INTO \"copy tab\" VALUES('a1', 'b1'), (NULL, 'b''2|')");
    std::string all;
    EXPECT_EQ(co_await c.copy_from_table("copy tab", Collect{all}), "COPY 2");
    EXPECT_EQ(all, "a1\tb1\n\\N\tb'2|\n");
    const std::string_view columns[] = {"b~"};
    pg::CopyOptions options;
    options.columns = columns;
    options.format = pg::CopyFormat::csv;
    options.header = true;
    options.delimiter = "|";
    all.clear();
    co_await c.copy_from_table("copy tab", Collect{all}, options);
    EXPECT_EQ(all, "b~\nb1\n\"b'2|\"\n");
    co_await c.close();
}

ASYNC_TEST(PgCopyOut, of_a_large_query, kOnce) {
    // asyncpg: test_copy.test_copy_from_table_large_rows, test_copy.test_copy_from_query_basics,
    // asyncpg: test_copy.test_copy_from_query_to_sink
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    std::size_t bytes = 0;
    const auto slow = [&](std::string_view piece) -> Coro<> {
        bytes += piece.size();
        co_await sleep(0s);
    };
    EXPECT_EQ(co_await c.copy_from_query("SELECT repeat('x', 100000) FROM generate_series(1, 300)", slow),
              "COPY 300");
    EXPECT_EQ(bytes, 300 * 100'001u);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgCopyOut, to_a_file_and_back, kOnce) {
    // asyncpg: test_copy.test_copy_from_query_to_path, test_copy.test_copy_to_table_from_file_path
    SKIP_WITHOUT_POSTGRES();
    const auto folder = co_await files::TemporaryDirectory();
    const std::filesystem::path path = std::filesystem::path(folder.name()) / "rows.csv";
    const auto c = co_await pg::connect(postgres().dsn());
    pg::CopyOptions options;
    options.format = pg::CopyFormat::csv;
    co_await c.copy_from_query("SELECT i, 'n' || i FROM generate_series(1, 50000) i", path, options);
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    EXPECT_EQ(co_await c.copy_to_table("t", path, options), "COPY 50000");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t WHERE name = 'n' || id"), 50'000);
    co_await expect_throws<FileNotFoundError>(c.copy_to_table("t", path.parent_path() / "none", options));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgCopyOut, of_what_fails, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    std::string all;
    co_await expect_throws<db::DataError>(
        c.copy_from_query("SELECT 1 / (1000 - i) FROM generate_series(1, 2000) i", Collect{all}));
    co_await expect_throws<db::ProgrammingError>(c.copy_from_table("nothing like it", Collect{all}));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgCopyOut, ends_with_an_error_of_its_sink, kOnce) {
    // asyncpg: test_copy.test_copy_from_query_cancellation_on_sink_error
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto fail = [](std::string_view) -> Coro<> {
        co_await sleep(0s);
        throw ValueError("full");
    };
    co_await expect_throws<ValueError>(
        c.copy_from_query("SELECT repeat('x', 10000) FROM generate_series(1, 1000000)", fail));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgCopyOut, is_cancelled, kOnce) {
    // asyncpg: test_copy.test_copy_from_query_cancellation_explicit,
    // asyncpg: test_copy.test_copy_from_query_cancellation_while_waiting_for_data
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto observer = co_await pg::connect(postgres().dsn());
    Event began;
    const auto wait_for_ever = [&](std::string_view) -> Coro<> {
        began.set();
        co_await sleep(1h);
    };
    const auto run = [&]() -> Coro<> {
        co_await c.copy_from_query("SELECT repeat('x', 10000) FROM generate_series(1, 1000000)", wait_for_ever);
    };
    auto task = create_task(run());
    co_await began.wait();
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    std::string all;
    const auto run_slow = [&]() -> Coro<> { co_await c.copy_from_query("SELECT pg_sleep(60)", Collect{all}); };
    auto slow = create_task(run_slow());
    co_await until_active(observer, c.get_server_pid());
    slow.cancel();
    co_await expect_throws<CancelledError>(slow);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 2"), 2);
    co_await c.close();
    co_await observer.close();
}

AsyncGenerator<std::string> lines(int count) {
    for (int i = 0; i < count; ++i) {
        co_yield std::to_string(i) + "\tn\n";
        if (i % 100 == 0) co_await sleep(0s);
    }
}

ASYNC_TEST(PgCopyIn, of_a_generator_and_of_bytes, kOnce) {
    // asyncpg: test_copy.test_copy_to_table_basics, test_copy.test_copy_to_table_from_bytes_like
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    EXPECT_EQ(co_await c.copy_to_table("t", lines(1'000)), "COPY 1000");
    EXPECT_EQ(co_await c.copy_to_table("t", std::string("7\tx\n8\ty\n")), "COPY 2");
    EXPECT_EQ(co_await c.copy_to_table("t", std::string()), "COPY 0");
    pg::CopyOptions options;
    options.where = "id > 7";
    EXPECT_EQ(co_await c.copy_to_table("t", std::string("7\tx\n8\ty\n"), options), "COPY 1");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 1'003);
    co_await c.close();
}

ASYNC_TEST(PgCopyIn, of_large_rows, kOnce) {  // asyncpg: test_copy.test_copy_to_table_large_rows
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(a text)");
    const std::string line = std::string(1'000'000, 'x') + "\n";
    std::string bytes;
    for (int i = 0; i < 20; ++i) bytes += line;
    EXPECT_EQ(co_await c.copy_to_table("t", std::move(bytes)), "COPY 20");
    EXPECT_EQ(co_await c.fetchval<std::int64_t>("SELECT sum(length(a)) FROM t"), 20'000'000);
    co_await c.close();
}

ASYNC_TEST(PgCopyIn, keeps_nothing_when_its_source_fails, kOnce) {
    // asyncpg: test_copy.test_copy_to_table_fail_in_source_1, test_copy.test_copy_to_table_fail_in_source_2
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    const auto failing = [](int count) -> AsyncGenerator<std::string> {
        for (int i = 0; i < count; ++i) co_yield "1\tx\n";
        throw ValueError("no more");
    };
    for (const int count : {0, 1, 5'000}) {
        co_await expect_throws<ValueError>(c.copy_to_table("t", failing(count)));
        EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    }
    co_await c.close();
}

ASYNC_TEST(PgCopyIn, ends_with_an_error_of_the_server, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    const auto wrong = []() -> AsyncGenerator<std::string> {
        co_yield "no number\tx\n";
        for (int i = 0; i < 100'000; ++i) co_yield "1\tx\n";
    };
    co_await expect_throws<db::DataError>(c.copy_to_table("t", wrong()));
    co_await expect_throws<db::ProgrammingError>(c.copy_to_table("nothing like it", lines(10)));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await c.close();
}

ASYNC_TEST(PgCopyIn, is_cancelled, kOnce) {  // asyncpg: test_copy.test_copy_to_table_timeout
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    Event began;
    const auto stuck = [&]() -> AsyncGenerator<std::string> {
        co_yield "1\tx\n";
        began.set();
        co_await sleep(1h);
    };
    const auto run = [&]() -> Coro<> { co_await c.copy_to_table("t", stuck()); };
    auto task = create_task(run());
    auto neighbour = create_task(c.fetchval<int>("SELECT count(*)::int + $1 FROM t", 70));
    co_await began.wait();
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(co_await neighbour, 70);
    for (int steps = 0; steps < 8; ++steps) {
        began.clear();
        auto early = create_task(run());
        for (int i = 0; i < steps; ++i) co_await sleep(0s);
        early.cancel();
        co_await expect_throws<CancelledError>(early);
        EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0) << steps;
    }
    co_await c.close();
}

ASYNC_TEST(PgCopyIn, as_a_statement_is_refused, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int)");
    auto refused = create_task(c.execute("copy t from Stdin"));
    auto neighbour = create_task(c.fetchval<int>("SELECT $1::int", 7));
    auto fetched = create_task(c.fetch("COPY t FROM STDIN"));
    auto last = create_task(c.fetchval<int>("SELECT $1::int", 8));
    co_await expect_throws<db::DatabaseError>(refused);
    EXPECT_EQ(co_await neighbour, 7);
    co_await expect_throws<db::DatabaseError>(fetched);
    EXPECT_EQ(co_await last, 8);
    co_await c.close();
}

ASYNC_TEST(PgCopyRecords, of_a_range, kOnce) {
    // asyncpg: test_copy.test_copy_records_to_table_1, test_copy.test_copy_records_to_table_where
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(a text, b int, c timestamptz)");
    using Record = std::tuple<std::string, std::optional<int>, std::chrono::sys_seconds>;
    std::vector<Record> records;
    for (int i = 0; i < 10'000; ++i)
        records.emplace_back("a-" + std::to_string(i), i, std::chrono::sys_seconds(1s * i));
    records.emplace_back("a-null", std::nullopt, std::chrono::sys_seconds());
    EXPECT_EQ(co_await c.copy_records_to_table("t", records), "COPY 10001");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t WHERE a = 'a-' || b AND c = to_timestamp(b)"),
              10'000);
    const std::string_view columns[] = {"b"};
    pg::CopyOptions options;
    options.columns = columns;
    options.where = "b > 1";
    std::vector<std::tuple<int>> numbers = {{1}, {2}};
    EXPECT_EQ(co_await c.copy_records_to_table("t", std::move(numbers), options), "COPY 1");
    co_await c.close();
}

ASYNC_TEST(PgCopyRecords, of_a_generator, kOnce) {  // asyncpg: test_copy.test_copy_records_to_table_async
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(a int, b text)");
    const auto records = []() -> AsyncGenerator<std::tuple<int, std::string>> {
        for (int i = 0; i < 3'000; ++i) {
            co_yield std::tuple(i, std::string(50, 'x'));
            if (i % 500 == 0) co_await sleep(0s);
        }
    };
    EXPECT_EQ(co_await c.copy_records_to_table("t", records()), "COPY 3000");
    co_await c.close();
}

ASYNC_TEST(PgCopyRecords, that_do_not_fit, kOnce) {
    // asyncpg: test_copy.test_copy_records_to_table_no_binary_codec
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(a int2); CREATE TEMP TABLE u(a tsvector)");
    const std::vector<std::tuple<int>> large = {{1}, {70'000}};
    co_await expect_throws<db::OutOfRangeError>(c.copy_records_to_table("t", large));
    const std::vector<std::tuple<int, int>> wide = {{1, 2}};
    co_await expect_throws<db::ArgumentCountError>(c.copy_records_to_table("t", wide));
    const std::vector<std::tuple<std::string>> texts = {{"x"}};
    const std::string error = co_await expect_throws<db::InterfaceError>(c.copy_records_to_table("u", texts));
    EXPECT_THAT(error, testing::HasSubstr("tsvector"));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await c.close();
}

ASYNC_TEST(PgCopyOut, of_a_query_with_arguments, kOnce) {
    // asyncpg: test_copy.test_copy_from_query_with_args
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(a int, b text); INSERT INTO t VALUES(1, 'one'), (2, NULL), (3, '$1')");
    std::string all;
    EXPECT_EQ(co_await c.copy_from_query("SELECT * FROM t WHERE a > $1 ORDER BY a", std::tuple(1), Collect{all}),
              "COPY 2");
    EXPECT_EQ(all, "2\t\\N\n3\t$1\n");
    // Quotes, backslashes and NULL; what looks like a placeholder and is none; one that is used twice.
    all.clear();
    const std::tuple values(std::string("it's a \\ $2"), std::optional<int>(), pg::BitString("101"), list(1, 2));
    pg::CopyOptions csv;
    csv.format = pg::CopyFormat::csv;
    co_await c.copy_from_query("SELECT $1::text, '$1', $2::int IS NULL, $3::bit(3), $4::int[] /* $9 */, $1 || 'x'",
                               values, Collect{all}, csv);
    EXPECT_EQ(all, "it's a \\ $2,$1,t,101,\"{1,2}\",it's a \\ $2x\n");
    all.clear();
    co_await c.copy_from_query("SELECT 1", std::tuple(), Collect{all});
    EXPECT_EQ(all, "1\n");
    co_await expect_throws<db::ArgumentCountError>(c.copy_from_query("SELECT 1", std::tuple(1), Collect{all}));
    co_await expect_throws<db::ArgumentCountError>(
        c.copy_from_query("SELECT $1::int, $2::int", std::tuple(1), Collect{all}));
    co_await expect_throws<db::OutOfRangeError>(
        c.copy_from_query("SELECT $1::int2", std::tuple(70'000), Collect{all}));
    co_await expect_throws<db::SyntaxError>(c.copy_from_query("SELEC $1::int", std::tuple(1), Collect{all}));
    co_await c.execute("SET standard_conforming_strings = off");  // where quotes are would be uncertain
    co_await expect_throws<db::InterfaceError>(c.copy_from_query("SELECT $1::int", std::tuple(1), Collect{all}));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1});
    all.clear();
    EXPECT_EQ(co_await pool.copy_from_query("SELECT $1::text", std::tuple(std::string("x")), Collect{all}), "COPY 1");
    EXPECT_EQ(all, "x\n");
    co_await pool.close();
}

ASYNC_TEST(PgCopyOut, is_given_up_after_a_while, kOnce) {
    // asyncpg: test_copy.test_copy_from_query_timeout_1, test_copy.test_copy_from_query_timeout_2
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto slow = [](std::string_view) -> Coro<> { co_await sleep(1h); };
    co_await expect_throws<TimeoutError>(
        wait_for(c.copy_from_query("SELECT repeat('x', 10000) FROM generate_series(1, 100000)", slow), 50ms));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    std::string all;
    co_await expect_throws<TimeoutError>(wait_for(c.copy_from_query("SELECT pg_sleep(60)", Collect{all}), 20ms));
    co_await expect_throws<TimeoutError>(
        wait_for(c.copy_from_query("SELECT pg_sleep($1)", std::tuple(60.0), Collect{all}), 20ms));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 2"), 2);
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
