// create_subprocess_exec, create_subprocess_shell, Process: what asyncio's own tests ask of them.
#include "core/backend/backend.hpp"
#include "io/process/processes.hpp"

namespace aio::test {
namespace {

// More than any pipe takes.
const std::size_t kLarge = 4 * 1024 * 1024 + 1;

CreateSubprocess blocked() { return create_subprocess_exec("sleep", "3600"); }
CreateSubprocess count_input() { return create_subprocess_exec("wc", "-c"); }

ASYNC_TEST(Subprocess, is_fed_and_read_by_hand) {  // CPython: test_subprocess.test_stdin_stdout
    Process cat = co_await create_subprocess_exec("cat").stdin_(PIPE).stdout_(PIPE);
    cat.stdin_().write("some data");
    co_await cat.stdin_().drain();
    cat.stdin_().close();
    EXPECT_EQ(co_await cat.stdout_().read(), "some data");
    EXPECT_EQ(co_await cat.wait(), 0);
    EXPECT_EQ(cat.returncode(), 0);
}

ASYNC_TEST(Subprocess, communicates) {  // CPython: test_subprocess.test_communicate
    Process cat = co_await create_subprocess_exec("cat").stdin_(PIPE).stdout_(PIPE);
    auto [out, err] = co_await cat.communicate("some data");
    EXPECT_EQ(out, "some data");
    EXPECT_EQ(err, "");
    EXPECT_EQ(cat.returncode(), 0);
}

ASYNC_TEST(Subprocess, communicates_without_input) {  // CPython: test_subprocess.test_communicate_none_input
    Process cat = co_await create_subprocess_exec("cat").stdin_(PIPE).stdout_(PIPE);
    auto [out, err] = co_await cat.communicate();
    EXPECT_EQ(out, "");
    EXPECT_EQ(co_await cat.wait(), 0);
}

ASYNC_TEST(Subprocess, runs_a_shell) {  // CPython: test_subprocess.test_shell
    Process shell = co_await create_subprocess_shell("exit 7");
    EXPECT_EQ(co_await shell.wait(), 7);
}

ASYNC_TEST(Subprocess, starts_a_new_session) {  // CPython: test_subprocess.test_start_new_session
    // Fields 5 and 6 of its stat are its group and its session; the shell's own pid leads both.
    const char* script = "read pid name state parent group session rest < /proc/$$/stat; echo $(($$ == session))";
    EXPECT_EQ(co_await output_of(create_subprocess_shell(script).start_new_session()), "1");
    EXPECT_EQ(co_await output_of(create_subprocess_shell(script)), "0");
    Process shell = co_await create_subprocess_shell("exit 8").start_new_session();
    EXPECT_EQ(co_await shell.wait(), 8);
}

ASYNC_TEST(Subprocess, is_killed) {  // CPython: test_subprocess.test_kill
    Process process = co_await blocked();
    EXPECT_EQ(process.returncode(), std::nullopt);
    process.kill();
    EXPECT_EQ(co_await process.wait(), -SIGKILL);
}

// CPython: test_subprocess.test_kill_issue43884
// kOnce: a run cut short would leave a grandchild behind.
ASYNC_TEST(Subprocess, is_killed_although_its_own_child_holds_the_pipe, kOnce) {
    Process shell = co_await create_subprocess_shell("sleep 30 & echo $!; wait").stdout_(PIPE);
    const pid_t grandchild = std::stoi(co_await shell.stdout_().readline());
    shell.kill();
    EXPECT_EQ(co_await shell.wait(), -SIGKILL);  // semantics 50: the pipe is still open
    EXPECT_FALSE(shell.stdout_().at_eof());
    ::kill(grandchild, SIGKILL);
    EXPECT_EQ(co_await shell.stdout_().read(), "");
}

ASYNC_TEST(Subprocess, is_terminated) {  // CPython: test_subprocess.test_terminate
    Process process = co_await blocked();
    process.terminate();
    EXPECT_EQ(co_await process.wait(), -SIGTERM);
}

// kOnce: a run cut short would leave a grandchild behind.
ASYNC_TEST(Subprocess, gets_signals, kOnce) {  // CPython: test_subprocess.test_send_signal
    Process shell =
        co_await create_subprocess_shell("trap 'echo got it; exit 3' HUP; echo ready; sleep 3600 & wait $!; echo no")
            .stdout_(PIPE)
            .start_new_session();
    EXPECT_EQ(co_await shell.stdout_().readline(), "ready\n");
    shell.send_signal(SIGHUP);
    EXPECT_EQ(co_await shell.stdout_().readline(), "got it\n");
    EXPECT_EQ(co_await shell.wait(), 3);
    ::kill(-shell.pid(), SIGKILL);  // the sleep that it started
}

ASYNC_TEST(Subprocess, writing_to_one_that_is_gone_fails) {  // CPython: test_subprocess.test_stdin_broken_pipe
    auto& go = keep<Pipe>();
    const int fd = go.fd[0];
    Process process = co_await create_subprocess_shell("head -c 1 <&" + std::to_string(fd))
                          .stdin_(PIPE)
                          .stdout_(DEVNULL)
                          .pass_fds(std::vector<int>(1, fd));
    process.stdin_().write(std::string(kLarge, 'x'));
    write_now(go.fd[1], "go");  // it ends when the buffer is full
    bool failed = false;
    try {
        co_await process.stdin_().drain();
    } catch (const BrokenPipeError&) {
        failed = true;
    } catch (const ConnectionResetError&) {
        failed = true;
    }
    EXPECT_TRUE(failed);
    EXPECT_EQ(co_await process.wait(), 0);
}

// CPython: test_subprocess.test_communicate_ignore_broken_pipe
ASYNC_TEST(Subprocess, communicate_does_not_mind_input_that_nobody_reads) {  // semantics 50
    Process process = co_await create_subprocess_exec("true").stdin_(PIPE);
    co_await process.communicate(std::string(kLarge, 'x'));
    EXPECT_EQ(co_await process.wait(), 0);
}

// What does not fit into the pipe waits for the child, and that fails behind the last drain.
ASYNC_TEST(Subprocess, communicate_reports_input_that_could_not_be_written) {
    for (const std::string& before : {std::string(), std::string(100'000, 'y')}) {
        Process process = co_await create_subprocess_shell("read line; wc -c").stdin_(PIPE).stdout_(PIPE);
        fail_next(aio::detail::OpKind::poll_out, ENOMEM);
        if (!before.empty()) process.stdin_().write(before);
        const std::string input = before.empty() ? std::string(100'000, 'x') : std::string();
        const std::string what = co_await expect_throws<OSError>(process.communicate(input));
        EXPECT_THAT(what, testing::AllOf(testing::HasSubstr("write to a pipe"),
                                         testing::HasSubstr("Cannot allocate memory")));
        co_await process.wait();
    }
}

ASYNC_TEST(Subprocess, pauses_reading_beyond_twice_the_limit) {  // CPython: test_subprocess.test_pause_reading
    Process process = co_await create_subprocess_shell("printf xxxxxxxxxxxxxxxxxxxxx").stdout_(PIPE).limit(10);
    const StreamReader out = process.stdout_();
    EXPECT_EQ(out.limit(), 10u);
    auto paused = [out] { return out.stream()->reading_paused(); };  // named: docs/compilers.md
    co_await wait_until(paused);
    EXPECT_FALSE(out.at_eof());
    auto [text, err] = co_await process.communicate();
    EXPECT_EQ(text, std::string(21, 'x'));
    EXPECT_FALSE(out.stream()->reading_paused());
}

ASYNC_TEST(Subprocess, its_standard_input_is_not_inherited) {  // CPython: test_subprocess.test_stdin_not_inheritable
    // The second child must not hold the first one's input open.
    Process first = co_await count_input().stdin_(PIPE).stdout_(PIPE).close_fds(false);
    Process second = co_await create_subprocess_exec("cat").stdin_(PIPE).stdout_(PIPE).close_fds(false);
    auto [out, err] = co_await first.communicate("abc");
    EXPECT_EQ(out, "3\n");
    EXPECT_EQ(first.returncode(), 0);
    co_await second.communicate();
}

ASYNC_TEST(Subprocess, may_have_empty_input) {  // CPython: test_subprocess.test_empty_input
    Process process = co_await count_input().stdin_(PIPE).stdout_(PIPE).stderr_(PIPE).close_fds(false);
    auto [out, err] = co_await process.communicate("");
    EXPECT_EQ(out, "0\n");
    EXPECT_EQ(process.returncode(), 0);
}

ASYNC_TEST(Subprocess, may_read_dev_null) {  // CPython: test_subprocess.test_devnull_input
    Process process = co_await count_input().stdin_(DEVNULL).stdout_(PIPE).stderr_(PIPE);
    auto [out, err] = co_await process.communicate();
    EXPECT_EQ(out, "0\n");
    EXPECT_EQ(process.returncode(), 0);
    EXPECT_THROW(process.stdin_(), RuntimeError);
}

ASYNC_TEST(Subprocess, may_write_to_dev_null) {  // CPython: test_subprocess.test_devnull_output
    Process process = co_await create_subprocess_shell("cat; test /proc/$$/fd/1 -ef /dev/null && echo it is >&2")
                          .stdin_(PIPE)
                          .stdout_(DEVNULL)
                          .stderr_(PIPE);
    auto [out, err] = co_await process.communicate("abc");
    EXPECT_EQ(out, "");
    EXPECT_EQ(err, "it is\n");
}

ASYNC_TEST(Subprocess, may_complain_to_dev_null) {  // CPython: test_subprocess.test_devnull_error
    Process process =
        co_await create_subprocess_shell("cat; readlink /proc/$$/fd/2").stdin_(PIPE).stdout_(PIPE).stderr_(DEVNULL);
    auto [out, err] = co_await process.communicate("abc");
    EXPECT_EQ(out, "abc/dev/null\n");
    EXPECT_EQ(err, "");
}

ASYNC_TEST(Subprocess, may_open_dev_stdin) {  // CPython: test_subprocess.test_devstdin_input
    Process process = co_await create_subprocess_exec("wc", "-c", "/dev/stdin").stdin_(PIPE).stdout_(PIPE);
    auto [out, err] = co_await process.communicate("abc");
    EXPECT_EQ(out, "3 /dev/stdin\n");
}

ASYNC_TEST(Subprocess, a_cancelled_wait_does_not_concern_it) {  // CPython: test_subprocess.test_cancel_process_wait
    Process process = co_await blocked();
    auto waiting = create_task(process.wait());
    co_await run_passes(2);
    waiting.cancel();
    co_await wait_for_all(waiting);
    EXPECT_TRUE(waiting.cancelled());
    EXPECT_EQ(process.returncode(), std::nullopt);
    process.kill();
    EXPECT_EQ(co_await process.wait(), -SIGKILL);
}

// CPython: test_subprocess.test_cancel_make_subprocess_transport_exec
ASYNC_TEST(Subprocess, cancelled_before_its_start_it_never_starts) {
    auto starting = create_task(blocked());
    starting.cancel();
    co_await wait_for_all(starting);
    EXPECT_TRUE(starting.cancelled());
    EXPECT_FALSE(has_children());
}

ASYNC_TEST(Subprocess,
           cancelled_right_after_its_start_it_is_killed) {  // CPython: test_subprocess.test_cancel_post_init
    auto& pid = keep<pid_t>(0);
    const auto body = [&pid]() -> Coro<> {
        Process process = co_await blocked();
        pid = process.pid();
        co_await process.wait();
    };
    auto task = create_task(body);
    co_await run_passes(1);
    CO_ASSERT_NE(pid, 0);
    task.cancel();
    co_await wait_for_all(task);
    EXPECT_TRUE(task.cancelled());
    co_await wait_until([&pid] { return is_gone(pid); });
}

ASYNC_TEST(Subprocess, dropped_while_it_runs_it_is_killed_and_reaped) {  // semantics 50
    // CPython: test_subprocess.test_close_kill_running
    get_running_loop().set_debug(true);
    pid_t pid = 0;
    {
        Process process = co_await blocked();
        pid = process.pid();
        Process copy = process;
        process = Process();
        EXPECT_FALSE(is_gone(pid)) << "a handle is left";
    }
    EXPECT_EQ(take_logs(), Log{"the child process 'sleep' (pid " + std::to_string(pid) +
                               ") was killed: its last handle was dropped while it was running"});
    co_await wait_until([pid] { return is_gone(pid); });
    get_running_loop().set_debug(false);
}

// CPython: test_subprocess.test_close_dont_kill_finished
ASYNC_TEST(Subprocess, dropped_when_it_has_ended_it_is_only_reaped) {
    get_running_loop().set_debug(true);
    pid_t pid = 0;
    {
        Process process = co_await create_subprocess_exec("true");
        pid = process.pid();
        siginfo_t info;
        ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);  // the loop has not seen it
        EXPECT_EQ(process.returncode(), std::nullopt);
    }
    EXPECT_EQ(take_logs(), Log{}) << "nobody had to be killed";
    co_await wait_until([pid] { return is_gone(pid); });
    get_running_loop().set_debug(false);
}

ASYNC_TEST(Subprocess, that_cannot_be_started_leaves_nothing) {
    // CPython: test_subprocess.test_popen_error, test_subprocess.test_popen_error_with_stdin_pipe
    co_await expect_throws<FileNotFoundError>(create_subprocess_exec("no-such-program"));
    co_await expect_throws<FileNotFoundError>(
        create_subprocess_exec("no-such-program").stdin_(PIPE).stdout_(PIPE).stderr_(PIPE));
    EXPECT_FALSE(has_children());
}

ASYNC_TEST(Subprocess, is_read_after_it_has_ended) {  // CPython: test_subprocess.test_read_stdout_after_process_exit
    Process process = co_await create_subprocess_shell("head -c 262144 /dev/zero; exit 1").stdout_(PIPE);
    std::size_t size = 0;
    while (true) {
        const std::string data = co_await process.stdout_().read(65536);
        if (data.empty()) break;
        size += data.size();
        co_await sleep(5ms);
    }
    EXPECT_EQ(size, 262144u);
    EXPECT_EQ(co_await process.wait(), 1);
}

ASYNC_TEST(Subprocess, what_it_wrote_waits_for_a_reader) {
    Process process = co_await create_subprocess_shell("printf 12345; exit 2").stdout_(PIPE);
    EXPECT_EQ(co_await process.wait(), 2);
    EXPECT_EQ(co_await process.stdout_().read(), "12345");
}

}  // namespace
}  // namespace aio::test
