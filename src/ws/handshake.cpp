// The server's opening handshake: checks in the order of websockets' server.py, and the handler behind them.
#include <aio/base/error.hpp>
#include <aio/core/timeout.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/server/http_exceptions.hpp>

#include "http/server/exchange.hpp"
#include "http/server/request_state.hpp"
#include "http/server/ws_request.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/ws_deflate.hpp"
#include "http/wire/ws_handshake.hpp"
#include "ws/extensions.hpp"
#include "ws/server_state.hpp"

#include <algorithm>
#include <utility>

namespace aio::ws::detail {

namespace {

using http::Request, http::Response;

void check_origin(const ServeSettings& settings, const Request& request) {
    if (settings.origins.empty()) return;
    if (request.headers().getall("Origin").size() > 1) {
        throw http::HTTPBadRequest("Failed to open a WebSocket connection: more than one Origin header.\n");
    }
    const std::string origin(request.headers().get("Origin", ""));
    if (std::find(settings.origins.begin(), settings.origins.end(), origin) != settings.origins.end()) return;
    const std::string what = origin.empty() ? "missing Origin header" : "invalid Origin header: " + origin;
    throw http::HTTPForbidden("Failed to open a WebSocket connection: " + http::wire::printable(what) + ".\n");
}

[[noreturn]] void ask_for_credentials(const ServeSettings& settings, const char* what) {
    http::HTTPUnauthorized error(std::string(what) + "\n");
    error.headers().set("WWW-Authenticate", "Basic realm=\"" + settings.realm + "\", charset=\"UTF-8\"");
    throw error;
}

// Result: the user's name, or "" where everybody may connect.
Coro<std::string> authenticate(const ServeSettings& settings, const Request& request) {
    if (!settings.check_credentials) co_return std::string();
    const auto header = request.headers().get("Authorization");
    if (!header) ask_for_credentials(settings, "Missing credentials");
    std::optional<http::BasicAuth> given;
    try {
        given = http::BasicAuth::decode(*header);
    } catch (const ValueError&) {
        ask_for_credentials(settings, "Unsupported credentials");
    }
    const bool valid = co_await settings.check_credentials(given->login(), given->password());
    if (!valid) ask_for_credentials(settings, "Invalid credentials");
    co_return given->login();
}

std::vector<std::string> offered_protocols(const Request& request) {
    std::vector<std::string> offered;
    const std::string header = request.headers().combined("Sec-WebSocket-Protocol");
    for (std::string_view rest = header; !rest.empty();) {
        const std::string_view name = http::wire::trimmed(http::wire::take_until(rest, ','));
        if (!name.empty()) offered.emplace_back(name);
    }
    return offered;
}

std::string choose_protocol(const ServeSettings& settings, Request& request) {
    const std::vector<std::string> offered = offered_protocols(request);
    if (settings.select_subprotocol) {
        try {
            return settings.select_subprotocol(request, offered).value_or("");
        } catch (const NegotiationError& error) {
            throw http::HTTPBadRequest("Failed to open a WebSocket connection: " + std::string(error.what()) + ".\n");
        }
    }
    for (const std::string& protocol : settings.protocols) {
        if (std::find(offered.begin(), offered.end(), protocol) != offered.end()) return protocol;
    }
    return {};
}

struct Accepted {
    Handshake handshake;
    std::optional<http::wire::WSDeflate> deflate;
    Extensions extensions;
    http::Headers headers;
    std::optional<Response> instead;  // of a handshake
    const Handler* handler = nullptr;
};

Coro<std::optional<Response>> asked_before(const ServeSettings& settings, Request& request) {
    if (!settings.process_request) co_return std::nullopt;
    co_return co_await settings.process_request(request);
}

// Of a Router: by the path, which may lead to a response instead.
void choose_handler(const ServeSettings& settings, Request& request, Accepted& all) {
    all.handler = &settings.handler;
    if (settings.router) {
        const auto* const target = settings.router->find(request, all.handshake.match_info, all.instead);
        if (target) all.handler = &target->handler;
    } else if (settings.is_route) {
        for (const auto& [name, value] : request.state().captured) {
            all.handshake.match_info.emplace_back(name, value);
        }
    }
}

void accept_extensions(const ServeSettings& settings, const Request& request, Accepted& all) {
    const std::string offers = request.headers().combined("Sec-WebSocket-Extensions");
    AcceptedOffers accepted;
    if (!settings.extensions.empty()) {
        try {
            accepted = take_offers(parse_extensions(offers), settings.extensions);
        } catch (const NegotiationError& error) {
            throw http::HTTPBadRequest("Failed to open a WebSocket connection: " + std::string(error.what()) + ".\n");
        }
        all.extensions = std::move(accepted.extensions);
    }
    if (settings.options.deflate.enabled) {
        auto answer = http::wire::answer_ws_deflate(offers, terms_of(settings.options.deflate));
        if (answer) {
            append_extension(accepted.header, answer->header);
            all.deflate = answer->agreed;
        }
    }
    if (!accepted.header.empty()) all.headers.set("Sec-WebSocket-Extensions", accepted.header);
}

Coro<Accepted> shake_hands(const ServeSettings& settings, Request& request) {
    Accepted all;
    all.instead = co_await asked_before(settings, request);
    if (!all.instead) choose_handler(settings, request, all);
    if (all.instead) co_return all;
    if (settings.closing) throw http::HTTPServiceUnavailable("Server is shutting down.\n");
    http::detail::check_websocket_request(request);
    check_origin(settings, request);
    all.handshake.username = co_await authenticate(settings, request);
    all.handshake.subprotocol = choose_protocol(settings, request);
    all.headers.set("Upgrade", "websocket");
    all.headers.set("Sec-WebSocket-Accept", http::wire::ws_accept(request.headers().get("Sec-WebSocket-Key", "")));
    if (!all.handshake.subprotocol.empty()) {
        all.headers.set("Sec-WebSocket-Protocol", all.handshake.subprotocol);
    }
    accept_extensions(settings, request, all);
    if (settings.process_response) co_await settings.process_response(request, all.headers);
    all.handshake.path = request.path_qs();
    all.handshake.request_headers = request.headers();
    all.handshake.response.headers = all.headers;
    co_return all;
}

// As long as the handler runs.
struct Open {
    Open(ServeSettings& s, ConnectionState& c) : settings(s), connection(c) { settings.enter(connection); }
    Open(const Open&) = delete;
    ~Open() { settings.leave(connection); }
    ServeSettings& settings;
    ConnectionState& connection;
};

struct Opened {
    std::shared_ptr<ConnectionState> connection;
    const Handler* handler = nullptr;   // of the settings
    std::unique_ptr<Response> instead;  // of the connection
};

// A coroutine of its own, whose memory is free when the handler runs.
Coro<Opened> open_websocket(ServeSettings& settings, Request& request) {
    Opened opened;
    std::optional<Accepted> accepted;
    bool late = false;
    try {
        accepted = co_await wait_for(shake_hands(settings, request), settings.options.open_timeout);
    } catch (const TimeoutError&) {
        late = true;
    }
    if (late) throw http::HTTPServiceUnavailable("The opening handshake took too long.\n");
    if (accepted->instead) {
        opened.instead = std::make_unique<Response>(*std::move(accepted->instead));
        co_return opened;
    }
    http::Upgraded upgraded = co_await request.upgrade(accepted->headers);
    auto channel =
        Channel::open(std::move(upgraded), Channel::Side::server, rules_of(settings.options), accepted->deflate,
                      settings.options.deflate.memory_level, coder_of(std::move(accepted->extensions)));
    http::detail::Exchange& exchange = *request.state().exchange;
    exchange.set_websocket(channel);
    if (settings.owns_requests) exchange.forget_request();
    set_write_limit(*channel, settings.options);
    opened.connection = std::make_shared<ConnectionState>(std::move(channel), std::move(accepted->handshake));
    opened.handler = accepted->handler;
    co_return opened;
}

}  // namespace

Coro<Response> serve_request(std::shared_ptr<ServeSettings> settings, Request& request) {
    Opened opened = co_await open_websocket(*settings, request);
    if (opened.instead) co_return std::move(*opened.instead);
    Connection connection(std::move(opened.connection));
    const Open open(*settings, *connection.shared_state());
    if (settings->closing) connection.shared_state()->channel->start_close(1001, "");
    try {
        co_await (*opened.handler)(connection);
    } catch (const ConnectionClosed&) {
        // The other side has gone: how is in its close frame, and nobody's error.
    }
    co_return Response();  // it is not sent: the connection has left HTTP
}

}  // namespace aio::ws::detail
