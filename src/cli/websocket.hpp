// `aiocpp ws`: a client to type into, and a server to try clients against.
#pragma once

#include "cli/websocket_options.hpp"

namespace aio::cli {

// Until the connection is closed, or with --serve until Ctrl-C or SIGTERM. Result: an ExitStatus.
int websocket(const WebSocketOptions& options);
// Of these: the server.
int serve_websockets(const WebSocketOptions& options);

}  // namespace aio::cli
