// Connecting and authenticating.
#include "db/pg/with_server.hpp"
#include "support/tls_peers.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

namespace aio::test {
namespace {

Coro<int> one(std::string dsn) {
    const auto connection = co_await pg::connect(dsn);
    const int answer = co_await connection.fetchval<int>("SELECT 1");
    co_await connection.close();
    co_return answer;
}

// Of the process's socket that is connected to the server; -1: there is none.
int tcp_option(int option) {
    for (int fd = 0; fd < 1024; ++fd) {
        sockaddr_in peer = {};
        socklen_t size = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET) continue;
        if (ntohs(peer.sin_port) != postgres().port()) continue;
        int value = -1;
        size = sizeof value;
        ::getsockopt(fd, IPPROTO_TCP, option, &value, &size);
        return value;
    }
    return -1;
}

// "" without TLS, else its version.
Coro<std::string> tls_version(std::string dsn) {
    const auto connection = co_await pg::connect(dsn);
    auto version = co_await connection.fetchval<std::optional<std::string>>(
        "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    co_await connection.close();
    co_return version.value_or("");
}

ASYNC_TEST(PgConnect, over_a_unix_socket_and_tcp, kOnce) {  // asyncpg: test_connect.test_auth_trust
    SKIP_WITHOUT_POSTGRES();
    EXPECT_EQ(co_await one(postgres().dsn()), 1);
    EXPECT_EQ(co_await one(postgres().tcp_dsn()), 1);
    EXPECT_EQ(co_await one("postgresql://postgres@127.0.0.1:" + std::to_string(postgres().port()) + "/postgres"), 1);
}

ASYNC_TEST(PgConnect, options_go_before_the_dsn, kOnce) {  // asyncpg: test_connect.test_connect_params
    SKIP_WITHOUT_POSTGRES();
    const std::pair<std::string_view, std::string_view> settings[] = {{"application_name", "tester"},
                                                                      {"search_path", "pg_catalog"}};
    pg::ConnectOptions options;
    options.host = "127.0.0.1";
    options.port = postgres().port();
    options.user = "scram";
    options.password = "secret";
    options.database = "postgres";
    options.server_settings = settings;
    const auto connection = co_await pg::connect("host=nowhere.invalid sslmode=disable user=nobody", options);
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT current_user::text"), "scram");
    EXPECT_EQ(co_await connection.fetchval<std::string>("SHOW search_path"), "pg_catalog");
    EXPECT_EQ(connection.setting("application_name"), "tester");
    co_await connection.close();
}

ASYNC_TEST(PgConnect, settings_that_the_server_reports, kOnce) {
    // asyncpg: test_connect.test_get_settings_01, test_connect.test_server_version_01
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(connection.setting("client_encoding"), "UTF8");
    EXPECT_FALSE(connection.setting("server_version").empty());
    EXPECT_EQ(connection.setting("no_such_setting"), "");
    co_await connection.execute("SET application_name = 'renamed'");
    EXPECT_EQ(connection.setting("application_name"), "renamed");
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT pg_backend_pid()"),
              static_cast<int>(connection.get_server_pid()));
    co_await connection.close();
}

ASYNC_TEST(PgConnect, with_scram, kOnce) {  // asyncpg: test_connect.test_auth_password_scram_sha_256
    SKIP_WITHOUT_POSTGRES();
    EXPECT_EQ(co_await one(postgres().dsn("user=scram password=secret")), 1);
    EXPECT_EQ(co_await one(postgres().tcp_dsn("user=scram password=secret")), 1);
    EXPECT_EQ(co_await one(postgres().tcp_dsn("user=scram password=secret sslmode=require")),
              1);  // with channel binding
    co_await expect_throws<db::AuthenticationError>(pg::connect(postgres().tcp_dsn("user=scram password=wrong")));
    co_await expect_throws<db::AuthenticationError>(
        pg::connect(postgres().tcp_dsn("user=scram password=wrong sslmode=require")));
    co_await expect_throws<db::AuthenticationError>(pg::connect(postgres().dsn("user=scram")));
}

ASYNC_TEST(PgConnect, with_md5, kOnce) {  // asyncpg: test_connect.test_auth_password_md5
    SKIP_WITHOUT_POSTGRES();
    EXPECT_EQ(co_await one(postgres().tcp_dsn("user=md5 password=secret")), 1);
    co_await expect_throws<db::AuthenticationError>(pg::connect(postgres().tcp_dsn("user=md5 password=wrong")));
}

ASYNC_TEST(PgConnect, sends_a_password_in_clear_text_only_where_nobody_listens, kOnce) {
    // asyncpg: test_connect.test_auth_password_cleartext
    SKIP_WITHOUT_POSTGRES();
    EXPECT_EQ(co_await one(postgres().dsn("user=clear password=secret")), 1);
    EXPECT_EQ(co_await one(postgres().tcp_dsn("user=clear password=secret sslmode=require")), 1);
    const std::string why =
        co_await expect_throws<db::InterfaceError>(pg::connect(postgres().tcp_dsn("user=clear password=secret")));
    EXPECT_THAT(why, testing::HasSubstr("sslmode=require"));
    co_await expect_throws<db::AuthenticationError>(
        pg::connect(postgres().tcp_dsn("user=clear password=wrong sslmode=require")));
}

ASYNC_TEST(PgConnect, refusals_are_typed, kOnce) {
    // asyncpg: test_connect.test_auth_bad_user, test_connect.test_auth_reject
    SKIP_WITHOUT_POSTGRES();
    co_await expect_throws<db::AuthenticationError>(pg::connect(postgres().dsn("user=nobody")));
    co_await expect_throws<db::AuthenticationError>(pg::connect(postgres().tcp_dsn("user=rejected")));
    const std::string unknown =
        co_await expect_throws<db::ProgrammingError>(pg::connect(postgres().dsn("dbname=missing")));
    EXPECT_THAT(unknown, testing::HasSubstr("missing"));
    const std::string closed = "host=127.0.0.1 user=postgres port=" + std::to_string(free_port());
    co_await expect_throws<ConnectionRefusedError>(pg::connect(closed));
    co_await expect_throws<OSError>(pg::connect("host=/nowhere user=postgres"));
}

ASYNC_TEST(PgConnect, tries_the_hosts_in_order, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const std::string ports = std::to_string(free_port()) + "," + std::to_string(postgres().port());
    EXPECT_EQ(co_await one("host=127.0.0.1,127.0.0.1 port=" + ports + " user=postgres dbname=postgres"), 1);
    // A wrong password is wrong everywhere.
    const std::string twice = std::to_string(postgres().port()) + "," + std::to_string(free_port());
    co_await expect_throws<db::AuthenticationError>(
        pg::connect("host=127.0.0.1,127.0.0.1 user=scram password=wrong dbname=postgres port=" + twice));
}

ASYNC_TEST(PgConnect, tls_modes_with_a_server_that_has_it, kOnce) {
    // asyncpg: test_connect.test_ssl_connection_sslmode
    SKIP_WITHOUT_POSTGRES();
    const std::string ca = " sslrootcert=" + pki().pem("ca");
    const auto over = [](const std::string& mode) { return tls_version(postgres().tcp_dsn("sslmode=" + mode)); };
    EXPECT_EQ(co_await over("disable"), "");
    EXPECT_EQ(co_await over("allow"), "");
    EXPECT_THAT(co_await over("prefer"), testing::StartsWith("TLS"));
    EXPECT_THAT(co_await over("require"), testing::StartsWith("TLS"));
    EXPECT_THAT(co_await over("verify-ca" + ca), testing::StartsWith("TLS"));
    EXPECT_THAT(co_await over("verify-full" + ca), testing::StartsWith("TLS"));
    const std::string stranger = " sslrootcert=" + pki().pem("stranger_ca");
    co_await expect_throws<ssl::SSLError>(over("verify-full" + stranger));
    co_await expect_throws<ssl::SSLError>(over("verify-ca" + stranger));
    co_await expect_throws<ssl::SSLError>(over("require" + stranger));  // libpq: as verify-ca
    co_await expect_throws<ssl::SSLError>(over("verify-full sslrootcert=system"));
    const std::string error = co_await expect_throws<db::InterfaceError>(over("verify-full"));
    EXPECT_THAT(error, testing::HasSubstr("sslrootcert"));
}

ASYNC_TEST(PgConnect, texts_are_utf8, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn("client_encoding=utf-8"));
    EXPECT_EQ(co_await connection.fetchval<std::string>("SHOW client_encoding"), "UTF8");
    co_await connection.close();
    const std::string error =
        co_await expect_throws<db::InterfaceError>(pg::connect(postgres().dsn("client_encoding=LATIN1")));
    EXPECT_THAT(error, testing::HasSubstr("UTF-8"));
}

