// connect(): a connection to a MySQL or MariaDB server.
//
//     auto connection = co_await aio::mysql::connect("mysql://user:password@host/database?ssl_mode=verify_identity");
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/ssl_use.hpp>
#include <aio/mysql/connection.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aio::mysql {

// Options beside the DSN, such as a computed password: aiomysql's keyword arguments. They take precedence over the DSN. Trivially
// destructible, so that `{.port = ...}` is safe inside a co_await expression on g++ 12 (docs/compilers.md). Texts are copied by the
// call.
struct ConnectOptions {
    std::string_view host = {}, user = {}, password = {}, database = {}, unix_socket = {};
    std::optional<int> port = {};
    std::string_view init_command = {};   // SQL that is run after connecting, and after each reset
    std::optional<bool> autocommit = {};  // default: true; the DSN's "autocommit=server" leaves it to the server
    bool local_infile = false;            // whether load_data() is agreed upon; statements then wait for each other
    bool compress = false;                // zlib, if the server can
    // An option file, such as "/etc/mysql/my.cnf", whose group [client] and read_default_group give what is missing.
    std::string_view read_default_file = {}, read_default_group = {};
    std::size_t statement_cache_size = 100;                      // prepared statements that the connection keeps
    std::optional<Duration> timeout = std::chrono::seconds(60);  // for connecting and authentication
    // TLS with a context of the program's (<aio/io/ssl.hpp>), or with `true` that of create_default_context(). Over TCP
    // there is no connection without it then; what the DSN says of TLS does not count.
    ssl::Use ssl = {};
};

// Functions that connect() calls. Pass a named variable, not a temporary (g++ 12).
struct ConnectHooks {
    // Returns the password, each time that the client logs in: also to stop a statement. No other password counts then. Its
    // errors are connect()'s.
    std::function<Coro<std::string>()> password = {};
};

// Connects to a server. The DSN is a URI; beside user, password, host, port and database it may have, behind a `?`:
//
//     ssl_mode       disabled, preferred (the default: TLS without verification, if the server offers it), required (without
//                    verification), verify_ca, verify_identity (also the host name); ssl=true is verify_identity
//     ssl_ca         a file with the certificates of authorities; default: those of the system
//     ssl_cert, ssl_key   a client's certificate; ssl_crl: a list of revoked ones
//     tls_version    the lowest: TLSv1.2, TLSv1.3
//     unix_socket    a path; nothing is encrypted there
//     get_server_public_key=true   without TLS, caching_sha2_password encrypts the password for any server; server_public_key_path
//                    for the one whose key is in this file
//     connect_timeout (seconds), init_command, autocommit, local_infile, compress, statement_cache_size, charset (utf8mb4),
//     read_default_file, read_default_group
//
// The password is sent in clear text only over TLS or a local socket. *Cancel*: the attempt ends, and its socket is closed.
// *Errors*: ValueError for an invalid DSN or option, thrown by the call itself; OSError; db::DatabaseError
// (db::AuthenticationError for a wrong password); db::InterfaceError; ssl::SSLError; TimeoutError.
Coro<Connection> connect(std::string_view dsn = {}, ConnectOptions options = {});
Coro<Connection> connect(std::string_view dsn, ConnectOptions options, const ConnectHooks& hooks);

}  // namespace aio::mysql
