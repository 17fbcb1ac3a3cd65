// Barrier: tasks wait for each other until a given number of them has arrived.
//
//     aio::Barrier barrier(3);
//     std::size_t position = co_await barrier.wait();     // each of the three gets another: 0, 1, 2
//     if (position == 0) ...                              // one of them does the work that is done once
//
// It has four states: filling, until the last party arrives; draining, until all have left, while newcomers wait for
// the next round; resetting, while the waiting parties leave with an error; broken, until reset().
//
// Thread rule: a loop's thread only. Source: asyncio.Barrier, CPython 3.12 locks.py.
#pragma once

#include <aio/sync/condition.hpp>

namespace aio {

// The result of Barrier::statistics().
struct BarrierStatistics {
    std::size_t parties;    // that must arrive
    std::size_t n_waiting;  // parties that wait while it is filling
    bool broken;
};

// A barrier of tasks: asyncio.Barrier. It can be used again once all parties have left.
class Barrier {
public:
    // Errors: ValueError for fewer than one party.
    explicit Barrier(std::ptrdiff_t parties);
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    // Waits until all parties have arrived. Result: an index from 0 to parties() - 1, in the order of arrival.
    // Cancel: the party counts as not arrived; the others keep waiting for one.
    // Errors: BrokenBarrierError when the barrier is broken, or is reset or broken during the wait.
    Coro<std::size_t> wait();

    // Empties the barrier: the waiting parties get BrokenBarrierError. A broken barrier can be used again.
    Coro<> reset();
    // Breaks the barrier: the waiting parties, and all that arrive later, get BrokenBarrierError.
    Coro<> abort();

    // The number of parties given to the constructor.
    std::size_t parties() const noexcept { return parties_; }
    // The number of parties that have arrived while the barrier is filling, else 0.
    std::size_t n_waiting() const noexcept { return state_ == State::filling ? count_ : 0; }
    // Whether abort() was called, and no reset() since.
    bool broken() const noexcept { return state_ == State::broken; }

    // The numbers of the present state.
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
