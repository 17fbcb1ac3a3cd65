// Connecting: authentication, TLS, options, and what is refused.
#include "db/mysql/with_server.hpp"

#include <aio/io/ssl.hpp>

#include "support/tls_peers.hpp"

#include <fstream>

namespace aio::test {
namespace {

// The answer, or the error's kind.
Coro<std::string> connects(std::string dsn, mysql::ConnectOptions options = {}) {
    try {
        const auto connection = co_await mysql::connect(dsn, options);
        const auto answer = co_await connection.fetchval<std::string>("SELECT substring_index(user(), '@', 1)");
        co_await connection.close();
        co_return answer;
    } catch (const db::AuthenticationError&) {
        co_return "AuthenticationError";
    } catch (const db::DatabaseError& error) {
        co_return "DatabaseError " + std::to_string(error.report().code);
    } catch (const db::InterfaceError&) {
        co_return "InterfaceError";
    } catch (const ssl::SSLError&) {
        co_return "SSLError";
    } catch (const ValueError&) {
        co_return "ValueError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    } catch (const OSError&) {
        co_return "OSError";
    }
}

ASYNC_TEST(MysqlConnect, by_each_authentication_of_mariadb, kOnce) {
    // aiomysql: test_ssl.test_auth_plugin_renegotiation
    SKIP_WITHOUT_MARIADB();
    EXPECT_EQ(co_await connects(mariadb().dsn()), "me");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn()), "me");
    EXPECT_EQ(co_await connects(mariadb().dsn("", "ed")), "ed");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("", "ed")), "ed");
    EXPECT_EQ(co_await connects("mysql://nobody@127.0.0.1:" + std::to_string(mariadb().port()), {}), "nobody");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn(), {.password = "wrong"}), "AuthenticationError");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("", "ed"), {.password = "wrong"}), "AuthenticationError");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("", "stranger")), "AuthenticationError");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn(), {.database = "missing"}), "DatabaseError 1049");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("", "nobody"), {.password = "secret"}), "AuthenticationError");
}

ASYNC_TEST(MysqlConnect, over_tls, kOnce) {
    // aiomysql: test_ssl.test_tls_connect
    SKIP_WITHOUT_MARIADB();
    const std::string ca = "&ssl_ca=" + pki().pem("ca"), stranger = "&ssl_ca=" + pki().pem("stranger_ca");
    const auto with = [](const std::string& mode) { return mariadb().tcp_dsn("ssl_mode=" + mode); };
    EXPECT_EQ(co_await connects(with("required")), "me");
    EXPECT_EQ(co_await connects(with("preferred")), "me");
    EXPECT_EQ(co_await connects(with("verify_ca" + ca)), "me");
    EXPECT_EQ(co_await connects(with("verify_identity" + ca)), "me");
    EXPECT_EQ(co_await connects(with("VERIFY-IDENTITY" + ca)), "me");
    EXPECT_EQ(co_await connects(with("verify_ca" + stranger)), "SSLError");
    EXPECT_EQ(co_await connects(with("verify_identity")), "SSLError");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("ssl_mode=disabled&ssl=true")), "SSLError");
    EXPECT_EQ(co_await connects(with("required"), {.password = "wrong"}), "AuthenticationError");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("ssl_mode=required", "ed")), "ed");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("ssl_mode=required", "tls_only")), "tls_only");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn("", "tls_only")), "AuthenticationError");
    const auto connection = co_await mysql::connect(with("required"));
    const auto cipher = co_await connection.fetchrow("SHOW STATUS LIKE 'Ssl_cipher'");
    EXPECT_NE(cipher->get<std::string>(1), "");
    co_await connection.close();
}

