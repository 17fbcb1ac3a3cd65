// Signals to the process group that a child leads: to what it has started, also when it has ended itself.
#include "io/process/processes.hpp"

#include <climits>

namespace aio::test {
namespace {

using testing::HasSubstr;

// A shell that starts a program which runs until it is killed and keeps the pipe open, says so, and goes on with `then`.
CreateSubprocess parent_that(const std::string& then) {
    return create_subprocess_shell("sleep 3600 & echo started; " + then).stdout_(PIPE).stderr_(DEVNULL);
}

// However a test ends, in a rerun for instance: nobody of the group is left.
struct GroupsEnd {
    explicit GroupsEnd(const Process& leader) : group(leader.pid()) {}
    GroupsEnd(const GroupsEnd&) = delete;
    ~GroupsEnd() { ::kill(-group, SIGKILL); }
    const pid_t group;
};

// Waits until the shell's child is there.
Coro<> until_started(Process shell) { EXPECT_EQ(co_await shell.stdout_().readline(), "started\n"); }

// All who had the pipe have ended.
Coro<> until_all_are_gone(Process shell) { EXPECT_EQ(co_await shell.stdout_().read(), ""); }

}  // namespace

ASYNC_TEST(SubprocessGroup, is_killed_with_the_child_that_leads_it) {
    for (const bool session : {true, false}) {
        CreateSubprocess command = parent_that("wait");
        session ? command.start_new_session() : command.process_group(0);
        Process shell = co_await command;
        const GroupsEnd end(shell);
        co_await until_started(shell);
        shell.kill_group();
        EXPECT_EQ(co_await shell.wait(), -SIGKILL);
        co_await until_all_are_gone(shell);
    }
}

ASYNC_TEST(SubprocessGroup, is_told_to_terminate) {
    // Both say that they are ready: a child of the shell that has not called exec yet would take the signal for its parent.
    const std::string script =
        "trap 'echo bye; exit 4' TERM; sh -c 'echo started; exec sleep 3600' & echo started; wait";
    Process shell = co_await create_subprocess_shell(script).stdout_(PIPE).stderr_(DEVNULL).start_new_session();
    const GroupsEnd end(shell);
    co_await until_started(shell);
    co_await until_started(shell);
    shell.terminate_group();
    EXPECT_EQ(co_await shell.wait(), 4);
    EXPECT_EQ(co_await shell.stdout_().read(), "bye\n");
}

ASYNC_TEST(SubprocessGroup, is_reached_when_its_leader_has_ended) {
    Process shell = co_await parent_that("exit 3").start_new_session();
    const GroupsEnd end(shell);
    co_await until_started(shell);
    EXPECT_EQ(co_await shell.wait(), 3);
    EXPECT_THROW(shell.kill(), ProcessLookupError);
    bool reached = true;
    try {
        shell.kill_group();
    } catch (const ProcessLookupError& error) {
        EXPECT_THAT(error.what(), HasSubstr("its number may be another group's by now"));
        reached = false;  // before Linux 6.9
    }
    if (!reached) {
        ::kill(-shell.pid(), SIGKILL);
        CO_SKIP();
    }
    co_await until_all_are_gone(shell);
}

ASYNC_TEST(SubprocessGroup, that_is_empty_is_an_error) {
    Process child = co_await create_subprocess_exec("true").process_group(0);
    EXPECT_EQ(co_await child.wait(), 0);
    EXPECT_THAT(
        expect_error<ProcessLookupError>([&] { child.kill_group(); }),
        HasSubstr("send signal 9 to the process group of process " + std::to_string(child.pid()) + " ('true')"));
}

ASYNC_TEST(SubprocessGroup, that_the_child_does_not_lead_is_left_alone) {
    Process ours = co_await create_subprocess_exec("cat").stdin_(PIPE);
    EXPECT_THAT(expect_error<RuntimeError>([&] { ours.kill_group(); }),
                HasSubstr("it leads no group; start it with start_new_session() or process_group(0)"));
    Process leader = co_await create_subprocess_exec("cat").stdin_(PIPE).process_group(0);
    Process member = co_await create_subprocess_exec("cat").stdin_(PIPE).process_group(leader.pid());
    EXPECT_THROW(member.terminate_group(), RuntimeError);
    leader.terminate_group();
    EXPECT_EQ(co_await leader.wait(), -SIGTERM);
    EXPECT_EQ(co_await member.wait(), -SIGTERM);
    ours.stdin_().close();
    EXPECT_EQ(co_await ours.wait(), 0);
}

ASYNC_TEST(SubprocessGroup, of_a_terminal_is_the_childs) {
    Process child = co_await create_subprocess_exec("cat").pty();
    child.kill_group();
    EXPECT_EQ(co_await child.wait(), -SIGKILL);
}

// Extremes: Process::send_signal_group(signal)
ASYNC_TEST(Extremes, of_signals_to_groups, kOnce) {
    Process child = co_await create_subprocess_exec("cat").stdin_(PIPE).process_group(0);
    for (const int signal : {INT_MIN, -1, 65, INT_MAX}) {
        EXPECT_THAT(expect_error<OSError>([&] { child.send_signal_group(signal); }), HasSubstr("send signal "));
    }
    child.send_signal_group(0);  // asks whether there is anybody
    child.kill_group();
    EXPECT_EQ(co_await child.wait(), -SIGKILL);
    EXPECT_THROW(child.send_signal_group(0), ProcessLookupError);
}

}  // namespace aio::test
