// The pool of a database with a server: aio::pg::Pool and aio::mysql::Pool are made of it.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/pool.hpp>
#include <aio/db/pool_sharing.hpp>
#include <aio/db/pool_statements.hpp>
#include <aio/db/pooled_connection.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio::db {

namespace detail {

// A pool, and how its statements share connections, if they do.
template <class Driver>
class PoolCore final : public PoolState<Driver> {
public:
    PoolCore(Driver driver, const PoolLimits& limits, bool shares) : PoolState<Driver>(std::move(driver), limits) {
        if (shares) sharing.emplace(*this);
    }
    std::optional<Sharing<Driver>> sharing;
};

// A connection for one statement. It is reset only if that is necessary.
template <class Driver>
class Loan {
public:
    using Member = typename PoolState<Driver>::Member;

    Loan(std::shared_ptr<PoolCore<Driver>> pool, Member member, bool resets) noexcept
        : pool_(std::move(pool)), member_(std::move(member)), resets_(resets) {}
    Loan(const Loan&) = delete;
    ~Loan() {
        const bool resets = resets_ || member_.connection.is_in_transaction();
        resets ? pool_->give_back(std::move(member_)) : pool_->take_back(std::move(member_));
    }
    const typename Driver::Connection& connection() const noexcept { return member_.connection; }

private:
    std::shared_ptr<PoolCore<Driver>> pool_;
    Member member_;
    bool resets_;
};

}  // namespace detail

// A handle: copies name the same pool. Pool inherits it. Driver: as PoolState and PoolStatements want it, with
// `static bool may_change_session(detail::PoolCall, std::string_view sql)`: whether a statement may leave behind in its session what
// has to be reset.
template <class Pool, class Driver>
class ServerPool : public PoolStatements<Pool, Driver> {
public:
    using Connection = typename Driver::Connection;

    // A connection for the caller alone. Waiting tasks are served in order. Errors: TimeoutError; db::InterfaceError if the pool
    // is closed; those of connect() and of the hooks. Cancel: nothing is taken.
    Coro<PooledConnection<Driver>> acquire(std::optional<Duration> timeout = std::nullopt) const {
        return detail::lend<Driver>(state_, timeout);
    }

    // Waits until all connections have been given back, and closes them. Cancel: as terminate().
    Coro<> close() const { return detail::PoolState<Driver>::close(state_); }
    // Aborts all connections, those on loan too.
    void terminate() const noexcept { state_->terminate(); }
    // Replaces all connections that are open now, each as soon as it is idle: aiomysql's clear().
    void expire_connections() const noexcept { state_->expire(); }
    // Whether close() or terminate() was called.
    bool is_closing() const noexcept { return state_->closing(); }
    std::size_t get_min_size() const noexcept { return state_->limits().min_size; }
    std::size_t get_max_size() const noexcept { return state_->limits().max_size; }
    PoolStatistics statistics() const noexcept { return state_->statistics(); }
    std::size_t get_size() const noexcept { return statistics().size; }
    std::size_t get_idle_size() const noexcept { return statistics().idle; }

private:
    using State = std::shared_ptr<detail::PoolCore<Driver>>;
    friend Pool;
    friend PoolStatements<Pool, Driver>;

    explicit ServerPool(State state) noexcept : state_(std::move(state)) {}

    // Where a statement runs: on a connection that others use too, or on one of its own.
    template <detail::PoolCall call, class Run>
    auto run(std::string_view sql, Run run) const {
        const bool resets = Driver::may_change_session(call, sql);
        const bool shares = call != detail::PoolCall::many && !resets && state_->sharing;
        return shares ? on_shared(state_, sql, std::move(run)) : on_one(state_, resets, std::move(run));
    }
    template <class Run, class T = typename std::invoke_result_t<Run&, const Connection&>::value_type>
    static Coro<T> on_shared(State state, std::string_view sql, Run run) {
        auto turn = co_await state->sharing->take(sql);
        if constexpr (std::is_void_v<T>) {
            co_await run(turn.connection());
            turn.answered(sql);
        } else {
            T result = co_await run(turn.connection());
            turn.answered(sql);
            co_return result;
        }
    }
    template <class Run, class T = typename std::invoke_result_t<Run&, const Connection&>::value_type>
    static Coro<T> on_one(State state, bool resets, Run run) {
        auto member = co_await state->take(std::nullopt);
        const detail::Loan<Driver> loan(std::move(state), std::move(member), resets);
        co_return co_await run(loan.connection());
    }

    State state_;
};

}  // namespace aio::db
