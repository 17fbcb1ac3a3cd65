// The parent's side of a ProcessPoolExecutor: threads that each take a call to a worker and wait for its answer.
#include <aio/sync/process_pool.hpp>

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "base/unique_fd.hpp"
#include "sync/process_pool/fork_server.hpp"
#include "sync/process_pool/remote_error.hpp"
#include "sync/process_pool/worker.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

namespace aio {

namespace detail {

class ProcessPool {
public:
    explicit ProcessPool(const ProcessPoolOptions& options);
    ~ProcessPool();

    void execute(Job& job, std::size_t message_size);
    std::string call(ProcessThunk thunk, const std::string& arguments);
    void shut_down(bool wait, bool cancel_futures);
    bool is_shut_down() const noexcept { return shut_down_.load(); }
    void kill_workers() { break_with("The process pool was killed by kill_workers()"); }

    std::size_t max_workers() const noexcept { return threads_.max_workers(); }
    std::vector<int> processes() const;

private:
    struct Worker {
        UniqueFd socket;
        UniqueFd process;  // its pidfd; none where the kernel has none
        pid_t pid = -1;
        int calls = 0;
    };

    std::unique_ptr<Worker> take_worker();
    std::unique_ptr<Worker> start_worker();
    void give_back(std::unique_ptr<Worker> worker);
    static void close_socket(Worker& worker) noexcept;
    int end_worker(Worker& worker) noexcept;
    void end_idle_workers() noexcept;
    std::string answer_of(Worker& worker, MessageKind& kind);
    [[noreturn]] void died(Worker& worker, const char* when);
    void break_with(const std::string& reason);
    void check_broken() const;

    const WorkerOptions worker_options_;
    const int max_tasks_per_child_;
    ForkServer server_;

    mutable std::mutex mutex_;  // of the three below
    std::vector<std::unique_ptr<Worker>> idle_;
    std::vector<pid_t> alive_;  // not yet reaped: their numbers are theirs
    std::exception_ptr broken_;
    std::atomic<bool> is_broken_{false}, shut_down_{false};

    ThreadPoolExecutor threads_;  // last: its threads use all this
};

namespace {

std::size_t workers_of(const ProcessPoolOptions& options) {
    if (options.max_workers < 0) throw ValueError("ProcessPoolExecutor: max_workers must not be negative");
    if (options.max_tasks_per_child < 0) {
        throw ValueError("ProcessPoolExecutor: max_tasks_per_child must not be negative");
    }
    return options.max_workers > 0 ? static_cast<std::size_t>(options.max_workers)
                                   : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

// Whether the worker ended, or closed its socket, while it was idle.
bool is_gone(int fd, int process) noexcept {
    pollfd watched[2] = {{fd, POLLIN, 0}, {process, POLLIN, 0}};
    return ::poll(watched, 2, 0) > 0;
}

}  // namespace

ProcessPool::ProcessPool(const ProcessPoolOptions& options)
    : worker_options_{options.initializer, options.max_message},
      max_tasks_per_child_(options.max_tasks_per_child),
      server_(work, &worker_options_),
      threads_(static_cast<int>(workers_of(options)), "aio-process") {}

ProcessPool::~ProcessPool() {
    threads_.shutdown(true);
    end_idle_workers();
}

void ProcessPool::execute(Job& job, std::size_t message_size) {
    if (message_size > worker_options_.max_message) {
        throw ValueError("ProcessPoolExecutor.submit: the arguments have " + std::to_string(message_size) +
                         " bytes, more than max_message, " + std::to_string(worker_options_.max_message));
    }
    if (is_broken_.load()) check_broken();
    threads_.execute(job);
}

std::string ProcessPool::call(ProcessThunk thunk, const std::string& arguments) {
    std::unique_ptr<Worker> worker = take_worker();
    const std::string_view head(reinterpret_cast<const char*>(&thunk), sizeof thunk);
    if (!send_message(worker->socket.get(), worker->process.get(), MessageKind::call, head, arguments))
        died(*worker, "while it received a call");
    MessageKind kind;
    std::string answer = answer_of(*worker, kind);
    give_back(std::move(worker));
    if (kind == MessageKind::error) throw_remote(answer);
    return answer;
}

std::string ProcessPool::answer_of(Worker& worker, MessageKind& kind) {
    std::string answer;
    Received received = Received::nonsense;
    try {
        received =
            receive_message(worker.socket.get(), worker.process.get(), worker_options_.max_message, kind, answer);
    } catch (const std::bad_alloc&) {
        end_worker(worker);  // its answer is still in the socket
        throw;
    }
    if (received == Received::end) died(worker, "while it worked on a call");
    if (received == Received::nonsense || kind == MessageKind::call) {
        ::kill(worker.pid, SIGKILL);
        died(worker, "because its answer was malformed");
    }
    return answer;
}

// --- workers -----------------------------------------------------------------------------------------------------

std::unique_ptr<ProcessPool::Worker> ProcessPool::take_worker() {
    for (;;) {
        std::unique_ptr<Worker> worker;
        {
            std::lock_guard lock(mutex_);
            if (broken_) std::rethrow_exception(broken_);
            if (!idle_.empty()) {
                worker = std::move(idle_.back());
                idle_.pop_back();
            }
        }
        if (!worker) return start_worker();
        if (!is_gone(worker->socket.get(), worker->process.get())) return worker;
        // It died between two calls: nothing is lost, but it is worth a warning.
        const pid_t pid = worker->pid;
        log(LogLevel::warning,
            "ProcessPoolExecutor: " + describe_end("an idle worker process", pid, end_worker(*worker)));
    }
}

std::unique_ptr<ProcessPool::Worker> ProcessPool::start_worker() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        throw_os_error(errno, "make a socket pair for a worker process");
    }
    auto worker = std::make_unique<Worker>();
    worker->socket = UniqueFd(pair[0]);
    UniqueFd theirs(pair[1]);
    try {
        worker->pid = server_.spawn(theirs.get());
    } catch (const BrokenProcessPool& error) {
        break_with(error.what());
        check_broken();
    }
    theirs.close();
    {
        std::lock_guard lock(mutex_);
        alive_.push_back(worker->pid);
        idle_.reserve(alive_.capacity());
        if (broken_) ::kill(worker->pid, SIGKILL);  // break_with() ran before it was in alive_
    }
    const int process = open_pidfd(worker->pid);  // never another's: a dead worker is a zombie until reaped
    if (process == -EMFILE || process == -ENFILE || process == -ENOMEM) {
        end_worker(*worker);
        throw_os_error(-process, "watch worker process " + std::to_string(worker->pid));
    }
    worker->process = UniqueFd(process);
    MessageKind kind;
    const std::string answer = answer_of(*worker, kind);
    if (kind != MessageKind::error) return worker;
    end_worker(*worker);
    std::string why;
    try {
        throw_remote(answer);
    } catch (const std::exception& error) {
        why = error.what();
    } catch (const BaseException& error) {
        why = error.what();
    }
    break_with("A child process's initializer failed, the process pool is not usable anymore: " + why);
    check_broken();
    std::abort();  // it is broken
}

void ProcessPool::give_back(std::unique_ptr<Worker> worker) {
    if (max_tasks_per_child_ > 0 && ++worker->calls == max_tasks_per_child_) {
        end_worker(*worker);
        return;
    }
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(worker));
}

