// Router: the handlers of paths and methods (aiohttp's UrlDispatcher).
//
//     router.add_get("/", index);
//     router.add_get("/users/{id:\\d+}", user, "user");            // a regular expression (ECMAScript); a name
//     router.add_post("/users", create_user);
//     router.add_static("/files", "/srv/files");
//     router.url_for("user", "id", 42);                            // "/users/42"
//
// A path is literal except {name}, which matches one segment or a part of it, and {name:regex}, which matches paths of up
// to 8 KiB. Paths are compared quoted, so that "%2F" is no "/"; the matched text is unquoted. Literal paths are tried
// first, then those with the longest literal beginning, then in the order in which they were added. A path that exists
// only for other methods answers 405 with Allow; a GET route also answers HEAD.
//
// A handler is called with a Request& and returns a Coro<Response>: a coroutine, or another callable object; one that
// awaits nothing may return a Response. It lives as long as the router. A function that is no handler does not compile,
// with a message that says why.
//
// Thread rule: built by one thread; once the application runs, changes throw RuntimeError.
// Source: aiohttp 3.11 web_urldispatcher.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/text_pairs.hpp>

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
inline constexpr bool is_response = std::convertible_to<Returned, Response>;
template <class T>
inline constexpr bool is_response<Coro<T>> = std::convertible_to<T, Response>;

template <class F>
concept TakesRequest = std::invocable<std::decay_t<F>&, Request&>;
template <class F>
concept HandlesRequests = TakesRequest<F> && is_response<std::invoke_result_t<std::decay_t<F>&, Request&>>;

template <class F>
Coro<Response> call_handler(F& handler, Request& request) {
    if constexpr (aio::detail::is_coro<std::invoke_result_t<F&, Request&>>) {
        co_return co_await handler(request);
    } else {
        co_return handler(request);
    }
}

template <class F>
HandlerFunction make_handler(F&& handler) {
    static_assert(TakesRequest<F>,
                  "a handler is called with an aio::http::Request&: write "
                  "aio::Coro<aio::http::Response> handler(aio::http::Request& request)");
    static_assert(
        !TakesRequest<F> || HandlesRequests<F>,
        "a handler returns an aio::Coro<aio::http::Response>, or an aio::http::Response if it awaits nothing: "
        "a lambda that awaits is written [](aio::http::Request& request) -> aio::Coro<aio::http::Response>");
    if constexpr (!HandlesRequests<F>) {
        return HandlerFunction();
    } else if constexpr (std::same_as<std::invoke_result_t<std::decay_t<F>&, Request&>, Coro<Response>>) {
        return HandlerFunction(std::forward<F>(handler));
    } else {
        auto call = [handler = std::decay_t<F>(std::forward<F>(handler))](Request& request) mutable {
            return call_handler(handler, request);
        };
        return HandlerFunction(std::move(call));
    }
}

}  // namespace detail

// The options of a route; a text is taken as its name.
class RouteOptions {
public:
    RouteOptions() = default;
    // The name of the path: add_get("/users/{id}", user, "user").
    template <class T>
        requires(!std::same_as<std::remove_cvref_t<T>, RouteOptions> && std::convertible_to<T, IntoString>)
    RouteOptions(T&& route_name) : name(IntoString(std::forward<T>(route_name)).str()) {}
    // A GET route does not answer HEAD.
    RouteOptions& without_head() {
        allow_head = false;
        return *this;
    }
    // Sets a function that is awaited before the handler of a request with "Expect: 100-continue"; it throws an
    // HTTPException to refuse the request. Without it, "100 Continue" is sent when the handler begins to read the body.
    template <class F>
    RouteOptions& expect(F hook) {
        constexpr bool kFits = std::is_invocable_r_v<Coro<>, F&, Request&>;
        static_assert(
            kFits, "RouteOptions::expect: the hook is called with an aio::http::Request& and returns an aio::Coro<>");
        if constexpr (kFits) expect_handler = detail::ExpectFunction(std::move(hook));
        return *this;
    }

    std::string name;                       // of the path, for url_for(): the same for all its methods
    bool allow_head = true;                 // a GET route also answers HEAD
    detail::ExpectFunction expect_handler;  // see expect()
};

// A route that is not in a router yet, for tables: router.add_routes(kRoutes). aiohttp.web.RouteDef.
class RouteDef {
public:
    // Method, path, handler, options: as Router::add_route().
    template <class F>
    RouteDef(std::string m, std::string p, F&& h, RouteOptions o = {})
        : method(std::move(m)),
          path(std::move(p)),
          handler(detail::make_handler(std::forward<F>(h))),
          options(std::move(o)) {}

    std::string method, path;         // as Router::add_route()
    detail::HandlerFunction handler;  // a copy
    RouteOptions options;             // as Router::add_route()
};

// A table of routes, to which each file of handlers adds its own: aiohttp.web.RouteTableDef.
//
//     inline RouteTableDef routes;
//     static auto& r = routes.get("/", index).post("/jobs", add_job);
class RouteTableDef {
public:
    // Adds a route, and returns the table; get() and the others are for one method. Errors: only
    // Router::add_routes() checks.
    template <class F>
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
    // The number of routes.
    std::size_t size() const noexcept { return all_.size(); }

private:
    std::vector<RouteDef> all_;
};

