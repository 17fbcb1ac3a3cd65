#include "support/resolvers.hpp"

#include <aio/base/error.hpp>
#include <aio/core/sleep.hpp>
#include <aio/io/server.hpp>

#include "core/loop_state.hpp"
#include "io/address/raw_address.hpp"
#include "io/names/resolve.hpp"
#include "support/peers.hpp"

#include <netdb.h>
#include <unistd.h>

namespace aio::test {

Coro<std::vector<AddressInfo>> FakeResolver::getaddrinfo(std::string host, int port, LookupOptions options) {
    asked.push_back(host);
    last_options = options;
    last_port = port;
    const auto found = names.find(host);
    if (found == names.end()) aio::detail::throw_gai_error(EAI_NONAME, host, options.family);
    const Entry entry = found->second;
    try {
        if (entry.delay > Duration(0)) co_await aio::sleep(entry.delay);
    } catch (const CancelledError&) {
        ++gave_up;
        throw;
    }
    ++ended;
    if (entry.error != 0) aio::detail::throw_gai_error(entry.error, host, options.family);
    std::vector<Address> addresses;
    for (const std::string& numeric : entry.hosts) addresses.emplace_back(numeric, port);
    co_return aio::detail::address_infos(addresses, options, host);
}

Coro<NameInfo> FakeResolver::getnameinfo(Address address, int) {
    asked.push_back(address.str());
    co_return NameInfo{"name-of-" + address.host, std::to_string(address.port)};
}

FakeResolver& use_fake_resolver() {
    auto resolver = std::make_shared<FakeResolver>();
    FakeResolver& result = *resolver;
    set_resolver(std::move(resolver));
    return result;
}

Log hosts_of(const std::vector<AddressInfo>& infos) {
    Log hosts;
    for (const AddressInfo& info : infos) hosts.push_back(info.address.host);
    return hosts;
}

// --- SilentPort ----------------------------------------------------------------------------------------------

struct SilentPort::Accept final : aio::detail::Operation {
    Accept(aio::detail::LoopState& state, int listener) noexcept
        : Operation(aio::detail::OpKind::accept, listener), loop(state) {}
    void completed(int result, const char*, bool more) noexcept override {
        if (result >= 0) {
            ++taken;
            loop.backend->close_fd(result);
        }
        if (more || !orphan) return;
        loop.backend->close_fd(fd);
        delete this;
    }
    aio::detail::LoopState& loop;
    int taken = 0;
    bool orphan = false;
};

SilentPort::SilentPort() : loop_(get_running_loop().state()) {}

SilentPort::~SilentPort() { refuse(); }

Coro<SilentPort*> SilentPort::open(std::string host, int port) {
    SilentPort& self = keep<SilentPort>();
    aio::detail::Backend& backend = *self.loop_.backend;
    const auto address = aio::detail::RawAddress::numeric(host, port);
    self.fd_ = backend.open_socket(address->family(), SOCK_STREAM);
    if (self.fd_ < 0) throw_os_error(-self.fd_, "open a socket");
    const int on = 1;
    backend.set_option(self.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (const int error = backend.bind(self.fd_, address->get(), address->length)) {
        throw_os_error(-error, "bind " + address->str());
    }
    backend.listen(self.fd_, 0);
    aio::detail::RawAddress bound;
    bound.length = sizeof bound.storage;
    backend.local_address(self.fd_, bound.storage, bound.length);
    self.port_ = bound.decoded().port;
    self.filler_ = co_await open_connection(host, self.port_);
    co_return &self;
}

void SilentPort::open_up() {
    accept_ = std::make_unique<Accept>(loop_, fd_);
    loop_.backend->start(*accept_);
}

int SilentPort::taken() const noexcept { return accept_ ? accept_->taken : 0; }

void SilentPort::refuse() {
    filler_.reset();
    if (fd_ < 0) return;
    if (!loop_.backend) {  // the loop was closed before
        if (!simulated()) ::close(fd_);
        fd_ = -1;
        return;
    }
    if (accept_ && accept_->in_flight) {
        Accept& accept = *accept_.release();
        accept.orphan = true;
        loop_.backend->cancel(accept);
    } else {
        loop_.backend->close_fd(fd_);
    }
    fd_ = -1;
}

Coro<int> closed_port() {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    const int port = server.port();
    server.close();
    co_await server.wait_closed();
    co_return port;
}

}  // namespace aio::test
