#include "schedules/threads.hpp"

#include <aio/core/frame_pool.hpp>

#include "schedules/memory.hpp"
#include "schedules/report.hpp"

#include <dlfcn.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <climits>

namespace aio::schedules {

namespace {

constexpr unsigned kMostOperations = 50'000;
constexpr Nanoseconds kStart = 1'000'000'000'000;

constinit thread_local Thread* this_thread = nullptr;

std::uint8_t bit(unsigned thread) noexcept { return static_cast<std::uint8_t>(1u << thread); }

// A thread ends for the scheduler in the last but one round of its destructors of thread-specific data: the library's own
// ran before. glibc makes four rounds as long as there is data.
constexpr unsigned kExitRound = 3;
pthread_key_t exit_key() {
    static const pthread_key_t key = [] {
        pthread_key_t made;
        ::pthread_key_create(&made, [](void* thread) {
            auto& ending = *static_cast<Thread*>(thread);
            if (++ending.exit_rounds < kExitRound) {
                ::pthread_setspecific(exit_key(), thread);
            } else {
                Scheduler::instance().end(ending);
            }
        });
        return made;
    }();
    return key;
}

void* run_thread(void* argument) {
    auto& thread = *static_cast<Thread*>(argument);
    wait_for_token(thread.token);
    this_thread = &thread;
    // Frames are blocks of their own: the pool would use their memory again.
    aio::detail::frame_pool.set_recycling(false);
    ::pthread_setspecific(exit_key(), argument);
    return thread.start(thread.argument);
}

int really_create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
    using Create = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto create = reinterpret_cast<Create*>(::dlsym(RTLD_NEXT, "pthread_create"));
    return create(handle, attributes, start, argument);
}

std::string description(const Thread& thread) {
    switch (thread.waits) {
        case Waits::nothing: return "could run";
        case Waits::lock: return "waits for a lock";
        case Waits::condition: return thread.notified ? "waits for a condition's lock" : "waits for a condition";
        case Waits::join: return "joins thread " + std::to_string(thread.other->id);
        case Waits::events: return "waits for events in epoll_wait";
        case Waits::change: return "yields until another thread changes something";
        case Waits::time: return "sleeps";
    }
    return "";
}

}  // namespace