// The base of a class with a handler for each method (aiohttp.web.View): get(), post(), put(), patch(), delete_(),
// head(), options(), each without arguments, returning Coro<Response>. An object is made for each request:
// router.add_view<Users>("/users").
class View {
public:
    // Derived classes inherit it: `using View::View;`.
    explicit View(Request& request) noexcept : request_(request) {}
    // The request that is being answered.
    Request& request() const noexcept { return request_; }

private:
    Request& request_;
};

// The options of Router::add_static(). Trivially destructible.
struct StaticOptions {
    std::string_view name = {};    // of the prefix, as RouteOptions::name
    bool show_index = false;       // a directory answers with a list of its files; else 403
    std::string_view index = {};   // "index.html": a directory answers with its file of this name, if there is one
    bool follow_symlinks = false;  // symbolic links may lead out of the directory
};

// The routes of an application: aiohttp.web.UrlDispatcher.
class Router {
public:
    // Without routes.
    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    // Adds a route. `method`: "GET", any token, or "*" for all. `path` begins with "/" or is empty (a sub-application's
    // own path). Errors of these: ValueError for an invalid path, for a path and method that exist already, or a name
    // of another path; RuntimeError once the application runs.
    template <class F>
    void add_route(std::string_view method, std::string_view path, F&& handler, RouteOptions options = {}) {
        add(method, path, detail::make_handler(std::forward<F>(handler)), std::move(options));
    }
    template <class F>
    void add_get(std::string_view path, F&& handler, RouteOptions options = {}) {
        detail::HandlerFunction function = detail::make_handler(std::forward<F>(handler));
        if (options.allow_head) add("HEAD", path, function, options);
        add("GET", path, std::move(function), std::move(options));
    }
    template <class F>
    void add_head(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("HEAD", path, std::forward<F>(handler), std::move(options));
    }
    template <class F>
    void add_post(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("POST", path, std::forward<F>(handler), std::move(options));
    }
    template <class F>
    void add_put(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("PUT", path, std::forward<F>(handler), std::move(options));
    }
    template <class F>
    void add_patch(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("PATCH", path, std::forward<F>(handler), std::move(options));
    }
    template <class F>
    void add_delete(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("DELETE", path, std::forward<F>(handler), std::move(options));
    }
    template <class F>
    void add_options(std::string_view path, F&& handler, RouteOptions options = {}) {
        add_route("OPTIONS", path, std::forward<F>(handler), std::move(options));
    }
    // Adds a route for each of the handlers of V, a class derived from View.
    template <class V>
    void add_view(std::string_view path, RouteOptions options = {});
    // Adds all routes of a vector of RouteDef, or of a RouteTableDef.
    template <class Routes>
    void add_routes(const Routes& routes) {
        for (const RouteDef& each : routes) add_def(each);
    }
    void add_routes(std::initializer_list<RouteDef> routes) {
        for (const RouteDef& each : routes) add_def(each);
    }
    // Serves the files below `directory` at `prefix`. No file outside of it can be reached by ".." or symbolic links.
    // Errors: FileNotFoundError and other OSErrors when there is no such directory.
    void add_static(std::string_view prefix, std::string_view directory, StaticOptions options = {});

    // The path of that name with `values` in place of {...}, quoted. Errors: ValueError for a missing name or value.
    std::string url_for(std::string_view name,
                        const std::vector<std::pair<std::string, std::string>>& values = {}) const;
    template <class Name, class Value, class... Rest>
    std::string url_for(std::string_view name, const Name& part, const Value& value, const Rest&... rest) const {
        return url_for(name, detail::text_pairs(part, value, rest...));
    }
    // All routes as they were added: "GET /users/{id}".
    std::vector<std::string> routes() const;

    // For the library: the state behind the router.
    detail::RouteTable& table() const noexcept { return *table_; }

private:
    void add(std::string_view method, std::string_view path, detail::HandlerFunction handler, RouteOptions options);
    void add_def(const RouteDef& route);

    std::unique_ptr<detail::RouteTable> table_;
};

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

template <class V>
Coro<Response> call_view(Coro<Response> (V::*method)(), Request& request) {
    V view(request);
    co_return co_await (view.*method)();
}

}  // namespace detail

template <class V>
void Router::add_view(std::string_view path, RouteOptions options) {
    constexpr bool kIsView = std::derived_from<V, View> && std::constructible_from<V, Request&>;
    static_assert(kIsView,
                  "add_view: the class must derive from aio::http::View and take its constructor: using View::View;");
    if constexpr (kIsView) {
        using Method = Coro<Response> (V::*)();
        const auto add_method = [&](std::string_view name, auto method) {
            constexpr bool kFits = std::convertible_to<decltype(method), Method>;
            static_assert(kFits,
                          "add_view: a view's methods take nothing and return an aio::Coro<aio::http::Response>");
            if constexpr (kFits) {
                auto call = [method](Request& request) { return detail::call_view<V>(method, request); };
                add(name, path, detail::HandlerFunction(std::move(call)), options);
            }
        };
        if constexpr (requires { &V::get; }) add_method("GET", &V::get);
        if constexpr (requires { &V::head; }) {
            add_method("HEAD", &V::head);
        } else if constexpr (requires { &V::get; }) {
            add_method("HEAD", &V::get);
        }
        if constexpr (requires { &V::post; }) add_method("POST", &V::post);
        if constexpr (requires { &V::put; }) add_method("PUT", &V::put);
        if constexpr (requires { &V::patch; }) add_method("PATCH", &V::patch);
        if constexpr (requires { &V::delete_; }) add_method("DELETE", &V::delete_);
        if constexpr (requires { &V::options; }) add_method("OPTIONS", &V::options);
    }
}

}  // namespace aio::http
