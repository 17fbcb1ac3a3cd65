#include "support/command.hpp"

#include <aio/core/future.hpp>

#include "support/async_test.hpp"

#include <netinet/in.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace aio::test {

bool succeeds(const std::string& command) { return std::system(("(" + command + ") >/dev/null 2>&1").c_str()) == 0; }

std::string interop_script(const std::string& name) {
    std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    while (!std::filesystem::exists(folder / "tests" / "interop") && folder.has_relative_path()) {
        folder = folder.parent_path();
    }
    return (folder / "tests" / "interop" / name).string();
}

Command::Command(std::string command) {
    char* const arguments[] = {const_cast<char*>("sh"), const_cast<char*>("-c"), command.data(), nullptr};
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (::posix_spawn(&pid_, "/bin/sh", nullptr, &attributes, arguments, environ) != 0) pid_ = -1;
    ::posix_spawnattr_destroy(&attributes);
}

Command::~Command() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
}

Coro<int> Command::wait() {
    if (pid_ <= 0) co_return -1;
    const int exited = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    EventLoop& loop = get_running_loop();
    Future<> done;
    loop.add_reader(exited, [=] {
        if (!done.done()) done.set_result();
    });
    co_await done;
    loop.remove_reader(exited);
    co_await run_passes(3);
    ::close(exited);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Coro<int> run_command(std::string command) {
    Command running(std::move(command));
    co_return co_await running.wait();
}

namespace {

// The port that a new socket of this type gets when it asks for `port` (0: any); -1 if that is taken.
int bind_port(int type, int port) {
    const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    socklen_t length = sizeof address;
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    ::close(fd);
    return bound ? ntohs(address.sin_port) : -1;
}

}  // namespace

int free_port() {
    int port = -1;
    while (port < 0) port = bind_port(SOCK_STREAM, bind_port(SOCK_DGRAM, 0));
    return port;
}

}  // namespace aio::test
