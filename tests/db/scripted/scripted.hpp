// What tests with the scripted PostgreSQL server share.
#pragma once

#include <aio/pg.hpp>

#include "db/scripted/faults.hpp"
#include "db/scripted/scripted_postgres.hpp"

#include <string>
#include <utility>

namespace aio::test::scripted {

struct PostgresSide {
    using Server = ScriptedPostgres;
    using Connection = pg::Connection;
    using Pool = pg::Pool;
    using PooledConnection = pg::PooledConnection;
    using ConnectOptions = pg::ConnectOptions;
    using PoolOptions = pg::PoolOptions;
    static Coro<Connection> connect(const std::string& dsn, ConnectOptions options) {
        return pg::connect(dsn, options);
    }
    static Coro<Pool> create_pool(const std::string& dsn, PoolOptions options) {
        return pg::create_pool(dsn, options);
    }
    static Coro<int> echo(const Connection& connection, int number) {
        return connection.fetchval<int>(kEcho, number);
    }
};

inline Coro<> expect_usable_or_closed(pg::Connection connection) {
    return Faults<PostgresSide>::expect_usable_or_closed(std::move(connection));
}
template <class Body>
Coro<> on_connection(Body body, pg::ConnectOptions options = {}) {
    return Faults<PostgresSide>::on_connection(std::move(body), options);
}
template <class Body>
Coro<> on_pool(Body body, pg::PoolOptions options) {
    return Faults<PostgresSide>::on_pool(std::move(body), options);
}

}  // namespace aio::test::scripted
