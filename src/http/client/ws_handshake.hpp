// The client's half of a WebSocket's handshake, for aiohttp's flavour and for aio::ws.
#pragma once

#include <aio/http/client/client_request.hpp>

#include "http/ws_channel.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aio::http::detail {

// Makes a request one for a WebSocket. `protocols` and `extensions`: offers, may be empty. Result: its key.
std::string ask_for_websocket(ClientRequest& request, std::string_view protocols, std::string_view extensions);

// What a response agrees to. Result: the subprotocol, or "". Errors: WSServerHandshakeError.
std::string check_websocket_answer(const ClientResponse& response, const std::string& key,
                                   std::string_view protocols);
// Throws WSServerHandshakeError.
[[noreturn]] void refuse_websocket(const ClientResponse& response, const std::string& what);

// The pool that the connection of a response came from.
std::weak_ptr<SocketKeeper> keeper_of(const ClientResponse& response) noexcept;

}  // namespace aio::http::detail