ASYNC_TEST(PgConnect, requirepeer, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const passwd* const own = ::getpwuid(::geteuid());
    const std::string owner = ::geteuid() == 0 ? "postgres" : own->pw_name;
    const auto connection = co_await pg::connect(postgres().dsn("requirepeer=" + owner));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    co_await connection.close();
    const std::string error =
        co_await expect_throws<db::InterfaceError>(pg::connect(postgres().dsn("requirepeer=nobody")));
    EXPECT_THAT(error, testing::HasSubstr("\"" + owner + "\""));
}

ASYNC_TEST(PgConnect, keepalives, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(
        postgres().tcp_dsn("keepalives_idle=7 keepalives_interval=3 keepalives_count=2 tcp_user_timeout=5000"));
    EXPECT_EQ(tcp_option(TCP_KEEPIDLE), 7);
    EXPECT_EQ(tcp_option(TCP_KEEPINTVL), 3);
    EXPECT_EQ(tcp_option(TCP_KEEPCNT), 2);
    EXPECT_EQ(tcp_option(TCP_USER_TIMEOUT), 5000);
    co_await connection.close();
}

ASYNC_TEST(PgConnect, tls_modes_find_what_the_server_allows, kOnce) {
    // asyncpg: test_connect.test_nossl_connection_sslmode
    SKIP_WITHOUT_POSTGRES();
    EXPECT_THAT(co_await tls_version(postgres().tcp_dsn("user=tls_only sslmode=allow")), testing::StartsWith("TLS"));
    EXPECT_EQ(co_await tls_version(postgres().tcp_dsn("user=tcp_only sslmode=prefer")), "");
    co_await expect_throws<db::AuthenticationError>(pg::connect(postgres().tcp_dsn("user=tcp_only sslmode=require")));
    co_await expect_throws<db::AuthenticationError>(pg::connect(postgres().tcp_dsn("user=tls_only sslmode=disable")));
}

