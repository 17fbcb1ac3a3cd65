// A listening socket: binding it, accepting, and what happens when accept() fails. No error ends it: a listener that
// stopped in a process that lives would refuse every client until somebody restarts the process.
// server_state.cpp has the accepted connections, and reports an accept() that failed.
#include "io/server/listener.hpp"

#include <aio/base/error.hpp>

#include "core/observe.hpp"
#include "io/address/stale_socket.hpp"
#include "io/stream/socket_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace aio::detail {

namespace {

// Short, so that clients are served soon after descriptors are free again; asyncio's ACCEPT_RETRY_DELAY is a second.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr auto kReportInterval = std::chrono::seconds(1);  // of one error
// Failures of connections without a connection in between, after which the listener itself is suspected.
constexpr int kTransientFailures = 64;

// The path of an AF_UNIX address in the file system, or an empty string.
std::string path_of(const RawAddress& address) {
    std::string path = address.family() == AF_UNIX ? address.decoded().path : std::string();
    return !path.empty() && path[0] == '\0' ? std::string() : path;
}

bool lacks_resources(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// accept(2): errors of the connection, not of the listener. "Retry as after EAGAIN."
bool is_transient(int error) noexcept {
    switch (error) {
        case EAGAIN:
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH: return true;
        default: return false;
    }
}

}  // namespace

Listener::Listener(LoopState& loop, ListenerOwner& owner, const RawAddress& address, bool reuse_address,
                   bool reuse_port, bool keep_alive)
    : loop_(loop), owner_(owner), address_(address), path_(path_of(address)), accept_(*this, -1), retry_(*this) {
    fd_ = backend().open_socket(address.family(), SOCK_STREAM);
    if (fd_ < 0) throw_os_error(-fd_, "open a socket to listen on " + address.str());
    accept_.fd = fd_;
    if (address.family() != AF_UNIX) {
        if (reuse_address) set_flag(SOL_SOCKET, SO_REUSEADDR);
        if (reuse_port) set_flag(SOL_SOCKET, SO_REUSEPORT);
        if (keep_alive) set_flag(SOL_SOCKET, SO_KEEPALIVE);
        set_flag(IPPROTO_TCP, TCP_NODELAY);  // accepted sockets inherit these
    }
    if (address.family() == AF_INET6) set_flag(IPPROTO_IPV6, IPV6_V6ONLY);
    try {
        bind();
        loop_.transport_fds.add(fd_);
    } catch (...) {
        remove_path();
        backend().close_fd(std::exchange(fd_, -1));
        throw;
    }
}

Listener::Listener(LoopState& loop, ListenerOwner& owner, int fd)
    : loop_(loop), owner_(owner), adopted_(true), accept_(*this, fd), retry_(*this) {
    adopt_socket(loop, fd, "start_server: descriptor " + std::to_string(fd));
    if (const int error = backend().local_address(fd, address_.storage, address_.length)) {
        throw_os_error(-error, "start_server: descriptor " + std::to_string(fd));
    }
    loop_.transport_fds.add(fd);
    fd_ = fd;
}

Listener::~Listener() {
    if (retry_.waiting) remove_timer(loop_, retry_);
}

void Listener::set_flag(int level, int option) noexcept {
    const int on = 1;
    backend().set_option(fd_, level, option, &on, sizeof on);
}

void Listener::bind() {
    if (!path_.empty()) remove_stale_socket(path_);
    if (const int error = backend().bind(fd_, address_.get(), address_.length)) {
        throw_os_error(-error, "bind " + address_.str());
    }
    struct stat status;
    if (!path_.empty() && ::stat(path_.c_str(), &status) == 0) inode_ = status.st_ino;
}

// Only if it is still ours: another server may have replaced it.
void Listener::remove_path() noexcept {
    struct stat status;
    if (inode_ != 0 && ::stat(path_.c_str(), &status) == 0 && status.st_ino == inode_) ::unlink(path_.c_str());
}

void Listener::listen(int backlog) {
    if (const int error = backend().listen(fd_, backlog)) throw_os_error(-error, "listen on " + address_.str());
    backend().start(accept_);
}

Address Listener::address() const {
    if (closed()) return {};
    RawAddress local;
    backend().local_address(fd_, local.storage, local.length);
    return local.decoded();
}

void Listener::accepted(int result, bool more) noexcept {
    if (result >= 0) {
        transient_failures_ = 0;
        if (stopping_) {
            backend().close_fd(result);
        } else {
            owner_.accepted(result);
        }
    }
    if (more || accept_.in_flight) return;
    if (stopping_) {
        close_if_idle();
    } else if (result >= 0 || (is_transient(-result) && ++transient_failures_ <= kTransientFailures)) {
        backend().start(accept_);
    } else {
        pause();
        report(-result);
    }
}

void Listener::pause() noexcept {
    retry_.waiting = true;
    try {
        loop_.timers.push(retry_, loop_.backend->now() + kAcceptPause);
    } catch (const std::bad_alloc&) {
        loop_.ready.push(&retry_);  // needs no memory: without a pause is better than never
    }
}

void Listener::report(int error) noexcept {
    const TimePoint now = loop_.backend->now();
    if (error == reported_ && now < next_report_) return;
    reported_ = error;
    next_report_ = now + kReportInterval;
    std::exception_ptr reason;
    try {
        throw_os_error(error, "accept a connection on " + address().str());
    } catch (...) {
        reason = std::current_exception();
    }
    owner_.accept_failed(*this, std::move(reason), lacks_resources(error));
}

void Listener::retry() noexcept {
    retry_.waiting = false;
    if (stopping_) return close_if_idle();
    if (!accept_.in_flight) backend().start(accept_);
}

void Listener::stop() noexcept {
    if (stopping_ || closed()) return;
    stopping_ = true;
    remove_path();
    if (retry_.waiting && remove_timer(loop_, retry_)) retry_.waiting = false;
    if (!accept_.in_flight) return close_if_idle();
    // The port is free from here on, although the descriptor waits for the backend.
    if (!adopted_) backend().shutdown(fd_, SHUT_RDWR);
    backend().cancel(accept_);
}

// A retry that is due already is in the ready queue, and nothing leaves that but by running.
void Listener::close_if_idle() noexcept {
    if (closed() || accept_.in_flight || retry_.waiting) return;
    loop_.transport_fds.remove(fd_);
    backend().close_fd(std::exchange(fd_, -1));
    owner_.listener_closed(*this);
}

}  // namespace aio::detail
