// Who connects to whom: certificates of clients, contexts of the program's, passwords from functions and files.
#include "db/pg/with_server.hpp"
#include "support/tls_peers.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <tuple>
#include <vector>

namespace aio::test {
namespace {

// A copy of the client's key that only its owner may read.
std::string private_key(const std::string& name = "client", mode_t mode = 0600) {
    std::string path = pki().path(name + "." + std::to_string(mode) + ".key");
    ::unlink(path.c_str());  // of an earlier run, and of another owner
    std::ofstream(path) << std::ifstream(pki().key(name)).rdbuf();
    ::chmod(path.c_str(), mode);
    return path;
}

// The client's certificate, in keywords.
std::string identity() {
    return " sslmode=verify-full sslrootcert=" + pki().pem("ca") + " sslcert=" + pki().pem("client") +
           " sslkey=" + private_key();
}

Coro<std::string> user_of(std::string dsn) {
    const auto connection = co_await pg::connect(dsn);
    auto user = co_await connection.fetchval<std::string>("SELECT current_user::text");
    co_await connection.close();
    co_return user;
}

// An environment variable, as long as it lives.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) {
        if (const char* const old = std::getenv(name)) old_ = old;
        ::setenv(name, value.c_str(), 1);
    }
    Variable(const Variable&) = delete;
    ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

private:
    const char* name_;
    std::optional<std::string> old_;
};

const std::string kClient = "user='a client'";

ASYNC_TEST(PgIdentity, a_certificate_in_the_dsn_or_the_environment, kOnce) {
    // asyncpg: test_connect.test_ssl_connection_client_auth_dsn, test_connect.test_ssl_connection_client_auth_env
    SKIP_WITHOUT_POSTGRES();
    EXPECT_EQ(co_await user_of(postgres().tcp_dsn(kClient + identity())), "a client");
    const Variable mode("PGSSLMODE", "verify-full"), root("PGSSLROOTCERT", pki().pem("ca"));
    const Variable certificate("PGSSLCERT", pki().pem("client")), key("PGSSLKEY", private_key());
    const std::string dsn = "host=127.0.0.1 dbname=postgres port=" + std::to_string(postgres().port());
    EXPECT_EQ(co_await user_of(dsn + " " + kClient), "a client");
}

ASYNC_TEST(PgIdentity, a_certificate_in_the_home_directory, kOnce) {
    // asyncpg: test_connect.test_ssl_connection_client_auth_dot_postgresql
    SKIP_WITHOUT_POSTGRES();
    const std::string home = pki().path("home"), folder = home + "/.postgresql";
    ::mkdir(home.c_str(), 0700);
    ::mkdir(folder.c_str(), 0700);
    const auto place = [&](const std::string& from, const char* name) {
        std::ofstream(folder + "/" + name) << std::ifstream(from).rdbuf();
        ::chmod((folder + "/" + name).c_str(), 0600);
    };
    place(pki().pem("ca"), "root.crt");
    place(pki().pem("client"), "postgresql.crt");
    place(pki().key("client"), "postgresql.key");
    const Variable variable("HOME", home);
    EXPECT_EQ(co_await user_of(postgres().tcp_dsn(kClient + " sslmode=verify-full")), "a client");
}

ASYNC_TEST(PgIdentity, without_the_right_certificate_the_server_refuses, kOnce) {
    // asyncpg: test_connect.test_ssl_connection_client_auth_fails_with_wrong_setup
    SKIP_WITHOUT_POSTGRES();
    const std::string trust = " sslmode=verify-full sslrootcert=" + pki().pem("ca");
    co_await expect_throws<db::AuthenticationError>(user_of(postgres().tcp_dsn(kClient + trust)));
    co_await expect_throws<db::AuthenticationError>(user_of(postgres().tcp_dsn("user=rejected" + identity())));
    const std::string stranger =
        " sslcert=" + pki().pem("client_stranger") + " sslkey=" + private_key("client_stranger");
    co_await expect_throws<Error>(user_of(postgres().tcp_dsn(kClient + trust + stranger)));
    const std::string no_pair = " sslcert=" + pki().pem("client") + " sslkey=" + private_key("client_stranger");
    co_await expect_throws<ssl::SSLError>(user_of(postgres().tcp_dsn(kClient + trust + no_pair)));
}

ASYNC_TEST(PgIdentity, a_key_that_others_may_read_is_refused, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto with_key = [](std::string key) {
        return user_of(postgres().tcp_dsn(kClient + identity() + " sslkey=" + key));
    };
    for (const mode_t mode : {0604, 0610, 0620, 0644, 0660, 0666}) {
        const std::string error = co_await expect_throws<db::InterfaceError>(with_key(private_key("client", mode)));
        EXPECT_THAT(error, testing::AllOf(testing::HasSubstr("client."), testing::HasSubstr("chmod"))) << mode;
    }
    EXPECT_EQ(co_await with_key(private_key("client", 0400)), "a client");
    const std::string shared = private_key("client", 0640);  // root's may be read by a group
    if (::geteuid() == 0) {
        EXPECT_EQ(co_await with_key(shared), "a client");
        CO_ASSERT_EQ(::chown(shared.c_str(), 1, 1), 0);
    }
    co_await expect_throws<db::InterfaceError>(with_key(shared));
    co_await expect_throws<Error>(with_key(pki().folder));  // no plain file
    // A key in the certificate's file is one too.
    const std::string both = pki().path("both.pem");
    std::ofstream(both) << std::ifstream(pki().pem("client")).rdbuf() << std::ifstream(pki().key("client")).rdbuf();
    const std::string dsn = postgres().tcp_dsn(kClient + " sslmode=require sslcert=" + both);
    ::chmod(both.c_str(), 0644);
    co_await expect_throws<db::InterfaceError>(user_of(dsn));
    ::chmod(both.c_str(), 0600);
    EXPECT_EQ(co_await user_of(dsn), "a client");
}

