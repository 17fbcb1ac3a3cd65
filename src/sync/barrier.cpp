// Barrier on top of Condition, as in CPython: wait(), reset(), abort(), and Party, which counts each task in and out.
// The header explains the four states; condition.cpp has the waiting.
#include <aio/sync/barrier.hpp>

namespace aio {

// A task between its arrival and its leaving, however it leaves.
class Barrier::Party {
public:
    explicit Party(Barrier& barrier) noexcept : barrier_(barrier), index_(barrier.count_++) {}
    ~Party() { barrier_.left(); }
    Party(const Party&) = delete;
    Party& operator=(const Party&) = delete;

    std::size_t index() const noexcept { return index_; }
    bool last() const noexcept { return index_ + 1 == barrier_.parties_; }

private:
    Barrier& barrier_;
    std::size_t index_;
};

Barrier::Barrier(std::ptrdiff_t parties) : parties_(static_cast<std::size_t>(parties)) {
    if (parties < 1) throw ValueError("Barrier: parties must be at least 1");
}

// As in CPython, all of it runs under the condition's lock, which the waits give up.
Coro<std::size_t> Barrier::wait() {
    Permit<Lock> guard = co_await changed_.scoped();
    co_await changed_.wait_for([this] { return state_ != State::draining && state_ != State::resetting; });
    if (broken()) throw BrokenBarrierError("Barrier.wait: the barrier is broken");

    const Party party(*this);
    if (party.last()) {
        state_ = State::draining;
        changed_.notify_all();
        co_return party.index();
    }
    co_await changed_.wait_for([this] { return state_ != State::filling; });
    if (state_ != State::draining) throw BrokenBarrierError("Barrier.wait: the barrier was reset or broken");
    co_return party.index();
}

void Barrier::left() noexcept {
    if (--count_ > 0) return;
    if (state_ == State::resetting || state_ == State::draining) state_ = State::filling;
    changed_.wake(std::numeric_limits<std::size_t>::max());
}

Coro<> Barrier::reset() {
    Permit<Lock> guard = co_await changed_.scoped();
    state_ = count_ > 0 ? State::resetting : State::filling;
    changed_.notify_all();
}

Coro<> Barrier::abort() {
    Permit<Lock> guard = co_await changed_.scoped();
    state_ = State::broken;
    changed_.notify_all();
}

std::string Barrier::describe() const {
    static constexpr const char* kNames[] = {"filling", "draining", "resetting", "broken"};
    std::string text = std::string("<Barrier ") + kNames[static_cast<int>(state_)];
    if (!broken()) text += ", waiters: " + std::to_string(n_waiting()) + "/" + std::to_string(parties_);
    return text + ">";
}

}  // namespace aio
