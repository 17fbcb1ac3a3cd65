// TCP or AF_UNIX, and TLS if the server agrees to it.
#include "db/pg/session/dial.hpp"

#include <aio/base/error.hpp>
#include <aio/db/errors.hpp>

#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/message_reader.hpp"
#include "db/session/socket_option.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

namespace aio::pg::detail {

namespace {

std::string socket_path(const SessionOptions& options) {
    std::string path = options.host + "/.s.PGSQL." + std::to_string(options.port);
    if (path.front() == '@') path.front() = '\0';
    return path;
}

using db::detail::set_socket_option;

void tune(int fd, const TcpOptions& tcp) {
    set_socket_option(fd, SOL_SOCKET, SO_KEEPALIVE, tcp.keepalives ? 1 : 0, "SO_KEEPALIVE");
    const auto seconds = [](std::chrono::seconds value) { return static_cast<int>(value.count()); };
    if (tcp.keepalives) {
        if (tcp.idle) set_socket_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(*tcp.idle), "TCP_KEEPIDLE");
        if (tcp.interval) set_socket_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds(*tcp.interval), "TCP_KEEPINTVL");
        if (tcp.count) set_socket_option(fd, IPPROTO_TCP, TCP_KEEPCNT, *tcp.count, "TCP_KEEPCNT");
    }
    if (tcp.user_timeout) {
        set_socket_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(tcp.user_timeout->count()),
                          "TCP_USER_TIMEOUT");
    }
}

// "requirepeer": another user may have made a socket where the server's was expected.
void check_peer(int fd, const std::string& wanted) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) throw_os_error(errno, "getsockopt SO_PEERCRED");
    passwd entry = {};
    passwd* found = nullptr;
    std::array<char, 4096> memory = {};
    ::getpwuid_r(peer.uid, &entry, memory.data(), memory.size(), &found);
    const std::string name = found ? found->pw_name : std::to_string(peer.uid);
    if (name == wanted) return;
    throw db::InterfaceError("connect: the server's process belongs to the user \"" + name + "\", not to \"" +
                             wanted + "\" as requirepeer wants");
}

Coro<> encrypt(StreamPair& ends, const SessionOptions& options) {
    auto& [reader, writer] = ends;
    if (options.tls == TlsUse::direct) {
        co_await writer.start_tls(*options.context, {.server_hostname = options.server_hostname});
        co_return;
    }
    std::string request;
    wire::append_ssl_request(request);
    writer.write(request);
    const std::string answer = co_await reader.readexactly(1);
    std::string_view rest = answer;
    const wire::SslAnswer said = wire::read_ssl_answer(rest);
    if (said == wire::SslAnswer::accepted) {
        if (reader.has_data()) throw db::InterfaceError("the server sent bytes ahead of the TLS handshake");
        co_await writer.start_tls(*options.context, {.server_hostname = options.server_hostname});
        co_return;
    }
    if (options.tls == TlsUse::required) {
        throw db::InterfaceError("connect to " + options.host + ": the server does not offer TLS, which is required");
    }
}

}  // namespace

Coro<StreamPair> dial(const SessionOptions& options, std::string address) {
    if (options.is_unix()) {
        // Who may open the socket is on this machine: nothing is encrypted, as libpq has it.
        StreamPair local = co_await open_unix_connection(socket_path(options));
        if (!options.required_peer.empty()) check_peer(local.second.fileno(), options.required_peer);
        co_return local;
    }
    if (address.empty()) address = options.host;
    StreamPair ends = co_await open_connection(address, options.port);
    tune(ends.second.fileno(), options.tcp);
    if (options.tls != TlsUse::off) co_await encrypt(ends, options);
    co_return ends;
}

Coro<> send_cancel_request(const SessionOptions& options, std::string address, std::uint32_t process,
                           const std::string& key) {
    auto [reader, writer] = co_await dial(options, std::move(address));
    std::string request;
    wire::append_cancel_request(request, process, key);
    writer.write(request);
    try {
        co_await reader.read();  // nothing comes but the end
    } catch (const ConnectionError&) {
        // A reset is an end too.
    }
    writer.close();
}

}  // namespace aio::pg::detail
