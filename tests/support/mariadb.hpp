// A MariaDB server of the test process's own, on 127.0.0.1 and on an AF_UNIX socket; over TLS with the certificate "localhost" of
// tls_peers.hpp. It is made for the first test that asks for it, in a temporary folder, and goes with the process, however that
// ends. Needs the server's programs (Debian: apt-get install mariadb-server).
//
//     ASYNC_TEST(MysqlFetch, returns_all_rows, kOnce) {
//         SKIP_WITHOUT_MARIADB();
//         const auto connection = co_await mysql::connect(mariadb().dsn());
#pragma once

#include "support/async_test.hpp"
#include "support/command.hpp"

#include <sys/types.h>

#include <string>

namespace aio::test {

// Users, all of them with the password "secret": me (mysql_native_password, all rights but SUPER), ed (ed25519), tls_only (REQUIRE
// SSL); nobody has no rights and no password, root all of them and no password. The database "test" is empty.
class MariadbServer {
public:
    MariadbServer(const MariadbServer&) = delete;

    const std::string& folder() const noexcept { return folder_; }
    std::string socket() const { return folder_ + "/s"; }
    int port() const noexcept { return port_; }
    pid_t pid() const;

    // Over AF_UNIX. `more`: further options, "name=value&…".
    std::string dsn(const std::string& more = "", const std::string& user = "me") const;
    // Over TCP, without TLS unless `more` says so.
    std::string tcp_dsn(const std::string& more = "", const std::string& user = "me") const;
    // The same through a proxy.
    std::string dsn_at(int port, const std::string& more = "", const std::string& user = "me") const;

    // Runs SQL by the server's own client, as root, beside the loop's thread. False: it failed.
    bool sql(const std::string& statement) const;
    // Starts it again after it was killed; waits until it accepts connections. False: it does not.
    bool restart() const;
    // What it has logged: for failures.
    std::string log() const;

private:
    friend const MariadbServer* find_mariadb();
    MariadbServer() = default;
    bool start();
    bool make_data() const;
    bool launch() const;
    bool wait_until_ready() const;

    std::string folder_;
    int port_ = 0;
};

// Null where MariaDB is not installed, or does not start; a line on stdout says so.
const MariadbServer* find_mariadb();
// Precondition: there is one.
const MariadbServer& mariadb();

#define SKIP_WITHOUT_MARIADB() \
    if (::aio::test::simulated() || !::aio::test::find_mariadb()) CO_SKIP()

}  // namespace aio::test
