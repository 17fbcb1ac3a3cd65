// What may follow `aiocpp ws`.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace aio::cli {

struct WebSocketOptions {
    std::string url;  // of a client
    std::vector<std::string> origins, subprotocols, headers;
    std::string compression = "deflate";  // or "none"
    double connect_timeout = 10;
    bool insecure = false;
    std::string cacert, user, proxy, unix_socket;
    bool json = false;
    bool no_close = false;

    int serve = -1;  // the port of a server; -1: it is a client
    std::string host = "127.0.0.1";
    bool broadcast = false;
    bool quiet = false;
};

// Adds the options to `command`, to be parsed into `options`, which outlives it.
void add_websocket_options(CLI::App& command, WebSocketOptions& options);

}  // namespace aio::cli
