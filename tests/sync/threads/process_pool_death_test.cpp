// ProcessPoolExecutor: workers that die.
#include "sync/threads/process_pool_calls.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <vector>

namespace aio::test {
namespace {

// --- death -----------------------------------------------------------------------------------------------------------

TEST(ProcessPoolExecutor, death_of_a_worker_breaks_the_pool_and_says_why) {
    for (const int signal : {SIGKILL, SIGTERM}) {
        ProcessPoolExecutor pool(1);
        auto dying = pool.submit(die_of, signal);
        const std::string why = broken(dying);
        EXPECT_NE(why.find("signal " + std::to_string(signal)), std::string::npos) << why;
        EXPECT_THROW(pool.submit(add, 1, 2), BrokenProcessPool);
    }
    ProcessPoolExecutor pool(1);
    const std::string why = broken(pool.submit(leave, 3));
    EXPECT_NE(why.find("exited with status 3"), std::string::npos) << why;
    ProcessPoolExecutor another(1);
    EXPECT_EQ(another.submit(add, 1, 2).result(60s), 3);
}

TEST(ProcessPoolExecutor, crash_is_an_exception) {
    if (kSanitized) GTEST_SKIP() << "the sanitizer has handlers of its own";
    const auto crash = [] {
        int* volatile nowhere = nullptr;
        return *nowhere;
    };
    const auto overrun = []() -> int { std::abort(); };
    ProcessPoolExecutor first(1), second(1);
    EXPECT_NE(broken(first.submit(crash)).find("signal 11"), std::string::npos);
    EXPECT_NE(broken(second.submit(overrun)).find("signal 6"), std::string::npos);
}

TEST(ProcessPoolExecutor, every_call_that_is_not_done_gets_the_error) {
    ProcessPoolExecutor pool(2);
    auto running = pool.submit(wait_for_the_end, 0);
    while (pool.processes().empty()) std::this_thread::sleep_for(1ms);
    auto dying = pool.submit(die_of, SIGKILL);
    std::vector<ConcurrentFuture<int>> pending;
    try {
        for (int i = 0; i < 10; ++i) pending.push_back(pool.submit(add, i, i));
    } catch (const BrokenProcessPool&) {}  // it was quick
    const std::string why = broken(dying);
    EXPECT_EQ(broken(running), why) << "the first reason";
    for (auto& future : pending) EXPECT_EQ(broken(future), why);
    pool.shutdown();
    EXPECT_EQ(pool.processes().size(), 0u);
}

// Whether it is a zombie of which no thread is left: its descriptors are closed then, and not before. The first thread
// is a zombie as soon as it has ended, and ThreadSanitizer gives each process a second one. Source: proc_pid_stat(5).
bool has_closed_everything(pid_t pid) {
    char state = ' ';
    int threads = 0;
    std::FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r");
    if (!file) return true;
    const int fields = std::fscanf(
        file, "%*d (%*[^)]) %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d", &state, &threads);
    std::fclose(file);
    return fields == 2 && state == 'Z' && threads <= 1;
}

LOOP_TEST(ProcessPoolExecutor, worker_that_dies_between_calls_is_replaced, kOnce) {
    if (kThreadSanitizer) GTEST_SKIP() << "seen to die within the next call; not seen since it waits for all threads";
    ProcessPoolExecutor pool(1);
    const int first = pool.submit(here).result(60s);
    ::kill(first, SIGKILL);
    for (int tries = 0; tries < 5000 && !has_closed_everything(first); ++tries) std::this_thread::sleep_for(1ms);
    EXPECT_NE(pool.submit(here).result(60s), first);
    const Log logs = take_logs();
    ASSERT_EQ(logs.size(), 1u);
    EXPECT_NE(logs[0].find("killed by signal 9"), std::string::npos) << logs[0];
}

TEST(ProcessPoolExecutor, kill_workers_ends_what_would_not_end) {
    ProcessPoolExecutor pool(1);
    auto endless = pool.submit(wait_for_the_end, 0);
    while (pool.processes().empty()) std::this_thread::sleep_for(1ms);
    pool.kill_workers();
    broken(endless);
}

TEST(ProcessPoolExecutor, initializer_is_called_first_and_breaks_the_pool_when_it_fails) {
    static int prepared = 0;
    ProcessPoolExecutor pool({.max_workers = 1, .initializer = [] { prepared = 5; }});
    EXPECT_EQ(pool.submit([] { return prepared; }).result(60s), 5);
    EXPECT_EQ(prepared, 0) << "in the worker";
    ProcessPoolExecutor failing({.max_workers = 1, .initializer = [] { throw std::runtime_error("no licence"); }});
    const std::string why = broken(failing.submit(here));
    EXPECT_NE(why.find("no licence"), std::string::npos) << why;
}

// --- processes that others forked --------------------------------------------------------------------------------------
// They have every descriptor of the process that forked them, and outlive it.

// Process ids, in memory that workers and tests share. The processes are killed with it.
class SharedPids {
public:
    SharedPids()
        : pids_(static_cast<std::atomic<pid_t>*>(
              ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
        current = this;
    }
    ~SharedPids() {
        for (int i = 0; i < 2; ++i) {
            if (pids_[i] > 0) ::kill(pids_[i], SIGKILL);
        }
        ::munmap(pids_, 4096);
    }
    std::atomic<pid_t>& operator[](int i) { return pids_[i]; }

    static inline SharedPids* current = nullptr;  // in a worker, too: it was forked after this was made

private:
    std::atomic<pid_t>* pids_;
};

// Forks a process that does nothing.
pid_t fork_idler() {
    const pid_t pid = ::fork();
    if (pid > 0) return pid;
    for (;;) ::pause();
}

int leave_an_idler_and_die(int signal) {
    (*SharedPids::current)[0] = fork_idler();
    return die_of(signal);
}

// What it executes is a program of its own: only descriptors that are not closed on exec get there.
int leave_a_program_and_die(int signal) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execlp("sleep", "sleep", "1000", static_cast<char*>(nullptr));
        ::_exit(127);
    }
    (*SharedPids::current)[0] = pid;
    return die_of(signal);
}

int leave_an_idler() {
    (*SharedPids::current)[0] = fork_idler();
    return ::getpid();
}

int server_of_this_worker() { return ::getppid(); }

TEST(ProcessPoolExecutor, death_of_a_worker_is_noticed_while_what_it_started_lives) {
    for (const auto call : {leave_an_idler_and_die, leave_a_program_and_die}) {
        SharedPids pids;
        ProcessPoolExecutor pool(1);
        const std::string why = broken(pool.submit(call, SIGKILL));
        EXPECT_NE(why.find("killed by signal 9"), std::string::npos) << why;
        EXPECT_TRUE(exists(pids[0]));
    }
}

TEST(ProcessPoolExecutor, program_that_a_worker_starts_gets_no_socket_of_the_pool) {
    ProcessPoolExecutor pool(1);
    const auto inherited = [] {
        std::string open;
        for (int fd = 3; fd < 64; ++fd) {
            const int flags = ::fcntl(fd, F_GETFD);
            if (flags >= 0 && !(flags & FD_CLOEXEC)) open += " " + std::to_string(fd);
        }
        return open;
    };
    EXPECT_EQ(pool.submit(inherited).result(60s), "");
}

LOOP_TEST(ProcessPoolExecutor, idle_worker_whose_child_lives_is_replaced_when_it_died, kOnce) {
    if (kThreadSanitizer) GTEST_SKIP() << "as above";
    SharedPids pids;
    ProcessPoolExecutor pool(1);
    const int first = pool.submit(leave_an_idler).result(60s);
    ::kill(first, SIGKILL);
    for (int tries = 0; tries < 5000 && !has_closed_everything(first); ++tries) std::this_thread::sleep_for(1ms);
    const std::string large(8 << 20, 'x');  // more than the socket holds, and nobody would read it
    EXPECT_EQ(pool.submit(length, large).result(60s), large.size());
    EXPECT_EQ(take_logs().size(), 1u);
}

TEST(ProcessPoolExecutor, worker_may_die_while_it_is_given_a_large_call_and_its_child_lives) {
    SharedPids pids;
    ProcessPoolExecutor pool(1);
    const int worker = pool.submit(leave_an_idler).result(60s);
    ::kill(worker, SIGSTOP);
    auto call = pool.submit(length, std::string(8 << 20, 'x'));
    while (!call.running()) std::this_thread::sleep_for(1ms);
    ::kill(worker, SIGKILL);
    try {
        EXPECT_EQ(call.result(60s), std::size_t{8 << 20});  // it was dead before it was given the call
    } catch (const BrokenProcessPool&) {}
    take_logs();
}

TEST(ProcessPoolExecutor, child_of_a_worker_that_returns_from_the_call_gives_no_answer) {
    ProcessPoolExecutor pool(1);
    const auto both = [] { return static_cast<int>(::fork() == 0 ? 0 : 1); };
    for (int i = 0; i < 20; ++i) EXPECT_EQ(pool.submit(both).result(60s), 1);
}

TEST(ProcessPoolExecutor, destructor_does_not_wait_for_what_was_forked_beside_the_pool) {
    SharedPids pids;
    {
        ProcessPoolExecutor pool(1);
        pool.submit(here).result(60s);
        pids[0] = fork_idler();
    }
    EXPECT_TRUE(exists(pids[0]));
    ::kill(pids[0], SIGKILL);
    ::waitpid(pids[0], nullptr, 0);
    pids[0] = 0;
}

TEST(ProcessPoolExecutor, workers_end_with_their_parent_although_what_it_forked_lives) {
    if (kThreadSanitizer) GTEST_SKIP() << "it allows no threads in a process that was forked";
    SharedPids pids;
    const pid_t parent = ::fork();
    if (parent == 0) {
        ProcessPoolExecutor pool(1);
        const pid_t worker = pool.submit(here).result();
        pids[0] = fork_idler();
        pids[1] = worker;
        ::raise(SIGKILL);
    }
    ::waitpid(parent, nullptr, 0);
    ASSERT_GT(pids[1], 0);
    const pid_t worker = pids[1].exchange(0);
    wait_until_gone(worker);
    EXPECT_TRUE(exists(pids[0]));
}

// --- the fork server -----------------------------------------------------------------------------------------------------

TEST(ProcessPoolExecutor, death_of_the_fork_server_breaks_the_pool) {
    ProcessPoolExecutor pool({.max_workers = 1, .max_tasks_per_child = 1});
    const int server = pool.submit(server_of_this_worker).result(60s);
    ::kill(server, SIGKILL);
    const std::string why = broken_by([&] { static_cast<void>(pool.submit(add, 1, 2).result(60s)); });
    EXPECT_NE(why.find("fork server, process " + std::to_string(server) + " was killed by signal 9"),
              std::string::npos)
        << why;
    EXPECT_THROW(pool.submit(add, 1, 2), BrokenProcessPool);
}

TEST(ProcessPoolExecutor, death_of_the_fork_server_ends_calls_in_progress) {
    SharedPids pids;
    ProcessPoolExecutor pool(2);
    const int server = pool.submit(server_of_this_worker).result(60s);
    auto running = pool.submit(wait_for_the_end, 0);
    while (!running.running()) std::this_thread::sleep_for(1ms);
    ::kill(server, SIGKILL);
    broken(running);
    broken_by([&] { static_cast<void>(pool.submit(add, 1, 2).result(60s)); });
}

}  // namespace
}  // namespace aio::test
