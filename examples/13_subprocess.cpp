// Child processes: asyncio.create_subprocess_exec and _shell.
#include <aio/aio.hpp>
#include <aio/subprocess.hpp>

#include <fmt/core.h>

using namespace std::chrono_literals;
using aio::subprocess::PIPE;
using aio::subprocess::STDOUT;

// Input and output in one go.
aio::Coro<std::string> sorted(std::string lines) {
    aio::Process sort = co_await aio::create_subprocess_exec("sort", "-r").stdin_(PIPE).stdout_(PIPE);
    auto [out, err] = co_await sort.communicate(std::move(lines));
    co_return out;
}

// A conversation, line by line.
aio::Coro<> converse() {
    aio::Process shell = co_await aio::create_subprocess_shell("while read name; do echo hello, $name; done")
                             .stdin_(PIPE)
                             .stdout_(PIPE);
    aio::StreamWriter to = shell.stdin_();
    aio::StreamReader from = shell.stdout_();
    for (const char* name : {"Ada\n", "Grace\n"}) {
        to.write(name);
        fmt::print("{}", co_await from.readline());
    }
    to.close();
    fmt::print("it ended with {}\n", co_await shell.wait());
}

// The child dies with the task that is cancelled by the timeout: its last handle is gone.
aio::Coro<> give_up() {
    const auto sleeper = []() -> aio::Coro<> {
        aio::Process sleep = co_await aio::create_subprocess_exec("sleep", "1000");
        co_await sleep.wait();
    };
    try {
        co_await aio::with_timeout(50ms, sleeper);
    } catch (const aio::TimeoutError&) {
        fmt::print("waited long enough\n");
    }
}

aio::Coro<> async_main() {
    fmt::print("{}", co_await sorted("a\nc\nb\n"));
    co_await converse();

    // Environment, directory, and both outputs in one pipe.
    aio::Process shell = co_await aio::create_subprocess_shell("echo $GREETING from $PWD; ls /nowhere >&2; exit 3")
                             .setenv("GREETING", "hello")
                             .cwd("/usr")
                             .stdout_(PIPE)
                             .stderr_(STDOUT);
    auto [out, err] = co_await shell.communicate();
    fmt::print("{}exit status {}\n", out.substr(0, out.find('\n') + 1), shell.returncode().value());

    co_await give_up();
    try {
        co_await aio::create_subprocess_exec("no-such-program");
    } catch (const aio::FileNotFoundError& error) {
        fmt::print("{}\n", error.what());
    }
}

int main() { aio::run(async_main()); }
