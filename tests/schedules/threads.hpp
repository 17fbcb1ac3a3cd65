// The threads of a run, and the choice of the next to run. Internal to the scheduler.
#pragma once

#include "schedules/history.hpp"
#include "schedules/scheduler.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace aio::schedules {

enum class Waits : std::uint8_t { nothing, lock, condition, join, events, change, time };

struct Thread {
    unsigned id = 0;
    int token = 0;  // a futex: 1 when it may run
    pthread_t handle{};
    void* (*start)(void*) = nullptr;
    void* argument = nullptr;
    bool ended = false, joined = false;
    unsigned exit_rounds = 0;
    unsigned initialisers = 0;  // static ones that it is in

    // While it does not run: the reason.
    Waits waits = Waits::nothing;
    const void* object = nullptr;  // the lock, the condition
    const void* mutex = nullptr;   // the condition's
    const Thread* other = nullptr;
    int epoll = -1;
    Nanoseconds deadline = kNever;
    bool notified = false;
    bool timed_out = false;
    std::uint64_t version = 0;  // of the state that it saw last
};

class Scheduler {
public:
    static Scheduler& instance() noexcept;
    // Null on a thread that belongs to no run.
    static Thread* current() noexcept;

    const std::vector<Decision>& run(void (*body)(), const std::vector<std::uint8_t>& choices);
    RunSize size() const noexcept { return {count_, operations_}; }

    int create(Thread* parent, pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*),
               void* argument);
    Thread* find(pthread_t handle) noexcept;
    // The thread's last act.
    void end(Thread& thread);

    // `thread`, which runs, may lose the token here.
    void decide(Thread& thread, const Operation& operation);
    void done(Thread& thread, const Operation& operation);
    // `thread` has set `waits`. Returns when the wait is over or has timed out.
    void block(Thread& thread);

    bool held(const void* mutex) const noexcept;
    void hold(const void* mutex) { held_.push_back(mutex); }
    void let_go(const void* mutex) noexcept;
    // Tells one thread, or all, that wait for the condition.
    void notify(const void* condition, bool everybody) noexcept;

    Nanoseconds now() const noexcept { return now_; }
    void kernel_changed() noexcept { ++kernel_version_; }
    std::uint64_t kernel_version() const noexcept { return kernel_version_; }

private:
    bool ready(Thread& thread);
    void find_candidates(const Thread* running, Decision& decision);
    Thread& choose(const Thread* running, std::uint64_t object);
    [[noreturn]] void deadlock();
    void pass_token(Thread& to);

    Thread threads_[kMostThreads];
    unsigned count_ = 0, operations_ = 0, ended_ = 0;
    std::vector<const void*> held_;  // locks
    Nanoseconds now_ = 0;
    std::uint64_t kernel_version_ = 0;
    int all_ended_ = 0;  // a futex

    const std::vector<std::uint8_t>* choices_ = nullptr;
    std::vector<Decision> decisions_;
};

void wait_for_token(int& token) noexcept;
void give_token(int& token) noexcept;

}  // namespace aio::schedules
