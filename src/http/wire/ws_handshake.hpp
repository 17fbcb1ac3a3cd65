// How a WebSocket begins: the headers of both sides (RFC 6455 section 4).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::wire {

// Sec-WebSocket-Key: 16 random bytes in base64. Errors: OSError.
std::string new_ws_key();
bool is_ws_key(std::string_view key) noexcept;
// Sec-WebSocket-Accept, which shows that the server read the key.
std::string ws_accept(std::string_view key);
// The first of the server's protocols that Sec-WebSocket-Protocol offers.
std::optional<std::string> choose_ws_protocol(std::string_view offered, std::span<const std::string> ours);

}  // namespace aio::http::wire