ASYNC_TEST(PgConnect, tls_modes_with_a_server_that_does_not_have_it, kOnce) {
    // asyncpg: test_connect.test_connection_ssl_to_no_ssl_server, test_connect.test_connection_sslmode_no_ssl_server
    SKIP_WITHOUT_POSTGRES();
    CO_ASSERT_TRUE(postgres().set("ssl", "off"));
    EXPECT_EQ(co_await tls_version(postgres().tcp_dsn("sslmode=prefer")), "");
    EXPECT_EQ(co_await tls_version(postgres().tcp_dsn("sslmode=allow")), "");
    co_await expect_throws<db::InterfaceError>(pg::connect(postgres().tcp_dsn("sslmode=require")));
    co_await expect_throws<db::InterfaceError>(pg::connect(postgres().tcp_dsn("sslmode=verify-full")));
    CO_ASSERT_TRUE(postgres().set("ssl", "on"));
}

ASYNC_TEST(PgConnect, a_statement_over_tls_is_cancelled, kOnce) {
    // asyncpg: test_connect.test_nossl_connection_prefer_cancel
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().tcp_dsn("sslmode=require"));
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(wait_for(connection.execute("SELECT pg_sleep(60)"), 100ms));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    EXPECT_LT(watch.elapsed(), 20s);
    co_await connection.close();
}

ASYNC_TEST(PgConnect, can_be_cancelled_at_any_moment, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto observer = co_await pg::connect(postgres().dsn());
    for (int passes = 0; passes < 25; ++passes) {
        const std::string dsn =
            postgres().tcp_dsn("user=scram password=secret application_name=cancelled sslmode=require");
        auto connecting = create_task(pg::connect(dsn));
        co_await run_passes(passes);
        connecting.cancel();
        try {
            const pg::Connection late = co_await connecting;
        } catch (const CancelledError&) {
            // Expected.
        }
    }
    EXPECT_EQ(co_await sessions_named(observer, "cancelled", 0), 0);
    co_await observer.close();
}

ASYNC_TEST(PgConnect, a_timeout_ends_a_server_that_does_not_answer, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto mute = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.read();
        writer.close();
    };
    auto server = co_await start_server(mute, "127.0.0.1", 0);
    pg::ConnectOptions options;
    options.port = server.port();
    options.timeout = 100ms;
    co_await expect_throws<TimeoutError>(pg::connect("host=127.0.0.1 user=postgres sslmode=disable", options));
    co_await stop(std::move(server));
}

