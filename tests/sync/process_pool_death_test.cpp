// ProcessPoolExecutor: workers that die.
#include "sync/process_pool_calls.hpp"

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

}  // namespace
}  // namespace aio::test
