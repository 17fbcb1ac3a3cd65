// A pool of connections, whatever the database: asyncpg's pool. aio::pg::Pool and its sisters are made of it.
//
//     auto pool = co_await aio::pg::create_pool(dsn, {.max_size = 20});
//     auto id = co_await pool.fetchval<int>("SELECT id FROM users WHERE name = $1", name);     // one statement
//     auto connection = co_await pool.acquire();                                               // several
//     co_await connection->transaction(...);
//                                                                   // given back at the end of its scope
//
// Tasks that wait for a connection are served in order. A connection that is given back is reset without waiting for the server:
// the reset is sent ahead of the next statement. One that was lost or has become too old is replaced when it is next needed.
// Thread rule: the loop's thread. Source: asyncpg 0.30 pool.py.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/measured.hpp>
#include <aio/core/timeout.hpp>
#include <aio/db/errors.hpp>
#include <aio/db/pool_backoff.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/semaphore.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aio::db {

// The sizes and ages of a pool's connections.
struct PoolLimits {
    std::size_t min_size = 0;  // opened by create_pool()
    std::size_t max_size = 10;
    std::uint64_t max_uses = 50'000;  // acquisitions, after which a connection is replaced; 0: any
    Duration max_inactive_time =
        std::chrono::seconds(300);                 // after which an idle connection is not used again; 0: any
    std::optional<Duration> acquire_timeout = {};  // of acquire() without one of its own
};

// What a pool is doing.
struct PoolStatistics {
    std::size_t size;     // connections that are open or being opened
    std::size_t idle;     // those that are not in use
    std::size_t waiting;  // tasks that wait for a connection
};

namespace detail {

using ::aio::detail::MetricFamily;
inline constexpr MetricFamily kPoolConnections{"aiocpp_db_pool_connections", "gauge",
                                               "Connections of the pool that are open or being opened."};
inline constexpr MetricFamily kPoolMost{"aiocpp_db_pool_max_connections", "gauge", "Connections that it may have."};
inline constexpr MetricFamily kPoolWaiting{"aiocpp_db_pool_waiting_tasks", "gauge",
                                           "Tasks that wait for a connection of the pool."};
inline constexpr MetricFamily kPoolAcquired{"aiocpp_db_pool_acquired_total", "counter",
                                            "Connections that the pool has handed out."};

// Driver: using Connection; static constexpr const char* kDatabase, for metrics; Coro<Connection> connect() const;
// bool is_usable(const Connection&) const noexcept; bool is_same(const Connection&, const Connection&) const noexcept;
// void give_back(const Connection&) const noexcept, which resets it; void terminate(const Connection&) const noexcept;
// Coro<> close(Connection) const; bool prepares() const noexcept, and if so Coro<> prepare(Connection) const, when it is handed
// out. A driver whose connections may be busy with what nobody wants any more: void note_release(const Connection&) const
// noexcept, before it is reset; bool is_settled(const Connection&) const noexcept; Coro<> settle(Connection) const. One that can
// look at its socket: bool is_gone(const Connection&) const noexcept.
template <class Driver>
class PoolState : public std::enable_shared_from_this<PoolState<Driver>>, public ::aio::detail::Measured {
public:
    using Connection = typename Driver::Connection;

    struct Member {
        Connection connection;
        std::uint64_t generation = 0;
        std::uint64_t uses = 0;
        TimePoint idle_since = {};
    };

    PoolState(Driver driver, const PoolLimits& limits)
        : driver_(std::move(driver)), limits_(limits), slots_(static_cast<std::ptrdiff_t>(limits.max_size)) {
        if (limits.max_size == 0) throw ValueError("create_pool: max_size must be at least 1");
        if (limits.min_size > limits.max_size) {
            throw ValueError("create_pool: min_size (" + std::to_string(limits.min_size) + ") is above max_size (" +
                             std::to_string(limits.max_size) + ")");
        }
    }

    PoolState(const PoolState&) = delete;
    virtual ~PoolState() { stop_timer(); }

    void measure(::aio::detail::MetricSamples& into) const override {
        const std::string pool = "database=\"" + std::string(Driver::kDatabase) + "\"," + this->label("pool");
        const PoolStatistics now = statistics();
        into.add(kPoolConnections, pool + ",state=\"idle\"", now.idle);
        into.add(kPoolConnections, pool + ",state=\"used\"", now.size - now.idle);
        into.add(kPoolMost, pool, limits_.max_size);
        into.add(kPoolWaiting, pool, now.waiting);
        into.add(kPoolAcquired, pool, acquired_);
    }

    // A connection, for whoever calls give_back() or take_back() with it. The timeout covers waiting, connecting and
    // setting up. Cancel: the place in the queue is given up.
    Coro<Member> take(std::optional<Duration> timeout) {
        if (!timeout) timeout = limits_.acquire_timeout;
        return timeout ? take_within(*timeout) : take_now();
    }

