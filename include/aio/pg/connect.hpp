// connect(): a connection to a PostgreSQL server.
//
//     auto connection = co_await aio::pg::connect("postgresql://user@host/database?sslmode=verify-full");
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/ssl_use.hpp>
#include <aio/pg/connection.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace aio::pg {

// Options beside the DSN, such as a computed password: asyncpg's keyword arguments. They take precedence over the DSN.
// Trivially destructible, so that `{.port = ...}` is safe inside a co_await expression on g++ 12 (docs/compilers.md). Texts are
// copied by the call.
struct ConnectOptions {
    std::string_view host = {}, user = {}, password = {}, database = {};
    std::optional<int> port = {};
    std::span<const std::pair<std::string_view, std::string_view>> server_settings = {};  // "search_path"…
    // The number of prepared statements that the connection keeps. 0 keeps none, which PgBouncer before 1.21 needs in
    // transaction mode: a statement then takes two round trips, and tasks on one connection wait for each other.
    std::size_t statement_cache_size = 100;
    std::optional<Duration> timeout = std::chrono::seconds(60);  // for connecting and authentication, over all hosts
    // TLS with a context of the program's (<aio/io/ssl.hpp>), or with `true` that of create_default_context(). Over TCP
    // there is no connection without it then; what the DSN says of TLS does not count.
    ssl::Use ssl = {};
};

// Functions that connect() calls. Pass a named variable, not a temporary (g++ 12).
struct ConnectHooks {
    // Returns the password, each time that a server asks for one: asyncpg's `password=` as a function. No other password
    // counts then. Its errors are connect()'s.
    std::function<Coro<std::string>()> password = {};
};

// Connects to a server. The DSN is a URI or a list of keywords, as in libpq; what it leaves out is taken from the service file,
// the environment (PGHOST…), ~/.pgpass and libpq's defaults. Names that are not options of libpq are sent as settings of the
// server. Several hosts are tried in order until one answers and is of the kind that target_session_attrs asks for; a wrong
// password ends the attempt. *Cancel*: the attempt ends, and its socket is closed. *Errors*: ValueError for an invalid DSN or
// option, thrown by the call itself; OSError; db::DatabaseError (db::AuthenticationError for a wrong password);
// db::InterfaceError; TimeoutError.
Coro<Connection> connect(std::string_view dsn = {}, ConnectOptions options = {});
Coro<Connection> connect(std::string_view dsn, ConnectOptions options, const ConnectHooks& hooks);

}  // namespace aio::pg
