#include <aio/io/stream.hpp>

#include <aio/base/error.hpp>

#include "io/connect.hpp"
#include "io/resolve.hpp"
#include "io/socket_stream.hpp"

namespace aio {

namespace {

void check_separator(std::string_view separator) {
    if (separator.empty()) throw ValueError("readuntil: a separator must be at least one byte long");
}

StreamPair ends_of(detail::StreamRef stream) {
    StreamReader reader(stream);
    return StreamPair(std::move(reader), StreamWriter(std::move(stream)));
}

Coro<StreamPair> connect_stream(std::vector<detail::RawAddress> addresses, const detail::RawAddress* local,
                                std::string wanted, std::size_t limit) {
    if (limit == 0) throw ValueError("open_connection: the limit must be positive");
    detail::LoopState& loop = detail::LoopState::of(detail::require_loop());
    const int fd = co_await detail::connect_socket(std::move(addresses), local, std::move(wanted));
    detail::SocketGuard socket(loop, fd);
    detail::StreamRef stream = detail::SocketStream::open(loop, fd, limit);
    socket.take();
    co_return ends_of(std::move(stream));
}

Coro<StreamPair> open_tcp(std::string host, int port, std::size_t limit, std::string local_host, int local_port) {
    detail::check_port("open_connection", port);
    detail::check_port("open_connection: local_port", local_port);
    std::optional<detail::RawAddress> local;
    if (!local_host.empty()) {
        local = detail::RawAddress::numeric(local_host, local_port);
        if (!local)
            throw ValueError("open_connection: local_host must be a numeric address, not '" + local_host + "'");
    }
    std::vector<detail::RawAddress> addresses = co_await detail::resolve(host, port, false);
    std::string wanted = Address{host, port, {}}.str();
    co_return co_await connect_stream(std::move(addresses), local ? &*local : nullptr, std::move(wanted), limit);
}

Coro<StreamPair> open_unix(std::string path, std::size_t limit) {
    const detail::RawAddress address = detail::RawAddress::unix_path(path);
    std::vector<detail::RawAddress> addresses(1, address);
    co_return co_await connect_stream(std::move(addresses), nullptr, address.str(), limit);
}

}  // namespace

StreamReader::StreamReader(std::size_t limit) : stream_(new detail::StreamCore(limit)) {}

detail::Separators StreamReader::separators(std::initializer_list<std::string_view> given) {
    detail::Separators result;
    for (const std::string_view& separator : given) {
        check_separator(separator);
        if (&separator == given.begin()) {
            result.first = separator;
        } else {
            result.rest.emplace_back(separator);
        }
    }
    return result;
}

detail::Separators StreamReader::separators(std::vector<std::string> given) {
    if (given.empty()) throw ValueError("readuntil: there must be at least one separator");
    for (const std::string& separator : given) check_separator(separator);
    detail::Separators result;
    result.first = std::move(given.front());
    given.erase(given.begin());
    result.rest = std::move(given);
    return result;
}

// The options hold views, which need not live until the coroutine runs.
Coro<StreamPair> open_connection(std::string host, int port, ConnectionOptions options) {
    return open_tcp(std::move(host), port, options.limit, std::string(options.local_host), options.local_port);
}

Coro<StreamPair> open_unix_connection(std::string path, ConnectionOptions options) {
    return open_unix(std::move(path), options.limit);
}

}  // namespace aio
