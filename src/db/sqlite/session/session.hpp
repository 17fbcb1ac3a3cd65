// A connection, as the loop sees it: jobs are queued for its thread, and each wakes whoever waits for it.
//
//   open ──▶ closing ──▶ lost
//     └──────────────────▶│
//
//   open       jobs are submitted
//   closing    those that were submitted still run; the last one closes the database and ends the thread
//   lost       nothing can be submitted any more
//
// The handles share the session, and so does whoever waits for a job; the last of them ends it. The thread never waits for the loop,
// and the loop waits for the thread only in close(), when that has nothing more to do. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/waiter.hpp>
#include <aio/db/lease.hpp>
#include <aio/sqlite/connect.hpp>
#include <aio/sqlite/execution.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/lock.hpp>

#include "core/loop_resource.hpp"
#include "core/loop_state.hpp"
#include "db/sqlite/engine/database.hpp"
#include "db/sqlite/session/job.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

namespace aio::sqlite::detail {

class TransactionBlock;
class Worker;

// Waits for a job. Result: none; errors: the job's. Cancel: the job is dropped, see Job::Dropped.
class JobAwaiter final : public aio::detail::Waiter {
public:
    JobAwaiter(Session& session, Job& job) noexcept : session_(session), job_(&job) {}
    JobAwaiter(const JobAwaiter&) = delete;
    ~JobAwaiter();

    bool await_ready() const noexcept { return job_->arrived(); }
    void await_suspend(std::coroutine_handle<> frame);
    void await_resume();
    bool cancel_wait(std::string_view message) noexcept override;
    const char* name() const noexcept override { return "a statement of SQLite"; }
    void ended() noexcept { wake(); }

private:
    Session& session_;  // which the awaiting coroutine keeps alive
    JobRef<Job> job_;
};

class [[nodiscard]] JobEnd {
public:
    using native_awaitable = void;

    JobEnd(Session& session, Job& job) noexcept : session_(session), job_(job) {}
    JobAwaiter operator co_await() const noexcept { return {session_, job_}; }

private:
    Session& session_;
    Job& job_;
};

class Session final : public aio::detail::LoopResource, public std::enable_shared_from_this<Session> {
public:
    // Starts the thread. Errors: OSError.
    static SharedSession start(std::size_t statement_cache_size);
    explicit Session(std::size_t statement_cache_size);
    ~Session();

    // Puts it at the end of the queue. Errors: db::InterfaceError, unless it is open.
    void submit(Job& job);
    // The same without an error: false, and nothing is submitted.
    bool try_submit(Job& job) noexcept;
    JobEnd finished(Job& job) noexcept { return {*this, job}; }
    // Nobody waits for it any more: it is not begun, or interrupted.
    void drop(Job& job) noexcept;

    bool is_open() const noexcept { return phase_ == Phase::open; }
    // After what was submitted, as far as the driver knows; what a statement of the user's does is seen when it has ended.
    bool is_in_transaction() const noexcept { return in_transaction_; }
    std::uint64_t new_number() noexcept { return ++numbers_; }
    // A pool's user has left: what was made of the connection is void.
    void note_release() noexcept { ++leases_; }
    db::detail::Lease lease() const noexcept { return db::detail::Lease(leases_); }

    // Waits for what was submitted, and closes the database. Cancel: it is aborted.
    static Coro<> close(SharedSession session);
    // At once. What was submitted fails.
    void abort() noexcept;

    // Of transaction.cpp: the transaction() that began last, of those that are open.
    TransactionBlock* innermost = nullptr;
    // Of backup.cpp: held by a backup, out of this database or into it.
    Lock backup_lock;

private:
    friend class JobAwaiter;
    friend class Worker;
    enum class Phase : std::uint8_t { open, closing, lost };

    void arrived(Job& job) noexcept;
    void enqueue(Job& job) noexcept;
    void settle(Job& job) noexcept;
    void loop_closing() noexcept override { abort(); }
    [[noreturn]] void throw_closed() const;

    aio::detail::LoopState& loop_;
    std::shared_ptr<Worker> worker_;
    std::thread thread_;
    Phase phase_ = Phase::open;
    bool in_transaction_ = false;
    std::size_t effects_ = 0;  // jobs that begin or end a transaction and have not arrived
    Job* first_ = nullptr;     // that were submitted and have not arrived
    Job* last_ = nullptr;
    std::uint64_t numbers_ = 0;
    std::uint64_t leases_ = 0;  // that have ended
    Event closed_;
};

// Lets the thread call `function`, which must hold nothing of the loop's. Errors: its own; db::InterfaceError.
template <class F>
Coro<std::invoke_result_t<F&, Database&>> perform(SharedSession session, F function,
                                                  Job::Dropped dropped = Job::Dropped::stops,
                                                  Job::Effect effect = Job::Effect::none) {
    const auto job = make_job(std::move(function), dropped, effect);
    session->submit(*job);
    co_await session->finished(*job);
    co_return job->take();
}

// A job that takes place when this is destroyed. It is made before, since a destructor has no memory to rely on.
template <class F>
class FinalJob {
public:
    FinalJob(SharedSession session, F function)
        : session_(std::move(session)), job_(make_job(std::move(function), Job::Dropped::stays)) {}
    FinalJob(const FinalJob&) = delete;
    // A session that is closed has done it, or does it when its thread ends.
    ~FinalJob() { session_->try_submit(*job_); }

private:
    SharedSession session_;
    JobRef<FunctionJob<F>> job_;
};

}  // namespace aio::sqlite::detail
