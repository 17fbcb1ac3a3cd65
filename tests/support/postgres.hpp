// A PostgreSQL server of the test process's own, on 127.0.0.1 and on an AF_UNIX socket; over TLS with the certificate
// "localhost" of tls_peers.hpp. It is made for the first test that asks for it, in a temporary folder, and goes with the
// process, however that ends. Needs the server's programs (Debian: apt-get install postgresql).
//
//     ASYNC_TEST(PgFetch, returns_all_rows, kOnce) {
//         SKIP_WITHOUT_POSTGRES();
//         const auto connection = co_await pg::connect(postgres().dsn());
#pragma once

#include "support/async_test.hpp"
#include "support/command.hpp"

#include <sys/types.h>

#include <string>

namespace aio::test {

// Roles, all of them with the password "secret": postgres (superuser, trusted everywhere), scram and md5, who authenticate that
// way over TCP and AF_UNIX, clear (password in clear text), tls_only and tcp_only (trusted, but not without or with TLS),
// "a client" (over TLS, with the certificate "client"), kerberos (over TCP, with a ticket: kerberos_test.cpp), rejected.
class PostgresServer {
public:
    PostgresServer(const PostgresServer&) = delete;

    const std::string& folder() const noexcept { return folder_; }  // of the socket too
    int port() const noexcept { return port_; }
    pid_t pid() const;  // of the postmaster

    // Over AF_UNIX as postgres. `more`: further keywords, which win.
    std::string dsn(const std::string& more = "") const;
    // Over TCP, without TLS unless `more` says so.
    std::string tcp_dsn(const std::string& more = "") const;

    // Runs SQL by psql, as postgres, beside the loop's thread. False: it failed.
    bool sql(const std::string& statement) const;
    // ALTER SYSTEM SET `setting`, and waits until the server has read it. False: it failed.
    bool set(const std::string& name, const std::string& value) const;
    // Waits until connections are accepted again, after a crash.
    bool wait_until_ready() const;
    // What it has logged: for failures.
    std::string log() const;

private:
    friend const PostgresServer* find_postgres();
    PostgresServer() = default;
    bool start();

    std::string folder_;
    std::string programs_;  // a folder
    int port_ = 0;
};

// Null where PostgreSQL is not installed, or does not start; a line on stdout says so.
const PostgresServer* find_postgres();
// Precondition: there is one.
const PostgresServer& postgres();

#define SKIP_WITHOUT_POSTGRES() \
    if (::aio::test::simulated() || !::aio::test::find_postgres()) CO_SKIP()

}  // namespace aio::test
