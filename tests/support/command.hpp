// Other people's programs, run by the tests.
#pragma once

#include <aio/core/coro.hpp>

#include <sys/types.h>

#include <string>

namespace aio::test {

// Whether `sh -c command` ends with 0. Its output is dropped.
bool succeeds(const std::string& command);

// Ends a test whose peer is missing, or that runs without a kernel.
#define SKIP_UNLESS(command) \
    if (::aio::test::simulated() || !::aio::test::succeeds(command)) CO_SKIP()
#define SKIP_WITHOUT(program) SKIP_UNLESS("command -v " program)

// `sh -c command` in a process group of its own, which goes with this object.
class Command {
public:
    explicit Command(std::string command);
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;
    ~Command();
    // Its exit status; -1 if it was killed, or did not start.
    Coro<int> wait();

private:
    pid_t pid_ = -1;
};

// Runs `sh -c command` beside the loop; its exit status.
Coro<int> run_command(std::string command);

// tests/interop/`name`, looked for from this executable upwards: build folders are inside the checkout.
std::string interop_script(const std::string& name);

// A port of 127.0.0.1 that nobody has, neither for TCP nor for UDP.
int free_port();

}  // namespace aio::test