// shutdown() makes the worker see the end even if a process forked from this one also holds the socket.
void ProcessPool::close_socket(Worker& worker) noexcept {
    ::shutdown(worker.socket.get(), SHUT_RDWR);
    worker.socket.close();
}

// Result: its wait status, or -1.
int ProcessPool::end_worker(Worker& worker) noexcept {
    close_socket(worker);
    {
        std::lock_guard lock(mutex_);
        std::erase(alive_, worker.pid);
    }
    return server_.reap(worker.pid);
}

void ProcessPool::end_idle_workers() noexcept {
    std::vector<std::unique_ptr<Worker>> workers;
    {
        std::lock_guard lock(mutex_);
        workers.swap(idle_);
    }
    for (const auto& worker : workers) close_socket(*worker);  // all at once, then one after the other
    for (const auto& worker : workers) end_worker(*worker);
}

// --- the end -------------------------------------------------------------------------------------------------------

void ProcessPool::died(Worker& worker, const char* when) {
    const pid_t pid = worker.pid;
    const int status = end_worker(worker);
    break_with("A process in the process pool was terminated abruptly while the future was running or pending: " +
               describe_end("worker process", pid, status) + " " + when);
    check_broken();
    std::abort();  // it is broken
}

void ProcessPool::check_broken() const {
    std::lock_guard lock(mutex_);
    if (broken_) std::rethrow_exception(broken_);
}

// The first reason stays. Calls in progress end, since their workers do; those that wait find broken_.
void ProcessPool::break_with(const std::string& reason) {
    std::lock_guard lock(mutex_);
    if (!broken_) broken_ = std::make_exception_ptr(BrokenProcessPool(reason));
    is_broken_.store(true);
    for (const pid_t pid : alive_) ::kill(pid, SIGKILL);
}

void ProcessPool::shut_down(bool wait, bool cancel_futures) {
    shut_down_.store(true);
    threads_.shutdown(wait, cancel_futures);
    if (wait) end_idle_workers();
}

std::vector<int> ProcessPool::processes() const {
    std::lock_guard lock(mutex_);
    return {alive_.begin(), alive_.end()};
}

std::string call_in_process(ProcessPool& pool, ProcessThunk thunk, const std::string& arguments) {
    return pool.call(thunk, arguments);
}
void execute(ProcessPool& pool, Job& job, std::size_t message_size) { pool.execute(job, message_size); }

// --- pickle.hpp ----------------------------------------------------------------------------------------------------

std::size_t load_count(Unpickler& in, std::size_t item_size) {
    const auto count = in.load<std::size_t>();
    if (count > in.left() / item_size) {
        throw UnpicklingError("pickle data was truncated: a container of " + std::to_string(count) +
                              " items, but only " + std::to_string(in.left()) + " bytes are left");
    }
    return count;
}

}  // namespace detail

std::string_view Unpickler::take(std::size_t size) {
    if (size > left_.size()) {
        throw UnpicklingError("pickle data was truncated: a value of " + std::to_string(size) + " bytes, but only " +
                              std::to_string(left_.size()) + " bytes are left");
    }
    const std::string_view bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    return bytes;
}

// --- ProcessPoolExecutor ---------------------------------------------------------------------------------------------

ProcessPoolExecutor::ProcessPoolExecutor(ProcessPoolOptions options)
    : pool_(std::make_shared<detail::ProcessPool>(options)) {}

// After shutdown(false) the calls in progress keep the pool.
ProcessPoolExecutor::~ProcessPoolExecutor() {
    if (!pool_->is_shut_down()) pool_->shut_down(true, false);
}

void ProcessPoolExecutor::shutdown(bool wait, bool cancel_futures) { pool_->shut_down(wait, cancel_futures); }
void ProcessPoolExecutor::kill_workers() { pool_->kill_workers(); }
std::size_t ProcessPoolExecutor::max_workers() const noexcept { return pool_->max_workers(); }
std::vector<int> ProcessPoolExecutor::processes() const { return pool_->processes(); }

}  // namespace aio