    // It is reset, and may be used by the next one.
    void give_back(Member member) noexcept {
        note_release(member);
        driver_.give_back(member.connection);
        put_back(std::move(member));
    }
    // The same of one that has nothing to reset.
    void take_back(Member member) noexcept {
        note_release(member);
        put_back(std::move(member));
    }
    // Opens each connection once: it may be closed for its age before the next one is open.
    Coro<> fill() {
        for (std::size_t left = limits_.min_size; left > 0 && size_ < limits_.min_size; --left) {
            Member member = co_await open();
            member.idle_since = now();
            idle_.push_back(std::move(member));
            watch_ages();
        }
    }

    // Waits until all connections are back, and closes them. Cancel: they are aborted, those on loan too.
    static Coro<> close(std::shared_ptr<PoolState> pool) {
        try {
            co_await pool->close_all();
        } catch (...) {
            pool->terminate();
            throw;
        }
    }

    void terminate() noexcept {
        closing_ = true;
        ++generation_;
        stop_timer();
        for (const Member& member : idle_) driver_.terminate(member.connection);
        size_ -= idle_.size();
        idle_.clear();
        for (const Connection& connection : lent_) driver_.terminate(connection);
    }
    void expire() noexcept { ++generation_; }
    bool closing() const noexcept { return closing_; }
    // Whether a connection may be used once more.
    bool is_fit(const Member& member) const noexcept {
        return member.generation == generation_ && (limits_.max_uses == 0 || member.uses < limits_.max_uses) &&
               driver_.is_usable(member.connection);
    }
    PoolStatistics statistics() const noexcept { return {size_, idle_.size(), slots_.statistics().waiters}; }
    const PoolLimits& limits() const noexcept { return limits_; }
    Driver& driver() noexcept { return driver_; }

private:
    // A place among max_size.
    class Place {
    public:
        explicit Place(PoolState& pool) noexcept : pool_(&pool) { ++pool_->in_use_; }
        Place(const Place&) = delete;
        ~Place() {
            if (pool_) pool_->leave();
        }
        void keep() noexcept { pool_ = nullptr; }

    private:
        PoolState* pool_;
    };

    // One that is being handed out: it is closed if that fails.
    class Handing {
    public:
        Handing(PoolState& pool, Member member) noexcept : pool_(pool), member_(std::move(member)) {}
        Handing(const Handing&) = delete;
        ~Handing() {
            if (!member_) return;
            pool_.forget_loan(member_->connection);
            pool_.driver_.terminate(member_->connection);
            --pool_.size_;
        }
        const Member& operator*() const noexcept { return *member_; }
        Member done() noexcept {
            Member member = std::move(*member_);
            member_.reset();
            ++member.uses;
            return member;
        }

    private:
        PoolState& pool_;
        std::optional<Member> member_;
    };

    void put_back(Member member) noexcept {
        if (!closing_ && is_fit(member)) {
            try {
                member.idle_since = now();
                forget_loan(member.connection);
                idle_.push_back(std::move(member));
                watch_ages();
                return leave();
            } catch (...) {
                // No memory, or no loop any more: it is closed instead.
            }
        }
        forget_loan(member.connection);
        driver_.terminate(member.connection);
        --size_;
        leave();
    }

    Coro<Member> take_within(Duration timeout) {
        auto taking = [this] { return take_now(); };
        co_return co_await with_timeout(timeout, taking);
    }

    Coro<Member> take_now() {
        if (closing_) throw InterfaceError("Pool.acquire: the pool is closed");
        co_await slots_.acquire();
        Place place(*this);  // gives it back, unless a connection is handed out
        if (closing_) throw InterfaceError("Pool.acquire: the pool was closed");
        std::optional<Member> member = take_idle();
        if (!member && !idle_.empty() && size_ >= limits_.max_size) member = co_await take_settled();
        if (!member) member.emplace(co_await open());
        Handing handing(*this, std::move(*member));
        lent_.push_back((*handing).connection);
        if (driver_.prepares()) co_await driver_.prepare((*handing).connection);
        place.keep();
        ++acquired_;
        co_return handing.done();
    }

    Coro<> close_all() {
        closing_ = true;
        while (in_use_ > 0) {
            all_back_.clear();
            co_await all_back_.wait();
        }
        stop_timer();
        while (!idle_.empty()) {
            Connection connection = std::move(idle_.back().connection);
            idle_.pop_back();
            --size_;
            co_await driver_.close(std::move(connection));
        }
    }

    void forget_loan(const Connection& connection) noexcept {
        const auto is_it = [&](const Connection& lent) { return driver_.is_same(lent, connection); };
        const auto found = std::find_if(lent_.begin(), lent_.end(), is_it);
        if (found != lent_.end()) lent_.erase(found);
    }

