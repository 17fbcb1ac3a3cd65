// What a session needs to know to connect, once more for a cancel request, and to authenticate. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/time.hpp>
#include <aio/io/ssl.hpp>
#include <aio/sync/semaphore.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aio::pg::detail {

enum class TlsUse : std::uint8_t {
    off,
    preferred,  // if the server offers it
    required,
    direct  // without asking first: PostgreSQL 17
};

// Whether and how the system notices that a peer is gone. Nothing: the system's default.
struct TcpOptions {
    bool keepalives = true;
    std::optional<std::chrono::seconds> idle, interval;
    std::optional<int> count;
    std::optional<std::chrono::milliseconds> user_timeout;
};

struct SessionOptions {
    std::string host;  // a name or an address; a directory ("/run/postgresql") for AF_UNIX
    int port = 5432;
    std::string user, database, password;
    std::function<Coro<std::string>()> ask_password;            // in place of `password`, if it is there
    std::vector<std::pair<std::string, std::string>> settings;  // "application_name", "search_path"…
    TlsUse tls = TlsUse::preferred;
    std::shared_ptr<const ssl::SSLContext> context;  // for TLS
    std::string server_hostname;                     // what the certificate must be for
    TcpOptions tcp;
    std::string kerberos_service;              // of the server's principal
    bool delegates = false;                    // lends the server our Kerberos ticket
    std::string required_peer;                 // the user whose process has the AF_UNIX socket
    std::vector<std::string> refused_methods;  // of authentication: "none", "password", "md5", "gss", "scram-sha-256"
    bool binds_channel = true;                 // SCRAM over TLS, if the server offers it
    bool requires_binding = false;             // nothing but SCRAM that is bound to TLS will do
    std::uint32_t least_minor = 0,
                  most_minor = 0;  // of the protocol's version 3: the one asked for, and what will do
    std::size_t statement_cache_size = 100;
    // How many alterations of tables the sessions of a pool have met.
    std::shared_ptr<std::uint64_t> alterations = std::make_shared<std::uint64_t>(0);
    std::optional<bool> wants_standby;  // what target_session_attrs asks for; nothing: either will do
    Duration cancel_timeout = std::chrono::seconds(5);
    std::shared_ptr<Semaphore>
        cancels;  // what a pool's sessions share, so that not too many requests are under way; or null

    // A directory, or an abstract name.
    bool is_unix() const noexcept { return host.starts_with('/') || host.starts_with('@'); }
};

}  // namespace aio::pg::detail
