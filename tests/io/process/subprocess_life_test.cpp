// A child's end: many at once, a lot of data, cancellation, reaping, loops that close.
#include <aio/core/gather.hpp>

#include "io/process/processes.hpp"

#include <sys/syscall.h>

#include <thread>

namespace aio::test {
namespace {

// Bytes without a pattern that a lost or repeated piece would keep.
std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& byte : text) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<char>(state >> 24);
    }
    return text;
}

// Reruns repeat each test: a smaller amount of data then does.
std::size_t amount() { return rerunning() ? 300'000 : 10'000'000; }

// --- data --------------------------------------------------------------------------------------------------

ASYNC_TEST(SubprocessData, megabytes_go_through_unchanged) {
    const std::string sent = noise(amount());
    Process cat = co_await create_subprocess_exec("cat").stdin_(PIPE).stdout_(PIPE);
    auto [out, err] = co_await cat.communicate(sent);
    EXPECT_TRUE(out == sent) << "sent " << sent.size() << " bytes and got " << out.size();
    EXPECT_EQ(cat.returncode(), 0);
}

ASYNC_TEST(SubprocessData, output_and_error_are_read_side_by_side) {
    // Whoever read one after the other would wait for ever.
    const std::string size = std::to_string(amount());
    const std::string script =
        "(head -c " + size + " /dev/zero | tr '\\0' o) & (head -c " + size + " /dev/zero | tr '\\0' e) >&2; wait";
    Process shell = co_await create_subprocess_shell(script).stdout_(PIPE).stderr_(PIPE);
    auto [out, err] = co_await shell.communicate();
    EXPECT_TRUE(out == std::string(amount(), 'o')) << out.size();
    EXPECT_TRUE(err == std::string(amount(), 'e')) << err.size();
}

ASYNC_TEST(SubprocessData, a_slow_reader_loses_nothing) {
    const int last = rerunning() ? 2'000 : 20'000;
    Process process = co_await create_subprocess_exec("seq", "1", std::to_string(last)).stdout_(PIPE).limit(1000);
    std::string expected, got;
    for (int i = 1; i <= last; ++i) expected += std::to_string(i) + "\n";
    for (int round = 0;; ++round) {
        const std::string piece = co_await process.stdout_().read(1 + round % 3000);
        if (piece.empty()) break;
        got += piece;
        if (round % 16 == 0) co_await run_passes(3);
    }
    EXPECT_TRUE(got == expected) << got.size() << " of " << expected.size();
    EXPECT_EQ(co_await process.wait(), 0);
}

ASYNC_TEST(SubprocessData, lines_are_exchanged) {
    Process shell = co_await create_subprocess_shell("while read x; do echo got $x; done").stdin_(PIPE).stdout_(PIPE);
    StreamWriter in = shell.stdin_();
    StreamReader out = shell.stdout_();
    for (int i = 0; i < 50; ++i) {
        in.write(std::to_string(i) + "\n");
        EXPECT_EQ(co_await out.readline(), "got " + std::to_string(i) + "\n");
    }
    in.close();
    EXPECT_EQ(co_await shell.wait(), 0);
}

ASYNC_TEST(SubprocessData, more_than_the_limit_is_an_error) {
    Process yes = co_await create_subprocess_exec("yes").stdout_(PIPE);
    EXPECT_EQ(co_await expect_throws<LimitOverrunError>(yes.communicate("", {.limit = 100'000})),
              "communicate: the child has written more than the limit of 100000 bytes to its standard output");
    EXPECT_EQ(yes.returncode(), std::nullopt);
    yes.kill();
    EXPECT_EQ(co_await yes.wait(), -SIGKILL);
    Process exact = co_await create_subprocess_shell("printf 12345").stdout_(PIPE);
    auto [out, err] = co_await exact.communicate("", {.limit = 5});
    EXPECT_EQ(out, "12345");
}

ASYNC_TEST(SubprocessData, communicate_waits_for_grandchildren_and_wait_does_not) {  // semantics 50
    Process shell = co_await create_subprocess_shell("sh -c 'read x < /dev/fd/0; echo late' <&0 & exit 4")
                        .stdin_(PIPE)
                        .stdout_(PIPE);
    EXPECT_EQ(co_await shell.wait(), 4);
    EXPECT_FALSE(shell.stdout_().at_eof());
    auto [out, err] = co_await shell.communicate("go\n");
    EXPECT_EQ(out, "late\n");
}

// --- many --------------------------------------------------------------------------------------------------

Coro<int> run_one(int i) {
    Process shell = co_await create_subprocess_shell("read x; echo $x; exit " + std::to_string(i % 256))
                        .stdin_(PIPE)
                        .stdout_(PIPE);
    auto [out, err] = co_await shell.communicate(std::to_string(i) + "\n");
    EXPECT_EQ(out, std::to_string(i) + "\n");
    co_return co_await shell.wait();
}

ASYNC_TEST(SubprocessLife, two_hundred_at_once) {
    const int count = rerunning() ? 3 : 200;
    std::vector<Coro<int>> all;
    for (int i = 0; i < count; ++i) all.push_back(run_one(i));
    const std::vector<int> codes = co_await gather(std::move(all));
    for (int i = 0; i < count; ++i) EXPECT_EQ(codes[static_cast<std::size_t>(i)], i % 256);
    EXPECT_FALSE(has_children());
}

ASYNC_TEST(SubprocessLife, any_number_may_wait) {
    Process cat = co_await create_subprocess_exec("cat").stdin_(PIPE).stdout_(DEVNULL);
    std::vector<Task<int>> waiting;
    for (int i = 0; i < 10; ++i) waiting.push_back(create_task(cat.wait()));
    co_await run_passes(2);
    waiting[3].cancel();
    cat.stdin_().close();
    for (int i = 0; i < 10; ++i) {
        if (i == 3) continue;
        EXPECT_EQ(co_await waiting[static_cast<std::size_t>(i)], 0);
    }
    EXPECT_TRUE(waiting[3].cancelled());
    EXPECT_EQ(co_await cat.wait(), 0) << "and later, too";
}

// --- cancelled ---------------------------------------------------------------------------------------------

Coro<> communicate_with_cat() {
    Process cat = co_await create_subprocess_exec("cat").stdin_(PIPE).stdout_(PIPE).stderr_(PIPE);
    co_await cat.communicate(std::string(300'000, 'x'));
}

// kOnce: this is a rerun itself.
ASYNC_TEST(SubprocessLife, communicate_may_be_cancelled_at_any_point, kOnce) {
    bool finished = false;
    for (int passes = 0; passes < 60 || !finished; ++passes) {
        auto task = create_task(communicate_with_cat());
        for (int i = 0; i < passes && !task.done(); ++i) {
            co_await run_passes(1);
            if (passes > 40) co_await sleep(1ms);
        }
        finished = task.done();
        task.cancel();
        co_await wait_for_all(task);
        EXPECT_TRUE(task.cancelled() || finished);
        CO_ASSERT_LE(passes, 20'000);
    }
    co_await wait_until([] { return !has_children(); });
}

ASYNC_TEST(SubprocessLife, a_timeout_ends_child_and_wait) {
    bool expired = false;
    const auto body = []() -> Coro<> {
        Process process = co_await create_subprocess_exec("sleep", "3600");
        co_await process.wait();
    };
    try {
        co_await with_timeout(20ms, body);
    } catch (const TimeoutError&) {
        expired = true;
    }
    EXPECT_TRUE(expired);
    co_await wait_until([] { return !has_children(); });
}

// --- reaping -----------------------------------------------------------------------------------------------

ASYNC_TEST(SubprocessLife, signals_never_reach_another_process) {
    Process process = co_await create_subprocess_exec("true");
    EXPECT_EQ(co_await process.wait(), 0);
    EXPECT_TRUE(is_gone(process.pid()));
    const std::string pid = std::to_string(process.pid());
    EXPECT_THAT((expect_error<ProcessLookupError>([&] { process.kill(); })),
                "send signal 9 to process " + pid + " ('true'): No such process (errno 3)");
    EXPECT_THAT((expect_error<ProcessLookupError>([&] { process.terminate(); })), testing::HasSubstr("signal 15"));
    expect_error<ProcessLookupError>([&] { process.send_signal(0); });
    Process running = co_await create_subprocess_exec("sleep", "3600");
    expect_error<OSError>([&] { running.send_signal(1000); });
}

ASYNC_TEST(SubprocessLife, a_status_that_somebody_took_is_255) {
    Process process = co_await create_subprocess_exec("cat").stdin_(PIPE);
    process.stdin_().close();
    int status = 0;
    const auto close_and_take = [&] { return ::waitpid(process.pid(), &status, WNOHANG) == process.pid(); };
    // The pipe is closed in one of these passes; the poll that would see the end may come first.
    bool taken = false;
    for (int tries = 0; tries < 100'000 && !taken && !process.returncode(); ++tries) {
        taken = close_and_take();
        if (!taken && tries % 100 == 0) co_await run_passes(1);
    }
    if (!taken) CO_SKIP();
    EXPECT_EQ(co_await process.wait(), 255);
    EXPECT_EQ(take_logs(), Log{"the child process 'cat' (pid " + std::to_string(process.pid()) +
                               ") was waited for elsewhere: its exit status is lost, will report returncode 255"});
}

ASYNC_TEST(SubprocessLife, children_of_others_are_left_alone, kOnce) {
    const pid_t other = ::fork();
    if (other == 0) ::_exit(5);
    Process process = co_await create_subprocess_exec("true");
    EXPECT_EQ(co_await process.wait(), 0);
    int status = 0;
    EXPECT_EQ(::waitpid(other, &status, 0), other) << "its status is there for whoever started it";
    EXPECT_EQ(WEXITSTATUS(status), 5);
}

ASYNC_TEST(SubprocessLife, detached_it_goes_on) {
    pid_t pid = 0;
    auto& pipe = keep<Pipe>();
    {
        Process cat = co_await create_subprocess_exec("cat").stdin_(pipe.fd[0]).stdout_(DEVNULL);
        pid = cat.pid();
        cat.detach();
    }
    co_await run_passes(10);
    EXPECT_FALSE(is_gone(pid));
    pipe.close(0);
    pipe.close(1);
    co_await wait_until([pid] { return is_gone(pid); });  // reaped as well
}

LOOP_TEST(SubprocessLife, a_closing_loop_kills_and_reaps) {
    auto& process = keep<std::optional<Process>>();
    const auto body = [](std::optional<Process>& made) -> Coro<> {
        made = co_await create_subprocess_exec("sleep", "3600").stdin_(PIPE).stdout_(PIPE);
    };
    loop.run_until_complete(body(process));
    const pid_t pid = process->pid();
    loop.close();
    EXPECT_TRUE(is_gone(pid));
    EXPECT_EQ(process->returncode(), -SIGKILL);
    EXPECT_THROW(process->kill(), ProcessLookupError);
}

// kOnce: a run cut short would leave its child behind.
LOOP_TEST(SubprocessLife, a_closing_loop_leaves_a_detached_child, kOnce) {
    pid_t pid = 0;
    const auto body = [&]() -> Coro<> {
        Process process = co_await create_subprocess_exec("sleep", "3600");
        process.detach();
        pid = process.pid();
    };
    loop.run_until_complete(body());
    loop.close();
    EXPECT_FALSE(is_gone(pid));
    ::kill(pid, SIGKILL);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

LOOP_TEST(SubprocessLife, a_task_that_waits_is_destroyed_with_its_loop) {
    static const auto wait_for_ever = []() -> Coro<> {
        Process process = co_await create_subprocess_exec("sleep", "3600").stdout_(PIPE);
        co_await process.communicate();
    };
    const auto body = []() -> Coro<> {
        create_task(wait_for_ever);
        co_await run_passes(3);
    };
    loop.run_until_complete(body());
    loop.close();
    EXPECT_FALSE(has_children());
    take_reports();
    take_logs();  // "was destroyed but it is pending", of four tasks
}

ASYNC_TEST(SubprocessLife, may_be_started_from_another_thread_with_a_loop_of_its_own, kOnce) {
    const std::string_view backend = get_running_loop().backend_name();
    int code = 0;
    std::thread other([&] {
        EventLoop loop({.backend = backend});
        const auto body = [&]() -> Coro<> {
            Process process = co_await create_subprocess_shell("exit 6");
            code = co_await process.wait();
        };
        loop.run_until_complete(body());
    });
    Process process = co_await create_subprocess_shell("exit 5");
    EXPECT_EQ(co_await process.wait(), 5);
    other.join();
    EXPECT_EQ(code, 6);
}

}  // namespace
}  // namespace aio::test
