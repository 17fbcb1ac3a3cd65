// Which handler answers which path (aiohttp's UrlDispatcher).
//
//     router.add_get("/", index);
//     router.add_get("/users/{id:\\d+}", user, "user");            // a regular expression (ECMAScript); a name
//     router.add_post("/users", create_user);
//     router.add_static("/files", "/srv/files");
//     router.url_for("user", {{"id", "42"}});                      // "/users/42"
//
// A path is literal but for {name}, which takes one segment or a part of it, and {name:regex}. Paths compare as they
// are quoted, so that "%2F" is no "/"; what was taken is unquoted. Literal paths are found first, then those with the
// longest literal beginning, then in the order they were added. A path that is known for other methods only answers
// 405 with Allow; GET brings HEAD with it.
//
// A handler is called with a Request& and returns a Coro<Response>: a coroutine, or anything else that can be called
// so; one that waits for nothing may return a Response. It lives as long as the router.
//
// Thread rule: built by one thread; once the application runs nothing changes, and errors say so (RuntimeError).
// Source: aiohttp 3.11 web_urldispatcher.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/response.hpp>

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::http {

class Application;
class Request;

namespace detail {

class RouteTable;
struct Route;
using HandlerFunction = aio::detail::Function<Coro<Response>(Request&)>;
using ExpectFunction = aio::detail::Function<Coro<>(Request&)>;

template <class Returned>
inline constexpr bool is_response_coro = false;
template <class T>
inline constexpr bool is_response_coro<Coro<T>> = std::constructible_from<Response, T&&>;

template <class F>
concept HandlesRequests = std::invocable<std::decay_t<F>&, Request&> &&
                          (is_response_coro<std::invoke_result_t<std::decay_t<F>&, Request&>> ||
                           std::constructible_from<Response, std::invoke_result_t<std::decay_t<F>&, Request&>>);

template <class F>
Coro<Response> call_handler(const F& handler, Request& request) {
    if constexpr (aio::detail::is_coro<std::invoke_result_t<const F&, Request&>>) {
        co_return co_await handler(request);
    } else {
        co_return handler(request);
    }
}

template <class F>
HandlerFunction make_handler(F&& handler) {
    using Plain = std::decay_t<F>;
    if constexpr (std::same_as<std::invoke_result_t<Plain&, Request&>, Coro<Response>>) {
        return HandlerFunction(std::forward<F>(handler));
    } else {
        return HandlerFunction([handler = Plain(std::forward<F>(handler))](Request& request) -> Coro<Response> {
            return call_handler(handler, request);
        });
    }
}

}  // namespace detail

// How a route is added beyond its path and handler.
class RouteOptions {
public:
    RouteOptions(const char* route_name) : name(route_name) {}
    RouteOptions(std::string route_name = {}) : name(std::move(route_name)) {}
    RouteOptions& without_head() {
        allow_head = false;
        return *this;
    }
    // Awaited before the handler of a request with "Expect: 100-continue": throws what refuses it, an HTTPException.
    // Without it, "100 Continue" is sent when the handler begins to read the body.
    template <class F>
    RouteOptions& expect(F hook) {
        expect_handler = detail::ExpectFunction(std::move(hook));
        return *this;
    }

    std::string name;  // of the path, for url_for(): one for all its methods
    bool allow_head = true;
    detail::ExpectFunction expect_handler;
};

// A route that is not in a router yet, for tables of them: router.add_routes(kRoutes).
class RouteDef {
public:
    template <detail::HandlesRequests F>
    RouteDef(std::string m, std::string p, F&& h, RouteOptions o = {})
        : method(std::move(m)),
          path(std::move(p)),
          handler(detail::make_handler(std::forward<F>(h))),
          options(std::move(o)) {}

    std::string method, path;
    detail::HandlerFunction handler;
    RouteOptions options;
};

// aiohttp's RouteTableDef: where each file of handlers collects its own.
//
//     inline RouteTableDef routes;
//     static auto& r = routes.get("/", index).post("/jobs", add_job);
class RouteTableDef {
public:
    template <detail::HandlesRequests F>
    RouteTableDef& route(std::string method, std::string path, F&& handler, RouteOptions options = {}) {
        all_.emplace_back(std::move(method), std::move(path), std::forward<F>(handler), std::move(options));
        return *this;
    }
    template <class F>
    RouteTableDef& get(std::string path, F&& handler, RouteOptions options = {}) {
        return route("GET", std::move(path), std::forward<F>(handler), std::move(options));
    }
    template <class F>
    RouteTableDef& post(std::string path, F&& handler, RouteOptions options = {}) {
        return route("POST", std::move(path), std::forward<F>(handler), std::move(options));
    }
    template <class F>
    RouteTableDef& put(std::string path, F&& handler, RouteOptions options = {}) {
        return route("PUT", std::move(path), std::forward<F>(handler), std::move(options));
    }
    template <class F>
    RouteTableDef& patch(std::string path, F&& handler, RouteOptions options = {}) {
        return route("PATCH", std::move(path), std::forward<F>(handler), std::move(options));
    }
    template <class F>
    RouteTableDef& delete_(std::string path, F&& handler, RouteOptions options = {}) {
        return route("DELETE", std::move(path), std::forward<F>(handler), std::move(options));
    }

    std::vector<RouteDef>::const_iterator begin() const noexcept { return all_.begin(); }
    std::vector<RouteDef>::const_iterator end() const noexcept { return all_.end(); }
    std::size_t size() const noexcept { return all_.size(); }

private:
    std::vector<RouteDef> all_;
};

// A class with a handler for each method (aiohttp's View): get(), post(), put(), patch(), delete_(), head(), options(),
// each without arguments, returning Coro<Response>. Made anew for each request: router.add_view<Users>("/users").
class View {
public:
    explicit View(Request& request) noexcept : request_(request) {}
    Request& request() const noexcept { return request_; }

private:
    Request& request_;
};

// Trivially destructible.
struct StaticOptions {
    std::string_view name = {};
    bool show_index = false;       // a directory answers with a list of its files; else 403
    std::string_view index = {};   // before that, with its file of this name, if there is one: "index.html"
    bool follow_symlinks = false;  // symbolic links may lead out of the directory
};

class Router {
public:
    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    // `method`: "GET", any token, or "*" for all. `path` begins with "/" or is empty (a sub-application's own path).
    // Errors: ValueError for a path that cannot be understood, or when path and method are there already, or the name
    // is another path's; RuntimeError once the application runs.
    template <detail::HandlesRequests F>
    void add_route(std::string_view method, std::string_view path, F&& handler, RouteOptions options = {}) {
        add(method, path, detail::make_handler(std::forward<F>(handler)), std::move(options));
    }
    template <detail::HandlesRequests F>
    void add_get(std::string_view path, F&& handler, RouteOptions options = {}) {
        detail::HandlerFunction function = detail::make_handler(std::forward<F>(handler));
        if (options.allow_head) add("HEAD", path, function, options);
        add("GET", path, std::move(function), std::move(options));
    }
    template <detail::HandlesRequests F>
    void add_head(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("HEAD", path, std::forward<F>(handler), std::move(options));
    }
    template <detail::HandlesRequests F>
    void add_post(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("POST", path, std::forward<F>(handler), std::move(options));
    }
    template <detail::HandlesRequests F>
    void add_put(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("PUT", path, std::forward<F>(handler), std::move(options));
    }
    template <detail::HandlesRequests F>
    void add_patch(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("PATCH", path, std::forward<F>(handler), std::move(options));
    }
    template <detail::HandlesRequests F>
    void add_delete(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("DELETE", path, std::forward<F>(handler), std::move(options));
    }
    template <detail::HandlesRequests F>
    void add_options(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("OPTIONS", path, std::forward<F>(handler), std::move(options));
    }
    template <std::derived_from<View> V>
    void add_view(std::string_view path, RouteOptions options = {});
    // A vector of RouteDef, or a RouteTableDef.
    template <class Routes>
    void add_routes(const Routes& routes) {
        for (const RouteDef& each : routes) add_def(each);
    }
    void add_routes(std::initializer_list<RouteDef> routes) {
        for (const RouteDef& each : routes) add_def(each);
    }
    // The files below `directory` at `prefix`. Nothing outside of it is reached, through ".." or symbolic links.
    // Errors: FileNotFoundError and other OSErrors when there is no such directory.
    void add_static(std::string_view prefix, std::string_view directory, StaticOptions options = {});

    // The path of that name, with what stands for {...}, quoted. Errors: ValueError for a name or a value that is
    // missing.
    std::string url_for(std::string_view name,
                        const std::vector<std::pair<std::string, std::string>>& values = {}) const;
    // All paths, as they were given, with the methods they take: "GET /users/{id}".
    std::vector<std::string> routes() const;

    detail::RouteTable& table() const noexcept { return *table_; }

private:
    void add(std::string_view method, std::string_view path, detail::HandlerFunction handler, RouteOptions options);
    void add_def(const RouteDef& route);

    std::unique_ptr<detail::RouteTable> table_;
};

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

template <class V, Coro<Response> (V::*Method)()>
Coro<Response> call_view(Request& request) {
    V view(request);
    co_return co_await (view.*Method)();
}

}  // namespace detail

