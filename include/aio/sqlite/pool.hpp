// A pool for one database: one connection that writes, and many that read at the same time.
//
//     auto pool = co_await aio::sqlite::create_pool("shop.db", {.max_readers = 8});
//     co_await pool.execute("INSERT INTO orders(item) VALUES(?)", "tea");
//     auto count = co_await pool.fetchval<int>("SELECT count(*) FROM orders");
//     co_await pool.transaction([&](const aio::sqlite::Connection& db) -> aio::Coro<> { ... });
//
// SQLite lets one connection write at a time. Tasks that write wait here for their turn, in order, instead of failing with "database
// is locked"; with WAL, readers wait for nobody and see the last commit. Transactions begin with BEGIN IMMEDIATE, so that none has to
// be repeated because another one wrote first. Statements whose text begins with SELECT, VALUES or EXPLAIN are readers', all others
// the writer's. aio/db/pool.hpp has the rules of waiting. Thread rule: the loop's thread.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/db/pool.hpp>
#include <aio/db/pool_statements.hpp>
#include <aio/db/pooled_connection.hpp>
#include <aio/sqlite/connect.hpp>
#include <aio/sqlite/connection.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::sqlite {

// The options of create_pool(). Trivially destructible, like ConnectOptions.
struct PoolOptions {
    std::size_t max_readers = 4;  // connections, each with a thread, which are opened when they are needed
    Duration max_inactive_time = std::chrono::seconds(300);  // after which an idle connection is closed; 0: no limit
    std::optional<Duration> acquire_timeout = {};            // for waiting, opening and hooks
    ConnectOptions connect = {};                             // `readonly` is the pool's own affair
};

// Functions that are run on a pool's connections. Pass a named variable, not a temporary (g++ 12).
struct PoolHooks {
    std::function<Coro<>(Connection)> init = {};   // once, after connecting: create_function() and the like
    std::function<Coro<>(Connection)> setup = {};  // before each acquisition, also by fetch() and the like
};

namespace detail {

class PoolDriver {
public:
    static constexpr const char* kDatabase = "sqlite";
    using Connection = sqlite::Connection;
    using Row = sqlite::Row;
    using Rows = sqlite::Rows;
    template <class... Args>
    using Text = db::SQLiteSql<Args...>;
    template <class Sets>
    using TextForSets = SqlForSets<Sets>;
    using Executed = ExecuteResult;
    using ManyExecuted = void;

    PoolDriver(std::string name, const ConnectOptions& options, PoolHooks hooks)
        : name_(std::move(name)), options_(options), hooks_(std::move(hooks)) {}

    Coro<Connection> connect() const;
    bool prepares() const noexcept { return static_cast<bool>(hooks_.setup); }
    Coro<> prepare(Connection connection) const;
    bool is_usable(const Connection& connection) const noexcept { return !connection.is_closed(); }
    bool is_same(const Connection& a, const Connection& b) const noexcept { return a.session() == b.session(); }
    void note_release(const Connection& connection) const noexcept;
    void give_back(const Connection& connection) const noexcept;
    void terminate(const Connection& connection) const noexcept { connection.terminate(); }
    Coro<> close(Connection connection) const { co_await connection.close(); }

private:
    std::string name_;
    ConnectOptions options_;
    PoolHooks hooks_;
};

// Whether a statement certainly writes nothing.
bool is_reader(std::string_view sql) noexcept;

}  // namespace detail

using PooledConnection = db::PooledConnection<detail::PoolDriver>;

// A handle: copies name the same pool. Made by create_pool(). aio/db/pool_statements.hpp describes execute(), fetch() and the like.
class Pool : public db::PoolStatements<Pool, detail::PoolDriver> {
    using State = std::shared_ptr<db::detail::PoolState<detail::PoolDriver>>;

public:
    // For the library.
    Pool(State readers, State writer) noexcept : readers_(std::move(readers)), writer_(std::move(writer)) {}

    // A connection for the caller alone: one that only reads, or the one that writes. Waiting tasks are served in order. An open
    // transaction is rolled back when it is given back. Errors: TimeoutError; db::InterfaceError if the pool is closed; those of
    // connect() and of the hooks. Cancel: nothing is taken.
    Coro<PooledConnection> acquire_reader(std::optional<Duration> timeout = std::nullopt) const {
        return db::detail::lend(readers_, timeout);
    }
    Coro<PooledConnection> acquire_writer(std::optional<Duration> timeout = std::nullopt) const {
        return db::detail::lend(writer_, timeout);
    }

    // The one that writes, and thus can do everything.
    Coro<PooledConnection> acquire(std::optional<Duration> timeout = std::nullopt) const {
        return acquire_writer(timeout);
    }

    // With the sets of a generator: Connection's function. The writer waits for the generator.
    using PoolStatements::executemany;
    template <class... Args>
    Coro<> executemany(db::SQLiteSql<Args...> sql, AsyncGenerator<std::tuple<Args...>> sets) const {
        auto run = [sql, sets = std::move(sets)](const sqlite::Connection& connection) mutable {
            return connection.executemany<Args...>(sql, std::move(sets));
        };
        return on_one(writer_, std::move(run));
    }
    // Runs `body`, a function of a `const Connection&` that returns a Coro, in a transaction on the writer. Result: the body's.
    template <class F>
    auto transaction(F body, TransactionOptions options = {}) const {
        auto run = [body = std::move(body), options](const sqlite::Connection& connection) mutable {
            return connection.transaction([&body, connection] { return body(connection); }, options);
        };
        return on_one(writer_, std::move(run));
    }

    // Waits until all connections have been given back, and closes them. Cancel: as terminate().
    Coro<> close() const { return close_both(readers_, writer_); }
    // Terminates all connections, those on loan too.
    void terminate() const noexcept {
        readers_->terminate();
        writer_->terminate();
    }
    // Replaces all connections that are open now, each as soon as it is idle.
    void expire_connections() const noexcept {
        readers_->expire();
        writer_->expire();
    }
    db::PoolStatistics reader_statistics() const noexcept { return readers_->statistics(); }
    db::PoolStatistics writer_statistics() const noexcept { return writer_->statistics(); }
    // Of both together.
    db::PoolStatistics statistics() const noexcept {
        const db::PoolStatistics readers = reader_statistics(), writer = writer_statistics();
        return {readers.size + writer.size, readers.idle + writer.idle, readers.waiting + writer.waiting};
    }
    std::size_t get_size() const noexcept { return statistics().size; }
    std::size_t get_idle_size() const noexcept { return statistics().idle; }

private:
    friend PoolStatements;

    template <db::detail::PoolCall call, class Run>
    auto run(std::string_view sql, Run run) const {
        const bool reads = call == db::detail::PoolCall::query && detail::is_reader(sql);
        return on_one(reads ? readers_ : writer_, std::move(run));
    }
    template <class Run, class T = typename std::invoke_result_t<Run&, const sqlite::Connection&>::value_type>
    static Coro<T> on_one(State state, Run run) {
        const PooledConnection connection = co_await db::detail::lend(std::move(state), std::nullopt);
        co_return co_await run(*connection);
    }
    static Coro<> close_both(State readers, State writer);

    State readers_, writer_;
};

// Creates a pool, and opens the writer, which creates the file. The name is a path or a "file:" URI. Errors: ValueError for
// max_readers = 0, and for a database that only one connection can see (":memory:", ""); those of connect() and of `init`.
Coro<Pool> create_pool(std::string_view name, PoolOptions options = {});
Coro<Pool> create_pool(std::string_view name, PoolOptions options, const PoolHooks& hooks);

}  // namespace aio::sqlite
