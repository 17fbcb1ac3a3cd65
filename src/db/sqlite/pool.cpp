// What pools of SQLite connections do with a connection; db/pool.hpp has the pool.
#include <aio/sqlite/pool.hpp>

#include <aio/base/error.hpp>

#include "db/sqlite/session/session.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace aio::sqlite {

namespace detail {

Coro<Connection> PoolDriver::connect() const {
    Connection connection = co_await sqlite::connect(name_, options_);
    if (hooks_.init) co_await hooks_.init(connection);
    co_return connection;
}

Coro<> PoolDriver::prepare(Connection connection) const {
    if (hooks_.setup) co_await hooks_.setup(std::move(connection));
}

void PoolDriver::note_release(const Connection& connection) const noexcept { connection.session()->note_release(); }

// Nobody waits for it: what the next one runs is behind it.
void PoolDriver::give_back(const Connection& connection) const noexcept {
    if (connection.is_closed() || !connection.is_in_transaction()) return;
    try {
        auto roll_back = [](Database& database) { database.roll_back_all(); };
        const auto job = make_job(roll_back, Job::Dropped::stays, Job::Effect::ends);
        connection.session()->try_submit(*job);
    } catch (...) {
        connection.terminate();
    }
}

bool is_reader(std::string_view sql) noexcept {
    const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '('; };
    sql.remove_prefix(static_cast<std::size_t>(std::find_if_not(sql.begin(), sql.end(), is_blank) - sql.begin()));
    for (const std::string_view word : {"SELECT", "VALUES", "EXPLAIN"}) {
        if (sql.size() <= word.size()) continue;
        const auto is_same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
        const bool begins =
            std::equal(word.begin(), word.end(), sql.begin(), [&](char b, char a) { return is_same(a, b); });
        if (begins && !std::isalnum(static_cast<unsigned char>(sql[word.size()]))) return true;
    }
    return false;
}

}  // namespace detail

Coro<> Pool::close_both(State readers, State writer) {
    co_await db::detail::PoolState<detail::PoolDriver>::close(readers);
    co_await db::detail::PoolState<detail::PoolDriver>::close(writer);
}

namespace {

using State = db::detail::PoolState<detail::PoolDriver>;

std::shared_ptr<State> make_state(std::string_view name, const PoolOptions& options, bool reads,
                                  const PoolHooks& hooks) {
    ConnectOptions connect = options.connect;
    connect.readonly = reads;
    const db::PoolLimits limits{reads ? 0U : 1U, reads ? options.max_readers : 1, 0, options.max_inactive_time,
                                options.acquire_timeout};
    return std::make_shared<State>(detail::PoolDriver(std::string(name), connect, hooks), limits);
}

Coro<Pool> filled(Pool pool, std::shared_ptr<State> writer) {
    co_await writer->fill();
    co_return pool;
}

}  // namespace

Coro<Pool> create_pool(std::string_view name, PoolOptions options, const PoolHooks& hooks) {
    if (name.empty() || name == ":memory:" || name == "file::memory:") {
        throw ValueError("create_pool: \"" + std::string(name) +
                         "\" is a database that only one connection can see; pass the name of a file");
    }
    auto readers = make_state(name, options, true, hooks);
    auto writer = make_state(name, options, false, hooks);
    return filled(Pool(std::move(readers), writer), writer);
}

Coro<Pool> create_pool(std::string_view name, PoolOptions options) { return create_pool(name, options, PoolHooks()); }

}  // namespace aio::sqlite
