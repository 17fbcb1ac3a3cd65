// What Serve has collected, and what a Server is a handle to.
#pragma once

#include <aio/core/task.hpp>
#include <aio/http/server/application.hpp>
#include <aio/http/server/runner.hpp>
#include <aio/sync/event.hpp>
#include <aio/ws/server.hpp>

#include "ws/connection_state.hpp"
#include "ws/router_state.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aio::ws::detail {

// The settings of all connections of a server, or of a route; and which are open.
struct ServeSettings {
    Handler handler;
    Options options;
    std::vector<std::string> protocols;
    SelectSubprotocol select_subprotocol;
    std::vector<std::shared_ptr<const ServerExtensionFactory>> extensions;
    std::vector<std::string> origins;
    ProcessRequest process_request;
    ProcessResponse process_response;
    std::string realm;
    CheckCredentials check_credentials;
    std::shared_ptr<const RouterState> router;  // or null: all paths are the handler's
    bool is_route = false;                      // of an http::Application

    // A server's own: nothing but serve_request() sees its requests, and their memory is freed once they are WebSockets.
    bool owns_requests = false;
    bool closing = false;
    std::vector<ConnectionState*> open;
    Event all_left;

    void enter(ConnectionState& state) {
        state.place = open.size();
        open.push_back(&state);
        all_left.clear();
    }
    void leave(ConnectionState& state) noexcept {
        open[state.place] = open.back();
        open[state.place]->place = state.place;
        open.pop_back();
        if (open.empty()) all_left.set();
    }
};

// A request to the server, to the end of its connection. In handshake.cpp.
Coro<http::Response> serve_request(std::shared_ptr<ServeSettings> settings, http::Request& request);

class ServerState : public std::enable_shared_from_this<ServerState> {
public:
    ServerState(std::shared_ptr<ServeSettings> its_settings, Duration shutdown_timeout);

    Coro<> start(std::string host, int port, std::string unix_path, http::SiteOptions options);
    void close(bool close_connections, std::uint16_t code, std::string_view reason);

    const std::shared_ptr<ServeSettings> settings;
    http::Application app;
    http::AppRunner runner;
    std::optional<http::TCPSite> tcp;
    std::optional<http::UnixSite> unix_site;
    int port = 0;
    std::string url;
    bool serving = false;
    Event closed;

private:
    static Coro<> finish(std::shared_ptr<ServerState> self, bool close_connections);
};

}  // namespace aio::ws::detail
