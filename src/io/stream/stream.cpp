// open_connection() and open_unix_connection(): from options to a connected SocketStream, and to its TLS handshake.
// Reads and drain() are in stream_awaiters.cpp, the race of addresses in io/connect, start_tls() in io/tls/start.cpp.
#include <aio/io/stream.hpp>

#include <aio/base/error.hpp>

#include "io/connect/connect.hpp"
#include "io/names/resolve.hpp"
#include "io/stream/open_addresses.hpp"
#include "io/stream/socket_stream.hpp"
#include "io/stream/stream_filter.hpp"

namespace aio {

namespace {

void check_separator(std::string_view separator) {
    if (separator.empty()) throw ValueError("readuntil: a separator must be at least one byte long");
}

StreamPair ends_of(detail::StreamRef stream) {
    StreamReader reader(stream);
    return StreamPair(std::move(reader), StreamWriter(std::move(stream)));
}

using FilterMaker = std::shared_ptr<detail::FilterFactory>;

// An option that makes no sense as it stands, or null. Source: create_connection, CPython 3.13 base_events.py.
const char* misused(const ConnectionOptions& options, bool has_name) {
    if (options.ssl) {
        if (!has_name && !options.server_hostname)
            return "You must set server_hostname when using ssl without a host";
        return nullptr;
    }
    if (options.server_hostname) return "server_hostname is only meaningful with ssl";
    if (options.ssl_handshake_timeout) return "ssl_handshake_timeout is only meaningful with ssl";
    if (options.ssl_shutdown_timeout) return "ssl_shutdown_timeout is only meaningful with ssl";
    if (options.ssl_session) return "ssl_session is only meaningful with ssl";
    return nullptr;
}

Coro<StreamPair> connect_stream(detail::ConnectPlan plan, std::size_t limit, FilterMaker filter) {
    if (limit == 0) throw ValueError("open_connection: the limit must be positive");
    detail::LoopState& loop = detail::LoopState::of(detail::require_loop());
    const int fd = co_await detail::connect_socket(std::move(plan));
    detail::SocketGuard socket(loop, fd);
    detail::StreamRef stream = detail::SocketStream::open(loop, fd, limit);
    socket.take();
    if (filter) co_await detail::secure_stream(stream, std::move(filter));
    co_return ends_of(std::move(stream));
}

// To the first of `addresses` that answers; `wanted` names the destination.
Coro<StreamPair> connect_to(std::vector<detail::RawAddress> addresses, std::string wanted, ConnectionOptions options,
                            std::string local_host, FilterMaker filter) {
    detail::ConnectPlan plan;
    plan.addresses = std::move(addresses);
    plan.wanted = std::move(wanted);
    if (!local_host.empty() || options.local_port != 0) {
        plan.locals = co_await detail::resolve(local_host, options.local_port, true, options.family);
    }
    plan.delay = options.happy_eyeballs_delay;
    plan.all_errors = options.all_errors;
    const int interleave = options.interleave >= 0 ? options.interleave : plan.delay > Duration(0) ? 1 : 0;
    if (interleave > 0) plan.addresses = detail::interleaved(plan.addresses, interleave);
    co_return co_await connect_stream(std::move(plan), options.limit, std::move(filter));
}

Coro<StreamPair> open_tcp(std::string host, int port, ConnectionOptions options, std::string local_host,
                          FilterMaker filter, const char* misuse) {
    if (misuse) throw ValueError(std::string("open_connection: ") + misuse);
    if (filter) co_await filter->prepare();
    detail::check_port("open_connection", port);
    detail::check_port("open_connection: local_port", options.local_port);
    std::vector<detail::RawAddress> addresses = co_await detail::resolve(host, port, false, options.family);
    std::string wanted = Address(std::move(host), port).str();
    co_return co_await connect_to(std::move(addresses), std::move(wanted), options, std::move(local_host),
                                  std::move(filter));
}

Coro<StreamPair> open_known(std::vector<AddressInfo> infos, std::string wanted, ConnectionOptions options,
                            std::string local_host, FilterMaker filter, const char* misuse) {
    if (misuse) throw ValueError(std::string("open_connection: ") + misuse);
    if (filter) co_await filter->prepare();
    detail::check_port("open_connection: local_port", options.local_port);
    std::vector<detail::RawAddress> addresses;
    for (const AddressInfo& info : infos) addresses.push_back(detail::numeric_address(info.address));
    co_return co_await connect_to(std::move(addresses), std::move(wanted), options, std::move(local_host),
                                  std::move(filter));
}

Coro<StreamPair> open_unix(std::string path, std::size_t limit, FilterMaker filter, const char* misuse) {
    if (misuse) throw ValueError(std::string("open_unix_connection: ") + misuse);
    if (filter) co_await filter->prepare();
    detail::ConnectPlan plan;
    plan.addresses.push_back(detail::RawAddress::unix_path(path));
    plan.wanted = plan.addresses.front().str();
    co_return co_await connect_stream(std::move(plan), limit, std::move(filter));
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

std::shared_ptr<detail::FilterFactory> detail::connection_filter(const ConnectionOptions& options,
                                                                 std::optional<std::string_view> host,
                                                                 bool server_side) {
    if (!options.ssl) return nullptr;
    TlsRequest request;
    request.context = options.ssl.context();
    request.server_side = server_side;
    request.server_hostname = options.server_hostname ? options.server_hostname : host;
    request.handshake_timeout = options.ssl_handshake_timeout;
    request.shutdown_timeout = options.ssl_shutdown_timeout;
    request.session = options.ssl_session;
    request.suppress_ragged_eofs = options.suppress_ragged_eofs;
    return options.ssl.make(request);
}

Coro<> detail::secure_stream(StreamRef stream, std::shared_ptr<FilterFactory> filter) {
    struct AbortUnlessDone {
        StreamCore& stream;
        bool done = false;
        ~AbortUnlessDone() {
            if (!done) stream.abort();
        }
    };
    AbortUnlessDone guard{*stream};
    const Future<> secured = filter->start(static_cast<SocketStream&>(*stream));
    co_await secured;
    guard.done = true;
}

// The options hold views and name contexts, which need not live until the coroutine runs.
Coro<StreamPair> open_connection(std::string host, int port, ConnectionOptions options) {
    const bool has_name = !host.empty();
    FilterMaker filter = detail::connection_filter(options, std::string_view(host));
    return open_tcp(std::move(host), port, options, std::string(options.local_host), std::move(filter),
                    misused(options, has_name));
}

Coro<StreamPair> detail::open_addresses(std::vector<AddressInfo> addresses, std::string wanted,
                                        ConnectionOptions options) {
    return open_known(std::move(addresses), std::move(wanted), options, std::string(options.local_host),
                      connection_filter(options, std::nullopt), misused(options, false));
}

Coro<StreamPair> open_unix_connection(std::string path, ConnectionOptions options) {
    return open_unix(std::move(path), options.limit, detail::connection_filter(options, std::nullopt),
                     misused(options, false));
}

}  // namespace aio
