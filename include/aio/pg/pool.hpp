// Pools of PostgreSQL connections: aio/db/pool.hpp has the rules.
#pragma once

#include <aio/db/pool.hpp>
#include <aio/db/pooled_connection.hpp>
#include <aio/db/server_pool.hpp>
#include <aio/pg/connect.hpp>
#include <aio/pg/connection.hpp>
#include <aio/sync/semaphore.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace aio::pg {

// The options of create_pool(): asyncpg's. Trivially destructible, like ConnectOptions. Texts are copied by the call.
struct PoolOptions {
    std::size_t min_size = 0, max_size = 10;
    std::uint64_t max_queries = 50'000;  // acquisitions of a connection, after which it is replaced; 0: no limit
    Duration max_inactive_time = std::chrono::seconds(300);  // after which an idle connection is closed; 0: no limit
    std::optional<Duration> acquire_timeout = {};  // for waiting, connecting and hooks; pool.fetch() and the like too
    std::size_t statement_cache_size = 100;
    std::optional<Duration> connect_timeout = std::chrono::seconds(60);
    std::size_t max_cancels = 4;  // requests to stop a statement that are under way at a time
    // Fast statements of pool.fetch() and the like are sent on connections that others use at the same time
    // (aio/db/pool_sharing.hpp says when): several times as many are answered a second. A text takes a connection of its own
    // until it has once been answered within 500 us. Off: one text is fast at one time and slow at another, with other
    // arguments, and must not delay what is behind it.
    bool share_connections = false;
    // SQL that is sent when a connection from acquire() is given back. Behind PgBouncer in transaction mode: "".
    std::string_view reset = detail::kResetScript;
    ssl::Use ssl = {};  // as ConnectOptions::ssl
};

// Functions that are run on a pool's connections: asyncpg's init and setup. Pass a named variable, not a temporary (g++ 12).
struct PoolHooks {
    std::function<Coro<>(Connection)> init = {};       // once, after connecting; the reset undoes its SET
    std::function<Coro<>(Connection)> setup = {};      // before each acquisition, also by pool.fetch() and the like
    std::function<Coro<std::string>()> password = {};  // as ConnectHooks::password: for each new connection
};

namespace detail {

class PoolDriver {
public:
    static constexpr const char* kDatabase = "postgresql";
    using Connection = pg::Connection;
    using Row = pg::Row;
    using Rows = pg::Rows;
    template <class... Args>
    using Text = db::Sql<Args...>;
    template <class Sets>
    using TextForSets = SqlForSets<Sets>;
    using Executed = std::string;
    using ManyExecuted = void;

    // Whether a statement may leave behind in its session what has to be reset.
    static bool may_change_session(db::detail::PoolCall call, std::string_view sql);

    PoolDriver(std::string dsn, const PoolOptions& options, PoolHooks hooks);

    Coro<Connection> connect() const;
    void set_dsn(std::string dsn) noexcept { dsn_ = std::move(dsn); }
    bool prepares() const noexcept { return static_cast<bool>(hooks_.setup); }
    Coro<> prepare(Connection connection) const;
    // Also whether its server is still of the kind that target_session_attrs asks for.
    bool is_usable(const Connection& connection) const noexcept;
    bool is_gone(const Connection& connection) const noexcept;
    void note_release(const Connection& connection) const noexcept;
    bool is_settled(const Connection& connection) const noexcept;
    Coro<> settle(Connection connection) const;
    bool is_same(const Connection& a, const Connection& b) const noexcept { return a.session() == b.session(); }
    void give_back(const Connection& connection) const noexcept;
    void terminate(const Connection& connection) const noexcept { connection.terminate(); }
    Coro<> close(Connection connection) const;

private:
    std::string dsn_;
    std::string reset_;
    PoolOptions options_;
    PoolHooks hooks_;
    std::shared_ptr<Semaphore> cancels_;
    std::shared_ptr<std::uint64_t> alterations_;
    std::shared_ptr<const ssl::SSLContext> context_;
};

using PoolCore = db::detail::PoolCore<PoolDriver>;

}  // namespace detail

using PooledConnection = db::PooledConnection<detail::PoolDriver>;

// A handle: copies name the same pool. Made by create_pool(). acquire(), close() and what they have beside them are described in
// aio/db/server_pool.hpp; execute(), fetch() and the like in aio/db/pool_statements.hpp. These are followed by a reset only if their
// text shows that they may change the session: whatever is no query, and queries with "advisory" or "set_config" in them.
class Pool : public db::ServerPool<Pool, detail::PoolDriver> {
public:
    // For the library.
    explicit Pool(std::shared_ptr<detail::PoolCore> state) noexcept : ServerPool(std::move(state)) {}

    // Sinks and sources are those of copy.hpp; options and texts must live until the copy has begun.
    template <class Sink>
    Coro<std::string> copy_from_query(std::string_view query, Sink sink, CopyOptions options = {}) const {
        auto run = [query, options, sink = std::move(sink)](const Connection& connection) mutable {
            return connection.copy_from_query(query, std::move(sink), options);
        };
        return on_one(state_, false, std::move(run));
    }
    template <class... Args, class Sink>
    Coro<std::string> copy_from_query(std::string_view query, std::tuple<Args...> args, Sink sink,
                                      CopyOptions options = {}) const {
        auto run = [query, options, args = std::move(args), sink = std::move(sink)](const Connection& c) mutable {
            return c.copy_from_query(query, std::move(args), std::move(sink), options);
        };
        return on_one(state_, false, std::move(run));
    }
    template <class Sink>
    Coro<std::string> copy_from_table(std::string_view table, Sink sink, CopyOptions options = {}) const {
        auto run = [table, options, sink = std::move(sink)](const Connection& connection) mutable {
            return connection.copy_from_table(table, std::move(sink), options);
        };
        return on_one(state_, false, std::move(run));
    }
    template <class Source>
    Coro<std::string> copy_to_table(std::string_view table, Source source, CopyOptions options = {}) const {
        auto run = [table, options, source = std::move(source)](const Connection& connection) mutable {
            return connection.copy_to_table(table, std::move(source), options);
        };
        return on_one(state_, false, std::move(run));
    }
    template <class Records>
    Coro<std::string> copy_records_to_table(std::string_view table, Records records, CopyOptions options = {}) const {
        auto run = [table, options, records = std::move(records)](const Connection& connection) mutable {
            return connection.copy_records_to_table(table, std::move(records), options);
        };
        return on_one(state_, false, std::move(run));
    }

    // Connects by another DSN from now on. Connections that are open stay until expire_connections().
    void set_connect_args(std::string dsn) const { state_->driver().set_dsn(std::move(dsn)); }
};

// Creates a pool, and opens min_size connections. Errors: ValueError for impossible sizes; those of connect() and of `init`.
Coro<Pool> create_pool(std::string_view dsn = {}, PoolOptions options = {});
Coro<Pool> create_pool(std::string_view dsn, PoolOptions options, const PoolHooks& hooks);

}  // namespace aio::pg
