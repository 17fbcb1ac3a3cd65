// What a program wants of a connection, after everything was read and checked: the result of resolve().
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::pg::conninfo {

enum class SslMode : std::uint8_t { disable, allow, prefer, require, verify_ca, verify_full };
enum class SslNegotiation : std::uint8_t { postgres, direct };
enum class SslCertMode : std::uint8_t { disable, allow, require };
enum class GssEncMode : std::uint8_t { disable, prefer, require };
enum class ChannelBinding : std::uint8_t { disable, prefer, require };
enum class TargetSessionAttrs : std::uint8_t { any, read_write, read_only, primary, standby, prefer_standby };
enum class LoadBalanceHosts : std::uint8_t { disable, random };
enum class Replication : std::uint8_t { off, physical, logical };

// A server to try.
struct Host {
    std::string
        host;  // a name, an address, a directory of sockets or "@name" (abstract); empty if there is only hostaddr
    std::string hostaddr;  // an address that saves looking up the name, or empty
    int port = 5432;
    std::string password;  // the one given, or from the password file

    // Whether it is reached by a socket in the file system, whose path is socket_path().
    bool is_unix() const noexcept { return hostaddr.empty() && (host.starts_with('/') || host.starts_with('@')); }
    std::string socket_path() const { return host + "/.s.PGSQL." + std::to_string(port); }

    friend bool operator==(const Host&, const Host&) = default;
};

// require_auth: the methods of authentication that the server may, or may not, ask for. Without any, all are allowed.
struct RequireAuth {
    bool negated = false;
    std::vector<std::string> methods;  // password, md5, gss, sspi, scram-sha-256, oauth, none

    bool allows(std::string_view method) const noexcept;
};

// How keepalives are sent. Nothing: the system's default.
struct Keepalives {
    bool enabled = true;
    std::optional<std::chrono::seconds> idle, interval;
    std::optional<int> count;
};

struct ConnectionParameters {
    std::vector<Host> hosts;  // in the order given; at least one
    std::string user, database;

    SslMode sslmode = SslMode::prefer;
    SslNegotiation sslnegotiation = SslNegotiation::postgres;
    SslCertMode sslcertmode = SslCertMode::allow;
    std::string sslrootcert;  // "system": the system's; empty: root.crt in ssl_directory, if it exists
    std::string sslcert, sslkey, sslpassword, sslcrl, sslcrldir;
    bool sslsni = true;
    std::string ssl_min_protocol_version = "TLSv1.2", ssl_max_protocol_version;  // empty: no limit
    std::string ssl_directory;  // ~/.postgresql, or empty without a home directory

    GssEncMode gssencmode = GssEncMode::prefer;
    ChannelBinding channel_binding = ChannelBinding::prefer;
    RequireAuth require_auth;
    std::string requirepeer, krbsrvname;
    bool gssdelegation = false;

    TargetSessionAttrs target_session_attrs = TargetSessionAttrs::any;
    LoadBalanceHosts load_balance_hosts = LoadBalanceHosts::disable;
    std::optional<std::chrono::seconds> connect_timeout;  // of each host
    Keepalives keepalives;
    std::optional<std::chrono::milliseconds> tcp_user_timeout;
    std::string min_protocol_version = "3.0", max_protocol_version = "3.0";  // or 3.2, latest

    Replication replication = Replication::off;
    // For the startup message: application_name, options, client_encoding, and settings of the server by name.
    std::vector<std::pair<std::string, std::string>> startup;

    std::vector<std::string> warnings;  // such as a password file that others may read, and is not used
};

}  // namespace aio::pg::conninfo