    bool ages() const noexcept { return limits_.max_inactive_time > Duration(0); }

    // The timer is for the one that is idle for longest. It holds no reference: a pool that is dropped ends.
    void watch_ages() noexcept {
        if (!ages() || timer_set_ || idle_.empty()) return;
        try {
            const auto close_those = [weak = this->weak_from_this()] {
                if (const auto pool = weak.lock()) pool->close_old();
            };
            timer_ = get_running_loop().call_later(
                Duration(limits_.max_inactive_time - (now() - idle_.front().idle_since)), close_those);
            timer_set_ = true;
        } catch (...) {
            // No memory: the next one that comes back sets it.
        }
    }
    void stop_timer() noexcept {
        if (std::exchange(timer_set_, false)) timer_.cancel();
    }
    void close_old() {
        timer_set_ = false;
        const auto is_young = [this](const Member& member) {
            return now() - member.idle_since < limits_.max_inactive_time;
        };
        const auto young = std::find_if(idle_.begin(), idle_.end(), is_young);
        for (auto member = idle_.begin(); member != young; ++member) driver_.terminate(member->connection);
        size_ -= static_cast<std::size_t>(young - idle_.begin());
        idle_.erase(idle_.begin(), young);
        watch_ages();
    }

    static TimePoint now() { return get_running_loop().time(); }

    void leave() noexcept {
        --in_use_;
        slots_.release();
        if (in_use_ == 0) all_back_.set();
    }

    // The one that was used last: what is idle for long stays so, and gets old. One on which a cancelled statement still
    // runs stays too.
    std::optional<Member> take_idle() {
        for (std::size_t i = idle_.size(); i-- > 0;) {
            const Member& member = idle_[i];
            const bool too_old = ages() && now() - member.idle_since > limits_.max_inactive_time;
            const bool is_dead = too_old || !is_fit(member) || is_gone(member);
            if (!is_dead && !is_settled(member)) continue;
            Member taken = std::move(idle_[i]);
            idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
            if (!is_dead) return taken;
            driver_.terminate(taken.connection);
            --size_;
        }
        return std::nullopt;
    }

    // Of a full pool in which none can be used at once: the one that was idle first, when it can; nullopt: it could not, and was
    // closed.
    Coro<std::optional<Member>> take_settled() {
        std::optional<Member> member = std::move(idle_.front());
        idle_.erase(idle_.begin());
        Handing handing(*this, std::move(*member));  // closes it, unless it is done
        if constexpr (requires { driver_.settle((*handing).connection); }) {
            try {
                co_await driver_.settle((*handing).connection);
            } catch (const Error&) {
                co_return std::nullopt;
            }
        }
        member.emplace(handing.done());
        --member->uses;
        co_return member;
    }
    void note_release(const Member& member) const noexcept {
        if constexpr (requires { driver_.note_release(member.connection); }) driver_.note_release(member.connection);
    }
    // Whether its server has gone unseen; of one that was used just now this is not worth a system call.
    bool is_gone(const Member& member) const noexcept {
        constexpr Duration kJustNow = std::chrono::milliseconds(1);
        if constexpr (requires { driver_.is_gone(member.connection); }) {
            return now() - member.idle_since > kJustNow && driver_.is_gone(member.connection);
        } else {
            return false;
        }
    }
    bool is_settled(const Member& member) const noexcept {
        if constexpr (requires { driver_.is_settled(member.connection); }) {
            return driver_.is_settled(member.connection);
        } else {
            return true;
        }
    }

    Coro<Member> open() {
        struct Count {
            std::size_t& size;
            bool opened = false;
            ~Count() { size -= opened ? 0 : 1; }
        };
        Count count{++size_};
        const std::uint64_t generation = generation_;
        const auto connect = [this] { return driver_.connect(); };
        Connection connection = co_await backoff_.run(connect);
        if (generation != generation_ && closing_) {
            driver_.terminate(connection);
            throw InterfaceError("Pool.acquire: the pool was terminated");
        }
        count.opened = true;
        Member member{std::move(connection), generation};
        co_return member;
    }

    Driver driver_;
    PoolLimits limits_;
    Semaphore slots_;
    Backoff backoff_;
    Event all_back_;
    std::vector<Member> idle_;      // the one that came back last is the last
    std::vector<Connection> lent_;  // for terminate()
    TimerHandle timer_;             // closes what is idle for too long
    bool timer_set_ = false;
    std::size_t size_ = 0;
    std::size_t in_use_ = 0;
    std::uint64_t generation_ = 0;
    std::uint64_t acquired_ = 0;
    bool closing_ = false;
};

}  // namespace detail

}  // namespace aio::db
