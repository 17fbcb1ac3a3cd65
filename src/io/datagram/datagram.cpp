// create_datagram_endpoint(): checks options, resolves names, pairs addresses by family, opens and binds the socket.
// DatagramEndpoint's members only forward to DatagramCore: datagram_core.cpp receives, datagram_sending.cpp sends.
#include <aio/io/datagram.hpp>

#include <aio/base/error.hpp>

#include "io/address/stale_socket.hpp"
#include "io/connect/connect.hpp"
#include "io/datagram/datagram_core.hpp"
#include "io/names/resolve.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace aio {

using detail::Backend;
using detail::LoopState;
using detail::RawAddress;

namespace {

// An AddressView with text of its own: the coroutine runs later.
struct Wanted {
    explicit Wanted(const AddressView& view)
        : given(view), is_path(view.is_path()), host(view.host), port(view.port), path(view.path) {}
    bool given, is_path;
    std::string host;
    int port;
    std::string path;
};

struct Setup {
    Setup(std::shared_ptr<DatagramProtocol> to_call, const DatagramOptions& wanted)
        : protocol(std::move(to_call)), options(wanted), local(wanted.local_addr), remote(wanted.remote_addr) {
        options.local_addr = options.remote_addr = {};
    }
    std::shared_ptr<DatagramProtocol> protocol;
    DatagramOptions options;  // without the addresses
    Wanted local, remote;
};

// What one attempt binds and connects to.
struct Names {
    int family = AF_UNSPEC;
    std::optional<RawAddress> local, remote;
};

[[noreturn]] void refuse(const std::string& why) { throw ValueError("create_datagram_endpoint: " + why); }

void check(const Setup& setup) {
    const DatagramOptions& options = setup.options;
    if (options.receive_limit == 0) refuse("the receive_limit must be positive");
    for (const Wanted* each : {&setup.local, &setup.remote}) {
        if (each->given && !each->is_path) detail::check_port("create_datagram_endpoint", each->port);
    }
    if (options.sock >= 0) {
        if (setup.local.given || setup.remote.given || options.family || options.reuse_port ||
            options.allow_broadcast) {
            refuse("addresses and options can not be used when sock is specified");
        }
    } else if (!setup.local.given && !setup.remote.given && options.family == AF_UNSPEC) {
        refuse("give local_addr, remote_addr or a family");
    }
}

void set_flag(Backend& backend, int fd, int option, const char* name) {
    const int on = 1;
    const int result = backend.set_option(fd, SOL_SOCKET, option, &on, sizeof on);
    if (result < 0) throw_os_error(-result, name);
}

// Pairs of one family, in the order in which they are to be tried. Source: create_datagram_endpoint, base_events.py.
std::vector<Names> join(const Setup& setup, const std::vector<RawAddress>& locals,
                        const std::vector<RawAddress>& remotes) {
    std::vector<Names> all;
    const auto of_family = [&all](int family) -> Names& {
        const auto found = std::find_if(all.begin(), all.end(), [&](const Names& n) { return n.family == family; });
        if (found != all.end()) return *found;
        all.emplace_back().family = family;
        return all.back();
    };
    for (const RawAddress& each : locals) of_family(each.family()).local = each;
    for (const RawAddress& each : remotes) of_family(each.family()).remote = each;
    const int wanted = setup.options.family;
    std::erase_if(all, [&](const Names& names) {
        return (wanted != AF_UNSPEC && names.family != wanted) || (setup.local.given && !names.local) ||
               (setup.remote.given && !names.remote);
    });
    if (all.empty()) refuse("the addresses have no family in common");
    return all;
}

Names unix_names(const Setup& setup) {
    const auto named = [](const Wanted& wanted) -> std::optional<RawAddress> {
        if (!wanted.given) return std::nullopt;
        if (!wanted.is_path) refuse("one address is an AF_UNIX path and the other a host");
        return RawAddress::unix_path(wanted.path);
    };
    Names names;
    names.family = AF_UNIX;
    names.local = named(setup.local);
    names.remote = named(setup.remote);
    return names;
}

// A descriptor. Errors: OSError.
int open_socket(LoopState& loop, const Setup& setup, const Names& names) {
    Backend& backend = *loop.backend;
    detail::SocketGuard socket(loop, backend.open_socket(names.family, SOCK_DGRAM));
    const int fd = socket.get();
    if (fd < 0) throw_os_error(-fd, "open a datagram socket");
    if (setup.options.reuse_port) set_flag(backend, fd, SO_REUSEPORT, "set SO_REUSEPORT");
    if (setup.options.allow_broadcast) set_flag(backend, fd, SO_BROADCAST, "set SO_BROADCAST");
    if (names.local) {
        if (names.family == AF_UNIX && setup.local.path[0] != '\0') detail::remove_stale_socket(setup.local.path);
        const int result = backend.bind(fd, names.local->get(), names.local->length);
        if (result < 0) throw_os_error(-result, "bind " + names.local->str());
    }
    if (names.remote && !setup.options.allow_broadcast) {
        const int result = backend.connect_now(fd, names.remote->get(), names.remote->length);
        if (result < 0) throw_os_error(-result, "connect to " + names.remote->str());
    }
    return socket.take();
}

// Makes an endpoint of the descriptor. If that fails the descriptor is the caller's.
DatagramEndpoint start(LoopState& loop, const Setup& setup, int fd, const Names& names) {
    PeerAddress remote;
    if (names.remote) remote = PeerAddress::of(&names.remote->storage, names.remote->length);
    return DatagramEndpoint(detail::DatagramCore::open(loop, fd, names.family, remote, setup.options.receive_limit));
}

int get_int_option(Backend& backend, int fd, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    const int result = backend.get_option(fd, SOL_SOCKET, option, &value, length);
    if (result == -ENOTSOCK) refuse("descriptor " + std::to_string(fd) + " is not a socket");
    if (result < 0) throw_os_error(-result, "get the socket type of descriptor " + std::to_string(fd));
    return value;
}

DatagramEndpoint adopt(LoopState& loop, const Setup& setup) {
    const int fd = setup.options.sock;
    if (get_int_option(*loop.backend, fd, SO_TYPE) != SOCK_DGRAM) {
        refuse("descriptor " + std::to_string(fd) + " is not a datagram socket");
    }
    if (loop.transport_fds.contains(fd)) refuse("descriptor " + std::to_string(fd) + " is in use by this loop");
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        throw_os_error(errno, "make a socket non-blocking");
    Names names;
    names.family = get_int_option(*loop.backend, fd, SO_DOMAIN);
    loop.backend->forget(fd);  // the number may have belonged to another socket
    return start(loop, setup, fd, names);
}

DatagramEndpoint open_first(LoopState& loop, const Setup& setup, const std::vector<Names>& all) {
    std::exception_ptr first;
    for (const Names& names : all) {
        int fd = -1;
        try {
            fd = open_socket(loop, setup, names);
        } catch (const OSError&) {
            if (!first) first = std::current_exception();
            continue;
        }
        detail::SocketGuard socket(loop, fd);
        DatagramEndpoint endpoint = start(loop, setup, fd, names);
        socket.take();
        return endpoint;
    }
    std::rethrow_exception(first);
}

// The coroutine of create_datagram_endpoint().
Coro<DatagramEndpoint> open_endpoint(Setup setup) {
    check(setup);
    LoopState& loop = LoopState::of(detail::require_loop());
    std::vector<Names> all;
    if (setup.local.is_path || setup.remote.is_path) {
        all.push_back(unix_names(setup));
    } else if (!setup.local.given && !setup.remote.given) {
        all.emplace_back().family = setup.options.family;
    } else {
        std::vector<RawAddress> locals, remotes;
        if (setup.local.given) locals = co_await detail::resolve(setup.local.host, setup.local.port, true);
        if (setup.remote.given) remotes = co_await detail::resolve(setup.remote.host, setup.remote.port, false);
        all = join(setup, locals, remotes);
    }
    DatagramEndpoint endpoint = setup.options.sock >= 0 ? adopt(loop, setup) : open_first(loop, setup, all);
    if (setup.protocol) {
        endpoint.core()->set_protocol(setup.protocol);
        try {
            setup.protocol->connection_made(endpoint);
        } catch (...) {
            endpoint.abort();
            throw;
        }
    }
    endpoint.core()->start();
    co_return endpoint;
}

}  // namespace

