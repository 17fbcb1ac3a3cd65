// Statements of many tasks on one connection of a pool: an option of pools whose driver sends statements ahead.
//
// A statement joins others on a connection only if it is fast itself, and is expected to wait for at most 500 us behind them.
// So it is never much later than with a connection of its own, and those that take a microsecond each are sent by the dozen.
// What is expected is what the last executions of the same text took; a text that was not run before has a connection of its
// own.
//
// On a connection of its own a statement takes longer than it must while the server is busy with others, ours perhaps. How long
// it really takes shows where it is sent behind another one, between that one's answer and its own. So one that seems slow is
// now and then sent behind a single other: after 8 executions, and then after twice as many each time. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/db/pool.hpp>
#include <aio/sync/event.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace aio::db::detail {

// How long statements take, by their text.
class Durations {
public:
    struct Estimate {
        Duration time;
        bool is_due = false;  // to be sent behind another one, though it seems slow
    };

    // Of the next execution, which counts as begun.
    Estimate expect(std::string_view sql) noexcept;
    // was_behind: it was sent before another one was answered, and `took` is the time since that.
    void note(std::string_view sql, Duration took, bool was_behind);

private:
    struct Known {
        Duration time;                 // the average of the last executions
        bool is_measured = false;      // behind others; else it is the time on a connection of its own
        std::uint32_t executions = 0;  // since it was last sent behind another one
        std::uint32_t interval = 8;    // of executions until it is due
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, Known, Hash, std::equal_to<>> known_;
};

// The most that a statement waits behind others, and the time up to which one is fast.
inline constexpr Duration kMostAhead = std::chrono::microseconds(500);
// From here on a statement is slow, however busy the server.
inline constexpr Duration kSlow = std::chrono::milliseconds(10);

// Which statement runs where. It belongs to a pool, on whose connections it lives.
template <class Driver>
class Sharing {
public:
    using Pool = PoolState<Driver>;

    // A connection that statements share. It is lent by the pool while there are any.
    struct Seat {
        std::optional<typename Pool::Member> member;
        std::size_t users = 0;
        Duration expected{};      // of all that are under way
        TimePoint opened{};       // when it was lent
        TimePoint last_answer{};  // of a statement on it
    };

    // A statement's place on a connection, until it is destroyed.
    class Turn {
    public:
        Turn(std::shared_ptr<Pool> pool, Sharing& sharing, Seat& seat, Duration expected) noexcept
            : pool_(std::move(pool)), sharing_(&sharing), seat_(&seat), expected_(expected), began_(now()) {}
        Turn(Turn&& other) noexcept
            : pool_(std::move(other.pool_)),
              sharing_(other.sharing_),
              seat_(std::exchange(other.seat_, nullptr)),
              expected_(other.expected_),
              began_(other.began_) {}
        ~Turn() {
            if (seat_) sharing_->leave(*seat_, expected_);
        }
        const typename Driver::Connection& connection() const noexcept { return seat_->member->connection; }
        // It was answered.
        void answered(std::string_view sql) {
            const TimePoint end = now(), before = std::exchange(seat_->last_answer, end);
            sharing_->durations_.note(sql, end - std::max(began_, before), before > began_);
        }

    private:
        std::shared_ptr<Pool> pool_;
        Sharing* sharing_;
        Seat* seat_;
        Duration expected_;
        TimePoint began_;
    };

    explicit Sharing(Pool& pool) noexcept : pool_(pool) {}
    Sharing(const Sharing&) = delete;

