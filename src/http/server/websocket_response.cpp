// The server's handshake: checks the request, chooses subprotocol and compression, answers 101. The messages after it
// are in http/websocket.cpp and http/ws_connection.cpp.
#include <aio/http/server/websocket_response.hpp>

#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/request.hpp>

#include "http/server/application_state.hpp"
#include "http/server/exchange.hpp"
#include "http/server/request_state.hpp"
#include "http/server/ws_request.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/ws_handshake.hpp"
#include "http/ws_connection.hpp"

#include <algorithm>

namespace aio::http {

namespace {

std::optional<std::string> chosen_protocol(const Request& request, const std::vector<std::string>& ours) {
    return wire::choose_ws_protocol(request.headers().combined("Sec-WebSocket-Protocol"), ours);
}

void check_request(const Request& request, const std::vector<std::string>& origins) {
    detail::check_websocket_request(request);
    if (origins.empty()) return;
    const auto origin = request.headers().get("Origin");
    if (origin && std::find(origins.begin(), origins.end(), *origin) == origins.end()) {
        throw HTTPForbidden("This origin may not open a WebSocket here");
    }
}

}  // namespace

void detail::check_websocket_request(const Request& request) {
    const Headers& headers = request.headers();
    if (request.method() != "GET" || request.minor_version() < 1 || !headers.lists("Upgrade", "websocket")) {
        throw HTTPBadRequest("No WebSocket UPGRADE hdr: " + wire::printable(headers.combined("Upgrade")) +
                             "\n Can \"Upgrade\" only to \"WebSocket\".");
    }
    if (!headers.lists("Connection", "upgrade")) {
        throw HTTPBadRequest("No CONNECTION upgrade hdr: " + wire::printable(headers.combined("Connection")));
    }
    for (const char* once : {"Sec-WebSocket-Version", "Sec-WebSocket-Key"}) {
        if (headers.getall(once).size() > 1)
            throw HTTPBadRequest(std::string("Handshake error: more than one ") + once);
    }
    if (headers.get("Sec-WebSocket-Version", "") != "13") {
        HTTPUpgradeRequired error("Unsupported version: 13 is the one");
        error.headers().set("Sec-WebSocket-Version", "13");
        throw error;
    }
    if (!wire::is_ws_key(headers.get("Sec-WebSocket-Key", ""))) {
        throw HTTPBadRequest("Handshake error: Sec-WebSocket-Key is not 16 bytes in base64");
    }
}

WebSocketResponse::WebSocketResponse(const WSOptions& options, std::vector<std::string> protocols,
                                     std::vector<std::string> origins)
    : Response(101), options_(options), protocols_(std::move(protocols)), origins_(std::move(origins)) {
    if (options.compress) detail::check_window_bits(*options.compress);
}

WebSocketReady WebSocketResponse::can_prepare(const Request& request) const {
    try {
        check_request(request, origins_);
    } catch (const HTTPException&) {
        return {};
    }
    return {true, chosen_protocol(request, protocols_).value_or("")};
}

Coro<> WebSocketResponse::prepare(Request& request) {
    if (connection_) co_return;
    check_request(request, origins_);
    for (const auto* signal : request.app().state().prepare_signals) co_await signal->send(request, *this);
    std::string protocol = chosen_protocol(request, protocols_).value_or("");
    header("Upgrade", "websocket");
    header("Sec-WebSocket-Accept", wire::ws_accept(request.headers().get("Sec-WebSocket-Key", "")));
    if (!protocol.empty()) header("Sec-WebSocket-Protocol", protocol);
    std::optional<wire::WSDeflateAnswer> deflate;
    if (options_.compress != 0) {
        constexpr int kLargestWindow = 15;
        deflate = wire::answer_ws_deflate(request.headers().combined("Sec-WebSocket-Extensions"),
                                          options_.compress.value_or(kLargestWindow));
    }
    if (deflate) header("Sec-WebSocket-Extensions", deflate->header);
    if (const detail::ResponseExtra* more = extra_if_any()) {
        for (const auto& [name, cookie] : more->cookies) headers().add("Set-Cookie", cookie);
    }
    Upgraded upgraded = co_await request.upgrade(headers());
    connection_ = std::make_unique<detail::WSConnection>(
        std::move(upgraded), detail::WSConnection::Side::server, options_,
        deflate ? std::optional(deflate->agreed) : std::nullopt, std::move(protocol));
    request.state().exchange->set_websocket(connection_->channel());
}

}  // namespace aio::http
