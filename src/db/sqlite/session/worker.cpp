// The thread of a connection.
#include "db/sqlite/session/worker.hpp"

#include <aio/base/error.hpp>

#include "base/cpu_pause.hpp"
#include "db/sqlite/session/session.hpp"

#include <pthread.h>
#include <sqlite3.h>

#include <system_error>
#include <utility>

namespace aio::sqlite::detail {

namespace {

// How long the thread looks for the next job: two to three times what sleeping and being woken takes.
constexpr auto kSpin = std::chrono::microseconds(20);

}  // namespace

Worker::Worker(aio::detail::LoopState& loop, Session& session, std::size_t statement_cache_size) noexcept
    : loop_(loop), session_(&session), database_(*this, statement_cache_size) {
    loop_.retain_external();
}

Worker::~Worker() {
    release_all(incoming_.exchange(nullptr, std::memory_order_acquire));
    release_all(finished_.exchange(nullptr, std::memory_order_acquire));
    loop_.release_external();
}

Job* Worker::reversed(Job* job) noexcept {
    Job* result = nullptr;
    while (job) result = std::exchange(job, std::exchange(job->next_, result));
    return result;
}

void Worker::release_all(Job* job) noexcept {
    while (job) std::exchange(job, job->next_)->release();
}

// With one processor, looking would keep the other side from working.
bool Worker::may_spin() noexcept {
    static const bool result = std::thread::hardware_concurrency() > 1;
    return result;
}

// --- the loop's thread --------------------------------------------------------------------------------------------

std::thread Worker::start() {
    try {
        std::thread thread([self = shared_from_this()] { self->work(); });
        pthread_setname_np(thread.native_handle(), "aio::sqlite");
        return thread;
    } catch (const std::system_error& error) {
        throw_os_error(error.code().value(), "start the thread of a connection to SQLite");
    }
}

void Worker::submit(Job& job) noexcept {
    job.retain();
    Job* head = incoming_.load(std::memory_order_relaxed);
    do {
        job.next_ = head;
    } while (!incoming_.compare_exchange_weak(head, &job, std::memory_order_seq_cst, std::memory_order_relaxed));
    if (!asleep_.load(std::memory_order_seq_cst)) return;
    { const std::lock_guard lock(mutex_); }  // the thread is in wait(), or has seen the job
    wake_.notify_one();
}

bool Worker::withdraw(Job& job) noexcept {
    State waiting = State::waiting;
    return job.state_.compare_exchange_strong(waiting, State::dropped, std::memory_order_acq_rel);
}

void Worker::stop(Job& job) noexcept {
    State running = State::running;
    if (!job.state_.compare_exchange_strong(running, State::stopping, std::memory_order_acq_rel)) return;
    // The thread does not begin another job before this one is `stopped`.
    if (job.interruptible_) sqlite3_interrupt(job.interruptible_);
    job.state_.store(State::stopped, std::memory_order_release);
    { const std::lock_guard lock(mutex_); }
    wake_.notify_one();  // it may wait for a lock
}

void Worker::shut_down() noexcept {
    session_ = nullptr;
    is_shut_down_.store(true, std::memory_order_seq_cst);
    { const std::lock_guard lock(mutex_); }
    wake_.notify_one();
}

void Worker::arrive() noexcept {
    const std::shared_ptr<Worker> self = std::move(keep_);
    Job* job = reversed(finished_.exchange(nullptr, std::memory_order_acq_rel));
    while (job) {
        Job* const next = job->next_;
        if (session_) session_->arrived(*job);
        job->release();
        job = next;
    }
}

// --- the connection's thread --------------------------------------------------------------------------------------

void Worker::work() noexcept {
    while (Job* job = take()) {
        while (job) {
            Job* const next = job->next_;
            run(*job);
            job = next;
        }
        if (has_ended_) break;
    }
    database_.close();
    // What will never begin. Others may wait for its destruction: a backup for the thread of its target.
    release_all(incoming_.exchange(nullptr, std::memory_order_acquire));
}

// Whether there is something to take. Two clock readings: beside sleeping they cost nothing.
bool Worker::spin() noexcept {
    if (!may_spin()) return false;
    const auto begin = std::chrono::steady_clock::now();
    do {
        for (int i = 0; i < 32; ++i) {
            if (incoming_.load(std::memory_order_acquire) || is_shut_down_.load(std::memory_order_relaxed))
                return true;
            aio::detail::cpu_pause();
        }
    } while (std::chrono::steady_clock::now() - begin < kSpin);
    return false;
}

Job* Worker::take() noexcept {
    if (is_shut_down_.load(std::memory_order_acquire)) return nullptr;
    if (Job* const job = incoming_.exchange(nullptr, std::memory_order_acquire)) return reversed(job);
    if (!spins_ || !spin()) {
        const auto asleep_since = std::chrono::steady_clock::now();
        std::unique_lock lock(mutex_);
        asleep_.store(true, std::memory_order_seq_cst);
        while (!incoming_.load(std::memory_order_seq_cst) && !is_shut_down_.load(std::memory_order_seq_cst)) {
            wake_.wait(lock);
        }
        asleep_.store(false, std::memory_order_relaxed);
        // It would have been worth looking.
        spins_ = std::chrono::steady_clock::now() - asleep_since < 2 * kSpin;
    }
    if (is_shut_down_.load(std::memory_order_acquire)) return nullptr;
    return reversed(incoming_.exchange(nullptr, std::memory_order_acquire));
}

void Worker::run(Job& job) noexcept {
    if (is_shut_down_.load(std::memory_order_acquire)) return job.release();
    current_ = &job;
    // The last one closes the database: there would be nothing to interrupt.
    job.interruptible_ = database_.is_alone() && !job.ends_thread_ ? database_.handle() : nullptr;
    State expected = State::waiting;
    if (!job.state_.compare_exchange_strong(expected, State::running, std::memory_order_acq_rel)) {
        current_ = nullptr;
        return job.release();  // it was dropped
    }
    try {
        job.run(database_);
    } catch (...) {
        job.error_ = std::current_exception();
    }
    job.left_in_transaction_ = database_.is_in_transaction();
    expected = State::running;
    if (!job.state_.compare_exchange_strong(expected, State::done, std::memory_order_acq_rel)) {
        // The interrupt is being sent. It must not be late for the next one.
        while (job.state_.load(std::memory_order_acquire) != State::stopped) std::this_thread::yield();
        job.state_.store(State::done, std::memory_order_release);
    }
    current_ = nullptr;
    has_ended_ = job.ends_thread_;
    finish(job);
}

void Worker::finish(Job& job) noexcept {
    Job* head = finished_.load(std::memory_order_relaxed);
    do {
        job.next_ = head;
    } while (!finished_.compare_exchange_weak(head, &job, std::memory_order_acq_rel, std::memory_order_relaxed));
    if (head) return;  // the arrival was posted for that one
    keep_ = shared_from_this();
    if (!aio::detail::post(loop_, arrival_)) keep_.reset();  // the loop is closed: nobody waits any more
}

bool Worker::is_stopped() const noexcept {
    if (is_shut_down_.load(std::memory_order_relaxed)) return true;
    const State state = current_ ? current_->state_.load(std::memory_order_relaxed) : State::running;
    return state == State::stopping || state == State::stopped;
}

void Worker::sleep(std::chrono::milliseconds time) noexcept {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, time, [this] { return is_stopped(); });
}

}  // namespace aio::sqlite::detail
