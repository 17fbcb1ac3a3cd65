// Numbers of child processes at their ends. The rule and its check: tools/extremes.py.
#include "io/process/processes.hpp"

#include <climits>
#include <csignal>

namespace aio::test {
namespace {

using testing::HasSubstr;

CreateSubprocess cat() { return create_subprocess_exec("cat"); }

}  // namespace

// Extremes: CreateSubprocess::limit(bytes), CommunicateOptions::limit
ASYNC_TEST(Extremes, of_limits_of_children, kOnce) {
    EXPECT_THAT(co_await expect_throws<ValueError>(cat().stdout_(PIPE).limit(0)), HasSubstr("must be positive"));
    for (const std::size_t limit : {std::size_t{1}, SIZE_MAX}) {
        Process child = co_await cat().stdin_(PIPE).stdout_(PIPE).limit(limit);
        auto [out, err] = co_await child.communicate("some data");
        EXPECT_EQ(out, "some data");
    }
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}}) {
        Process child = co_await cat().stdin_(PIPE).stdout_(PIPE);
        co_await expect_throws<LimitOverrunError>(child.communicate("some data", {.limit = limit}));
        EXPECT_EQ(co_await child.wait(), 0);
        Process quiet = co_await cat().stdin_(PIPE).stdout_(PIPE);
        EXPECT_EQ((co_await quiet.communicate("", {.limit = limit})).first, "");
    }
    Process child = co_await cat().stdin_(PIPE).stdout_(PIPE);
    EXPECT_EQ((co_await child.communicate("some data", {.limit = SIZE_MAX})).first, "some data");
    EXPECT_EQ((co_await child.communicate()).first, "") << "the second time there is nothing left";
    EXPECT_EQ(co_await child.wait(), 0);
    EXPECT_EQ(co_await child.wait(), 0);
}

// Extremes: Process::send_signal(signal)
ASYNC_TEST(Extremes, of_signals_to_children, kOnce) {
    Process child = co_await cat().stdin_(PIPE);
    for (const int signal : {INT_MIN, -1, 65, INT_MAX}) {
        EXPECT_THAT(expect_error<OSError>([&] { child.send_signal(signal); }), HasSubstr("send signal "));
    }
    child.send_signal(0);  // asks whether it is there
    child.kill();
    EXPECT_EQ(co_await child.wait(), -SIGKILL);
    EXPECT_THROW(child.send_signal(0), OSError);
    EXPECT_THROW(child.kill(), OSError);
}

// Extremes: CreateSubprocess::stdin_(what), CreateSubprocess::stdout_(what), CreateSubprocess::stderr_(what)
ASYNC_TEST(Extremes, of_streams_of_children, kOnce) {
    for (const int what : {INT_MIN, -4}) {
        EXPECT_THROW(cat().stdin_(what), ValueError);
        EXPECT_THROW(cat().stdout_(what), ValueError);
        EXPECT_THROW(cat().stderr_(what), ValueError);
    }
    for (const int fd : {1'000'000, INT_MAX}) {
        co_await expect_throws<OSError>(cat().stdin_(fd));
        co_await expect_throws<OSError>(cat().stdout_(fd));
        co_await expect_throws<OSError>(cat().stderr_(fd));
        co_await expect_throws<OSError>(cat().pass_fds(std::vector<int>(1, fd)));
    }
    EXPECT_THROW(cat().pass_fds(std::vector<int>(1, -1)), ValueError);
}

// Extremes: CreateSubprocess::user(id), CreateSubprocess::group(id), CreateSubprocess::process_group(group),
//     CreateSubprocess::umask(mask)
ASYNC_TEST(Extremes, of_rights_of_children, kOnce) {
    EXPECT_THAT(expect_error<ValueError>([] { cat().user(static_cast<uid_t>(-1)); }),
                HasSubstr("is not a valid user"));
    EXPECT_THAT(expect_error<ValueError>([] { cat().group(static_cast<gid_t>(-1)); }),
                HasSubstr("is not a valid group"));
    EXPECT_THROW(cat().extra_groups(std::vector<gid_t>(1, static_cast<gid_t>(-1))), ValueError);
    for (const pid_t group : {INT_MIN, -1, INT_MAX}) co_await expect_throws<OSError>(cat().process_group(group));
    for (const pid_t group : {0}) {
        Process child = co_await create_subprocess_exec("true").process_group(group);
        EXPECT_EQ(co_await child.wait(), 0);
    }
    for (const mode_t mask : {mode_t{0}, mode_t{0777}, ~mode_t{0}}) {
        Process child = co_await create_subprocess_shell("umask").umask(mask).stdout_(PIPE);
        const std::string text = (co_await child.communicate()).first;
        EXPECT_EQ(std::stoul(text, nullptr, 8), mask & 0777);
    }
}

// Extremes: CreateSubprocess::pty(rows), CreateSubprocess::pty(columns), Process::set_terminal_size(rows),
//     Process::set_terminal_size(columns)
ASYNC_TEST(Extremes, of_sizes_of_terminals, kOnce) {
    for (const unsigned short size : {0, 1, USHRT_MAX}) {
        Process child = co_await create_subprocess_shell("read line; stty size").pty(size, size);
        child.set_terminal_size(size, size);
        child.stdin_().write("\n");
        std::string text;
        while (text.find(' ') == std::string::npos) text = co_await child.stdout_().readline();
        EXPECT_EQ(text, std::to_string(size) + " " + std::to_string(size) + "\r\n");
        EXPECT_EQ(co_await child.wait(), 0);
    }
}

}  // namespace aio::test