// With the program's own settings, whatever the DSN says; a pool keeps a copy of them.
ASYNC_TEST(MysqlConnect, over_tls_with_a_context_of_the_program, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto with = [](const ssl::SSLContext& context, std::string dsn) -> Coro<std::string> {
        mysql::ConnectOptions options;
        options.ssl = context;
        co_return co_await connects(dsn, options);
    };
    const ssl::SSLContext stranger = ssl::create_default_context(ssl::Purpose::SERVER_AUTH, pki().pem("stranger_ca"));
    std::optional<ssl::SSLContext> trusting = ssl::create_default_context(ssl::Purpose::SERVER_AUTH, pki().pem("ca"));
    EXPECT_EQ(co_await with(*trusting, mariadb().tcp_dsn("ssl_mode=disabled", "tls_only")), "tls_only");
    EXPECT_EQ(co_await with(stranger, mariadb().tcp_dsn("ssl_mode=required")), "SSLError");
    EXPECT_EQ(co_await connects(mariadb().tcp_dsn(), {.ssl = true}), "SSLError");  // the system's authorities
    mysql::PoolOptions options;
    options.max_size = 2;
    options.ssl = *trusting;
    const auto pool = co_await mysql::create_pool(mariadb().tcp_dsn("", "tls_only"), options);
    trusting.reset();
    const auto row = co_await pool.fetchrow("SHOW STATUS LIKE 'Ssl_cipher'");
    EXPECT_NE(row->get<std::string>(1), "");
    co_await pool.close();
}

ASYNC_TEST(MysqlConnect, options_reach_the_session, kOnce) {
    // aiomysql: test_connection.test_init_param, test_connection.test_autocommit, test_connection.test_utf8mb4
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn("init_command=SET%20@a=1,@b='x%26y'"));
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT @b"), "x&y");
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT @@autocommit"), 1);
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT @@character_set_client"), "utf8mb4");
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT '\xF0\x9F\x98\x80'"), "\xF0\x9F\x98\x80");
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT char_length(?)", "\xF0\x9F\x98\x80"), 1);
    co_await connection.execute("SET @b = 'changed', autocommit = 0, names latin1");
    co_await connection.execute("CREATE TEMPORARY TABLE gone(a INT)");
    co_await connection.reset();
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT @b"), "x&y");
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", 7), 7);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT @@autocommit"), 1);
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT @@character_set_client"), "utf8mb4");
    co_await expect_throws<db::UndefinedTableError>(connection.fetch("SELECT * FROM gone"));
    co_await connection.close();
    const auto manual = co_await mysql::connect(mariadb().dsn(), {.autocommit = false});
    EXPECT_EQ(co_await manual.fetchval<int>("SELECT @@autocommit"), 0);
    co_await manual.close();
}

