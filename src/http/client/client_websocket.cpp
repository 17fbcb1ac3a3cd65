// ws_connect(): its options, and the handshake as a request.
#include <aio/http/client/client_websocket.hpp>

#include "http/client/response_state.hpp"
#include "http/client/ws_handshake.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/ws_handshake.hpp"
#include "http/ws_connection.hpp"

namespace aio::http {

namespace detail {

void refuse_websocket(const ClientResponse& response, const std::string& what) {
    WSServerHandshakeError error(response.status(), what, std::make_shared<const Headers>(response.headers()));
    error.set_request_info(std::make_shared<const RequestInfo>(response.request_info()));
    throw error;
}

std::string ask_for_websocket(ClientRequest& request, std::string_view protocols, std::string_view extensions) {
    std::string key = wire::new_ws_key();
    request.header("Upgrade", "websocket");
    request.header("Connection", "Upgrade");
    request.header("Sec-WebSocket-Version", "13");
    request.header("Sec-WebSocket-Key", key);
    request.read_until_eof(false);
    if (!protocols.empty()) request.header("Sec-WebSocket-Protocol", protocols);
    if (!extensions.empty()) request.header("Sec-WebSocket-Extensions", extensions);
    return key;
}

std::string check_websocket_answer(const ClientResponse& response, const std::string& key, std::string_view offered) {
    constexpr int kSwitchingProtocols = 101;
    const Headers& headers = response.headers();
    if (response.status() != kSwitchingProtocols) refuse_websocket(response, "Invalid response status");
    if (!headers.lists("Upgrade", "websocket")) refuse_websocket(response, "Invalid upgrade header");
    if (!headers.lists("Connection", "upgrade")) refuse_websocket(response, "Invalid connection header");
    if (headers.combined("Sec-WebSocket-Accept") != wire::ws_accept(key)) {  // of several fields too: it is one
        refuse_websocket(response, "Invalid challenge response");
    }
    std::string protocol(headers.get("Sec-WebSocket-Protocol", ""));
    if (!protocol.empty() && !wire::choose_ws_protocol(offered, {&protocol, 1})) {
        refuse_websocket(response, "A subprotocol that was not offered: " + wire::printable(protocol));
    }
    return protocol;
}

std::weak_ptr<SocketKeeper> keeper_of(const ClientResponse& response) noexcept {
    const Lease& lease = response.state().lease;
    if (!lease) return {};
    return lease.pool().weak_from_this();
}

}  // namespace detail

namespace {

std::optional<wire::WSDeflate> check_extensions(const ClientResponse& response, int bits) {
    const std::string extensions = response.headers().combined("Sec-WebSocket-Extensions");
    if (!extensions.empty() && bits == 0) detail::refuse_websocket(response, "Extensions that were not offered");
    try {
        return wire::parse_ws_deflate(extensions, bits);
    } catch (const ValueError& error) {
        detail::refuse_websocket(response, error.what());
    }
}

Coro<ClientWebSocketResponse> connect(ClientRequest request, WSOptions options, std::string protocols) {
    const int bits = options.compress.value_or(0);
    const std::string extensions = bits > 0 ? wire::ws_deflate_offer(bits) : std::string();
    const std::string key = detail::ask_for_websocket(request, protocols, extensions);
    ClientResponse response = co_await std::move(request);
    std::string protocol = detail::check_websocket_answer(response, key, protocols);
    const std::optional<wire::WSDeflate> deflate = check_extensions(response, bits);
    Headers headers = response.headers();
    const std::weak_ptr<detail::SocketKeeper> keeper = detail::keeper_of(response);
    auto connection = std::make_unique<detail::WSConnection>(response.upgrade(), detail::WSConnection::Side::client,
                                                             options, deflate, std::move(protocol));
    connection->channel()->set_keeper(keeper);
    co_return ClientWebSocketResponse(std::move(connection), std::move(headers));
}

}  // namespace

ClientWebSocketResponse::ClientWebSocketResponse(std::unique_ptr<detail::WSConnection> connection,
                                                 Headers headers) noexcept
    : WebSocket(std::move(connection)), headers_(std::move(headers)) {}

WSConnect&& WSConnect::protocol(std::string_view name) {
    if (!wire::is_token(name)) throw ValueError("'" + wire::printable(name) + "' is not a valid subprotocol name");
    if (!protocols_.empty()) protocols_ += ", ";
    protocols_ += name;
    return std::move(*this);
}

WSConnect&& WSConnect::options(const WSOptions& all) {
    options_ = all;
    return all.compress ? compress(*all.compress) : std::move(*this);
}

WSConnect&& WSConnect::heartbeat(Duration interval) {
    options_.heartbeat = interval;
    return std::move(*this);
}

WSConnect&& WSConnect::receive_timeout(Duration limit) {
    options_.receive_timeout = limit;
    return std::move(*this);
}

WSConnect&& WSConnect::close_timeout(Duration limit) {
    options_.close_timeout = limit;
    return std::move(*this);
}

WSConnect&& WSConnect::autoclose(bool on) {
    options_.autoclose = on;
    return std::move(*this);
}

WSConnect&& WSConnect::autoping(bool on) {
    options_.autoping = on;
    return std::move(*this);
}

WSConnect&& WSConnect::compress(int window_bits) {
    detail::check_window_bits(window_bits);
    options_.compress = window_bits;
    return std::move(*this);
}

WSConnect&& WSConnect::max_msg_size(std::uint64_t bytes) {
    options_.max_msg_size = bytes;
    return std::move(*this);
}

// --- of the request --------------------------------------------------------------------------------------------------

WSConnect&& WSConnect::origin(std::string_view origin) { return header("Origin", origin); }

WSConnect&& WSConnect::header(std::string_view name, std::string_view value) {
    request_.header(name, value);
    return std::move(*this);
}

WSConnect&& WSConnect::headers(const Headers& headers) {
    request_.headers(headers);
    return std::move(*this);
}

WSConnect&& WSConnect::param(std::string_view name, std::string_view value) {
    request_.param(name, value);
    return std::move(*this);
}

WSConnect&& WSConnect::cookie(std::string_view name, std::string_view value) {
    request_.cookie(name, value);
    return std::move(*this);
}

WSConnect&& WSConnect::auth(BasicAuth credentials) {
    request_.auth(std::move(credentials));
    return std::move(*this);
}

WSConnect&& WSConnect::timeout(ClientTimeout limits) {
    request_.timeout(limits);
    return std::move(*this);
}

WSConnect&& WSConnect::timeout(Duration total) {
    request_.timeout(total);
    return std::move(*this);
}

WSConnect&& WSConnect::ssl(ClientSSL how) {
    request_.ssl(std::move(how));
    return std::move(*this);
}

WSConnect&& WSConnect::server_hostname(std::string_view name) {
    request_.server_hostname(name);
    return std::move(*this);
}

WSConnect&& WSConnect::proxy(URL url) {
    request_.proxy(std::move(url));
    return std::move(*this);
}

WSConnect&& WSConnect::proxy_auth(BasicAuth credentials) {
    request_.proxy_auth(std::move(credentials));
    return std::move(*this);
}

Coro<ClientWebSocketResponse> WSConnect::connect() && {
    return http::connect(std::move(request_), options_, std::move(protocols_));
}

}  // namespace aio::http
