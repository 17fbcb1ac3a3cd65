// ThreadPoolExecutor: its queue of jobs, threads started on demand, a failing initializer, shutdown. submit() and map()
// are templates in the header; what becomes of a job's result is in concurrent_future.cpp and threads.cpp.
#include <aio/sync/executor.hpp>

#include "base/make_error.hpp"
#include "core/blocked.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace aio {

// What the threads share. They hold it, so that they may outlive the ThreadPoolExecutor.
class ThreadPoolExecutor::Pool {
public:
    Pool(std::size_t max_workers, std::string_view prefix, detail::Function<void()> initializer)
        : max_workers_(max_workers), prefix_(prefix), initializer_(std::move(initializer)) {}

    void push(const std::shared_ptr<Pool>& self, Job& job);
    void shut_down(bool wait, bool cancel_futures);

    std::size_t max_workers() const noexcept { return max_workers_; }
    bool is_shut_down() const {
        std::lock_guard lock(mutex_);
        return shut_down_;
    }
    std::size_t workers() const {
        std::lock_guard lock(mutex_);
        return running_;
    }

private:
    void start_thread(const std::shared_ptr<Pool>& self);
    void work() noexcept;
    bool initialize() noexcept;
    Job* take() noexcept;
    Job* take_all() noexcept;
    void join(std::vector<std::thread> threads) noexcept;

    const std::size_t max_workers_;
    const std::string prefix_;
    const detail::Function<void()> initializer_;

    mutable std::mutex mutex_;       // of all below
    std::condition_variable wake_;   // a job, or the end
    std::condition_variable ended_;  // of a thread
    Job* first_ = nullptr;
    Job** end_ = &first_;
    std::size_t queued_ = 0;
    std::size_t idle_ = 0;     // threads that wait for a job
    std::size_t running_ = 0;  // threads that have not ended
    bool shut_down_ = false;
    std::exception_ptr broken_;  // thrown at every job from now on
    std::vector<std::thread> threads_;
};

namespace {

// The pool whose thread this is, which cannot wait for its own end, even if an earlier shutdown() let it go.
thread_local const void* working_for = nullptr;

std::size_t default_workers() { return std::min<std::size_t>(32, std::thread::hardware_concurrency() + 4); }

}  // namespace

void ThreadPoolExecutor::Pool::push(const std::shared_ptr<Pool>& self, Job& job) {
    std::unique_lock lock(mutex_);
    if (broken_) std::rethrow_exception(broken_);
    if (shut_down_) throw RuntimeError("ThreadPoolExecutor: cannot schedule new futures after shutdown");
    // As many idle threads as queued jobs are about to take them: this one needs another.
    if (idle_ <= queued_ && running_ < max_workers_) {
        try {
            start_thread(self);
        } catch (...) {
            if (running_ == 0) throw;  // otherwise the existing threads will take the job
        }
    }
    job.next = nullptr;
    *end_ = &job;
    end_ = &job.next;
    ++queued_;
    const bool wake = idle_ > 0;
    lock.unlock();  // first: the thread would wake up only to wait for the lock
    if (wake) wake_.notify_one();
}

void ThreadPoolExecutor::Pool::start_thread(const std::shared_ptr<Pool>& self) {
    threads_.reserve(threads_.size() + 1);
    const std::string name = (prefix_ + "_" + std::to_string(threads_.size())).substr(0, 15);
    try {
        std::thread thread([self] { self->work(); });
        pthread_setname_np(thread.native_handle(), name.c_str());
        threads_.push_back(std::move(thread));
    } catch (const std::system_error& error) {
        throw_os_error(error.code().value(), "start a thread");
    }
    ++running_;
}

void ThreadPoolExecutor::Pool::work() noexcept {
    working_for = this;
    if (initializer_ && !initialize()) return;
    while (Job* job = take()) job->run();
}

// False: the initializer failed; this thread must end, and the executor is broken.
bool ThreadPoolExecutor::Pool::initialize() noexcept {
    try {
        initializer_();
        return true;
    } catch (...) {
        detail::log_exception("Exception in initializer:", std::current_exception());
    }
    Job* dropped;
    std::exception_ptr broken =
        detail::make_error<BrokenThreadPool>("A thread initializer failed, the thread pool is not usable anymore");
    {
        std::lock_guard lock(mutex_);
        if (!broken_) broken_ = broken;
        dropped = take_all();
        --running_;
        ended_.notify_all();
    }
    while (dropped) std::exchange(dropped, dropped->next)->fail(broken);
    return false;
}

Job* ThreadPoolExecutor::Pool::take_all() noexcept {
    end_ = &first_;
    queued_ = 0;
    return std::exchange(first_, nullptr);
}

// The next job, waiting for it; null when it is time to end.
Job* ThreadPoolExecutor::Pool::take() noexcept {
    std::unique_lock lock(mutex_);
    ++idle_;
    ++detail::idle_threads;
    wake_.wait(lock, [this] { return first_ || shut_down_; });
    --idle_;
    --detail::idle_threads;
    Job* job = first_;
    if (!job) {
        --running_;
        ended_.notify_all();
        return nullptr;
    }
    first_ = job->next;
    if (!first_) end_ = &first_;
    --queued_;
    return job;
}

void ThreadPoolExecutor::Pool::shut_down(bool wait, bool cancel_futures) {
    std::vector<std::thread> threads;
    Job* dropped = nullptr;
    {
        std::lock_guard lock(mutex_);
        shut_down_ = true;
        threads.swap(threads_);
        if (cancel_futures) dropped = take_all();
        wake_.notify_all();
    }
    while (dropped) std::exchange(dropped, dropped->next)->discard();
    if (wait && working_for != this) return join(std::move(threads));
    for (std::thread& thread : threads) thread.detach();
}

void ThreadPoolExecutor::Pool::join(std::vector<std::thread> threads) noexcept {
    for (std::thread& thread : threads) thread.join();
    std::unique_lock lock(mutex_);  // threads that another shutdown() joins or has detached
    ended_.wait(lock, [this] { return running_ == 0; });
}

ThreadPoolExecutor::ThreadPoolExecutor(int max_workers, std::string_view thread_name_prefix,
                                       detail::Function<void()> initializer) {
    if (max_workers < 0) throw ValueError("ThreadPoolExecutor: max_workers must not be negative");
    const auto workers = max_workers == 0 ? default_workers() : static_cast<std::size_t>(max_workers);
    pool_ = std::make_shared<Pool>(workers, thread_name_prefix, std::move(initializer));
}

// After shutdown(false) the threads are detached, and the destructor does not wait for them either.
ThreadPoolExecutor::~ThreadPoolExecutor() {
    if (pool_ && !pool_->is_shut_down()) pool_->shut_down(true, false);
}

void ThreadPoolExecutor::execute(Job& job) { pool_->push(pool_, job); }
void ThreadPoolExecutor::shutdown(bool wait, bool cancel_futures) { pool_->shut_down(wait, cancel_futures); }
std::size_t ThreadPoolExecutor::max_workers() const noexcept { return pool_->max_workers(); }
std::size_t ThreadPoolExecutor::workers() const { return pool_->workers(); }

}  // namespace aio
