// What must be true of a connection or a pool whatever went wrong, for every driver that has a scripted server.
//
// Side: Server, with start(), stop() and dsn(); Connection, Pool, ConnectOptions, PoolOptions, PooledConnection; connect(dsn, options),
// create_pool(dsn, options), and echo(connection, number), a statement that returns its argument.
#pragma once

#include <aio/core/gather.hpp>
#include <aio/core/sleep.hpp>
#include <aio/db/pool.hpp>

#include "support/async_test.hpp"
#include "support/faults.hpp"

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::test::scripted {

template <class Side>
struct Faults {
    using Connection = typename Side::Connection;
    using Pool = typename Side::Pool;

    // The connection answers, outside of any transaction, or it is closed.
    static Coro<> expect_usable_or_closed(Connection connection) {
        const bool is_over = fault_is_over();
        const auto ask = [&] { return Side::echo(connection, 77); };
        const Patience patience;
        try {
            const int answer = co_await patience(ask);
            must_hold(answer == 77, "an answer is for its question");
            must_hold(!connection.is_in_transaction(), "no transaction stays open");
        } catch (const std::exception& error) {
            must_hold(!patience.is_over(), "an answer comes, or an error");
            must_hold(!is_over || connection.is_closed(),
                      std::string("a connection that is open works: ") + error.what());
        }
    }

    // Runs body(connection, server) on a connection of a server of its own.
    template <class Body>
    static Coro<> on_connection(Body body, typename Side::ConnectOptions options = {}) {
        typename Side::Server& server = *co_await Side::Server::start();
        const auto connection = co_await Side::connect(server.dsn(), options);
        const auto act = [&]() -> Coro<> { co_await body(connection, server); };
        const auto check = [&]() -> Coro<> {
            co_await expect_usable_or_closed(connection);
            const auto close = [&] { return connection.close(); };
            co_await in_time(close, "a connection can be closed");
            co_await server.stop();
        };
        co_await then_check(act, check);
    }

    // All places of the pool can be had at the same time, and come back.
    static Coro<> expect_all_places(Pool pool, std::size_t max_size) {
        const bool is_over = fault_is_over();
        std::vector<typename Side::PooledConnection> taken;
        const auto take_all = [&]() -> Coro<> {
            while (taken.size() < max_size) taken.push_back(co_await pool.acquire());
        };
        const Patience patience;
        try {
            co_await patience(take_all);
            for (const auto& each : taken) co_await expect_usable_or_closed(*each);
        } catch (const std::exception& error) {
            must_hold(!patience.is_over(), "no place of a pool is lost");
            must_hold(!is_over, std::string("a pool gives all its connections: ") + error.what());
        }
        taken.clear();
        const auto all_back = [&] {
            const db::PoolStatistics now = pool.statistics();
            return now.size == now.idle && now.size <= max_size && now.waiting == 0;
        };
        // What the body left behind may still wait, and use them.
        for (int minutes = 0; !all_back() && minutes < 100; ++minutes) co_await sleep(1min);
        must_hold(all_back(), "all connections are back");
    }

    // The same with a pool.
    template <class Body>
    static Coro<> on_pool(Body body, typename Side::PoolOptions options) {
        typename Side::Server& server = *co_await Side::Server::start();
        const auto pool = co_await Side::create_pool(server.dsn(), options);
        const auto act = [&]() -> Coro<> { co_await body(pool, server); };
        const auto check = [&]() -> Coro<> {
            co_await expect_all_places(pool, options.max_size);
            const auto close = [&] { return pool.close(); };
            co_await in_time(close, "a pool can be closed");
            co_await server.stop();
        };
        co_await then_check(act, check);
    }
};

}  // namespace aio::test::scripted
