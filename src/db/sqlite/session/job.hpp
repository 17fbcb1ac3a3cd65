// One thing for a connection's thread to do.
//
//   waiting ──▶ running ──▶ done
//      │           └──▶ stopping ──▶ stopped ──▶ done
//      └──▶ dropped (nobody wants it any more: it is never begun)
//
// Two threads know a job, and each has a reference. What it holds is destroyed on either of them: it must not hold what belongs to the
// loop. Internal.
#pragma once

#include <aio/core/result.hpp>
#include <aio/core/waiter.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>

struct sqlite3;

namespace aio::sqlite::detail {

class Database;
class JobAwaiter;

class Job {
public:
    // What happens when nobody waits for it any more.
    enum class Dropped : std::uint8_t {
        stops,  // it is not begun, or interrupted
        stays   // it takes place all the same: COMMIT, ROLLBACK, closing
    };
    // What it does to the session's transaction, as far as the driver knows.
    enum class Effect : std::uint8_t { none, begins, ends };

    Job(const Job&) = delete;

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    // The loop's thread: whether its end has arrived. Then: what went wrong, or null.
    bool arrived() const noexcept { return arrived_; }
    const std::exception_ptr& error() const noexcept { return error_; }

protected:
    explicit Job(Dropped dropped, Effect effect) noexcept : dropped_(dropped), effect_(effect) {}
    virtual ~Job() = default;

    // The connection's thread. Errors: it fails with them.
    virtual void run(Database& database) = 0;

private:
    friend class JobAwaiter;
    friend class Session;
    friend class Worker;
    enum class State : std::uint8_t { waiting, running, stopping, stopped, done, dropped };

    std::atomic<std::uint32_t> references_{0};
    std::atomic<State> state_{State::waiting};
    const Dropped dropped_;
    const Effect effect_;
    bool ends_thread_ = false;  // the last one
    // Written by the thread before it is running, or before it is done.
    sqlite3* interruptible_ = nullptr;  // what sqlite3_interrupt() may be called for
    bool left_in_transaction_ = false;
    std::exception_ptr error_;
    // In the queue of what the thread shall do, then of what it has done.
    Job* next_ = nullptr;
    // The loop's.
    bool arrived_ = false;
    bool is_outstanding_ = false;
    Job* previous_outstanding_ = nullptr;
    Job* next_outstanding_ = nullptr;
    JobAwaiter* awaiter_ = nullptr;
};

// A counted reference to a J, which is a Job.
template <class J>
class JobRef {
public:
    JobRef() noexcept = default;
    explicit JobRef(J* job) noexcept : job_(job) {
        if (job_) job_->retain();
    }
    JobRef(const JobRef& other) noexcept : JobRef(other.job_) {}
    JobRef(JobRef&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
    JobRef& operator=(JobRef other) noexcept {
        std::swap(job_, other.job_);
        return *this;
    }
    ~JobRef() {
        if (job_) job_->release();
    }
    J& operator*() const noexcept { return *job_; }
    J* operator->() const noexcept { return job_; }
    J* get() const noexcept { return job_; }

private:
    J* job_ = nullptr;
};

// Calls a function with the database.
template <class F>
class FunctionJob final : public Job {
public:
    using Result = std::invoke_result_t<F&, Database&>;

    FunctionJob(F function, Dropped dropped, Effect effect) : Job(dropped, effect), function_(std::move(function)) {}
    // Once it has arrived without an error.
    Result take() {
        if constexpr (!std::is_void_v<Result>) return std::move(*result_.value);
    }

private:
    void run(Database& database) override {
        if constexpr (std::is_void_v<Result>) {
            function_(database);
        } else {
            result_.value.emplace(function_(database));
        }
    }

    F function_;
    aio::detail::ValueSlot<Result> result_;
};

template <class F>
JobRef<FunctionJob<F>> make_job(F function, Job::Dropped dropped = Job::Dropped::stops,
                                Job::Effect effect = Job::Effect::none) {
    return JobRef<FunctionJob<F>>(new FunctionJob<F>(std::move(function), dropped, effect));
}

}  // namespace aio::sqlite::detail
