// The server's half of a WebSocket's handshake, for aiohttp's flavour and for aio::ws.
#pragma once

#include <aio/http/server/request.hpp>

namespace aio::http::detail {

// Errors: HTTPBadRequest for a request that is no handshake; HTTPUpgradeRequired for another version than 13.
void check_websocket_request(const Request& request);

}  // namespace aio::http::detail
