// The queue between tasks and a connection's thread.
#include "db/sqlite/session/session.hpp"

#include <aio/db/errors.hpp>

#include "db/sqlite/session/worker.hpp"

namespace aio::sqlite::detail {

// --- waiting --------------------------------------------------------------------------------------------------------

// The frame may be destroyed while it waits.
JobAwaiter::~JobAwaiter() {
    if (job_->awaiter_ != this) return;
    job_->awaiter_ = nullptr;
    session_.drop(*job_);
}

void JobAwaiter::await_suspend(std::coroutine_handle<> frame) {
    suspend(frame, &session_.loop_);
    job_->awaiter_ = this;
}

void JobAwaiter::await_resume() {
    check_cancelled();
    if (!job_->arrived()) session_.throw_closed();
    if (job_->error()) std::rethrow_exception(job_->error());
}

bool JobAwaiter::cancel_wait(std::string_view message) noexcept {
    if (job_->awaiter_ != this) return false;  // it was woken
    job_->awaiter_ = nullptr;
    session_.drop(*job_);
    wake_cancelled(message);
    return true;
}

// --- the queue ------------------------------------------------------------------------------------------------------

SharedSession Session::start(std::size_t statement_cache_size) {
    auto session = std::make_shared<Session>(statement_cache_size);
    session->thread_ = session->worker_->start();
    return session;
}

Session::Session(std::size_t statement_cache_size)
    : loop_(aio::detail::LoopState::of(aio::detail::require_loop())),
      worker_(std::make_shared<Worker>(loop_, *this, statement_cache_size)) {
    link_before(loop_.resources);
}

Session::~Session() { abort(); }

void Session::throw_closed() const { throw db::InterfaceError("aio::sqlite: the connection is closed"); }

void Session::submit(Job& job) {
    if (!try_submit(job)) throw_closed();
}

bool Session::try_submit(Job& job) noexcept {
    if (phase_ != Phase::open) return false;
    enqueue(job);
    return true;
}

void Session::enqueue(Job& job) noexcept {
    job.retain();
    job.is_outstanding_ = true;
    job.previous_outstanding_ = last_;
    (last_ ? last_->next_outstanding_ : first_) = &job;
    last_ = &job;
    if (job.previous_outstanding_ == nullptr) {
        loop_.backend->external_work(+1);
        loop_.brief_answers += Worker::may_spin() ? 1 : 0;
    }
    if (job.effect_ != Job::Effect::none) {
        ++effects_;
        in_transaction_ = job.effect_ == Job::Effect::begins;
    }
    worker_->submit(job);
}

// It is not waited for any more.
void Session::settle(Job& job) noexcept {
    if (!std::exchange(job.is_outstanding_, false)) return;
    (job.previous_outstanding_ ? job.previous_outstanding_->next_outstanding_ : first_) = job.next_outstanding_;
    (job.next_outstanding_ ? job.next_outstanding_->previous_outstanding_ : last_) = job.previous_outstanding_;
    if (!first_) {
        if (loop_.backend) loop_.backend->external_work(-1);
        loop_.brief_answers -= Worker::may_spin() ? 1 : 0;
    }
    if (job.effect_ != Job::Effect::none) --effects_;
    job.release();
}

void Session::drop(Job& job) noexcept {
    if (job.dropped_ == Job::Dropped::stays || job.arrived_) return;
    if (worker_->withdraw(job)) return settle(job);
    worker_->stop(job);
}

void Session::arrived(Job& job) noexcept {
    job.arrived_ = true;
    settle(job);
    if (effects_ == 0) in_transaction_ = job.left_in_transaction_;
    if (JobAwaiter* const awaiter = std::exchange(job.awaiter_, nullptr)) awaiter->ended();
}

// --- the end --------------------------------------------------------------------------------------------------------

Coro<> Session::close(SharedSession session) {
    if (session->phase_ == Phase::lost) co_return;
    try {
        if (session->phase_ == Phase::open) {
            const auto job = make_job([](Database& database) { database.close(); }, Job::Dropped::stays);
            job->ends_thread_ = true;
            session->enqueue(*job);
            session->phase_ = Phase::closing;
            co_await session->finished(*job);
            session->phase_ = Phase::lost;
            session->worker_->forget_session();
            session->thread_.join();  // it has only to return
            session->closed_.set();
        } else {
            co_await session->closed_.wait();
        }
    } catch (...) {
        session->abort();
        throw;
    }
}

void Session::abort() noexcept {
    if (phase_ == Phase::lost) return;
    phase_ = Phase::lost;
    in_transaction_ = false;
    worker_->shut_down();
    for (Job* job = first_; job; job = job->next_outstanding_) worker_->stop(*job);  // the one that runs
    if (thread_.joinable()) thread_.detach();
    while (first_) {
        const JobRef<Job> job(first_);
        settle(*job);
        if (JobAwaiter* const awaiter = std::exchange(job->awaiter_, nullptr)) awaiter->ended();
    }
    closed_.set();
}

}  // namespace aio::sqlite::detail
