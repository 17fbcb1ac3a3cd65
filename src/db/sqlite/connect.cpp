// Opening a database: the thread is started, and does it.
#include <aio/sqlite/connect.hpp>

#include <aio/base/error.hpp>

#include "db/sqlite/session/session.hpp"

#include <string>
#include <utility>

namespace aio::sqlite {

namespace {

Coro<Connection> open(std::string name, ConnectOptions options) {
    if (name.find('\0') != name.npos) throw ValueError("sqlite::connect: the name of the database has a zero byte");
    detail::SharedSession session = detail::Session::start(options.statement_cache_size);
    auto open = [name, options](detail::Database& database) { database.open(name, options); };
    co_await detail::perform(session, std::move(open));
    co_return Connection(std::move(session));
}

}  // namespace

Coro<Connection> connect(std::string_view name, ConnectOptions options) { return open(std::string(name), options); }

}  // namespace aio::sqlite