// The options hold views, which need not live until the coroutine runs.
Coro<DatagramEndpoint> create_datagram_endpoint(DatagramOptions options) {
    return open_endpoint(Setup(nullptr, options));
}

Coro<DatagramEndpoint> create_datagram_endpoint(std::shared_ptr<DatagramProtocol> protocol, DatagramOptions options) {
    if (!protocol) refuse("the protocol is null");
    return open_endpoint(Setup(std::move(protocol), options));
}

void DatagramEndpoint::sendto(std::string_view data) const { core_->send(data); }
void DatagramEndpoint::sendto(std::string_view data, const Address& to) const {
    core_->send(data, core_->fitting(to));
}
void DatagramEndpoint::sendto(std::string_view data, const PeerAddress& to) const { core_->send(data, to); }

void DatagramEndpoint::close() const { core_->close(); }
void DatagramEndpoint::abort() const { core_->abort(); }
bool DatagramEndpoint::is_closing() const noexcept { return core_->closing(); }
Address DatagramEndpoint::sockname() const { return core_->sockname(); }
Address DatagramEndpoint::peername() const { return core_->peername(); }
int DatagramEndpoint::fileno() const noexcept { return core_->fileno(); }

std::size_t DatagramEndpoint::get_write_buffer_size() const noexcept { return core_->write_buffer_size(); }
void DatagramEndpoint::set_write_buffer_limits(std::size_t high, std::optional<std::size_t> low) const {
    core_->set_write_buffer_limits(high, low.value_or(high / 4));
}

void DatagramEndpoint::set_option(int level, int option, const void* value, std::size_t size) const {
    core_->set_option(level, option, value, size);
}
void DatagramEndpoint::get_option(int level, int option, void* value, std::size_t size) const {
    core_->get_option(level, option, value, size);
}

}  // namespace aio
