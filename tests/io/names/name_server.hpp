// A name server of the tests' own (tests/interop/dns_server.py), and questions to it.
#pragma once

#include <aio/base/error.hpp>
#include <aio/io/dns.hpp>

#include "support/async_test.hpp"
#include "support/command.hpp"
#include "support/resolvers.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>

namespace aio::test {

// A process that ends when its standard input does.
class ServerProcess {
public:
    explicit ServerProcess(const std::string& command) {
        int in[2], out[2];
        if (::pipe2(in, O_CLOEXEC) != 0) return;
        if (::pipe2(out, O_CLOEXEC) != 0) return;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        std::string text = command;
        char* const arguments[] = {const_cast<char*>("sh"), const_cast<char*>("-c"), text.data(), nullptr};
        if (::posix_spawn(&pid_, "/bin/sh", &actions, nullptr, arguments, environ) != 0) pid_ = -1;
        posix_spawn_file_actions_destroy(&actions);
        ::close(in[0]);
        ::close(out[1]);
        stdin_ = in[1];
        stdout_ = out[0];
    }
    ~ServerProcess() {
        ::close(stdin_);
        ::close(stdout_);
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    ServerProcess(const ServerProcess&) = delete;

    // Its first line; empty when none comes.
    std::string line() const {
        std::string text;
        char c = 0;
        pollfd readable{stdout_, POLLIN, 0};
        while (::poll(&readable, 1, 20'000) == 1 && ::read(stdout_, &c, 1) == 1 && c != '\n') text += c;
        return text;
    }

private:
    pid_t pid_ = -1;
    int stdin_ = -1, stdout_ = -1;
};

// The loop's resolver asks a name server of the test's own.
struct Dns {
    ServerProcess process{"exec /usr/bin/python3 " + interop_script("dns_server.py")};
    std::string port = process.line();
    std::shared_ptr<AresResolver> resolver;

    Dns() { use({}); }
    explicit Dns(AresOptions options) { use(options); }

    // Options of another resolver, which asks the same server.
    void use(AresOptions options) {
        const std::string server = "127.0.0.1:" + port;
        options.servers = server;
        if (options.timeout == Duration(0)) options.timeout = 10s;
        resolver = std::make_shared<AresResolver>(options);
        set_resolver(resolver);
    }
};

inline Coro<Log> ask(std::string host, LookupOptions options = {.type = SOCK_STREAM}) {
    const std::vector<AddressInfo> infos = co_await aio::getaddrinfo(host, 80, options);
    co_return hosts_of(infos);
}

inline Coro<int> gai_code(std::string host) {
    try {
        co_await ask(host);
    } catch (const GaiError& error) {
        co_return error.code();
    }
    co_return 0;
}

}  // namespace aio::test
