// Pools of MySQL connections: aio/db/pool.hpp has the rules.
#pragma once

#include <aio/db/pool.hpp>
#include <aio/db/pool_sharing.hpp>
#include <aio/mysql/connect.hpp>
#include <aio/mysql/connection.hpp>
#include <aio/sync/semaphore.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::mysql {

// The options of create_pool(). Trivially destructible, like ConnectOptions. Texts are copied by the call.
struct PoolOptions {
    std::size_t min_size = 0, max_size = 10;
    std::uint64_t max_queries = 50'000;  // acquisitions of a connection, after which it is replaced; 0: no limit
    Duration max_inactive_time = std::chrono::seconds(300);  // after which an idle connection is closed; 0: no limit
    std::optional<Duration> acquire_timeout = {};  // for waiting, connecting and hooks; pool.fetch() and the like too
    std::size_t statement_cache_size = 100;
    std::optional<Duration> connect_timeout = std::chrono::seconds(60);
    std::size_t max_cancels = 4;  // requests to stop a statement that are under way at a time
    // Fast statements of pool.fetch() and the like are sent on connections that others use at the same time
    // (aio/db/pool_sharing.hpp says when).
    bool share_connections = false;
    bool reset = true;  // COM_RESET_CONNECTION when a connection from acquire() is given back
};

// Functions that are run on a pool's connections. Pass a named variable, not a temporary (g++ 12).
struct PoolHooks {
    std::function<Coro<>(Connection)> init = {};   // once, after connecting; the reset undoes its SET
    std::function<Coro<>(Connection)> setup = {};  // before each acquisition, also by pool.fetch() and the like
};

namespace detail {

class PoolDriver {
public:
    using Connection = mysql::Connection;

    PoolDriver(std::string dsn, const PoolOptions& options, PoolHooks hooks);

    Coro<Connection> connect() const;
    Coro<> prepare(Connection connection) const;
    bool is_usable(const Connection& connection) const noexcept { return !connection.is_closed(); }
    bool is_gone(const Connection& connection) const noexcept;
    void note_release(const Connection& connection) const noexcept;
    bool is_settled(const Connection& connection) const noexcept;
    Coro<> settle(Connection connection) const;
    bool is_same(const Connection& a, const Connection& b) const noexcept { return a.link() == b.link(); }
    void give_back(const Connection& connection) const noexcept;
    void terminate(const Connection& connection) const noexcept { connection.terminate(); }
    Coro<> close(Connection connection) const;

private:
    std::string dsn_;
    PoolOptions options_;
    PoolHooks hooks_;
    std::shared_ptr<Semaphore> cancels_;
};

// Whether a statement may leave behind in its session what has to be reset.
bool may_change_session(std::string_view sql) noexcept;

// A pool, and how its statements share connections, if they do.
class PoolCore final : public db::detail::PoolState<PoolDriver> {
public:
    PoolCore(PoolDriver driver, const db::PoolLimits& limits, bool shares) : PoolState(std::move(driver), limits) {
        if (shares) sharing.emplace(*this);
    }
    std::optional<db::detail::Sharing<PoolDriver>> sharing;
};

// A connection for one statement. It is reset only if that is necessary.
class Loan {
public:
    Loan(std::shared_ptr<PoolCore> pool, PoolCore::Member member, bool resets) noexcept
        : pool_(std::move(pool)), member_(std::move(member)), resets_(resets) {}
    Loan(const Loan&) = delete;
    ~Loan() {
        const bool resets = resets_ || member_.connection.is_in_transaction();
        resets ? pool_->give_back(std::move(member_)) : pool_->take_back(std::move(member_));
    }
    const Connection& connection() const noexcept { return member_.connection; }

private:
    std::shared_ptr<PoolCore> pool_;
    PoolCore::Member member_;
    bool resets_;
};

}  // namespace detail

using PooledConnection = db::PooledConnection<detail::PoolDriver>;

// A handle: copies name the same pool. Made by create_pool().
class Pool {
public:
    // For the library.
    explicit Pool(std::shared_ptr<detail::PoolCore> state) noexcept : state_(std::move(state)) {}

    // A connection for the caller alone. Waiting tasks are served in order. Errors: TimeoutError; db::InterfaceError if the pool
    // is closed; those of connect() and of the hooks. Cancel: nothing is taken.
    Coro<PooledConnection> acquire(std::optional<Duration> timeout = std::nullopt) const {
        return lend(state_, timeout);
    }

