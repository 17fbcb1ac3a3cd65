// Who waits on a ThreadQueue: blocked threads, and for each loop one line per kind of thing to wait for. Internal to src.
#pragma once

#include <aio/sync/thread_queue.hpp>

#include "core/loop_state.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace aio::detail {

// Somebody to tell: a line of tasks on a loop, or a blocked thread. Armed, it stands in the queue's list, and is taken
// out when it is told: what comes next finds nobody to tell, and costs nothing, until it has looked and arms again.
class QueueParty {
public:
    QueueParty(const QueueParty&) = delete;
    QueueParty& operator=(const QueueParty&) = delete;

    // The queue's mutex is held.
    virtual void tell() noexcept = 0;

    QueueParty* next = nullptr;
    bool armed = false;  // under the mutex

protected:
    QueueParty() noexcept = default;
    ~QueueParty() = default;
};

// First come, first served. Few: one per loop, and the threads.
class QueuePartyList {
public:
    void push(QueueParty& party) noexcept {
        party.next = nullptr;
        QueueParty** end = &first_;
        while (*end) end = &(*end)->next;
        *end = &party;
    }
    QueueParty* pop() noexcept { return first_ ? std::exchange(first_, first_->next) : nullptr; }
    void remove(QueueParty& party) noexcept {
        for (QueueParty** link = &first_; *link; link = &(*link)->next) {
            if (*link == &party) {
                *link = party.next;
                return;
            }
        }
    }

private:
    QueueParty* first_ = nullptr;
};

// The tasks of one loop that wait for one kind of thing. All but tell() and the counting is for the loop's thread.
// It has a reference from the queue and one while its wake-up is posted: that may come when the queue is gone.
class ThreadQueueLine final : public Callback, public QueueParty {
public:
    using Kind = ThreadQueueBase::Kind;

    ThreadQueueLine(ThreadQueueBase& queue, Kind kind, LoopState& loop) noexcept
        : queue_(queue), kind_(kind), loop_(loop) {}

    bool belongs_to(const LoopState& loop, Kind kind) const noexcept { return &loop == &loop_ && kind == kind_; }

    void enter(ThreadQueueWaiter& waiter, std::coroutine_handle<> frame) {
        waiter.enter(waiting_, frame);
        if (waiting_count_++ + hinted_count_ == 0) loop_.retain_external();
        look();
    }
    // The waiter leaves: cancelled, destroyed. What it was told of goes to others.
    void leave(ThreadQueueWaiter& waiter) noexcept {
        waiter.leave();
        --(waiter.woken() ? hinted_count_ : waiting_count_);
        settle();
    }
    // The waiter's turn. True: its task is to be stepped.
    bool take_turn(ThreadQueueWaiter& waiter, bool cancelled) noexcept {
        waiter.leave();
        --hinted_count_;
        const bool over = cancelled || waiter.attempt();
        if (!over) {
            waiter.flags &= static_cast<std::uint8_t>(~ThreadQueueWaiter::kWoken);
            waiting_.push(waiter);
            ++waiting_count_;
        }
        settle();
        return over;
    }

    // The queue is destroyed. Tasks that wait nevertheless are of this thread: of a loop that is being closed.
    void abandon() noexcept {
        if (waiting_count_ + hinted_count_ > 0) {
            waiting_count_ = hinted_count_ = 0;
            for (WaitList* list : {&waiting_, &hinted_}) {
                std::destroy_at(list);  // lets go of them
                std::construct_at(list);
            }
            loop_.release_external();
        }
        release();
    }

    void tell() noexcept override {
        if (posted_.exchange(true)) return;
        // The loop may run the callback, and let go of its state, while post() is still waking it.
        LoopState& loop = loop_;
        references_.fetch_add(1);
        loop.retain_external();
        if (!post(loop, *this)) discard();
        loop.release_external();
    }
    void run() override {
        posted_.store(false);
        if (waiting_count_ > 0) look();  // else the queue may be gone
        release();
    }
    void discard() noexcept override {
        posted_.store(false);
        release();
    }
    const char* name() const noexcept override { return "ThreadQueue"; }

private:
    void release() noexcept {
        if (references_.fetch_sub(1) == 1) delete this;
    }

    // Wakes as many as there is something for; arms, if some are left, and looks again: what came between the look
    // and the arming told nobody.
    void look() noexcept;
    // After somebody left, with what it came for or without.
    void settle() noexcept {
        look();
        queue_.pass_on(kind_);
        if (waiting_count_ + hinted_count_ == 0) loop_.release_external();
    }

    ThreadQueueBase& queue_;
    const Kind kind_;
    LoopState& loop_;
    WaitList waiting_;
    WaitList hinted_;  // in the loop's ready queue: their attempt is to come
    std::size_t waiting_count_ = 0, hinted_count_ = 0;
    bool armed_before_ = false;  // and perhaps still: told or not, only the mutex knows
    std::atomic<bool> posted_{false};
    std::atomic<std::uint32_t> references_{1};
};

struct ThreadQueueWaits {
    using Kind = ThreadQueueBase::Kind;

    std::mutex mutex;  // of all below
    QueuePartyList armed[3];
    std::vector<ThreadQueueLine*> lines;

    static std::size_t index(Kind kind) noexcept { return static_cast<std::size_t>(kind); }

    // With the mutex.
    void arm(QueueParty& party, Kind kind, std::atomic<std::uint32_t>& count) noexcept {
        if (std::exchange(party.armed, true)) return;
        armed[index(kind)].push(party);
        count.fetch_add(1);
    }
    void disarm(QueueParty& party, Kind kind, std::atomic<std::uint32_t>& count) noexcept {
        if (!std::exchange(party.armed, false)) return;
        armed[index(kind)].remove(party);
        count.fetch_sub(1);
    }

    void tell(Kind kind, std::atomic<std::uint32_t>& count, bool everybody) noexcept {
        std::lock_guard lock(mutex);
        while (QueueParty* party = armed[index(kind)].pop()) {
            party->armed = false;
            count.fetch_sub(1);
            party->tell();
            if (!everybody) return;
        }
    }
};

}  // namespace aio::detail
