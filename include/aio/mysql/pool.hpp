// Pools of MySQL connections: aio/db/pool.hpp has the rules.
#pragma once

#include <aio/db/pool.hpp>
#include <aio/db/pooled_connection.hpp>
#include <aio/db/server_pool.hpp>
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
    ssl::Use ssl = {};  // as ConnectOptions::ssl
    bool reset = true;  // COM_RESET_CONNECTION when a connection from acquire() is given back
};

// Functions that are run on a pool's connections. Pass a named variable, not a temporary (g++ 12).
struct PoolHooks {
    std::function<Coro<>(Connection)> init = {};       // once, after connecting; the reset undoes its SET
    std::function<Coro<>(Connection)> setup = {};      // before each acquisition, also by pool.fetch() and the like
    std::function<Coro<std::string>()> password = {};  // as ConnectHooks::password
};

namespace detail {

class PoolDriver {
public:
    static constexpr const char* kDatabase = "mysql";
    using Connection = mysql::Connection;
    using Row = mysql::Row;
    using Rows = mysql::Rows;
    template <class... Args>
    using Text = db::MySQLSql<Args...>;
    template <class Sets>
    using TextForSets = SqlForSets<Sets>;
    using Executed = ExecuteResult;
    using ManyExecuted = ExecuteResult;

    // Whether a statement may leave behind in its session what has to be reset.
    static bool may_change_session(db::detail::PoolCall call, std::string_view sql) noexcept;

    PoolDriver(std::string dsn, const PoolOptions& options, PoolHooks hooks);

    Coro<Connection> connect() const;
    bool prepares() const noexcept { return static_cast<bool>(hooks_.setup); }
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
    std::shared_ptr<const ssl::SSLContext> context_;
};

using PoolCore = db::detail::PoolCore<PoolDriver>;

}  // namespace detail

using PooledConnection = db::PooledConnection<detail::PoolDriver>;

// A handle: copies name the same pool. Made by create_pool(). acquire(), close() and what they have beside them are described in
// aio/db/server_pool.hpp; execute(), fetch() and the like in aio/db/pool_statements.hpp. These are followed by a reset only if their
// text shows that they may change the session: whatever is no query, and queries with variables or locks in them.
class Pool : public db::ServerPool<Pool, detail::PoolDriver> {
public:
    // For the library.
    explicit Pool(std::shared_ptr<detail::PoolCore> state) noexcept : ServerPool(std::move(state)) {}

    // All results of a statement that has several: Connection's function of this name.
    template <class... Args>
    Coro<std::vector<Rows>> fetchsets(db::MySQLSql<Args...> sql, Args... args) const {
        auto run = [sql, ... args = std::move(args)](const Connection& connection) mutable {
            return connection.fetchsets<Args...>(sql, std::move(args)...);
        };
        return on_one(state_, detail::PoolDriver::may_change_session(db::detail::PoolCall::query, sql.text()),
                      std::move(run));
    }
};

// Creates a pool, and opens min_size connections. Errors: ValueError for impossible sizes; those of connect() and of `init`.
Coro<Pool> create_pool(std::string_view dsn = {}, PoolOptions options = {});
Coro<Pool> create_pool(std::string_view dsn, PoolOptions options, const PoolHooks& hooks);

}  // namespace aio::mysql