// The scheduler's own waiting; not by std::atomic, whose functions the linker may take from instrumented objects.
void wait_for_token(int& token) noexcept {
    while (__atomic_load_n(&token, __ATOMIC_ACQUIRE) == 0) {
        ::syscall(SYS_futex, &token, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    }
    __atomic_store_n(&token, 0, __ATOMIC_RELAXED);
}
void give_token(int& token) noexcept {
    __atomic_store_n(&token, 1, __ATOMIC_RELEASE);
    ::syscall(SYS_futex, &token, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

Scheduler& Scheduler::instance() noexcept {
    static Scheduler instance;
    return instance;
}
Thread* Scheduler::current() noexcept { return this_thread; }

// --- threads -----------------------------------------------------------------------------------------------------

const std::vector<Decision>& Scheduler::run(void (*body)(), const std::vector<std::uint8_t>& choices) {
    history().begin();
    choices_ = &choices;
    decisions_.clear();
    held_.clear();
    count_ = operations_ = ended_ = 0;
    now_ = kStart;
    pthread_t root;
    const auto start = [](void* function) -> void* {
        (*static_cast<void (**)()>(function))();
        return nullptr;
    };
    create(nullptr, &root, nullptr, start, &body);
    give_token(threads_[0].token);
    wait_for_token(all_ended_);
    ::pthread_detach(root);
    return decisions_;
}

int Scheduler::create(Thread* parent, pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*),
                      void* argument) {
    if (count_ == kMostThreads) fail("the program starts more threads than the explorer has room for");
    Thread& thread = threads_[count_];
    thread = Thread();
    thread.id = count_;
    thread.start = start;
    thread.argument = argument;
    const int error = really_create(&thread.handle, attributes, run_thread, &thread);
    if (error) return error;
    ++count_;
    if (parent) history().starts(thread.id, parent->id);
    *handle = thread.handle;
    return 0;
}

Thread* Scheduler::find(pthread_t handle) noexcept {
    for (unsigned i = count_; i-- > 0;) {
        if (!threads_[i].joined && ::pthread_equal(threads_[i].handle, handle)) return &threads_[i];
    }
    return nullptr;
}

void Scheduler::end(Thread& thread) {
    const memory::Outside mine;
    this_thread = nullptr;
    thread.ended = true;
    if (++ended_ == count_) return give_token(all_ended_);
    pass_token(choose(nullptr, 0));
}

// --- scheduling ------------------------------------------------------------------------------------------------------

bool Scheduler::held(const void* mutex) const noexcept {
    return std::find(held_.begin(), held_.end(), mutex) != held_.end();
}
void Scheduler::let_go(const void* mutex) noexcept {
    const auto found = std::find(held_.begin(), held_.end(), mutex);
    if (found == held_.end()) fail("a lock is released that nobody holds");
    held_.erase(found);
}

void Scheduler::notify(const void* condition, bool everybody) noexcept {
    for (unsigned i = 0; i < count_; ++i) {
        Thread& thread = threads_[i];
        if (thread.waits != Waits::condition || thread.object != condition || thread.notified) continue;
        thread.notified = true;
        if (!everybody) return;
    }
}

bool Scheduler::ready(Thread& thread) {
    switch (thread.waits) {
        case Waits::nothing: return true;
        case Waits::lock: return !held(thread.object);
        case Waits::condition: return thread.notified && !held(thread.mutex);
        case Waits::join: return thread.other->ended;
        case Waits::change: return thread.version != history().writes();
        case Waits::time: return false;
        case Waits::events: {
            if (thread.version == kernel_version_) return false;
            pollfd poll{thread.epoll, POLLIN, 0};
            if (::poll(&poll, 1, 0) > 0) return true;
            thread.version = kernel_version_;
            return false;
        }
    }
    return false;
}

void Scheduler::find_candidates(const Thread* running, Decision& decision) {
    std::uint8_t ready_ones = 0, timed = 0, yielding = 0, first_due = 0;
    Nanoseconds earliest = kNever;
    for (unsigned i = 0; i < count_; ++i) {
        Thread& thread = threads_[i];
        if (thread.ended || &thread == running) continue;
        if (ready(thread) || thread.deadline <= now_) {
            ready_ones |= bit(i);
        } else if (thread.waits == Waits::change) {
            yielding |= bit(i);
        } else if (thread.deadline != kNever && !thread.notified) {
            timed |= bit(i);
            if (thread.deadline < earliest) first_due = bit(i), earliest = thread.deadline;
        }
    }
    if (running) {
        decision.without_cost = bit(running->id);
        decision.with_cost = ready_ones | timed;
    } else if (ready_ones) {
        decision.without_cost = ready_ones;
        decision.with_cost = timed;
    } else {
        // Time passes only when nothing else can happen; so it does for a thread that spins.
        decision.without_cost = first_due ? first_due : yielding;
    }
    if (decision.without_cost == 0) deadlock();
    decision.usual = static_cast<std::uint8_t>(std::countr_zero(decision.without_cost));
}

// `running`: the thread that runs and could continue, about to use `object`.
Thread& Scheduler::choose(const Thread* running, std::uint64_t object) {
    if (++operations_ > kMostOperations) fail("the run does not end: threads spin, waiting for each other");
    Decision decision;
    find_candidates(running, decision);
    decision.chosen = decision.usual;
    const unsigned candidates = decision.without_cost | decision.with_cost;
    if (std::popcount(candidates) > 1) {
        const std::size_t index = decisions_.size();
        if (index < choices_->size() && (*choices_)[index] != kUsual) decision.chosen = (*choices_)[index];
        if (decision.chosen >= kMostThreads || !(candidates & bit(decision.chosen))) {
            fail("decision " + std::to_string(index) + ": thread " + std::to_string(decision.chosen) +
                 " cannot run; the program does not do the same each time");
        }
        decision.object = running ? object : 0;
        decision.state = mixed(history().state(), running ? running->id : kMostThreads);
        decisions_.push_back(decision);
        note_decision(index, decision);
    }
    Thread& chosen = threads_[decision.chosen];
    if (&chosen != running && !ready(chosen) && chosen.deadline != kNever) {
        chosen.timed_out = true;
        now_ = std::max(now_, chosen.deadline);
        history().record(&now_, Access::write, chosen.id);
    }
    return chosen;
}

void Scheduler::deadlock() {
    std::string text = "deadlock: no thread can run, and no timeout is pending";
    for (unsigned i = 0; i < count_; ++i) {
        if (threads_[i].ended) continue;
        text += "\n    thread " + std::to_string(i) + " " + description(threads_[i]);
    }
    fail(text);
}

void Scheduler::pass_token(Thread& to) { give_token(to.token); }

void Scheduler::decide(Thread& thread, const Operation& operation) {
    Thread& next = choose(&thread, history().name(operation.object, thread.id));
    if (&next == &thread) return;
    pass_token(next);
    wait_for_token(thread.token);
}

void Scheduler::done(Thread& thread, const Operation& operation) {
    history().record(operation.object, operation.access, thread.id);
    note_step(thread.id, operation, history().name(operation.object, thread.id));
}

void Scheduler::block(Thread& thread) {
    Thread& next = choose(nullptr, 0);
    if (&next != &thread) {
        pass_token(next);
        wait_for_token(thread.token);
    }
    thread.waits = Waits::nothing;
    thread.deadline = kNever;
}

}  // namespace aio::schedules
