// What goes wrong outside: disks, files, locks, other processes; and the ends of connections, loops and programs.
#include "db/sqlite/with_database.hpp"

#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <vector>

namespace aio::test {
namespace {

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}
std::ptrdiff_t threads() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
}

// A connection that was dropped closes its files when its thread has ended.
Coro<> until_descriptors(std::ptrdiff_t expected) {
    for (int tries = 0; tries < 2'000 && open_descriptors() != expected; ++tries) co_await sleep(1ms);
    EXPECT_EQ(open_descriptors(), expected);
}

ASYNC_TEST(SqliteFaults, files_that_cannot_be_opened, kOnce) {
    const TemporaryDirectory directory;
    EXPECT_THAT(co_await expect_throws<db::OperationalError>(sqlite::connect(directory.file("no/such.db"))),
                testing::AllOf(testing::HasSubstr("no/such.db"), testing::HasSubstr("No such file")));
    co_await expect_throws<db::OperationalError>(sqlite::connect(directory.file(), {.create = false}));
    co_await expect_throws<db::OperationalError>(sqlite::connect(directory.file(), {.readonly = true}));
    co_await expect_throws<db::OperationalError>(sqlite::connect(directory.file("")));
    co_await expect_throws<ValueError>(sqlite::connect(std::string("a\0b", 3)));
    std::ofstream(directory.file("text")) << std::string(5'000, 'x');
    EXPECT_THAT(co_await expect_throws<db::OperationalError>(sqlite::connect(directory.file("text"))),
                testing::HasSubstr("not a database"));
    const auto db = co_await sqlite::connect("file:" + directory.file("uri.db") + "?mode=rwc");
    EXPECT_EQ(co_await db.fetchval<std::string>("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(co_await db.fetchval<int>("PRAGMA foreign_keys"), 1);
    co_await db.close();
    const auto plain = co_await sqlite::connect(directory.file("plain.db"), {.wal = false, .foreign_keys = false});
    EXPECT_EQ(co_await plain.fetchval<std::string>("PRAGMA journal_mode"), "delete");
    EXPECT_EQ(co_await plain.fetchval<int>("PRAGMA foreign_keys"), 0);
    co_await plain.close();
    const auto temporary = co_await sqlite::connect("");
    co_await temporary.execute("CREATE TABLE t(a)");
    co_await temporary.close();
}

ASYNC_TEST(SqliteFaults, a_full_disk, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(a); PRAGMA max_page_count = 20");
    const std::string big(100'000, 'x');
    EXPECT_THAT(co_await expect_throws<db::OperationalError>(db.execute("INSERT INTO t VALUES(?)", big)),
                testing::HasSubstr("max_page_count"));
    const auto body = [&]() -> Coro<> {
        co_await db.execute("INSERT INTO t VALUES(1)");
        co_await expect_throws<db::OperationalError>(db.execute("INSERT INTO t VALUES(?)", big));
    };
    try {
        co_await db.transaction(body);  // SQLite may have rolled it back, and then says so
    } catch (const db::TransactionError&) {}
    EXPECT_FALSE(db.is_in_transaction());
    co_await db.execute("PRAGMA max_page_count = 2000");
    co_await db.execute("INSERT INTO t VALUES(?)", big);
    co_await db.close();
}

ASYNC_TEST(SqliteFaults, a_corrupted_file, kOnce) {
    const TemporaryDirectory directory;
    const auto db = co_await sqlite::connect(directory.file(), {.wal = false});
    co_await db.execute("CREATE TABLE t(a, b)");
    std::vector<std::tuple<int, std::string>> rows;
    for (int i = 0; i < 2'000; ++i) rows.emplace_back(i, std::string(50, 'x'));
    co_await db.executemany("INSERT INTO t VALUES(?, ?)", rows);
    co_await db.close();
    std::fstream file(directory.file(), std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 2; page < 15; ++page) {
        file.seekp(page * 4096);
        file << std::string(4096, '\xff');
    }
    file.close();
    const auto broken = co_await sqlite::connect(directory.file(), {.wal = false});
    co_await expect_throws<db::InternalError>(broken.fetch("SELECT * FROM t"));
    auto cursor = broken.cursor("SELECT * FROM t");
    co_await expect_throws<db::InternalError>(cursor.next());
    EXPECT_EQ(co_await broken.fetchval<int>("SELECT 1"), 1);
    co_await broken.close();
}

ASYNC_TEST(SqliteFaults, a_file_that_is_removed_while_it_is_open, kOnce) {
    const TemporaryDirectory directory;
    const auto db = co_await sqlite::connect(directory.file());
    co_await db.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    std::filesystem::remove(directory.file());
    std::filesystem::remove(directory.file() + "-wal");
    EXPECT_EQ(co_await db.fetchval<int>("SELECT a FROM t"), 1);
    // SQLite notices it, or writes on to a file without a name: it never crashes.
    try {
        co_await db.execute("INSERT INTO t VALUES(2)");
    } catch (const db::DatabaseError&) {}
    co_await db.close();
}

ASYNC_TEST(SqliteFaults, limits, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    EXPECT_EQ(co_await db.limit(sqlite::Limit::length, 1'000), 1'000'000'000);
    EXPECT_EQ(co_await db.limit(sqlite::Limit::length, -1), 1'000);
    co_await expect_throws<db::OperationalError>(db.fetch("SELECT ?", std::string(2'000, 'x')));
    co_await expect_throws<db::OperationalError>(db.fetch("SELECT zeroblob(?)", 2'000));
    co_await db.limit(sqlite::Limit::variable_number, 2);
    co_await expect_throws<db::DatabaseError>(db.fetch("SELECT ?, ?, ?", 1, 2, 3));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT ? + ?", 1, 2), 3);
    co_await db.close();
}

// Another process that holds the write lock until it is killed.
class LockHolder {
public:
    explicit LockHolder(const std::string& file) {
        int ready[2];
        if (pipe(ready) != 0) throw std::runtime_error("pipe");
        child_ = fork();
        if (child_ == 0) {
            dup2(ready[1], 1);
            static constexpr const char* kScript =
                "import sqlite3, sys, time; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
                "db.execute('BEGIN IMMEDIATE'); print('x', flush=True); time.sleep(100)";
            execlp("python3", "python3", "-c", kScript, file.c_str(), nullptr);
            _exit(127);
        }
        ::close(ready[1]);
        char byte = 0;
        is_there_ = ::read(ready[0], &byte, 1) == 1;
        ::close(ready[0]);
    }
    LockHolder(const LockHolder&) = delete;
    ~LockHolder() { end(); }
    bool is_there() const { return is_there_; }
    void end() {
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }

private:
    pid_t child_ = 0;
    bool is_there_ = false;
};

ASYNC_TEST(SqliteFaults, a_lock_of_another_process, kOnce) {
    const TemporaryDirectory directory;
    const auto db = co_await sqlite::connect(directory.file(), {.busy_timeout = 1ms});
    co_await db.execute("CREATE TABLE t(a)");
    LockHolder holder(directory.file());
    if (!holder.is_there()) {
        co_await db.close();
        CO_SKIP() << "python3 has no module sqlite3";
    }
    try {
        co_await db.execute("INSERT INTO t VALUES(1)");
        ADD_FAILURE();
    } catch (const db::LockNotAvailableError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("busy_timeout"));
        EXPECT_EQ(error.report().code, 5);
    }
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), 0);
    const auto patient = co_await sqlite::connect(directory.file(), {.busy_timeout = Duration::max()});
    auto write = create_task([&]() -> Coro<> { co_await patient.execute("INSERT INTO t VALUES(1)"); });
    co_await sleep(Duration(0));
    EXPECT_FALSE(write.done());
    holder.end();
    co_await write;
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), 1);
    co_await patient.close();
    co_await db.close();
}

// --- ends -----------------------------------------------------------------------------------------------------------

ASYNC_TEST(SqliteFaults, close_waits_for_what_was_begun_and_terminate_does_not, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const auto gate = co_await Gate::in(db);
    const auto select = [&]() -> Coro<int> { co_return co_await db.fetchval<int>("SELECT gate(1)"); };
    auto running = create_task(select);
    co_await gate->reached.wait();
    auto waiting = create_task([&]() -> Coro<int> { co_return co_await db.fetchval<int>("SELECT 2"); });
    auto closing = create_task(db.close());
    co_await sleep(Duration(0));
    co_await expect_throws<db::InterfaceError>(db.fetch("SELECT 3"));
    gate->open();
    EXPECT_EQ(co_await running, 1);
    EXPECT_EQ(co_await waiting, 2);
    co_await closing;

    const auto second = co_await sqlite::connect(":memory:");
    const auto endless = [&]() -> Coro<> { co_await second.fetch(db::runtime(kEndless)); };
    auto first_task = create_task(endless);
    auto second_task = create_task(endless);
    co_await sleep(Duration(0));
    second.terminate();
    co_await expect_throws<db::InterfaceError>(std::move(first_task));
    co_await expect_throws<db::InterfaceError>(std::move(second_task));
    EXPECT_TRUE(second.is_closed());
}

ASYNC_TEST(SqliteFaults, a_cancelled_close_terminates, kOnce) {
    const auto before = open_descriptors();
    const TemporaryDirectory directory;
    {
        const auto db = co_await sqlite::connect(directory.file());
        auto endless = create_task([&]() -> Coro<> { co_await db.fetch(db::runtime(kEndless)); });
        auto closing = create_task(db.close());
        co_await sleep(Duration(0));
        closing.cancel();
        co_await expect_throws<CancelledError>(std::move(closing));
        co_await expect_throws<db::InterfaceError>(std::move(endless));
    }
    co_await until_descriptors(before);
}

ASYNC_TEST(SqliteFaults, dropping_all_handles_closes, kOnce) {
    const auto before = open_descriptors();
    const TemporaryDirectory directory;
    {
        const auto db = co_await sqlite::connect(directory.file());
        co_await db.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2); BEGIN; INSERT INTO t VALUES(3)");
        auto cursor = db.cursor("SELECT a FROM t");
        EXPECT_EQ((co_await cursor.next())->get<int>(0), 1);
        auto blob_less = create_task([db]() -> Coro<> { co_await db.fetch(db::runtime(kEndless)); });
        co_await sleep(Duration(0));
        blob_less.cancel();
        co_await expect_throws<CancelledError>(std::move(blob_less));
    }
    co_await until_descriptors(before);
    const auto db = co_await sqlite::connect(directory.file());
    EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), 2);
    co_await db.close();
}

TEST(SqliteEnds, a_loop_closes_while_a_statement_runs) {
    const std::ptrdiff_t before = threads();
    std::shared_ptr<Gate> gate;
    std::optional<sqlite::Connection> db;
    const auto body = [&]() -> Coro<> {
        db.emplace(co_await sqlite::connect(":memory:"));
        gate = co_await Gate::in(*db);
        auto held = create_task([&]() -> Coro<> { co_await db->fetch("SELECT gate(1)"); });
        co_await gate->reached.wait();
        held.cancel();
        co_await expect_throws<CancelledError>(std::move(held));
    };
    {
        EventLoop loop;
        loop.run_until_complete(body());
    }
    EXPECT_TRUE(db->is_closed());
    gate->open();
    db.reset();
    for (int tries = 0; tries < 5'000 && threads() != before; ++tries) usleep(1'000);
    EXPECT_EQ(threads(), before);
}

TEST(SqliteEnds, a_program_ends_with_open_connections) {
    const TemporaryDirectory directory;
    const std::string file = directory.file();
    const auto program = [&] {
        static std::optional<sqlite::Connection> left_open;
        run([&]() -> Coro<> {
            left_open.emplace(co_await sqlite::connect(file));
            co_await left_open->execute("CREATE TABLE t(a); INSERT INTO t VALUES(1); BEGIN; INSERT INTO t VALUES(2)");
        }());
        std::exit(0);
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "");
    const auto check = [&]() -> Coro<> {
        const auto db = co_await sqlite::connect(file);
        EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), 1);
        EXPECT_EQ(co_await db.fetchval<std::string>("PRAGMA integrity_check"), "ok");
        co_await db.close();
    };
    run(check());
}

}  // namespace
}  // namespace aio::test
