// What lasts longer than a statement: cursors, blobs, functions, backups.
#include "db/sqlite/with_database.hpp"

#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

constexpr const char* kNumbers =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ?) SELECT x FROM c";

ASYNC_TEST(SqliteCursor, reads_batches_and_others_run_in_between, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    auto numbers = db.cursor(db::runtime(kNumbers), 20'000);
    int expected = 0;
    while (const auto row = co_await numbers.next()) {
        EXPECT_EQ(row->get<int>(0), ++expected);
        if (expected % 5'000 == 0) {
            EXPECT_EQ(co_await db.fetchval<int>("SELECT ?", expected), expected);
        }
    }
    EXPECT_EQ(expected, 20'000);
    EXPECT_FALSE((co_await db.cursor("SELECT 1 WHERE 0").next()).has_value());
    // The same statement twice at a time.
    auto a = db.cursor(db::runtime(kNumbers), 10'000);
    auto b = db.cursor(db::runtime(kNumbers), 10'000);
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ((co_await a.next())->get<int>(0), i);
        EXPECT_EQ((co_await b.next())->get<int>(0), i);
    }
    auto failing = db.cursor("SELECT abs(x - 9223372036854775807 - 1) FROM (SELECT 1 AS x UNION ALL SELECT 0)");
    EXPECT_EQ((co_await db.fetch("SELECT 1")).size(), 1u);
    co_await expect_throws<db::DatabaseError>(failing.next());
    co_await expect_throws<db::UndefinedTableError>(db.cursor("SELECT * FROM none").next());
    co_await expect_throws<db::ArgumentCountError>(db.cursor(db::runtime("SELECT ?")).next());
    const auto prepared = co_await db.prepare(kNumbers);
    auto c = prepared.cursor(2);
    EXPECT_EQ((co_await c.next())->get<int>(0), 1);
    co_await db.close();
    EXPECT_EQ((co_await a.next())->get<int>(0), 4);  // of the batch that is here
    co_await a.aclose();
}

ASYNC_TEST(SqliteCursor, needs_little_memory, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    auto rows = db.cursor(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) "
        "SELECT zeroblob(100000) FROM c");
    const auto first = co_await rows.next();
    CO_ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->get<std::vector<std::byte>>(0).size(), 100'000u);
    const auto second = co_await rows.next();
    EXPECT_NE(first->value(0).bytes().data(), second->value(0).bytes().data() - 100'000);  // not one result
    co_await db.close();
    co_await expect_throws<db::InterfaceError>(rows.next());
}

ASYNC_TEST(SqliteCursor, a_rollback_ends_it, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(a, b)");
    std::vector<std::tuple<int, std::string>> sets(2'000, std::tuple<int, std::string>(1, std::string(100, 'x')));
    co_await db.executemany("INSERT INTO t VALUES(?, ?)", sets);
    co_await db.execute("BEGIN; CREATE TABLE u(a)");
    auto rows = db.cursor("SELECT a, b FROM t");
    EXPECT_TRUE((co_await rows.next()).has_value());
    co_await db.execute("ROLLBACK");
    const auto read_all = [&]() -> Coro<> {
        while (co_await rows.next()) {}
    };
    co_await expect_throws<db::TransactionError>(read_all());
    // A table that a cursor reads cannot be dropped.
    auto again = db.cursor("SELECT a, b FROM t");
    EXPECT_TRUE((co_await again.next()).has_value());
    EXPECT_THAT(co_await expect_throws<db::OperationalError>(db.execute("DROP TABLE t")),
                testing::HasSubstr("cursor"));
    co_await again.aclose();
    co_await db.execute("DROP TABLE t");
    co_await db.close();
}

ASYNC_TEST(SqliteBlob, is_read_and_written_in_pieces, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE files(id INTEGER PRIMARY KEY, data BLOB, name TEXT)");
    co_await db.execute("INSERT INTO files VALUES(1, zeroblob(10), 'one'), (2, x'0102', 'two'), (3, 3, NULL)");
    auto blob = co_await db.open_blob("files", "data", 1, {.writable = true});
    EXPECT_EQ(blob.size(), 10u);
    co_await blob.write("abcdef");
    co_await blob.write("ghij");
    co_await expect_throws<ValueError>(blob.write("k"));
    blob.seek(2);
    EXPECT_EQ(co_await blob.read(3), "cde");
    EXPECT_EQ(blob.tell(), 5u);
    EXPECT_EQ(co_await blob.read(), "fghij");
    EXPECT_EQ(co_await blob.read(), "");
    expect_error<ValueError>([&] { blob.seek(11); });
    co_await blob.reopen(2);
    EXPECT_EQ(co_await blob.read(), std::string("\x01\x02"));
    co_await expect_throws<db::DatabaseError>(blob.reopen(3));
    EXPECT_EQ(blob.size(), 0u);
    co_await blob.close();
    co_await blob.close();
    co_await expect_throws<db::InterfaceError>(blob.read());
    auto text = co_await db.open_blob("files", "name", 2);
    EXPECT_EQ(co_await text.read(), "two");
    text.seek(0);
    co_await expect_throws<db::DatabaseError>(text.write("TWO"));
    co_await db.execute("UPDATE files SET name = 'x' WHERE id = 2");
    co_await expect_throws<db::DatabaseError>(text.read());  // it has expired
    EXPECT_THAT(co_await expect_throws<db::DatabaseError>(db.open_blob("files", "data", 9)), testing::HasSubstr("9"));
    co_await expect_throws<db::DatabaseError>(db.open_blob("files", "none", 1));
    { const auto dropped = co_await db.open_blob("files", "data", 1, {.writable = true}); }
    const auto open = co_await db.open_blob("files", "data", 1);
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT CAST(data AS TEXT) FROM files WHERE id = 1"), "abcdefghij");
    co_await db.close();
    co_await expect_throws<db::InterfaceError>(open.read());
}

ASYNC_TEST(SqliteFunctions, are_called_in_the_connections_thread, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const auto here = std::this_thread::get_id();
    co_await db.create_function("half", [](double x) { return x / 2; }, {.deterministic = true});
    co_await db.create_function("elsewhere", [here] { return std::this_thread::get_id() != here; });
    co_await db.create_function("count_all", [](std::span<const sqlite::Value> all) { return all.size(); });
    co_await db.create_function("same", [](const sqlite::Value& value) { return value; });
    co_await db.create_function("none_of",
                                [](std::optional<std::string> text) { return text ? std::nullopt : text; });
    co_await db.create_function("fail",
                                [](std::string_view why) -> int { throw std::runtime_error(std::string(why)); });
    co_await db.create_function("strange", []() -> int { throw 1; });
    co_await db.create_function("done", [](int) {});
    EXPECT_EQ(co_await db.fetchval<double>("SELECT half(5)"), 2.5);
    EXPECT_TRUE(co_await db.fetchval<bool>("SELECT elsewhere()"));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count_all(1, 'a', NULL)"), 3);
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT same(same('text'))"), "text");
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT hex(same(x'00ff'))"), "00FF");
    EXPECT_EQ(co_await db.fetchval<std::optional<int>>("SELECT none_of(NULL)"), std::nullopt);
    EXPECT_EQ(co_await db.fetchval<std::optional<int>>("SELECT done(1)"), std::nullopt);
    EXPECT_THAT(co_await expect_throws<db::DatabaseError>(db.fetch("SELECT fail('because')")),
                testing::HasSubstr("because"));
    co_await expect_throws<db::DatabaseError>(db.fetch("SELECT strange()"));
    EXPECT_THAT(co_await expect_throws<db::DatabaseError>(db.fetch("SELECT half('x')")),
                testing::HasSubstr("argument 1 of half() is TEXT"));
    co_await expect_throws<db::ProgrammingError>(db.fetch("SELECT half(1, 2)"));
    co_await db.create_function("half", [](int x) { return -x; });
    EXPECT_EQ(co_await db.fetchval<int>("SELECT half(4)"), -4);
    co_await expect_throws<db::DatabaseError>(db.create_function(std::string(300, 'x'), [] { return 1; }));
    co_await db.close();
}

ASYNC_TEST(SqliteFunctions, aggregates_and_collations, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(k, v); INSERT INTO t VALUES(1, 'a'), (1, 'bbb'), (2, 'cc'), (2, NULL)");
    const auto longer = [](std::string& best, std::optional<std::string_view> text) {
        if (text && text->size() > best.size()) best = *text;
    };
    co_await db.create_aggregate<std::string>("longest", longer, [](const std::string& best) { return best; });
    const auto rows = co_await db.fetch("SELECT longest(v) FROM t GROUP BY k ORDER BY k");
    CO_ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].get<std::string>(0), "bbb");
    EXPECT_EQ(rows[1].get<std::string>(0), "cc");
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT longest(v) FROM t WHERE 0"), "");
    const auto failing = [](std::shared_ptr<int>&, int) { throw std::runtime_error("no"); };
    co_await db.create_aggregate<std::shared_ptr<int>>("failing", failing,
                                                       [](const std::shared_ptr<int>&) { return 1; });
    co_await expect_throws<db::DatabaseError>(db.fetch("SELECT failing(k) FROM t"));
    const auto backwards = [](std::string_view a, std::string_view b) { return b.compare(a); };
    co_await db.create_collation("backwards", backwards);
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT v FROM t WHERE v IS NOT NULL ORDER BY v COLLATE backwards"),
              "cc");
    co_await expect_throws<db::ProgrammingError>(db.fetch("SELECT v FROM t ORDER BY v COLLATE none"));
    co_await db.close();
}

Coro<> fill(sqlite::Connection db, int rows) {
    co_await db.execute("CREATE TABLE t(a, b)");
    std::vector<std::tuple<int, std::string>> sets;
    for (int i = 0; i < rows; ++i) sets.emplace_back(i, std::string(200, 'x'));
    co_await db.executemany("INSERT INTO t VALUES(?, ?)", sets);
}

ASYNC_TEST(SqliteBackup, copies_to_a_file_with_progress_while_others_run, kOnce) {
    const TemporaryDirectory directory;
    const auto db = co_await sqlite::connect(directory.file());
    co_await fill(db, 1'000);
    int steps = 0;
    std::int64_t last = 1'000'000;
    const auto show = [&](sqlite::BackupProgress progress) {
        ++steps;
        EXPECT_LT(progress.remaining, last);
        EXPECT_GT(progress.total, 50);
        last = progress.remaining;
    };
    auto copy = create_task([&]() -> Coro<> { co_await db.backup(directory.file("copy.db"), {.pages = 5}, show); });
    for (int i = 0; i < 5; ++i) EXPECT_EQ(co_await db.fetchval<int>("SELECT ?", i), i);
    co_await copy;
    EXPECT_GT(steps, 10);
    EXPECT_EQ(last, 0);
    const auto second = co_await sqlite::connect(directory.file("copy.db"), {.readonly = true});
    EXPECT_EQ(co_await second.fetchval<int>("SELECT count(*) FROM t"), 1'000);
    co_await second.close();
    const auto fail = [](sqlite::BackupProgress) { throw std::runtime_error("enough"); };
    co_await expect_throws<std::runtime_error>(db.backup(directory.file("other.db"), {.pages = 5}, fail));
    co_await expect_throws<db::OperationalError>(db.backup(directory.file("no/such/file.db")));
    co_await expect_throws<ValueError>(db.backup(db));
    co_await db.close();
    co_await expect_throws<db::InterfaceError>(db.backup(directory.file("late.db")));
}

ASYNC_TEST(SqliteBackup, copies_into_a_connection_both_ways_at_once, kOnce) {
    const auto a = co_await sqlite::connect(":memory:");
    const auto b = co_await sqlite::connect(":memory:");
    co_await fill(a, 500);
    const auto there = [&]() -> Coro<> { co_await a.backup(b, {.pages = 3}); };
    const auto back = [&]() -> Coro<> { co_await b.backup(a, {.pages = 3}); };
    auto first = create_task(there);
    auto second = create_task(back);
    auto third = create_task(there);
    auto waits = create_task([&]() -> Coro<int> { co_return co_await b.fetchval<int>("SELECT count(*) FROM t"); });
    co_await first;
    co_await second;
    co_await third;
    EXPECT_EQ(co_await waits, 500);
    EXPECT_EQ(co_await a.fetchval<int>("SELECT count(*) FROM t"), 500);
    // Cancelled, it leaves the target as it was.
    const auto c = co_await sqlite::connect(":memory:");
    co_await c.execute("CREATE TABLE kept(a)");
    Event copied;
    const auto notice = [&](sqlite::BackupProgress) { copied.set(); };
    auto cancelled = create_task([&]() -> Coro<> { co_await a.backup(c, {.pages = 1}, notice); });
    co_await copied.wait();
    cancelled.cancel();
    co_await expect_throws<CancelledError>(std::move(cancelled));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*) FROM kept"), 0);
    // A target in a transaction.
    co_await c.execute("BEGIN; INSERT INTO kept VALUES(1)");
    co_await expect_throws<db::DatabaseError>(a.backup(c));
    co_await c.execute("COMMIT");
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*) FROM kept"), 1);
    // Connections that end meanwhile: at the first step, and before it.
    Event stepped;
    const auto step = [&](sqlite::BackupProgress) { stepped.set(); };
    auto lost = create_task([&]() -> Coro<> { co_await a.backup(c, {.pages = 1}, step); });
    co_await stepped.wait();
    c.terminate();
    co_await expect_throws<db::InterfaceError>(std::move(lost));
    const auto d = co_await sqlite::connect(":memory:");
    auto early = create_task([&]() -> Coro<> { co_await a.backup(d, {.pages = 1}); });
    co_await sleep(Duration(0));
    d.terminate();
    co_await expect_throws<db::InterfaceError>(std::move(early));
    stepped.clear();
    auto orphan = create_task([&]() -> Coro<> { co_await a.backup(b, {.pages = 1}, step); });
    co_await stepped.wait();
    a.terminate();
    co_await expect_throws<db::InterfaceError>(std::move(orphan));
    EXPECT_EQ(co_await b.fetchval<int>("SELECT count(*) FROM t"), 500);
    co_await b.close();
}

}  // namespace
}  // namespace aio::test