    // Errors: those of the pool's take(). Cancel: the place in the queue is given up.
    Coro<Turn> take(std::string_view sql) {
        const auto [expected, is_due] = durations_.expect(sql);
        if (is_due) {
            if (Seat* seat = join_one()) {
                add(*seat, expected);
                co_return Turn(pool_.shared_from_this(), *this, *seat, expected);
            }
        }
        std::list<Seat> own;  // made before there is a connection that could be lost
        if (expected > kMostAhead) {
            own.emplace_back();
            co_return open(own, co_await pool_.take(std::nullopt), expected);
        }
        Waiter waiter(*this, expected);
        if (waiters_.empty()) {
            waiter.seat = join(expected);
            if (!waiter.seat && openers_ == 0) waiter.start_opening();
        }
        if (!waiter.seat && !waiter.opens) co_await waiter.wait();
        if (waiter.seat)
            co_return Turn(pool_.shared_from_this(), *this, *std::exchange(waiter.seat, nullptr), expected);
        own.emplace_back();
        Turn turn = open(own, co_await pool_.take(std::nullopt), expected);
        waiter.stop_opening();
        co_return turn;
    }

private:
    static constexpr Duration kLongest =
        std::chrono::milliseconds(10);  // that a seat is kept from who waits in acquire()
    static constexpr std::size_t kMostUsers = 64;

    // A fast statement that no connection has room for.
    struct Waiter {
        Waiter(Sharing& all, Duration time) noexcept : sharing(all), expected(time) {}
        Waiter(const Waiter&) = delete;
        ~Waiter() {
            if (place) sharing.waiters_.erase(*place);
            if (seat) sharing.leave(*seat, expected);
            stop_opening();
        }
        Coro<> wait() {
            place = sharing.waiters_.insert(sharing.waiters_.end(), this);
            co_await woken.wait();
        }
        void start_opening() noexcept {
            opens = true;
            ++sharing.openers_;
        }
        void stop_opening() noexcept {
            if (!std::exchange(opens, false)) return;
            --sharing.openers_;
            sharing.serve();
        }
        // The queue's first is served by a seat, or gets the pool's next connection itself.
        void leave_queue() noexcept {
            sharing.waiters_.erase(*place);
            place.reset();
            woken.set();
        }

        Sharing& sharing;
        Duration expected;
        Event woken;
        std::optional<typename std::list<Waiter*>::iterator> place;
        Seat* seat = nullptr;
        bool opens = false;
    };

    static TimePoint now() { return get_running_loop().time(); }

    Turn open(std::list<Seat>& own, typename Pool::Member member, Duration expected) {
        seats_.splice(seats_.end(), own);
        Seat& seat = seats_.back();
        seat.member.emplace(std::move(member));
        add(seat, expected);
        seat.opened = now();
        return Turn(pool_.shared_from_this(), *this, seat, expected);
    }

    // Null: there is no room.
    Seat* join(Duration expected) {
        const bool others_wait = pool_.statistics().waiting > 0;
        for (Seat& seat : seats_) {
            const bool has_room = seat.users < kMostUsers && seat.expected + expected <= kMostAhead;
            const bool is_due = others_wait && now() - seat.opened > kLongest;
            if (!has_room || is_due || !pool_.is_fit(*seat.member)) continue;
            add(seat, expected);
            return &seat;
        }
        return nullptr;
    }

    // One with a single statement, which may be fast.
    Seat* join_one() noexcept {
        for (Seat& seat : seats_) {
            if (seat.users == 1 && seat.expected < kSlow && pool_.is_fit(*seat.member)) return &seat;
        }
        return nullptr;
    }

    static void add(Seat& seat, Duration expected) noexcept {
        ++seat.users;
        seat.expected += expected;
    }

    void leave(Seat& seat, Duration expected) noexcept {
        seat.expected -= expected;
        if (--seat.users == 0) {
            const auto is_it = [&](const Seat& each) { return &each == &seat; };
            pool_.take_back(std::move(*seat.member));
            seats_.erase(std::find_if(seats_.begin(), seats_.end(), is_it));
        }
        serve();
    }

    void serve() noexcept {
        while (!waiters_.empty()) {
            Waiter& first = *waiters_.front();
            try {
                first.seat = join(first.expected);
            } catch (...) {
                return;  // the loop has ended, and with it those that wait
            }
            if (!first.seat) {
                if (openers_ > 0) return;
                first.start_opening();
            }
            first.leave_queue();
        }
    }

    Pool& pool_;
    Durations durations_;
    std::list<Seat> seats_;
    std::list<Waiter*> waiters_;
    std::size_t openers_ = 0;  // that wait for the pool
};

}  // namespace aio::db::detail
