// Jobs per second through a ThreadPoolExecutor, beside the least that such a pool can be: threads, one queue, a mutex
// and a condition variable. The jobs do nothing, so that the pool is all there is to see.
//
//     pool_bench [WORKERS] [JOBS]

#include <aio/aio.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

class BarePool {
public:
    explicit BarePool(int workers) {
        for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
    }
    ~BarePool() {
        {
            std::lock_guard lock(mutex_);
            over_ = true;
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }
    void submit(std::function<void()> job) {
        {
            std::lock_guard lock(mutex_);
            jobs_.push_back(std::move(job));
        }
        wake_.notify_one();
    }

private:
    void work() {
        for (;;) {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return over_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            std::function<void()> job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    bool over_ = false;
    std::vector<std::thread> threads_;
};

template <class Submit>
double jobs_per_second(int jobs, Submit submit) {
    std::atomic<int> done{0};
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < jobs; ++i) submit([&done] { done.fetch_add(1, std::memory_order_relaxed); });
    while (done < jobs) std::this_thread::yield();
    return jobs / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

aio::Coro<> through_a_loop(aio::Executor* pool, int jobs) {
    aio::EventLoop& loop = aio::get_running_loop();
    std::vector<aio::Future<>> futures;
    for (int i = 0; i < jobs; ++i) futures.push_back(loop.run_in_executor(pool, [] {}));
    for (const aio::Future<>& future : futures) co_await future;
}

}  // namespace

int main(int argc, char** argv) {
    const int workers = argc > 1 ? std::atoi(argv[1]) : 2;
    const int jobs = argc > 2 ? std::atoi(argv[2]) : 200'000;
    for (int round = 0; round < 3; ++round) {
        BarePool bare(workers);
        const double limit = jobs_per_second(jobs, [&](auto job) { bare.submit(job); });
        aio::ThreadPoolExecutor pool(workers);
        const double ours = jobs_per_second(jobs, [&](auto job) { pool.submit(job); });
        const auto start = std::chrono::steady_clock::now();
        aio::run(through_a_loop(&pool, jobs));
        const double looped = jobs / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::printf("bare %.0f/s   submit %.0f/s (%.2fx)   run_in_executor %.0f/s (%.2fx)\n", limit, ours,
                    ours / limit, looped, looped / limit);
    }
}
