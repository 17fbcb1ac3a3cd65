// Children on a pseudo-terminal.
#include "io/process/processes.hpp"

namespace aio::test {
namespace {

ASYNC_TEST(SubprocessPty, its_streams_are_a_terminal_which_controls_it) {
    // /dev/tty is there for who has a controlling terminal.
    Process shell =
        co_await create_subprocess_shell("test -t 0 && test -t 1 && test -t 2 && echo yes > /dev/tty").pty();
    EXPECT_EQ(co_await shell.stdout_().readline(), "yes\r\n");
    EXPECT_EQ(co_await shell.stdout_().read(), "") << "it ends with the last one that has the terminal";
    EXPECT_EQ(co_await shell.wait(), 0);
    EXPECT_THROW(shell.stderr_(), RuntimeError);
}

ASYNC_TEST(SubprocessPty, has_the_size_it_is_given) {
    Process shell =
        co_await create_subprocess_shell("trap 'stty size; exit' WINCH; stty size; while :; do read x; done")
            .pty(40, 132);
    EXPECT_EQ(co_await shell.stdout_().readline(), "40 132\r\n");
    // Until the loop is in its read; a signal that came before would end in the same way.
    co_await sleep(20ms);
    shell.set_terminal_size(50, 200);
    EXPECT_EQ(co_await shell.stdout_().readline(), "50 200\r\n");
}

ASYNC_TEST(SubprocessPty, echoes_what_is_typed) {
    Process cat = co_await create_subprocess_exec("cat").pty();
    cat.stdin_().write("hello\n");
    EXPECT_EQ(co_await cat.stdout_().readline(), "hello\r\n") << "the echo";
    EXPECT_EQ(co_await cat.stdout_().readline(), "hello\r\n") << "the answer";
    cat.stdin_().write("unfinished");
    EXPECT_TRUE(cat.stdin_().can_write_eof());
    cat.stdin_().write_eof();
    EXPECT_EQ(co_await cat.wait(), 0);
    EXPECT_THAT(co_await cat.stdout_().read(), testing::StartsWith("unfinished"));
}

ASYNC_TEST(SubprocessPty, ctrl_c_is_a_signal) {
    Process shell = co_await create_subprocess_shell("echo ready; exec sleep 3600").pty();
    EXPECT_EQ(co_await shell.stdout_().readline(), "ready\r\n");
    shell.stdin_().write("\x03");
    EXPECT_EQ(co_await shell.wait(), -SIGINT);
}

ASYNC_TEST(SubprocessPty, communicates) {
    Process shell = co_await create_subprocess_shell("stty -echo; echo ready; cat").pty();
    EXPECT_EQ(co_await shell.stdout_().readline(), "ready\r\n");
    auto [out, err] = co_await shell.communicate("one\ntwo\n");
    EXPECT_EQ(out, "one\r\ntwo\r\n");
    EXPECT_EQ(shell.returncode(), 0);
}

ASYNC_TEST(SubprocessPty, streams_may_be_set_apart) {
    Process shell =
        co_await create_subprocess_shell("echo to the pipe >&2; echo to the terminal").stderr_(PIPE).pty();
    auto [out, err] = co_await shell.communicate();
    EXPECT_EQ(out, "to the terminal\r\n");
    EXPECT_EQ(err, "to the pipe\n");
}

ASYNC_TEST(SubprocessPty, without_one_there_is_no_size_to_set) {
    Process process = co_await create_subprocess_exec("true");
    EXPECT_THROW(process.set_terminal_size(1, 1), RuntimeError);
    co_await process.wait();
}

ASYNC_TEST(SubprocessPty, dropped_it_hangs_up) {
    pid_t pid = 0;
    {
        Process process = co_await create_subprocess_exec("cat").pty();
        pid = process.pid();
    }
    co_await wait_until([pid] { return is_gone(pid); });
}

}  // namespace
}  // namespace aio::test
