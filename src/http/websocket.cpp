// The public handle of both sides: checks arguments (UTF-8, sizes, message types), converts JSON, and forwards to a
// WSConnection. The protocol is in ws_connection.cpp, the bytes of frames in wire/ws_frame.cpp.
#include <aio/http/websocket.hpp>

#include "http/json_text.hpp"
#include "http/ws_connection.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>

namespace aio::http {

namespace {

std::string_view name_of(WSMsgType type) noexcept {
    switch (type) {
        case WSMsgType::text: return "text";
        case WSMsgType::binary: return "binary";
        case WSMsgType::ping: return "ping";
        case WSMsgType::pong: return "pong";
        case WSMsgType::close: return "close";
        case WSMsgType::closing: return "closing";
        case WSMsgType::closed: return "closed";
        case WSMsgType::error: return "error";
    }
    return "unknown";
}

std::string_view checked_control(const char* function, std::string_view data) {
    if (data.size() > wire::kMostControl) {
        throw ValueError(std::string(function) + ": " + std::to_string(data.size()) +
                         " bytes of payload, but 125 is the maximum");
    }
    return data;
}

}  // namespace

nlohmann::json WSMessage::json() const { return detail::parse_json(data); }

WebSocket::WebSocket() noexcept = default;
WebSocket::WebSocket(std::unique_ptr<detail::WSConnection> connection) noexcept
    : connection_(std::move(connection)) {}
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;
WebSocket::~WebSocket() = default;

detail::WSConnection& WebSocket::open(const char* function) const {
    if (!connection_)
        throw RuntimeError(std::string(function) + ": this WebSocket is not connected; call prepare() first");
    return *connection_;
}

bool WebSocket::closed() const noexcept { return connection_ && connection_->closed(); }
std::optional<std::uint16_t> WebSocket::close_code() const noexcept {
    return connection_ ? connection_->close_code() : std::nullopt;
}
std::exception_ptr WebSocket::exception() const noexcept { return connection_ ? connection_->error() : nullptr; }
const std::string& WebSocket::protocol() const noexcept {
    static const std::string none;
    return connection_ ? connection_->protocol() : none;
}
bool WebSocket::compressed() const noexcept { return connection_ && connection_->compressed(); }
Address WebSocket::peername() const { return open("peername").peername(); }

Coro<WSMessage> WebSocket::receive(std::optional<Duration> timeout) { return open("receive").receive(timeout); }

Coro<std::optional<WSMessage>> WebSocket::next() {
    detail::WSConnection& connection = open("next");
    std::optional<WSMessage> message = connection.take_message();
    if (message) co_return message;
    message.emplace(co_await connection.receive(std::nullopt));
    const WSMsgType type = message->type;
    if (type == WSMsgType::close || type == WSMsgType::closing || type == WSMsgType::closed) message.reset();
    co_return message;
}

Coro<std::string> WebSocket::receive_only(WSMsgType type, std::optional<Duration> timeout) {
    WSMessage message = co_await open("receive").receive(timeout);
    if (message.type != type) {
        throw WSMessageTypeError("receive: the received message is of type " + std::string(name_of(message.type)) +
                                 ", not " + std::string(name_of(type)));
    }
    co_return std::move(message.data);
}

Coro<std::string> WebSocket::receive_str(std::optional<Duration> timeout) {
    return receive_only(WSMsgType::text, timeout);
}
Coro<std::string> WebSocket::receive_bytes(std::optional<Duration> timeout) {
    return receive_only(WSMsgType::binary, timeout);
}
Coro<nlohmann::json> WebSocket::receive_json(std::optional<Duration> timeout) {
    const std::string text = co_await receive_str(timeout);
    co_return detail::parse_json(text);
}

aio::detail::Drain WebSocket::send_str(std::string_view text) {
    detail::check_text("send_str", text);
    return open("send_str").send(wire::WSOpcode::text, text);
}
aio::detail::Drain WebSocket::send_bytes(std::string_view data) {
    return open("send_bytes").send(wire::WSOpcode::binary, data);
}
aio::detail::Drain WebSocket::send_json(const nlohmann::json& value) { return send_str(value.dump()); }
aio::detail::Drain WebSocket::ping(std::string_view data) {
    return open("ping").send(wire::WSOpcode::ping, checked_control("ping", data));
}
aio::detail::Drain WebSocket::pong(std::string_view data) {
    return open("pong").send(wire::WSOpcode::pong, checked_control("pong", data));
}

Coro<bool> WebSocket::close(std::uint16_t code, IntoString reason) {
    return open("close").close(code, std::move(reason).str());
}

}  // namespace aio::http
