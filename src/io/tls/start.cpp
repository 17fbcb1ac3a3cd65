// TLS for streams: from the options to a filter, and StreamWriter's part of it.
#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/io/stream.hpp>
#include <aio/sync/threads.hpp>

#include "io/tls/filter.hpp"
#include "io/tls/peer_name.hpp"

#include <cerrno>
#include <utility>

namespace aio::detail {

namespace {

constexpr Duration kHandshakeTimeout = std::chrono::seconds(60);  // SSL_HANDSHAKE_TIMEOUT
constexpr Duration kShutdownTimeout = std::chrono::seconds(30);   // SSL_SHUTDOWN_TIMEOUT

void check_positive(const char* option, Duration value) {
    if (value > Duration(0)) return;
    throw ValueError(std::string(option) + " should be a positive number, got " +
                     std::to_string(std::chrono::duration<double>(value).count()) + " seconds");
}

class TlsFactory final : public FilterFactory {
public:
    explicit TlsFactory(const TlsRequest& request)
        : limits_{request.handshake_timeout.value_or(kHandshakeTimeout),
                  request.shutdown_timeout.value_or(kShutdownTimeout), request.suppress_ragged_eofs} {
        setup_.server_side = request.server_side;
        if (request.context) setup_.context = request.context->context();
        if (request.session) setup_.session = request.session->session();
        if (request.server_hostname && !request.server_side) setup_.server_hostname = *request.server_hostname;
    }

    // Called first, once.
    Coro<> prepare() override {
        const bool own_context = setup_.context != nullptr;
        check(own_context);
        setup_.server_hostname = tls_peer_name(setup_.server_hostname);
        if (!own_context) setup_.context = co_await load_default_client_context();
        const std::string& name = setup_.server_hostname;
        setup_.check_hostname = setup_.context->check_hostname && (own_context || !name.empty());
        if (!setup_.server_side && setup_.check_hostname && name.empty()) {
            throw ValueError("check_hostname requires server_hostname");
        }
    }

    Future<> start(SocketStream& stream) override {
        Future<> done;
        set_upon(stream, done);
        return done;
    }
    void serve(SocketStream& stream) override { set_upon(stream, std::nullopt); }

private:
    void check(bool own_context) const {
        check_positive("ssl_handshake_timeout", limits_.handshake);
        check_positive("ssl_shutdown_timeout", limits_.shutdown);
        if (!own_context && setup_.server_side) throw ValueError("Server side SSL needs a valid SSLContext");
        if (own_context && setup_.context->is_server() != setup_.server_side) {
            throw ValueError(setup_.server_side ? "a server needs a server's SSLContext (Purpose::CLIENT_AUTH)"
                                                : "a client needs a client's SSLContext (Purpose::SERVER_AUTH)");
        }
    }

    void set_upon(SocketStream& stream, std::optional<Future<>> done) {
        TlsEngine::Setup setup = setup_;
        stream.begin_filter(std::make_unique<TlsFilter>(stream, std::move(setup), limits_, std::move(done)));
    }

    TlsEngine::Setup setup_;
    TlsLimits limits_;
};

}  // namespace

Coro<std::shared_ptr<TlsContext>> load_default_client_context() {
    std::shared_ptr<TlsContext> context = default_client_context();
    if (!context) {  // reading the system's authorities takes 10 ms
        auto made = get_running_loop().run_in_executor(nullptr, make_default_client_context);
        context = co_await std::move(made);
    }
    co_return context;
}

namespace {

Coro<> secure(StreamRef stream, std::shared_ptr<FilterFactory> factory) {
    auto* socket = dynamic_cast<SocketStream*>(stream.get());
    if (!socket) throw RuntimeError("StreamWriter.start_tls: this stream has no connection");
    co_await factory->prepare();
    if (socket->filter() && socket->filter()->starting()) {
        throw RuntimeError("StreamWriter.start_tls: another start_tls is in progress");
    }
    socket->check_no_turn("start_tls");
    if (socket->ended()) {
        throw ConnectionResetError(ECONNRESET,
                                   "start_tls: the connection with " + socket->peername().str() + " is closed");
    }
    co_await secure_stream(std::move(stream), std::move(factory));
}

}  // namespace

std::shared_ptr<FilterFactory> make_tls(const TlsRequest& request) { return std::make_shared<TlsFactory>(request); }

}  // namespace aio::detail

namespace aio {

// Not a coroutine: what the options name need not live until one runs.
Coro<> StreamWriter::start_tls(const ssl::SSLContext& context, StartTlsOptions options) const {
    const auto* socket = dynamic_cast<detail::SocketStream*>(stream_.get());
    detail::TlsRequest request;
    request.context = &context;
    request.server_side = options.server_side.value_or(socket && socket->owner() != nullptr);
    request.server_hostname = options.server_hostname;
    request.handshake_timeout = options.ssl_handshake_timeout;
    request.shutdown_timeout = options.ssl_shutdown_timeout;
    request.session = options.ssl_session;
    request.suppress_ragged_eofs = options.suppress_ragged_eofs;
    return detail::secure(stream_, detail::make_tls(request));
}

ssl::SSLObject StreamWriter::ssl_object() const { return ssl::SSLObject(stream_); }

}  // namespace aio