    // Connection's functions, each on some connection of the pool. They are followed by a reset only if their text shows that
    // they may change the session: whatever is no query, and queries with variables or locks in them.
    template <class... Args>
    Coro<ExecuteResult> execute(db::MySQLSql<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.execute<Args...>(sql, std::move(args)...);
        };
        return on_any(state_, sql.text(), std::move(run));
    }
    template <class... Args>
    Coro<Rows> fetch(db::MySQLSql<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.fetch<Args...>(sql, std::move(args)...);
        };
        return on_any(state_, sql.text(), std::move(run));
    }
    template <class T, class... Args>
    Coro<std::vector<T>> fetch_as(db::MySQLSql<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.fetch_as<T, Args...>(sql, std::move(args)...);
        };
        return on_any(state_, sql.text(), std::move(run));
    }
    template <class... Args>
    Coro<std::optional<Row>> fetchrow(db::MySQLSql<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.fetchrow<Args...>(sql, std::move(args)...);
        };
        return on_any(state_, sql.text(), std::move(run));
    }
    template <class T, class... Args>
    Coro<T> fetchval(db::MySQLSql<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.fetchval<T, Args...>(sql, std::move(args)...);
        };
        return on_any(state_, sql.text(), std::move(run));
    }
    template <class... Args>
    Coro<std::vector<Rows>> fetchsets(db::MySQLSql<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.fetchsets<Args...>(sql, std::move(args)...);
        };
        return on_one(state_, detail::may_change_session(sql.text()), std::move(run));
    }
    template <class Sets>
    Coro<ExecuteResult> executemany(detail::SqlForSets<Sets> sql, Sets sets) const {
        auto run = [sql, sets = std::move(sets)](const Connection& connection) mutable {
            return connection.executemany<Sets>(sql, std::move(sets));
        };
        return on_one(state_, detail::may_change_session(sql.text()), std::move(run));
    }
    template <class Sets>
    Coro<Rows> fetchmany(detail::SqlForSets<Sets> sql, Sets sets) const {
        auto run = [sql, sets = std::move(sets)](const Connection& connection) mutable {
            return connection.fetchmany<Sets>(sql, std::move(sets));
        };
        return on_one(state_, detail::may_change_session(sql.text()), std::move(run));
    }

    // Waits until all connections have been given back, and closes them. Cancel: as terminate().
    Coro<> close() const { return State::element_type::close(state_); }
    // Aborts all connections, those on loan too.
    void terminate() const noexcept { state_->terminate(); }
    // Replaces all connections that are open now, each as soon as it is idle: aiomysql's clear().
    void expire_connections() const noexcept { state_->expire(); }
    db::PoolStatistics statistics() const noexcept { return state_->statistics(); }
    std::size_t get_size() const noexcept { return statistics().size; }
    std::size_t get_idle_size() const noexcept { return statistics().idle; }

private:
    using State = std::shared_ptr<detail::PoolCore>;

    // Where a statement runs.
    template <class Run>
    static auto on_any(const State& state, std::string_view sql, Run run) {
        const bool resets = detail::may_change_session(sql);
        return state->sharing && !resets ? on_shared(state, sql, std::move(run))
                                         : on_one(state, resets, std::move(run));
    }
    template <class Run, class T = typename std::invoke_result_t<Run&, const Connection&>::value_type>
    static Coro<T> on_shared(State state, std::string_view sql, Run run) {
        auto turn = co_await state->sharing->take(sql);
        T result = co_await run(turn.connection());
        turn.answered(sql);
        co_return result;
    }
    static Coro<PooledConnection> lend(State state, std::optional<Duration> timeout) {
        auto member = co_await state->take(timeout);
        co_return PooledConnection(std::move(state), std::move(member));
    }
    template <class Run, class T = typename std::invoke_result_t<Run&, const Connection&>::value_type>
    static Coro<T> on_one(State state, bool resets, Run run) {
        auto member = co_await state->take(std::nullopt);
        const detail::Loan loan(std::move(state), std::move(member), resets);
        co_return co_await run(loan.connection());
    }

    State state_;
};

// Creates a pool, and opens min_size connections. Errors: ValueError for impossible sizes; those of connect() and of `init`.
Coro<Pool> create_pool(std::string_view dsn = {}, PoolOptions options = {});
Coro<Pool> create_pool(std::string_view dsn, PoolOptions options, const PoolHooks& hooks);

}  // namespace aio::mysql
