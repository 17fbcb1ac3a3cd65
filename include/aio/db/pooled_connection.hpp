// What acquire() of a pool returns.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/db/pool.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace aio::db {

// A connection on loan from a pool; `->` accesses the connection. It is given back by release(), or at the end of its scope.
template <class Driver>
class PooledConnection {
public:
    using Connection = typename Driver::Connection;

    // For the library.
    PooledConnection(std::shared_ptr<detail::PoolState<Driver>> pool,
                     typename detail::PoolState<Driver>::Member member)
        : pool_(std::move(pool)), member_(std::move(member)) {}
    PooledConnection(PooledConnection&& other) noexcept
        : pool_(std::move(other.pool_)), member_(std::move(other.member_)) {}
    PooledConnection& operator=(PooledConnection other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(member_, other.member_);
        return *this;
    }
    ~PooledConnection() { release(); }

    // Errors of both: RuntimeError after release().
    const Connection& operator*() const { return connection(); }
    const Connection* operator->() const { return &connection(); }
    // Gives the connection back; an open transaction is rolled back, and the session is reset. Does not wait.
    void release() noexcept {
        if (const auto pool = std::exchange(pool_, nullptr)) pool->give_back(std::move(*member_));
        member_.reset();
    }

private:
    const Connection& connection() const {
        if (!pool_) throw RuntimeError("PooledConnection: this connection was given back");
        return member_->connection;
    }

    std::shared_ptr<detail::PoolState<Driver>> pool_;
    std::optional<typename detail::PoolState<Driver>::Member> member_;
};

namespace detail {

// Errors and Cancel: as PoolState::take().
template <class Driver>
Coro<PooledConnection<Driver>> lend(std::shared_ptr<PoolState<Driver>> pool, std::optional<Duration> timeout) {
    auto member = co_await pool->take(timeout);
    co_return PooledConnection<Driver>(std::move(pool), std::move(member));
}

}  // namespace detail

}  // namespace aio::db
