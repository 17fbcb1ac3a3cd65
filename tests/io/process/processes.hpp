// What tests of child processes share.
#pragma once

#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/io/subprocess.hpp>

#include "io/descriptors.hpp"
#include "support/peers.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <string>

namespace aio::test {

using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::STDOUT;

// Nobody has this number: neither a process nor a zombie.
inline bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

// Whether this process has any child left, a zombie or not.
inline bool has_children() {
    siginfo_t info = {};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// The standard output of a child, to its end, without a newline at the end; and it must succeed.
inline Coro<std::string> output_of(CreateSubprocess command) {
    command.stdout_(PIPE);
    Process process = co_await command;
    auto [out, err] = co_await process.communicate();
    EXPECT_EQ(process.returncode(), 0);
    if (out.ends_with('\n')) out.pop_back();
    co_return out;
}

// What `sh -c script` says.
inline Coro<std::string> shell_says(std::string script) {
    return output_of(create_subprocess_shell(std::move(script)));
}

}  // namespace aio::test