template <std::derived_from<View> V>
void Router::add_view(std::string_view path, RouteOptions options) {
    if constexpr (requires { &V::get; })
        add("GET", path, detail::HandlerFunction(detail::call_view<V, &V::get>), options);
    if constexpr (requires { &V::head; }) {
        add("HEAD", path, detail::HandlerFunction(detail::call_view<V, &V::head>), options);
    } else if constexpr (requires { &V::get; }) {
        add("HEAD", path, detail::HandlerFunction(detail::call_view<V, &V::get>), options);
    }
    if constexpr (requires { &V::post; })
        add("POST", path, detail::HandlerFunction(detail::call_view<V, &V::post>), options);
    if constexpr (requires { &V::put; })
        add("PUT", path, detail::HandlerFunction(detail::call_view<V, &V::put>), options);
    if constexpr (requires { &V::patch; }) {
        add("PATCH", path, detail::HandlerFunction(detail::call_view<V, &V::patch>), options);
    }
    if constexpr (requires { &V::delete_; }) {
        add("DELETE", path, detail::HandlerFunction(detail::call_view<V, &V::delete_>), options);
    }
    if constexpr (requires { &V::options; }) {
        add("OPTIONS", path, detail::HandlerFunction(detail::call_view<V, &V::options>), options);
    }
}

}  // namespace aio::http
