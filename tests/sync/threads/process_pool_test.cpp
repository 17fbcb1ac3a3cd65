// ProcessPoolExecutor: calls in other processes.
#include <aio/sync/threads.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>

#include "sync/threads/process_pool_calls.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace aio::test {

// A type with a Pickle of its own.
struct Order {
    int id;
    std::vector<std::string> lines;
    bool operator==(const Order&) const = default;
};

class OrderError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace aio::test

template <>
struct aio::Pickle<aio::test::Order> {
    static void save(Pickler& out, const test::Order& order) { out.save(order.id, order.lines); }
    static test::Order load(Unpickler& in) { return {in.load<int>(), in.load<std::vector<std::string>>()}; }
};

namespace aio::test {

namespace {

Order next_order(Order order) {
    ++order.id;
    order.lines.push_back("end");
    return order;
}

}  // namespace

TEST(ProcessPoolExecutor, makes_calls_in_other_processes) {
    ProcessPoolExecutor pool(2);
    EXPECT_EQ(pool.max_workers(), 2u);
    EXPECT_EQ(pool.submit(add, 1, 2).result(60s), 3);
    EXPECT_NE(pool.submit(here).result(60s), ::getpid());
    EXPECT_EQ(pool.submit(length, "four").result(60s), 4u) << "travels as the parameter's type";
    EXPECT_EQ(pool.submit([](std::vector<int> v) { return v.size(); }, std::vector<int>{1, 2, 3}).result(60s), 3u);
    pool.submit(nothing).result(60s);
    EXPECT_EQ(pool.submit(next_order, Order{1, {"a"}}).result(60s), (Order{2, {"a", "end"}}));
    EXPECT_THROW(ProcessPoolExecutor(-1), ValueError);
    EXPECT_EQ(ProcessPoolExecutor().max_workers(), std::thread::hardware_concurrency());
}

ASYNC_TEST(ProcessPoolExecutor, result_is_awaited, kOnce) {
    auto& pool = keep<ProcessPoolExecutor>(2);
    EXPECT_EQ(co_await pool.submit(add, 40, 2), 42);
    EXPECT_EQ(co_await get_running_loop().run_in_executor(&pool, add, 1, 2), 3);
    std::vector<std::string> texts = list(std::string("a"), std::string("bb"), std::string("ccc"));
    auto lengths = pool.map(length, texts);
    const std::vector<std::size_t> expected{1, 2, 3};
    EXPECT_EQ(co_await gather(std::move(lengths)), expected);
}

ASYNC_TEST(ProcessPoolExecutor, is_made_inside_a_loop_and_calls_may_run_loops, kOnce) {
    auto& pool = keep<ProcessPoolExecutor>(1);
    const auto with_a_loop = [](int x) {
        const auto twice = [](int y) -> Coro<int> {
            co_await sleep(1ms);
            co_return 2 * y;
        };
        return run(twice(x), {.backend = "epoll"});
    };
    EXPECT_EQ(co_await pool.submit(with_a_loop, 21), 42);
}

TEST(ProcessPoolExecutor, starts_workers_as_they_are_needed_and_reuses_them) {
    ProcessPoolExecutor pool(4);
    EXPECT_EQ(pool.processes().size(), 0u);
    const int first = pool.submit(here).result(60s);
    EXPECT_EQ(pool.processes(), std::vector<int>{first});
    for (int i = 0; i < 20; ++i) pool.submit(here).result(60s);
    EXPECT_LE(pool.processes().size(), 4u);
    pool.shutdown();
    EXPECT_EQ(pool.processes().size(), 0u);
    wait_until_gone(first);
    EXPECT_THROW(pool.submit(here), RuntimeError);
}

TEST(ProcessPoolExecutor, replaces_a_worker_after_its_number_of_calls) {
    ProcessPoolExecutor pool({.max_workers = 1, .max_tasks_per_child = 2});
    std::vector<int> pids;
    for (int i = 0; i < 5; ++i) pids.push_back(pool.submit(here).result(60s));
    EXPECT_EQ(pids[0], pids[1]);
    EXPECT_NE(pids[1], pids[2]);
    EXPECT_EQ(pids[2], pids[3]);
    EXPECT_NE(pids[3], pids[4]);
}

TEST(ProcessPoolExecutor, sends_more_than_a_socket_holds_both_ways) {
    ProcessPoolExecutor pool(2);
    const auto doubled = [](std::string text) { return text + text; };
    const std::string large(5 << 20, 'x');
    std::vector<ConcurrentFuture<std::string>> futures;
    for (int i = 0; i < 4; ++i) futures.push_back(pool.submit(doubled, large));
    for (auto& future : futures) EXPECT_EQ(future.result(60s).size(), 2 * large.size());
}

TEST(ProcessPoolExecutor, refuses_messages_past_the_limit_and_goes_on) {
    ProcessPoolExecutor pool({.max_workers = 1, .max_message = 1000});
    EXPECT_THROW(pool.submit(length, std::string(2000, 'x')), ValueError);
    auto too_large = pool.submit(repeated, 'x', 2000u);
    EXPECT_THROW(static_cast<void>(too_large.result(60s)), ValueError);
    EXPECT_EQ(pool.submit(repeated, 'x', 3u).result(60s), "xxx");
}

// --- errors --------------------------------------------------------------------------------------------------------

TEST(ProcessPoolExecutor, known_errors_come_as_what_they_are) {
    ProcessPoolExecutor pool(1);
    EXPECT_EQ(failed<std::invalid_argument>(pool.submit(throw_with<std::invalid_argument>, "bad")), "bad");
    EXPECT_EQ(failed<ValueError>(pool.submit(throw_with<ValueError>, "bad")), "bad");
    failed<std::bad_alloc>(pool.submit([]() -> int { throw std::bad_alloc(); }));
    const auto missing = []() -> int { throw_os_error(ENOENT, "open the file"); };
    EXPECT_EQ(failed<OSError>(pool.submit(missing)), OSError(ENOENT, "open the file").what());
    const auto refused = []() -> int { throw_os_error(ECONNREFUSED, "connect"); };
    failed<ConnectionRefusedError>(pool.submit(refused));
    const auto system = []() -> int { throw std::system_error(EPERM, std::generic_category(), "do it"); };
    EXPECT_EQ(failed<std::system_error>(pool.submit(system)),
              std::system_error(EPERM, std::generic_category(), "do it").what());
    auto exiting = pool.submit([]() -> int { throw SystemExit(4); });
    EXPECT_THROW(static_cast<void>(exiting.result(60s)), SystemExit);
}

TEST(ProcessPoolExecutor, other_errors_come_with_their_name_and_text) {
    ProcessPoolExecutor pool(1);
    auto failing = pool.submit(throw_with<OrderError>, "no such order");
    try {
        static_cast<void>(failing.result(60s));
        ADD_FAILURE() << "it has not thrown";
    } catch (const RemoteError& error) {
        EXPECT_EQ(error.type(), "aio::test::OrderError");
        EXPECT_STREQ(error.what(), "aio::test::OrderError: no such order");
    }
    EXPECT_EQ(failed<RemoteError>(pool.submit([]() -> int { throw 42; })), "int");
    EXPECT_EQ(pool.submit(add, 1, 1).result(60s), 2) << "it goes on";
}

// --- the process around it -------------------------------------------------------------------------------------------

TEST(ProcessPoolExecutor, workers_have_no_descriptors_of_this_process_and_default_signals) {
    const int open_here = ::open("/dev/null", O_RDONLY);  // without close-on-exec, on purpose
    ProcessPoolExecutor pool(1);
    const auto count_descriptors = [] {
        int count = 0;
        for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0;
        return count;
    };
    EXPECT_EQ(pool.submit(count_descriptors).result(60s), 4) << "0, 1, 2 and its socket";
    const auto defaults = [](int signal) {
        struct sigaction now = {};
        ::sigaction(signal, nullptr, &now);
        return now.sa_handler == SIG_DFL;
    };
    EXPECT_TRUE(pool.submit(defaults, SIGTERM).result(60s));
    EXPECT_FALSE(pool.submit(defaults, SIGINT).result(60s)) << "Ctrl-C is for the parent";
    ::close(open_here);
}

TEST(ProcessPoolExecutor, what_a_call_prints_is_there_before_its_result) {
    char path[] = "/tmp/aio_process_pool_XXXXXX";
    const int file = ::mkstemp(path);
    const int saved = ::dup(STDOUT_FILENO);
    std::fflush(stdout);
    ::dup2(file, STDOUT_FILENO);
    std::printf("before ");  // stays in the buffer; must not be printed by the worker once more
    {
        ProcessPoolExecutor pool(1);
        ::dup2(saved, STDOUT_FILENO);
        const auto print = [](int n) { std::printf("call %d ", n); };
        pool.submit(print, 1).result(60s);
        char text[100] = {};
        EXPECT_GT(::pread(file, text, sizeof text - 1, 0), 0);
        EXPECT_STREQ(text, "before call 1 ");
    }
    ::close(saved);
    ::close(file);
    ::unlink(path);
}

TEST(ProcessPoolExecutor, cancelled_before_it_begins_is_not_called) {
    ProcessPoolExecutor pool(1);
    auto running = pool.submit(wait_for_the_end, 0);
    while (pool.processes().empty()) std::this_thread::sleep_for(1ms);
    auto waiting = pool.submit(add, 1, 2);
    auto dropped = pool.submit(add, 3, 4);
    EXPECT_TRUE(waiting.cancel());
    pool.shutdown(false, true);
    EXPECT_TRUE(dropped.cancelled());
    EXPECT_FALSE(running.cancel());
    pool.kill_workers();
    broken(running);
    EXPECT_TRUE(waiting.cancelled());
}

TEST(ProcessPoolExecutor, future_outlives_the_pool) {
    ConcurrentFuture<int> future;
    {
        ProcessPoolExecutor pool(1);
        future = pool.submit(add, 2, 3);
    }
    EXPECT_EQ(future.result(60s), 5) << "the destructor waits for calls";
}

TEST(ProcessPoolExecutor, workers_do_not_outlive_a_parent_that_is_killed) {
    if (kThreadSanitizer) GTEST_SKIP() << "it allows no threads in a process that was forked";
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans come to us
    const pid_t parent = ::fork();
    if (parent == 0) {
        ProcessPoolExecutor pool(1);
        auto future = pool.submit(wait_for_the_end, 0);
        int worker = 0;
        while (worker == 0) {
            const std::vector<int> workers = pool.processes();
            if (!workers.empty()) worker = workers[0];
        }
        if (::write(pipe[1], &worker, sizeof worker) != sizeof worker) ::_exit(1);
        ::raise(SIGKILL);
    }
    ::close(pipe[1]);
    int worker = 0;
    ASSERT_EQ(::read(pipe[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
    ::close(pipe[0]);
    bool all_ended = false;  // the parent, the fork server, the worker
    for (int tries = 0; !all_ended && tries < 5000; ++tries) {
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
        all_ended = ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
        if (!all_ended) std::this_thread::sleep_for(1ms);
    }
    EXPECT_TRUE(all_ended);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    EXPECT_FALSE(exists(worker));
}

TEST(ProcessPoolExecutor, leaves_no_child_behind) {
    { ProcessPoolExecutor(2).submit(here).result(60s); }
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a zombie";
    EXPECT_EQ(errno, ECHILD);
}

}  // namespace aio::test