ASYNC_TEST(PgIdentity, a_context_of_the_program, kOnce) {
    // asyncpg: test_connect.test_ssl_connection_custom_context, test_connect.test_ssl_connection_default_context,
    // asyncpg: test_connect.test_ssl_connection_client_auth_custom_context
    SKIP_WITHOUT_POSTGRES();
    const ssl::SSLContext trusting = client_context();
    const auto version = [](ssl::Use use, std::string dsn) -> Coro<std::string> {
        pg::ConnectOptions options;
        options.ssl = use;
        const auto connection = co_await pg::connect(dsn, options);
        auto found = co_await connection.fetchval<std::optional<std::string>>(
            "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        co_await connection.close();
        co_return found.value_or("");
    };
    // Also where the DSN says otherwise. Sockets in the file system are never encrypted.
    EXPECT_THAT(co_await version(trusting, postgres().tcp_dsn()), testing::StartsWith("TLS"));
    EXPECT_EQ(co_await version(trusting, postgres().dsn()), "");
    co_await expect_throws<ssl::SSLError>(version(true, postgres().tcp_dsn()));  // the system's authorities
    const ssl::SSLContext stranger = ssl::create_default_context(ssl::Purpose::SERVER_AUTH, pki().pem("stranger_ca"));
    co_await expect_throws<ssl::SSLError>(version(stranger, postgres().tcp_dsn()));
    const ssl::SSLContext own = client_context();
    own.load_cert_chain(pki().pem("client"), pki().key("client"));
    EXPECT_THAT(co_await version(own, postgres().tcp_dsn(kClient)), testing::StartsWith("TLS"));
    co_await expect_throws<db::AuthenticationError>(version(trusting, postgres().tcp_dsn(kClient)));
    CO_ASSERT_TRUE(postgres().set("ssl", "off"));
    co_await expect_throws<db::InterfaceError>(version(trusting, postgres().tcp_dsn()));
    CO_ASSERT_TRUE(postgres().set("ssl", "on"));
}

ASYNC_TEST(PgIdentity, pools_with_and_without_tls, kOnce) {
    // asyncpg: test_connect.test_ssl_connection_pool, test_connect.test_nossl_connection_pool
    SKIP_WITHOUT_POSTGRES();
    const auto use = [](pg::Pool pool, bool encrypted) -> Coro<> {
        const auto ask = [&]() -> Coro<bool> {
            co_return co_await pool.fetchval<bool>("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        };
        std::vector<Task<bool>> tasks;
        for (int i = 0; i < 20; ++i) tasks.push_back(create_task(ask()));
        for (auto& task : tasks) EXPECT_EQ(co_await task, encrypted);
        co_await pool.close();
    };
    std::optional<ssl::SSLContext> context = client_context();
    pg::PoolOptions options;
    options.max_size = 3;
    options.ssl = *context;
    const auto pool = co_await pg::create_pool(postgres().tcp_dsn(), options);
    context.reset();  // the pool has its own
    co_await use(pool, true);
    options.ssl = {};
    co_await use(co_await pg::create_pool(postgres().tcp_dsn("user=tcp_only sslmode=prefer"), options), false);
}

ASYNC_TEST(PgIdentity, versions_of_tls_are_limited_on_both_sides, kOnce) {
    // asyncpg: test_connect.test_tls_version
    SKIP_WITHOUT_POSTGRES();
    const auto version = [](std::string more) -> Coro<std::string> {
        const auto connection = co_await pg::connect(postgres().tcp_dsn("sslmode=require " + more));
        auto found =
            co_await connection.fetchval<std::string>("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        co_await connection.close();
        co_return found;
    };
    EXPECT_EQ(co_await version("ssl_min_protocol_version=TLSv1.3"), "TLSv1.3");
    EXPECT_EQ(co_await version("ssl_max_protocol_version=TLSv1.2"), "TLSv1.2");
    CO_ASSERT_TRUE(postgres().set("ssl_max_protocol_version", "TLSv1.2"));
    EXPECT_EQ(co_await version(""), "TLSv1.2");
    co_await expect_throws<ssl::SSLError>(version("ssl_min_protocol_version=TLSv1.3"));
    CO_ASSERT_TRUE(postgres().set("ssl_max_protocol_version", "TLSv1.3"));
}

ASYNC_TEST(PgIdentity, megabytes_over_tls, kOnce) {
    // asyncpg: test_connect.test_executemany_uvloop_ssl_issue_700
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().tcp_dsn("sslmode=require"));
    co_await c.execute("CREATE TEMP TABLE blobs(id int, bytes bytea)");
    std::vector<std::tuple<int, pg::Bytes>> sets;
    for (int i = 0; i < 8; ++i) sets.emplace_back(i, pg::Bytes(std::string(1 << 20, static_cast<char>('a' + i))));
    co_await c.executemany("INSERT INTO blobs VALUES($1, $2)", sets);
    EXPECT_EQ(co_await c.fetchval<std::int64_t>("SELECT sum(length(bytes)) FROM blobs"), 8 << 20);
    const auto last = co_await c.fetchval<pg::Bytes>("SELECT bytes FROM blobs WHERE id = 7");
    EXPECT_EQ(last.data, std::string(1 << 20, 'h'));
    co_await c.close();
}

// --- passwords -------------------------------------------------------------------------------------------------------

Coro<std::string> user_with(std::string dsn, std::function<Coro<std::string>()> password) {
    pg::ConnectHooks hooks;
    hooks.password = std::move(password);
    const auto connection = co_await pg::connect(dsn, {}, hooks);
    auto user = co_await connection.fetchval<std::string>("SELECT current_user::text");
    co_await connection.close();
    co_return user;
}

ASYNC_TEST(PgIdentity, a_password_from_a_function, kOnce) {
    // asyncpg: test_connect.test_auth_password_cleartext_callable,
    // asyncpg: test_connect.test_auth_password_cleartext_callable_coroutine,
    // asyncpg: test_connect.test_auth_password_cleartext_callable_awaitable
    SKIP_WITHOUT_POSTGRES();
    int calls = 0;
    const auto right = [&]() -> Coro<std::string> {
        ++calls;
        co_await sleep(0s);
        co_return "secret";
    };
    const auto wrong = []() -> Coro<std::string> { co_return "wrong"; };
    for (const std::string user : {"clear", "md5", "scram"}) {
        const std::string dsn = postgres().dsn("password=ignored user=" + user);
        calls = 0;
        EXPECT_EQ(co_await user_with(dsn, right), user);
        EXPECT_EQ(calls, 1) << user;
        co_await expect_throws<db::AuthenticationError>(user_with(dsn, wrong));
    }
    calls = 0;
    EXPECT_EQ(co_await user_with(postgres().dsn(), right), "postgres");
    EXPECT_EQ(calls, 0);  // the server does not ask
    const auto fail = []() -> Coro<std::string> {
        co_await sleep(0s);
        throw std::runtime_error("the vault is shut");
    };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(user_with(postgres().dsn("user=scram"), fail)),
              "the vault is shut");
}

ASYNC_TEST(PgIdentity, a_connection_is_cancelled_while_the_password_is_fetched, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto observer = co_await pg::connect(postgres().dsn());
    for (const std::string user : {"clear", "md5", "scram"}) {
        const auto never = []() -> Coro<std::string> {
            co_await sleep(1h);
            co_return "";
        };
        auto connecting = create_task(user_with(postgres().dsn("application_name=asked user=" + user), never));
        co_await run_passes(30);
        connecting.cancel();
        co_await expect_throws<CancelledError>(std::move(connecting));
    }
    EXPECT_EQ(co_await sessions_named(observer, "asked", 0), 0);
    co_await observer.close();
}

ASYNC_TEST(PgIdentity, a_pool_asks_for_the_password_of_each_connection, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    std::string current = "secret";
    int calls = 0;
    pg::PoolHooks hooks;
    hooks.password = [&]() -> Coro<std::string> {
        ++calls;
        co_return current;
    };
    const auto pool = co_await pg::create_pool(postgres().dsn("user=scram"), {.min_size = 2, .max_size = 2}, hooks);
    EXPECT_EQ(calls, 2);
    current = "rotated";
    CO_ASSERT_TRUE(postgres().sql("ALTER ROLE scram PASSWORD 'rotated'"));
    pool.expire_connections();
    EXPECT_EQ(co_await pool.fetchval<std::string>("SELECT current_user::text"), "scram");
    EXPECT_EQ(calls, 3);
    CO_ASSERT_TRUE(postgres().sql("ALTER ROLE scram PASSWORD 'secret'"));
    co_await pool.close();
}

ASYNC_TEST(PgIdentity, a_password_file_that_others_may_read_is_not_used, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const std::string path = pki().path("passwords");
    std::ofstream(path) << "*:*:*:scram:secret\n";
    const std::string dsn = postgres().dsn("user=scram passfile=" + path);
    ::chmod(path.c_str(), 0600);
    EXPECT_EQ(co_await user_of(dsn), "scram");
    ::chmod(path.c_str(), 0640);
    co_await expect_throws<db::AuthenticationError>(user_of(dsn));
    EXPECT_THAT(take_logs(),
                testing::ElementsAre(testing::AllOf(testing::HasSubstr(path), testing::HasSubstr("0600"))));
}

}  // namespace
}  // namespace aio::test
