// The functions of a pool that run a statement on some connection of it, whatever the database.
//
//     auto id = co_await pool.fetchval<int>("SELECT id FROM users WHERE name = $1", name);
//
// They are the connection's functions of these names, with its results and errors, and wait for a connection first. Thread rule: the
// loop's thread.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/aggregate.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::db {

namespace detail {

// What a pool is asked for.
enum class PoolCall : std::uint8_t {
    script,   // execute() without arguments: perhaps several statements
    execute,  // a statement whose rows are not wanted
    query,    // one whose rows are
    many      // one for each set of arguments
};

}  // namespace detail

// Pool inherits it and has `template <detail::PoolCall call, class Run> auto run(std::string_view sql, Run run) const`, which calls
// `run` with a connection. Driver: that of the pool, with the types Connection, Row, Rows, Text<Args...>, TextForSets<Sets>, and
// Executed and ManyExecuted, the results of execute() and executemany().
template <class Pool, class Driver>
class PoolStatements {
    using Connection = typename Driver::Connection;
    using Call = detail::PoolCall;

public:
    // Runs a statement, or several that have no arguments. Result: what it did.
    template <class... Args>
    Coro<typename Driver::Executed> execute(typename Driver::template Text<Args...> sql, Args... args) const {
        constexpr Call kCall = sizeof...(Args) == 0 ? Call::script : Call::execute;
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.template execute<Args...>(sql, std::move(args)...);
        };
        return pool().template run<kCall>(sql.text(), std::move(run));
    }
    // All rows.
    template <class... Args>
    Coro<typename Driver::Rows> fetch(typename Driver::template Text<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.template fetch<Args...>(sql, std::move(args)...);
        };
        return pool().template run<Call::query>(sql.text(), std::move(run));
    }
    // All rows as structs.
    template <class T, class... Args>
    Coro<std::vector<T>> fetch_as(typename Driver::template Text<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.template fetch_as<T, Args...>(sql, std::move(args)...);
        };
        return pool().template run<Call::query>(sql.text(), std::move(run));
    }
    // The first row; nullopt if there is none.
    template <class... Args>
    Coro<std::optional<typename Driver::Row>> fetchrow(typename Driver::template Text<Args...> sql,
                                                       Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.template fetchrow<Args...>(sql, std::move(args)...);
        };
        return pool().template run<Call::query>(sql.text(), std::move(run));
    }
    // The first column of the first row.
    template <class T, class... Args>
    Coro<T> fetchval(typename Driver::template Text<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.template fetchval<T, Args...>(sql, std::move(args)...);
        };
        return pool().template run<Call::query>(sql.text(), std::move(run));
    }
    // Runs a statement once for each tuple of `sets`: all of them, or none if one fails.
    template <class Sets>
    Coro<typename Driver::ManyExecuted> executemany(typename Driver::template TextForSets<Sets> sql,
                                                    Sets sets) const {
        auto run = [sql, sets = std::move(sets)](const Connection& connection) mutable {
            return connection.template executemany<Sets>(sql, std::move(sets));
        };
        return pool().template run<Call::many>(sql.text(), std::move(run));
    }
    // The same. Result: the rows of all executions in order.
    template <class Sets>
    Coro<typename Driver::Rows> fetchmany(typename Driver::template TextForSets<Sets> sql, Sets sets) const {
        auto run = [sql, sets = std::move(sets)](const Connection& connection) mutable {
            return connection.template fetchmany<Sets>(sql, std::move(sets));
        };
        return pool().template run<Call::many>(sql.text(), std::move(run));
    }

private:
    const Pool& pool() const noexcept { return static_cast<const Pool&>(*this); }
};

}  // namespace aio::db
