// route(): a server whose handler depends on the path, with the names of the websockets library and the patterns of
// aio::http::Router.
//
//     aio::Coro<> channel(aio::ws::Connection& connection) {
//         const std::string name(connection.match_info("name"));
//         ...
//     }
//     ...
//     aio::ws::Router router;
//     router.add("/channel/{name}", channel);
//     router.add_redirect("/news", "/channel/news");
//     auto server = co_await aio::ws::route(std::move(router), "127.0.0.1", 8765);
//
// A path is literal except {name}, one segment or a part of it, and {name:regex}. A request for another path is answered 404.
// One that lacks the "/" at the end of a path, or doubles one within it, is redirected with 302, and so its query.
// process_request(), if there is one, runs before a path is looked up.
//
// Thread rule: built by one thread, then used by the server's loop. Source: websockets 16 asyncio/router.py; werkzeug 3
// routing (strict_slashes, merge_slashes, redirect_to).
#pragma once

#include <aio/ws/connection.hpp>
#include <aio/ws/options.hpp>
#include <aio/ws/server.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace aio::ws {

namespace detail {
class RouterState;
}

// The handlers of paths: websockets.asyncio.router.Router with its werkzeug Map. Once it is given to a server it is empty.
class Router {
public:
    // Without paths.
    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    // Serves connections to `path`; Connection::match_info() has what {name} stood for. Literal paths are tried first, then
    // those with the longest literal beginning, then the first added. Errors: ValueError for an invalid path, or one that is
    // there already; no handler.
    void add(std::string_view path, Handler handler);
    // Redirects requests for `path` to the path `target`, in which {name} is what it stood for in `path`. The query is
    // dropped. Errors: as add(), and ValueError for a name of `target` that `path` has not.
    void add_redirect(std::string_view path, std::string_view target);
    // The paths of `router` are for this host only: "example.org", "*.example.org", "example.org:8443". Paths without a host
    // are tried first. Errors: ValueError for what is no host.
    void add_domain(std::string_view host, Router router);

    // The host, and the port if it is not that of the scheme, to which redirects lead. Default: the Host header.
    void set_server_name(std::string_view name);
    // Redirects lead to wss:// also where the server itself has no TLS: it is behind a proxy that has. websockets' ssl=True.
    void set_secure(bool secure) noexcept;

    // For the library: the state behind it.
    const std::shared_ptr<detail::RouterState>& state() const noexcept { return state_; }

private:
    std::shared_ptr<detail::RouterState> state_;
};

// A server that chooses the handler by the path: websockets.asyncio.router.route. It is set up and awaited as serve()'s.
// Errors: as serve().
Serve route(Router router, std::string host, int port, const Options& options = {});
// The same at an AF_UNIX path: websockets.asyncio.router.unix_route.
Serve unix_route(Router router, std::string path, const Options& options = {});

}  // namespace aio::ws
