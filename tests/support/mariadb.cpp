#include "support/mariadb.hpp"

#include "support/tls_peers.hpp"

#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace aio::test {

namespace {

// The server refuses to run as root. Not runuser: it stays the server's parent, stops when that is stopped, and then for ever.
std::string as_mysql() { return ::geteuid() == 0 ? "setpriv --reuid=mysql --regid=mysql --init-groups -- " : ""; }

// What fails says so.
bool run_shell(const std::string& command) { return std::system(command.c_str()) == 0; }

constexpr const char* kUsers = R"(
CREATE DATABASE test CHARACTER SET utf8mb4;
CREATE USER me IDENTIFIED BY 'secret';
GRANT ALL ON *.* TO me;
INSTALL SONAME 'auth_ed25519';
CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('secret');
GRANT ALL ON test.* TO ed;
CREATE USER tls_only IDENTIFIED BY 'secret' REQUIRE SSL;
GRANT ALL ON test.* TO tls_only;
CREATE USER nobody;
DROP USER IF EXISTS ''@'localhost';
)";

// The server's settings. Nothing has to survive a power cut.
std::string server_settings(const std::string& folder, int port) {
    std::ostringstream text;
    text << "[mysqld]\ndatadir=" << folder << "/data\nsocket=" << folder << "/s\nport=" << port
         << "\nbind-address=127.0.0.1\npid-file=" << folder << "/pid\nlog-error=" << folder << "/log\n"
         << "innodb-flush-log-at-trx-commit=0\ninnodb-buffer-pool-size=16M\ninnodb-log-file-size=8M\n"
         << "innodb-flush-method=nosync\nskip-name-resolve\nmax-connections=100\nlocal-infile=1\n"
         << "max-allowed-packet=64M\nperformance-schema=0\nssl-cert=" << folder << "/server.pem\nssl-key=" << folder
         << "/server.key\nskip-log-bin\naria-pagecache-buffer-size=8M\nkey-buffer-size=8M\n";
    return text.str();
}

}  // namespace

// setsid: what a terminal sends to the tests is not for the server.
bool MariadbServer::launch() const {
    return run_shell("cd / && setsid " + as_mysql() + "mariadbd --defaults-file=" + folder_ +
                     "/my.cnf < /dev/null > /dev/null 2>&1 &");
}

// Debian's 10.11 fails at it now and then while another one runs, without a word in its log.
bool MariadbServer::make_data() const {
    for (int tries = 0; tries < 3; ++tries) {
        if (run_shell("cd / && rm -rf " + folder_ + "/data && " + as_mysql() + "mariadb-install-db --defaults-file=" +
                      folder_ + "/my.cnf --auth-root-authentication-method=normal --skip-test-db > " + folder_ +
                      "/install.log 2>&1"))
            return true;
    }
    return false;
}

bool MariadbServer::start() {
    if (!succeeds("command -v mariadbd && command -v mariadb-install-db")) return false;
    if (::geteuid() == 0 && !::getpwnam("mysql")) return false;
    char path[] = "/tmp/aiocpp-my-XXXXXX";
    if (!::mkdtemp(path)) return false;
    folder_ = path;
    port_ = free_port();
    std::ofstream(folder_ + "/my.cnf") << server_settings(folder_, port_);
    const std::string owner = ::geteuid() == 0 ? "chown -R mysql " + folder_ : "true";
    const bool ready =
        run_shell("cp " + pki().pem("localhost") + " " + folder_ + "/server.pem && cp " + pki().key("localhost") +
                  " " + folder_ + "/server.key && chmod 755 " + folder_ + " && " + owner) &&
        make_data();
    // Stops it when this process is gone.
    const std::string watch = "tail --pid=" + std::to_string(::getpid()) + " -s 0.2 -f /dev/null; kill -9 $(cat " +
                              folder_ + "/pid); rm -rf " + folder_;
    return ready && launch() && run_shell("cd / && setsid sh -c '" + watch + "' < /dev/null > /dev/null 2>&1 &") &&
           wait_until_ready() && sql(kUsers);
}

pid_t MariadbServer::pid() const {
    std::ifstream file(folder_ + "/pid");
    pid_t pid = -1;
    file >> pid;
    return pid;
}

std::string MariadbServer::dsn(const std::string& more, const std::string& user) const {
    return "mysql://" + user + ":secret@/test?unix_socket=" + socket() + (more.empty() ? "" : "&") + more;
}

std::string MariadbServer::tcp_dsn(const std::string& more, const std::string& user) const {
    return dsn_at(port_, more, user);
}

std::string MariadbServer::dsn_at(int port, const std::string& more, const std::string& user) const {
    const std::string tls = more.find("ssl_mode") == std::string::npos ? "ssl_mode=disabled&" : "";
    return "mysql://" + user + ":secret@127.0.0.1:" + std::to_string(port) + "/test?" + tls + more;
}

bool MariadbServer::sql(const std::string& statement) const {
    const std::string file = folder_ + "/script." + std::to_string(::getpid());
    std::ofstream(file) << statement;
    return run_shell("mariadb --no-defaults -u root -S " + socket() + " < " + file + " > /dev/null");
}

bool MariadbServer::wait_until_ready() const {
    for (int tries = 0; tries < 1'000; ++tries) {
        if (succeeds("mariadb --no-defaults -u root -S " + socket() + " -e 'SELECT 1'")) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    return false;
}

bool MariadbServer::restart() const {
    // What was killed needs a moment to end.
    for (int tries = 0; tries < 1'000 && ::kill(pid(), 0) == 0; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return launch() && wait_until_ready();
}

std::string MariadbServer::log() const {
    std::ifstream file(folder_ + "/log");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const MariadbServer* find_mariadb() {
    static MariadbServer server;
    static const bool started = [] {
        const UnwatchedAllocations mine;
        if (server.start()) return true;
        std::printf("skipped: tests with a MariaDB server, which is not installed here (Debian: mariadb-server)\n%s",
                    server.folder_.empty() ? "" : server.log().c_str());
        return false;
    }();
    return started ? &server : nullptr;
}

const MariadbServer& mariadb() { return *find_mariadb(); }

}  // namespace aio::test
