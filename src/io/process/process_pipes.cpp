// The streams between a process and its child: pipes, /dev/null, descriptors, a pseudo-terminal.
#include <aio/base/error.hpp>

#include "io/pipe/pipe_stream.hpp"
#include "io/process/process_state.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace aio::detail {

namespace {

constexpr const char* kStreams[] = {"standard input", "standard output", "standard error"};

OwnedFd open_dev_null(int which) {
    OwnedFd fd(::open("/dev/null", (which == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC));
    if (fd.get() < 0) throw_os_error(errno, "open /dev/null");
    return fd;
}

void set_non_blocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) throw_os_error(errno, "make a pipe non-blocking");
}

}  // namespace

// What is to be the child's 0, 1 and 2: a descriptor of ours, -1 to inherit, or a new one, which `theirs` holds.
void ProcessState::connect(const SubprocessRequest& request, OwnedFd (&theirs)[3], int (&stdio)[3]) {
    OwnedFd terminal;
    if (request.pty) terminal = open_terminal(request);
    for (int which = 0; which < 3; ++which) {
        const int wanted = request.stdio[which];
        if (wanted >= 0) {
            stdio[which] = wanted;
        } else if (wanted == subprocess::STDOUT) {
            stdio[which] = stdio[1] >= 0 ? stdio[1] : 1;
        } else if (wanted == SubprocessRequest::kInherit) {
            stdio[which] = terminal.get();
        } else {
            if (wanted == subprocess::DEVNULL) {
                theirs[which] = open_dev_null(which);
            } else {
                open_pipe(which, request, theirs[which]);
            }
            stdio[which] = theirs[which].get();
        }
    }
    // It must stay open until the child has it; which of the three holds it does not matter.
    for (OwnedFd& fd : theirs) {
        if (fd.get() < 0) {
            fd = std::move(terminal);
            break;
        }
    }
}

void ProcessState::open_pipe(int which, const SubprocessRequest& request, OwnedFd& theirs) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw_os_error(errno, std::string("make a pipe for the ") + kStreams[which] + " of " + name_);
    }
    const bool input = which == 0;
    OwnedFd ours(ends[input ? 1 : 0]);
    theirs = OwnedFd(ends[input ? 0 : 1]);
    set_non_blocking(ours.get());
    streams_[which] = PipeStream::open(loop_, ours.get(), request.limit,
                                       input ? PipeStream::Direction::write : PipeStream::Direction::read);
    ours.take();
}

// Source: pty(7), ioctl_tty(2).
OwnedFd ProcessState::open_terminal(const SubprocessRequest& request) {
    const std::string what = "make a pseudo-terminal for " + name_;
    OwnedFd ours(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (ours.get() < 0) throw_os_error(errno, what);
    if (::grantpt(ours.get()) != 0 || ::unlockpt(ours.get()) != 0) throw_os_error(errno, what);
    const winsize size = {request.rows, request.columns, 0, 0};
    if (::ioctl(ours.get(), TIOCSWINSZ, &size) != 0) throw_os_error(errno, what);
    OwnedFd theirs(::ioctl(ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (theirs.get() < 0) throw_os_error(errno, what);
    terminal_ = PipeStream::open(loop_, ours.get(), request.limit, PipeStream::Direction::both);
    // A child that has closed its terminal and is about to end would get SIGHUP if ours closed now.
    static_cast<PipeStream&>(*terminal_).hold_open();
    ours.take();
    for (int which = 0; which < 2; ++which) {
        if (request.stdio[which] == SubprocessRequest::kInherit) streams_[which] = terminal_;
    }
    return theirs;
}

void ProcessState::set_terminal_size(unsigned short rows, unsigned short columns) {
    if (!terminal_ || terminal_->fileno() < 0) {
        throw RuntimeError("set_terminal_size(): the process " + name_ + " has no pseudo-terminal, or it is closed");
    }
    const winsize size = {rows, columns, 0, 0};
    if (::ioctl(terminal_->fileno(), TIOCSWINSZ, &size) != 0) {
        throw_os_error(errno, "set the terminal size of " + name_);
    }
}

}  // namespace aio::detail
