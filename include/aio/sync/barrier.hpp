// Barrier: tasks wait for each other until a given number of them has arrived.
//
//     aio::Barrier barrier(3);
//     std::size_t position = co_await barrier.wait();     // each of the three gets another: 0, 1, 2
//     if (position == 0) ...                              // one of them does what is to be done once
//
// It passes through four states: filling, until the last party arrives; draining, until all have left, while
// newcomers wait for the next round; resetting, while those that waited leave with an error; broken, for good,
// or until reset().
//
// Thread rule: a loop's thread only. Source: asyncio.Barrier, CPython 3.12 locks.py.
#pragma once

#include <aio/sync/condition.hpp>

namespace aio {

struct BarrierStatistics {
    std::size_t parties;
    std::size_t n_waiting;
    bool broken;
};

class Barrier {
public:
    // Errors: ValueError for fewer than one party.
    explicit Barrier(std::ptrdiff_t parties);
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    // Waits for the other parties; gives an index from 0 to parties() - 1, in the order of arrival.
    // Cancel: the party has not arrived; the others go on waiting for one.
    // Errors: BrokenBarrierError when the barrier is broken, or is reset or broken while it waits.
    Coro<std::size_t> wait();

    // Back to empty: those that wait get BrokenBarrierError. A broken barrier is mended.
    Coro<> reset();
    // Broken: those that wait, and all that come, get BrokenBarrierError.
    Coro<> abort();

    std::size_t parties() const noexcept { return parties_; }
    // Those that wait in a barrier that is filling.
    std::size_t n_waiting() const noexcept { return state_ == State::filling ? count_ : 0; }
    bool broken() const noexcept { return state_ == State::broken; }

    BarrierStatistics statistics() const noexcept { return {parties_, n_waiting(), broken()}; }
    // "<Barrier filling, waiters: 2/3>"
    std::string describe() const;

private:
    enum class State { filling, draining, resetting, broken };
    class Party;

    void left() noexcept;

    Condition changed_;  // of state_; its lock protects all below across awaits
    std::size_t parties_;
    std::size_t count_ = 0;  // tasks that arrived and have not left
    State state_ = State::filling;
};

}  // namespace aio
