// PgBouncer in transaction mode: each transaction of a client may get another of the server's sessions.
#include <aio/core/gather.hpp>

#include "db/pg/with_server.hpp"

#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

namespace aio::test {
namespace {

// Between the clients and the test's server, with two sessions there. It goes with the object.
class Bouncer {
public:
    Bouncer() : port_(free_port()), folder_(postgres().folder() + "/bouncer-" + std::to_string(port_)) {
        const std::string owner = ::geteuid() == 0 ? "postgres" : ::getpwuid(::geteuid())->pw_name;
        std::system(("mkdir -p " + folder_).c_str());
        std::ofstream(folder_ + "/users") << "\"postgres\" \"\"\n";
        std::ofstream(folder_ + "/ini") << "[databases]\n* = host=" << postgres().folder()
                                        << " port=" << postgres().port() << "\n[pgbouncer]\n"
                                        << "listen_addr = 127.0.0.1\nlisten_port = " << port_
                                        << "\nunix_socket_dir =\nauth_type = trust\n"
                                        << "auth_file = " << folder_
                                        << "/users\npool_mode = transaction\ndefault_pool_size = 2\n"
                                        << "logfile = " << folder_ << "/log\npidfile = " << folder_ << "/pid\n";
        std::system(("chown -R " + owner + " " + folder_).c_str());
        const std::string as_owner = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
        started_ = std::system((as_owner + "pgbouncer -q -d " + folder_ + "/ini > /dev/null 2>&1").c_str()) == 0;
    }
    Bouncer(const Bouncer&) = delete;
    ~Bouncer() {
        std::ifstream file(folder_ + "/pid");
        pid_t pid = 0;
        if (file >> pid) ::kill(pid, SIGKILL);
    }

    // It listens some time after it was started.
    Coro<bool> is_ready() const {
        if (!started_) co_return false;
        for (int tries = 0; tries < 200; ++tries) {
            const bool connected = co_await try_once();
            if (connected) co_return true;
            co_await sleep(10ms);
        }
        co_return false;
    }
    std::string dsn() const {
        return "host=127.0.0.1 port=" + std::to_string(port_) + " user=postgres dbname=postgres sslmode=disable";
    }

private:
    Coro<bool> try_once() const {
        try {
            const auto connection = co_await pg::connect(dsn());
            co_return co_await connection.fetchval<int>("SELECT 1") == 1;
        } catch (const Error&) {
            co_return false;
        }
    }

    int port_;
    std::string folder_;
    bool started_ = false;
};

bool has_bouncer() { return succeeds("pgbouncer --version"); }

#define SKIP_WITHOUT_PGBOUNCER() \
    SKIP_WITHOUT_POSTGRES();     \
    if (!has_bouncer()) CO_SKIP()

ASYNC_TEST(PgBouncer, with_statements_that_are_not_kept,
           kOnce) {  // asyncpg: test_prepare.test_prepare_23_no_stmt_cache_seq
    SKIP_WITHOUT_PGBOUNCER();
    const Bouncer bouncer;
    const bool ready = co_await bouncer.is_ready();
    CO_ASSERT_TRUE(ready);
    const auto pool = co_await pg::create_pool(bouncer.dsn(), {.statement_cache_size = 0, .reset = ""});
    const auto ask = [&](int i) -> Coro<int> {
        const std::string sql = "SELECT $1::int + " + std::to_string(i % 5);
        co_return co_await pool.fetchval<int>(db::runtime(sql), 100);
    };
    std::vector<Coro<int>> asking;
    for (int i = 0; i < 200; ++i) asking.push_back(ask(i));
    const std::vector<int> answers = co_await gather(std::move(asking));
    for (int i = 0; i < 200; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)], 100 + i % 5);
    using Texts = std::vector<std::string>;
    co_await pool.execute("CREATE TYPE bounced AS ENUM ('a', 'b')");
    const Texts texts = {"b", "a"};
    EXPECT_EQ(co_await pool.fetchval<Texts>("SELECT $1::bounced[]", texts), texts);
    co_await pool.execute("DROP TYPE bounced");
    co_await pool.close();
}

ASYNC_TEST(PgBouncer, transactions_and_cancellation, kOnce) {
    SKIP_WITHOUT_PGBOUNCER();
    const Bouncer bouncer;
    const bool ready = co_await bouncer.is_ready();
    CO_ASSERT_TRUE(ready);
    const auto c = co_await pg::connect(bouncer.dsn(), {.statement_cache_size = 0});
    const auto body = [&]() -> Coro<int> {
        co_await c.execute("CREATE TEMP TABLE t(id int) ON COMMIT DROP");
        const std::vector<std::tuple<int>> sets = {{1}, {2}, {3}};
        co_await c.executemany("INSERT INTO t VALUES($1)", sets);
        co_return co_await c.fetchval<int>("SELECT sum(id)::int FROM t");
    };
    EXPECT_EQ(co_await c.transaction(body), 6);
    for (int i = 0; i < 3; ++i) {
        const auto slow = [&] { return c.execute("SELECT pg_sleep($1)", 60); };
        co_await expect_throws<TimeoutError>(with_timeout(200ms, slow));
        EXPECT_EQ(co_await c.fetchval<int>("SELECT $1::int", i), i);
    }
    co_await c.close();
}

ASYNC_TEST(PgBouncer, with_statements_that_are_kept_says_what_to_do, kOnce) {
    // asyncpg: test_prepare.test_prepare_31_pgbouncer_note
    SKIP_WITHOUT_PGBOUNCER();
    const Bouncer bouncer;
    const bool ready = co_await bouncer.is_ready();
    CO_ASSERT_TRUE(ready);
    const auto pool = co_await pg::create_pool(bouncer.dsn(), {.reset = ""});
    const auto ask = [&](int i) -> Coro<std::string> {
        try {
            const int answer = co_await pool.fetchval<int>("SELECT $1::int", i);
            co_return answer == i ? "" : "a wrong answer";
        } catch (const db::DatabaseError& error) {
            co_return error.what();
        }
    };
    std::vector<Coro<std::string>> asking;
    for (int i = 0; i < 100; ++i) asking.push_back(ask(i));
    const std::vector<std::string> outcomes = co_await gather(std::move(asking));
    for (const std::string& outcome : outcomes) {
        EXPECT_THAT(outcome, testing::AnyOf(testing::Eq(""), testing::HasSubstr("statement_cache_size")));
    }
    pool.terminate();
}

}  // namespace
}  // namespace aio::test
