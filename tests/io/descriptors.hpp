// Pipes and what is left of them, for tests of pipes and processes.
#pragma once

#include <aio/base/error.hpp>
#include <aio/io/pipe.hpp>

#include "base/no_sigpipe.hpp"
#include "support/async_test.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace aio::test {

// The two ends of something, closed at the end unless they were taken. A stream takes its end over when it is made.
struct Ends {
    Ends() = default;
    Ends(const Ends&) = delete;
    ~Ends() {
        close(0);
        close(1);
    }
    int take(std::size_t which) { return std::exchange(fd[which], -1); }
    void close(std::size_t which) {
        if (fd[which] >= 0) ::close(take(which));
    }
    template <class... Options>
    StreamReader read_from(std::size_t which, Options... options) {
        StreamReader reader = connect_read_pipe(fd[which], options...);
        take(which);
        return reader;
    }
    StreamWriter write_to(std::size_t which) {
        StreamWriter writer = connect_write_pipe(fd[which]);
        take(which);
        return writer;
    }
    std::array<int, 2> fd{-1, -1};
};

struct Pipe : Ends {
    Pipe() {
        if (::pipe2(fd.data(), O_CLOEXEC) != 0) throw_os_error(errno, "pipe2");
    }
};

struct Sockets : Ends {
    Sockets() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd.data()) != 0) throw_os_error(errno, "socketpair");
    }
};

// What there is to read now, of a descriptor that may block.
inline std::string read_now(int fd) {
    char buffer[4096];
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    ::fcntl(fd, F_SETFL, flags);
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
}

// write(2), without a SIGPIPE when nobody reads.
inline ssize_t write_some(int fd, std::string_view text) {
    const detail::NoSigpipe quiet;
    return ::write(fd, text.data(), text.size());
}

inline void write_now(int fd, std::string_view text) {
    if (write_some(fd, text) != static_cast<ssize_t>(text.size())) ADD_FAILURE() << "write";
}

inline bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// Lets the loop run until `done()`, for things that no future tells; gives up after a long while.
template <class Done>
Coro<> wait_until(Done done) {
    for (int tries = 0; tries < 20'000 && !done(); ++tries) co_await sleep(1ms);
    EXPECT_TRUE(done());
}

}  // namespace aio::test
