// What pools of PostgreSQL connections do with a connection; db/pool.hpp has the pool.
#include <aio/pg/pool.hpp>

#include <aio/core/log.hpp>

#include "db/pg/connecting.hpp"
#include "db/pg/session/script.hpp"
#include "db/pg/session/session.hpp"
#include "db/tls_context.hpp"

#include <cstdint>
#include <utility>

namespace aio::pg {

namespace detail {

bool PoolDriver::may_change_session(db::detail::PoolCall call, std::string_view sql) {
    return call == db::detail::PoolCall::script || detail::may_change_session(sql);
}

PoolDriver::PoolDriver(std::string dsn, const PoolOptions& options, PoolHooks hooks)
    : dsn_(std::move(dsn)), reset_(options.reset), options_(options), hooks_(std::move(hooks)) {
    if (options.max_cancels == 0 || options.max_cancels > PTRDIFF_MAX) {
        throw ValueError("create_pool: max_cancels must be at least 1, and not negative");
    }
    alterations_ = std::make_shared<std::uint64_t>(0);
    context_ = db::detail::tls_context(options.ssl);
    cancels_ = std::make_shared<Semaphore>(static_cast<std::ptrdiff_t>(options.max_cancels));
}

Coro<Connection> PoolDriver::connect() const {
    ConnectOptions how;
    how.statement_cache_size = options_.statement_cache_size;
    how.timeout = options_.connect_timeout;
    ConnectHooks hooks;
    hooks.password = hooks_.password;
    Sharing sharing{context_, cancels_, alterations_};
    Connection connection = co_await connect_sharing(dsn_, how, hooks, std::move(sharing));
    if (hooks_.init) co_await hooks_.init(connection);
    co_return connection;
}

Coro<> PoolDriver::prepare(Connection connection) const {
    if (hooks_.setup) co_await hooks_.setup(std::move(connection));
}

// Nobody waits for it: what the next one sends is answered after it.
void PoolDriver::give_back(const Connection& connection) const noexcept {
    if (connection.is_closed()) return;
    if (connection.session()->events().has_listeners()) {
        aio::detail::log(LogLevel::warning,
                         "PostgreSQL: a connection was given back to its pool with listeners, which are removed");
    }
    connection.session()->events().forget_listeners();
    connection.set_notice_listener(nullptr);
    try {
        reset_session(*connection.session(), reset_);
    } catch (...) {
        connection.terminate();
    }
}

bool PoolDriver::is_usable(const Connection& connection) const noexcept {
    return !connection.is_closed() && connection.session()->has_wanted_server();
}
bool PoolDriver::is_gone(const Connection& connection) const noexcept { return connection.session()->is_gone(); }
void PoolDriver::note_release(const Connection& connection) const noexcept { connection.session()->note_release(); }
bool PoolDriver::is_settled(const Connection& connection) const noexcept {
    return connection.session()->is_settled();
}
Coro<> PoolDriver::settle(Connection connection) const { co_await Session::settle(connection.session()); }

Coro<> PoolDriver::close(Connection connection) const { co_await connection.close(); }

}  // namespace detail

namespace {

Coro<Pool> filled(std::shared_ptr<detail::PoolCore> state) {
    co_await state->fill();
    co_return Pool(std::move(state));
}

}  // namespace

Coro<Pool> create_pool(std::string_view dsn, PoolOptions options, const PoolHooks& hooks) {
    const db::PoolLimits limits{options.min_size, options.max_size, options.max_queries, options.max_inactive_time,
                                options.acquire_timeout};
    return filled(std::make_shared<detail::PoolCore>(detail::PoolDriver(std::string(dsn), options, hooks), limits,
                                                     options.share_connections));
}

Coro<Pool> create_pool(std::string_view dsn, PoolOptions options) { return create_pool(dsn, options, PoolHooks()); }

}  // namespace aio::pg