ASYNC_TEST(PgConnect, a_closed_connection_says_so, kOnce) {  // asyncpg: test_connect.test_connection_use_after_close
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    EXPECT_FALSE(connection.is_closed());
    co_await connection.close();
    EXPECT_TRUE(connection.is_closed());
    co_await connection.close();
    EXPECT_EQ(co_await expect_throws<db::InterfaceError>(connection.fetchval<int>("SELECT 1")),
              "the connection is closed");
    const auto body = []() -> Coro<> { co_return; };
    co_await expect_throws<db::InterfaceError>(connection.transaction(body));

    const auto aborted = co_await pg::connect(postgres().dsn());
    aborted.terminate();
    EXPECT_TRUE(aborted.is_closed());
    co_await expect_throws<db::InterfaceError>(aborted.execute("SELECT 1"));
    co_await aborted.close();
}

ASYNC_TEST(PgConnect, the_last_handle_ends_the_connection, kOnce) {
    // asyncpg: test_connect.test_no_explicit_close_no_debug
    SKIP_WITHOUT_POSTGRES();
    const auto observer = co_await pg::connect(postgres().dsn());
    {
        const auto dropped = co_await pg::connect(postgres().dsn("application_name=dropped"));
        const pg::Connection copy = dropped;
        EXPECT_EQ(co_await copy.fetchval<int>("SELECT 1"), 1);
    }
    EXPECT_EQ(co_await sessions_named(observer, "dropped", 0), 0);
    co_await observer.close();
}

TEST(PgConnect, a_handle_may_outlive_the_loop) {
    if (simulated() || !find_postgres()) GTEST_SKIP();
    std::optional<pg::Connection> left;
    const auto body = [&]() -> Coro<> {
        left.emplace(co_await pg::connect(postgres().dsn()));
        co_await left->execute("SELECT 1");
    };
    run(body());
    left.reset();
}

ASYNC_TEST(PgConnect, target_session_attrs_choose_the_kind, kOnce) {
    // asyncpg: test_connect.test_target_attribute_not_matched
    SKIP_WITHOUT_POSTGRES();
    for (const char* attrs : {"any", "read-write", "primary", "prefer-standby"}) {
        EXPECT_EQ(co_await one(postgres().dsn(std::string("target_session_attrs=") + attrs)), 1) << attrs;
    }
    for (const char* attrs : {"read-only", "standby"}) {
        co_await expect_throws<db::InterfaceError>(
            pg::connect(postgres().dsn(std::string("target_session_attrs=") + attrs)));
    }
}

ASYNC_TEST(PgConnect, only_allowed_ways_to_authenticate, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    EXPECT_EQ(co_await one(postgres().dsn("user=scram password=secret require_auth=scram-sha-256")), 1);
    EXPECT_EQ(co_await one(postgres().tcp_dsn("user=scram password=secret sslmode=require channel_binding=require")),
              1);
    EXPECT_EQ(co_await one(postgres().tcp_dsn("user=scram password=secret sslmode=require channel_binding=disable")),
              1);
    for (const char* refused : {"user=md5 password=secret require_auth=scram-sha-256", "require_auth=md5",
                                "user=clear password=secret require_auth=!password",
                                "user=scram password=secret channel_binding=require", "channel_binding=require"}) {
        const std::string why = co_await expect_throws<db::InterfaceError>(pg::connect(postgres().dsn(refused)));
        EXPECT_THAT(why, testing::HasSubstr("the server")) << refused;
    }
}

ASYNC_TEST(PgConnect, close_waits_for_what_was_begun, kOnce) {
    // asyncpg: test_prepare.test_prepare_06_interrupted_close, test_execute.test_execute_script_interrupted_close
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    auto sleeping = create_task(connection.fetchval<int>("SELECT 1 + 0 * length(pg_sleep(0.05)::text)"));
    co_await sleep(10ms);
    co_await connection.close();
    EXPECT_EQ(co_await sleeping, 1);
}

ASYNC_TEST(PgConnect, terminate_fails_what_was_begun, kOnce) {
    // asyncpg: test_prepare.test_prepare_07_interrupted_terminate, test_execute.test_execute_script_interrupted_terminate
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    auto sleeping = create_task(connection.execute("SELECT pg_sleep(60)"));
    co_await sleep(10ms);
    connection.terminate();
    EXPECT_EQ(co_await expect_throws<db::InterfaceError>(std::move(sleeping)), "the connection was closed");
}

}  // namespace
}  // namespace aio::test
