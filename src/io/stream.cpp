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

Coro<StreamPair> connect_stream(detail::ConnectPlan plan, std::size_t limit) {
    if (limit == 0) throw ValueError("open_connection: the limit must be positive");
    detail::LoopState& loop = detail::LoopState::of(detail::require_loop());
    const int fd = co_await detail::connect_socket(std::move(plan));
    detail::SocketGuard socket(loop, fd);
    detail::StreamRef stream = detail::SocketStream::open(loop, fd, limit);
    socket.take();
    co_return ends_of(std::move(stream));
}

Coro<detail::ConnectPlan> plan_connection(std::string host, int port, ConnectionOptions options,
                                          std::string local_host) {
    detail::check_port("open_connection", port);
    detail::check_port("open_connection: local_port", options.local_port);
    detail::ConnectPlan plan;
    plan.addresses = co_await detail::resolve(host, port, false, options.family);
    if (!local_host.empty() || options.local_port != 0) {
        plan.locals = co_await detail::resolve(local_host, options.local_port, true, options.family);
    }
    plan.delay = options.happy_eyeballs_delay;
    plan.all_errors = options.all_errors;
    plan.wanted = Address(std::move(host), port).str();
    const int interleave = options.interleave >= 0 ? options.interleave : plan.delay > Duration(0) ? 1 : 0;
    if (interleave > 0) plan.addresses = detail::interleaved(plan.addresses, interleave);
    co_return plan;
}

Coro<StreamPair> open_tcp(std::string host, int port, ConnectionOptions options, std::string local_host) {
    detail::ConnectPlan plan = co_await plan_connection(std::move(host), port, options, std::move(local_host));
    co_return co_await connect_stream(std::move(plan), options.limit);
}

Coro<StreamPair> open_unix(std::string path, std::size_t limit) {
    detail::ConnectPlan plan;
    plan.addresses.push_back(detail::RawAddress::unix_path(path));
    plan.wanted = plan.addresses.front().str();
    co_return co_await connect_stream(std::move(plan), limit);
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
    return open_tcp(std::move(host), port, options, std::string(options.local_host));
}

Coro<StreamPair> open_unix_connection(std::string path, ConnectionOptions options) {
    return open_unix(std::move(path), options.limit);
}

}  // namespace aio