ASYNC_TEST(MysqlConnect, compressed, kOnce) {
    SKIP_WITHOUT_MARIADB();
    for (const char* mode : {"compress=true", "compress=true&ssl_mode=required&local_infile=true"}) {
        const auto connection = co_await mysql::connect(mariadb().tcp_dsn(mode));
        const auto row = co_await connection.fetchrow("SHOW SESSION STATUS LIKE 'Compression'");
        EXPECT_EQ(row->get<std::string>(1), "ON");
        const auto twice = [&](int i) -> Coro<int> {
            co_return co_await connection.fetchval<int>("SELECT ? * 2", i);
        };
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 200; ++i) tasks.push_back(create_task(twice(i)));
        for (int i = 0; i < 200; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], 2 * i);
        for (const std::size_t size :
             {std::size_t(1), std::size_t(100), std::size_t(100'000), std::size_t(17'000'000)}) {
            std::string text(size, 'x');
            for (std::size_t i = 0; i < size; i += 3) text[i] = static_cast<char>('a' + i * i % 23);
            EXPECT_TRUE(co_await connection.fetchval<std::string>("SELECT ?", text) == text) << size;
        }
        EXPECT_EQ((co_await connection.fetch("SELECT seq, repeat('x', 100) FROM seq_1_to_10000")).size(), 10'000u);
        co_await expect_throws<TimeoutError>(wait_for(connection.fetch("SELECT sleep(?)", 60), 30ms));
        if (std::string_view(mode).find("infile") != std::string_view::npos) {
            co_await connection.execute("CREATE TEMPORARY TABLE t(a INT)");
            const std::string lines = "1\n2\n3\n";
            const auto done = co_await connection.load_data("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", lines);
            EXPECT_EQ(done.affected_rows, 3u);
        }
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", 7), 7);
        co_await connection.close();
    }
}

ASYNC_TEST(MysqlConnect, an_option_file_is_read_when_asked_for, kOnce) {
    // aiomysql: test_connection.test_config_file, test_connection.test_config_file_with_different_group
    SKIP_WITHOUT_MARIADB();
    const std::string path = mariadb().folder() + "/client.cnf";
    std::ofstream(path) << "# mine\n[client]\nuser = me\npassword = \"secret\"\nsocket=" << mariadb().socket()
                        << "\nunknown-option\n[other]\nuser=ed # comment\n[mysqld]\nuser=root\n";
    EXPECT_EQ(co_await connects("", {.read_default_file = path}), "me");
    EXPECT_EQ(co_await connects("", {.read_default_file = path, .read_default_group = "other"}), "ed");
    EXPECT_EQ(co_await connects("mysql://nobody@/?read_default_file=" + path, {}), "AuthenticationError");
    EXPECT_EQ(co_await connects("mysql://nobody@/?password=&read_default_file=" + path, {}), "nobody");
    EXPECT_EQ(co_await connects("", {.read_default_file = "/nonexistent/my.cnf"}), "OSError");
}

ASYNC_TEST(MysqlConnect, invalid_options_are_refused_at_once, kOnce) {
    for (const char* dsn :
         {"postgresql://me@host/db", "mysql://me@host/db?hots=1", "mysql://me@host:0/", "mysql://me@host:abc/",
          "mysql://me@[::1/db", "mysql://me@host/?ssl_mode=maybe", "mysql://me:%zz@host/",
          "mysql://me@host/?charset=latin1", "mysql://me@host/?compress=perhaps", "mysql://me@host/?a", "me@host"}) {
        expect_error<ValueError>([&] { static_cast<void>(mysql::connect(dsn)); });
    }
    co_return;
}

ASYNC_TEST(MysqlConnect, nobody_is_there, kOnce) {
    if (simulated()) CO_SKIP();
    const std::string port = std::to_string(free_port());
    EXPECT_EQ(co_await connects("mysql://me@127.0.0.1:" + port), "OSError");
    EXPECT_EQ(co_await connects("mysql://me@/?unix_socket=/nonexistent/socket"), "OSError");
}

ASYNC_TEST(MysqlConnect, dropping_the_handles_ends_the_session, kOnce) {
    // aiomysql: test_connection.test___del__
    SKIP_WITHOUT_MARIADB();
    const auto observer = co_await mysql::connect(mariadb().dsn());
    {
        const auto connection = co_await mysql::connect(mariadb().tcp_dsn("", "ed"));
        const auto copy = connection;
        EXPECT_EQ(co_await sessions_of(observer, "ed", 1), 1);
    }
    EXPECT_EQ(co_await sessions_of(observer, "ed", 0), 0);
    co_await observer.close();
}

ASYNC_TEST(MysqlConnect, ping_replaces_a_lost_connection, kOnce) {
    // aiomysql: test_connection.test_connection_gone_away, test_connection.test_connection_ping
    SKIP_WITHOUT_MARIADB();
    const auto observer = co_await mysql::connect(mariadb().dsn());
    const auto connection = co_await mysql::connect(mariadb().tcp_dsn());
    bool told = false;
    connection.add_termination_listener([&] { told = true; });
    const std::uint64_t thread = connection.get_thread_id();
    co_await observer.kill(thread);
    co_await expect_throws<Error>(connection.ping(false));
    EXPECT_TRUE(connection.is_closed());
    EXPECT_TRUE(told);
    co_await connection.ping();
    EXPECT_FALSE(connection.is_closed());
    EXPECT_NE(connection.get_thread_id(), thread);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", 7), 7);
    co_await connection.close();
    co_await observer.close();
}

ASYNC_TEST(MysqlConnect, close_may_be_called_twice, kOnce) {
    // aiomysql: test_connection.test_connection_double_ensure_closed
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    auto running = create_task(connection.fetchval<int>("SELECT 1 + sleep(0.02)"));
    co_await run_passes(2);
    co_await connection.close();
    EXPECT_EQ(co_await running, 1);
    co_await connection.close();
    EXPECT_TRUE(connection.is_closed());
}

}  // namespace
}  // namespace aio::test
