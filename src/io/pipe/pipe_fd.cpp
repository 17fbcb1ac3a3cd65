// PipeFd: which descriptors are accepted, O_NONBLOCK on an open file of our own where possible, read and write without
// SIGPIPE. When to read or write is decided in pipe_stream.cpp. Regular files are refused; they belong to io/files.
#include "io/pipe/pipe_fd.hpp"

#include <aio/base/error.hpp>

#include "base/no_sigpipe.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string>

namespace aio::detail {

namespace {

const char* name_of(mode_t mode) noexcept {
    if (S_ISREG(mode)) return "a regular file";
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISBLK(mode)) return "a block device";
    return "neither a pipe, nor a socket, nor a character device";
}

// Only the leading side (the "master") knows its number.
bool is_leading_pty(int fd) noexcept {
    unsigned number = 0;
    return ::ioctl(fd, TIOCGPTN, &number) == 0;
}

// An anonymous pipe, for which a second open file behaves as the first. (One of a named FIFO that has no writer
// left would not tell its end.)
bool is_anonymous_pipe(int fd) noexcept {
    struct statfs info;
    return ::fstatfs(fd, &info) == 0 && info.f_type == PIPEFS_MAGIC;
}

std::size_t at_most_int(std::size_t size) noexcept { return std::min<std::size_t>(size, INT_MAX); }

}  // namespace

PipeFd::PipeFd(int fd, const char* caller, bool reading, bool writing) : fd_(fd), kind_(Kind::pipe) {
    const std::string what = std::string(caller) + ": descriptor " + std::to_string(fd);
    struct stat info;
    if (::fstat(fd, &info) != 0) throw_os_error(errno, what);
    if (S_ISSOCK(info.st_mode)) {
        kind_ = Kind::socket;
    } else if (S_ISCHR(info.st_mode)) {
        kind_ = is_leading_pty(fd) ? Kind::leading_pty : Kind::device;
    } else if (!S_ISFIFO(info.st_mode)) {
        throw ValueError(what + " is " + name_of(info.st_mode) +
                         ": only pipes, sockets and character devices can be waited for; use aio::files for files");
    }
    const int access = ::fcntl(fd, F_GETFL) & O_ACCMODE;
    if (reading && access == O_WRONLY) throw ValueError(what + " is open for writing only");
    if (writing && access == O_RDONLY) throw ValueError(what + " is open for reading only");
    if (kind_ != Kind::socket) make_non_blocking();
}

void PipeFd::make_non_blocking() {
    const int flags = ::fcntl(fd_, F_GETFL);
    if (flags & O_NONBLOCK) return;
    // A device other than a terminal may be something else each time it is opened.
    const bool terminal = kind_ == Kind::device && ::isatty(fd_);
    if ((terminal || (kind_ == Kind::pipe && is_anonymous_pipe(fd_))) && reopen(flags)) return;
    if (::fcntl(fd_, F_SETFL, flags | O_NONBLOCK) != 0) {
        throw_os_error(errno, "make descriptor " + std::to_string(fd_) + " non-blocking");
    }
    shared_flags_ = flags;
}

// Opens the file once more, under the same number, so that its flags are our own. False if that is impossible.
bool PipeFd::reopen(int flags) const noexcept {
    char path[40];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd_);
    const int kept = flags & (O_ACCMODE | O_APPEND | O_DIRECT);
    const int fresh = ::open(path, kept | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fresh < 0) return false;
    const int descriptor_flags = ::fcntl(fd_, F_GETFD);
    int result = 0;
    do {
        result = ::dup3(fresh, fd_, descriptor_flags & FD_CLOEXEC ? O_CLOEXEC : 0);
    } while (result < 0 && (errno == EINTR || errno == EBUSY));
    ::close(fresh);
    return result >= 0;
}

int PipeFd::read(void* data, std::size_t size) const noexcept {
    while (true) {
        const ssize_t count = kind_ == Kind::socket ? ::recv(fd_, data, at_most_int(size), MSG_DONTWAIT)
                                                    : ::read(fd_, data, at_most_int(size));
        if (count >= 0) return static_cast<int>(count);
        if (errno == EINTR) continue;
        if (errno == EWOULDBLOCK) return -EAGAIN;
        if (errno == EIO && kind_ == Kind::leading_pty) return 0;  // no process has the other side open
        return -errno;
    }
}

int PipeFd::write(const void* data, std::size_t size) const noexcept {
    size = at_most_int(size);
    if (kind_ == Kind::socket) {
        ssize_t count = 0;
        do {
            count = ::send(fd_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        } while (count < 0 && errno == EINTR);
        return count < 0 ? -errno : static_cast<int>(count);
    }
    const NoSigpipe guard;
    ssize_t count = 0;
    do {
        count = ::write(fd_, data, size);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) return static_cast<int>(count);
    if (errno == EIO && kind_ == Kind::leading_pty) return -EPIPE;  // no process has the other side open
    return -errno;
}

bool PipeFd::reader_is_gone() const noexcept {
    pollfd state = {fd_, POLLOUT, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

void PipeFd::restore_flags() const noexcept {
    if (shared_flags_ >= 0) ::fcntl(fd_, F_SETFL, shared_flags_);
}

}  // namespace aio::detail
