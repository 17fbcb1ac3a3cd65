// What a session needs to know to connect, once more to stop a statement, and to authenticate. Internal.
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

namespace aio::mysql::detail {

enum class TlsUse : std::uint8_t {
    off,
    preferred,  // if the server offers it
    required
};

struct SessionOptions {
    std::string host = "localhost";  // a name or an address
    int port = 3306;
    std::string unix_socket;  // a path; in place of both
    std::string user, password, database;
    std::function<Coro<std::string>()> ask_password;  // in place of `password`, if it is there
    TlsUse tls = TlsUse::preferred;
    std::shared_ptr<const ssl::SSLContext> context;  // for TLS: it decides what is verified
    std::string server_public_key;                   // of RSA, in PEM format, if it is known
    bool get_server_public_key = false;              // asks the server for it, and trusts the answer
    bool local_files = false;                        // LOAD DATA LOCAL is agreed upon
    bool compress = false;                           // if the server can
    std::optional<bool> autocommit = true;           // nothing: as the server has it
    std::string init_command;                        // is run after connecting, and after each reset
    std::size_t statement_cache_size = 100;
    Duration cancel_timeout = std::chrono::seconds(5);
    std::shared_ptr<Semaphore>
        cancels;  // what a pool's sessions share, so that not too many requests are under way; or null

    bool is_local() const noexcept { return !unix_socket.empty(); }
    // Where it connects to, for messages.
    std::string place() const { return is_local() ? unix_socket : host + ":" + std::to_string(port); }
};

}  // namespace aio::mysql::detail
