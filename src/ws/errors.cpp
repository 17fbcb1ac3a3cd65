// The texts of aio::ws's errors, as websockets' exceptions.py has them.
#include <aio/ws/errors.hpp>

#include <string_view>

namespace aio::ws {

namespace {

std::string_view name_of(std::uint16_t code) noexcept {
    switch (code) {
        case 1000: return "OK";
        case 1001: return "going away";
        case 1002: return "protocol error";
        case 1003: return "unsupported data";
        case 1005: return "no status received [internal]";
        case 1006: return "abnormal closure [internal]";
        case 1007: return "invalid frame payload data";
        case 1008: return "policy violation";
        case 1009: return "message too big";
        case 1010: return "mandatory extension";
        case 1011: return "internal error";
        case 1012: return "service restart";
        case 1013: return "try again later";
        case 1014: return "bad gateway";
        case 1015: return "TLS failure [internal]";
        default: break;
    }
    if (code >= 3000 && code < 4000) return "registered";
    if (code >= 4000 && code < 5000) return "private use";
    return "unknown";
}

std::string text_of(const std::optional<Close>& rcvd, const std::optional<Close>& sent, bool rcvd_then_sent) {
    if (rcvd && sent) {
        return rcvd_then_sent ? "received " + rcvd->str() + "; then sent " + sent->str()
                              : "sent " + sent->str() + "; then received " + rcvd->str();
    }
    if (rcvd) return "received " + rcvd->str() + "; no close frame sent";
    if (sent) return "sent " + sent->str() + "; no close frame received";
    return "no close frame received or sent";
}

}  // namespace

std::string Close::str() const {
    std::string text = std::to_string(code) + " (" + std::string(name_of(code)) + ")";
    if (!reason.empty()) text += " " + reason;
    return text;
}

ConnectionClosed::ConnectionClosed(std::optional<Close> rcvd, std::optional<Close> sent, bool rcvd_then_sent)
    : WebSocketException(text_of(rcvd, sent, rcvd_then_sent)),
      rcvd_(std::move(rcvd)),
      sent_(std::move(sent)),
      rcvd_then_sent_(rcvd_then_sent) {}

InvalidStatus::InvalidStatus(HandshakeResponse response)
    : InvalidHandshake("server rejected WebSocket connection: HTTP " + std::to_string(response.status)),
      response_(std::make_shared<const HandshakeResponse>(std::move(response))) {}

}  // namespace aio::ws
