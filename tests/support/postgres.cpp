#include "support/postgres.hpp"

#include "support/tls_peers.hpp"

#include <glob.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace aio::test {

namespace {

// PostgreSQL refuses to run as root.
std::string as_postgres() { return ::geteuid() == 0 ? "runuser -u postgres -- " : ""; }

bool is_there(const std::string& program) { return ::access(program.c_str(), X_OK) == 0; }

// The folder with initdb and pg_ctl: Debian's, of the newest version, or one of PATH. Empty: there is none.
std::string find_programs() {
    if (::geteuid() == 0 && !::getpwnam("postgres")) return "";
    std::string found;
    glob_t matches = {};
    if (::glob("/usr/lib/postgresql/*/bin", 0, nullptr, &matches) == 0 && matches.gl_pathc > 0) {
        found = matches.gl_pathv[matches.gl_pathc - 1];
    }
    ::globfree(&matches);
    if (is_there(found + "/initdb")) return found;
    std::istringstream path(std::getenv("PATH") ? std::getenv("PATH") : "");
    for (std::string folder; std::getline(path, folder, ':');) {
        if (is_there(folder + "/initdb") && is_there(folder + "/pg_ctl")) return folder;
    }
    return "";
}

// psql says what fails.
bool shell(const std::string& command) { return std::system(command.c_str()) == 0; }

constexpr const char* kAccess = R"(
local all scram scram-sha-256
local all md5 md5
local all clear password
local all rejected reject
local all all trust
host all scram 127.0.0.1/32 scram-sha-256
host all md5 127.0.0.1/32 md5
host all clear 127.0.0.1/32 password
host all rejected 127.0.0.1/32 reject
host all kerberos 127.0.0.1/32 gss include_realm=0
hostssl all tls_only 127.0.0.1/32 trust
hostssl all "a client" 127.0.0.1/32 cert
hostnossl all tcp_only 127.0.0.1/32 trust
host all postgres 127.0.0.1/32 trust
)";

constexpr const char* kRoles = R"(
CREATE ROLE scram LOGIN PASSWORD 'secret';
CREATE ROLE clear LOGIN PASSWORD 'secret';
CREATE ROLE tls_only LOGIN; CREATE ROLE "a client" LOGIN; CREATE ROLE tcp_only LOGIN; CREATE ROLE rejected LOGIN;
CREATE ROLE kerberos LOGIN;
SET password_encryption = 'md5'; CREATE ROLE md5 LOGIN PASSWORD 'secret';
)";

// The server's settings. Nothing has to survive a power cut.
std::string settings(const std::string& folder, int port) {
    std::ostringstream text;
    text << "port = " << port << "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '" << folder << "'\n"
         << "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 60\n"
         << "shared_buffers = 16MB\nlog_connections = on\nssl = on\nssl_cert_file = '" << folder << "/server.pem'\n"
         << "ssl_key_file = '" << folder << "/server.key'\nssl_ca_file = '" << folder
         << "/ca.pem'\nrestart_after_crash = on\nmax_prepared_transactions = 5\n";
    return text.str();
}

}  // namespace

bool PostgresServer::start() {
    programs_ = find_programs();
    if (programs_.empty()) return false;
    char path[] = "/tmp/aiocpp-pg-XXXXXX";
    if (!::mkdtemp(path)) return false;
    folder_ = path;
    port_ = free_port();
    const std::string data = folder_ + "/data";
    const std::string owner = ::geteuid() == 0 ? "chown -R postgres " + folder_ : "true";
    const std::string initdb =
        as_postgres() + programs_ + "/initdb -N -A trust -U postgres -E UTF8 --locale=C -D " + data;
    bool ready = shell("cp " + pki().pem("ca") + " " + folder_ + "/ca.pem && cp " + pki().pem("localhost") + " " +
                       folder_ + "/server.pem && cp " + pki().key("localhost") + " " + folder_ +
                       "/server.key && chmod 600 " + folder_ + "/server.key && chmod 755 " + folder_ + " && " +
                       owner + " && cd / && " + initdb + " > " + folder_ + "/initdb.log 2>&1");
    if (ready) {
        std::ofstream(data + "/pg_hba.conf") << kAccess;
        std::ofstream(data + "/postgresql.conf", std::ios::app) << settings(folder_, port_);
        ready = shell("cd / && " + as_postgres() + programs_ + "/pg_ctl start -w -t 60 -D " + data + " -l " +
                      folder_ + "/log < /dev/null > /dev/null 2>&1");
    }
    // Stops it when this process is gone.
    const std::string watch = "tail --pid=" + std::to_string(::getpid()) + " -s 0.2 -f /dev/null; " + as_postgres() +
                              programs_ + "/pg_ctl stop -m immediate -D " + data + "; rm -rf " + folder_;
    ready = shell("cd / && setsid sh -c '" + watch + "' < /dev/null > /dev/null 2>&1 &") && ready;
    return ready && sql(kRoles);
}

pid_t PostgresServer::pid() const {
    std::ifstream file(folder_ + "/data/postmaster.pid");
    pid_t pid = -1;
    file >> pid;
    return pid;
}

std::string PostgresServer::dsn(const std::string& more) const {
    return "host=" + folder_ + " port=" + std::to_string(port_) + " user=postgres dbname=postgres " + more;
}

std::string PostgresServer::tcp_dsn(const std::string& more) const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=postgres dbname=postgres sslmode=disable " + more;
}

bool PostgresServer::sql(const std::string& statement) const {
    const std::string file = folder_ + "/script." + std::to_string(::getpid());
    std::ofstream(file) << statement;
    return shell(programs_ + "/psql -q -X -v ON_ERROR_STOP=1 -h " + folder_ + " -p " + std::to_string(port_) +
                 " -U postgres postgres < " + file + " > /dev/null");
}

bool PostgresServer::set(const std::string& name, const std::string& value) const {
    if (!sql("ALTER SYSTEM SET " + name + " = '" + value + "'; SELECT pg_reload_conf();")) return false;
    for (int tries = 0; tries < 100; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (succeeds(programs_ + "/psql -q -X -v ON_ERROR_STOP=1 -h " + folder_ + " -p " + std::to_string(port_) +
                     " -U postgres postgres -c \"" + "SELECT 1/(current_setting('" + name + "')='" + value +
                     "')::int\"")) {
            return true;
        }
    }
    return false;
}

bool PostgresServer::wait_until_ready() const {
    for (int tries = 0; tries < 400; ++tries) {
        if (succeeds(programs_ + "/psql -X -h " + folder_ + " -p " + std::to_string(port_) +
                     " -U postgres postgres -c 'SELECT 1'")) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    return false;
}

std::string PostgresServer::log() const {
    std::ifstream file(folder_ + "/log");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const PostgresServer* find_postgres() {
    static PostgresServer server;
    static const bool started = [] {
        const UnwatchedAllocations mine;
        if (server.start()) return true;
        std::printf("skipped: tests with a PostgreSQL server, which is not installed here (Debian: postgresql)\n%s",
                    server.folder_.empty() ? "" : server.log().c_str());
        return false;
    }();
    return started ? &server : nullptr;
}

const PostgresServer& postgres() { return *find_postgres(); }

}  // namespace aio::test
