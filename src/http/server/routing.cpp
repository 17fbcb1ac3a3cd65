// A request's path is made normal and looked up in the application's route table; what its pattern captured is
// unquoted. Here are also the 404 and the 405 (answer_unroutable; HTTPMethodNotAllowed sets Allow). route_table.cpp
// finds the route.
#include "http/server/routing.hpp"

#include <aio/http/server/application.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/request.hpp>

#include "http/server/route_table.hpp"

#include <string>
#include <utility>

namespace aio::http {

namespace detail {

namespace {

// Of all routes of the application that the server has: "GET, HEAD, OPTIONS".
std::string all_methods(const RequestState& request) {
    return request.root ? request.root->router().table().all_methods() : std::string();
}

// Requests that no route fits, and the two kinds whose targets are no paths.
Coro<Response> answer_unroutable(Request& request) {
    if (request.method() == "CONNECT") throw HTTPNotImplemented("501: CONNECT is for proxies, and this is none");
    if (request.raw_path() == "*") {  // OPTIONS, about the server as a whole (RFC 9110 section 9.3.7)
        Response response(204);
        response.header("Allow", all_methods(request.state()));
        co_return response;
    }
    const std::string& allowed = request.state().extra().allowed_methods;
    if (!allowed.empty()) throw HTTPMethodNotAllowed(request.method(), allowed);
    throw HTTPNotFound();
    co_return Response();
}

const Route& unroutable() {
    static const Route route{.method = "*", .handler = HandlerFunction(answer_unroutable), .expect = {}};
    return route;
}

}  // namespace

void route_request(RequestState& request, Application& root) {
    std::string normal;
    request.route_path = normal_path(request.raw_path, normal);
    if (!normal.empty()) {
        request.extra().normal_path = std::move(normal);
        request.route_path = request.extra().normal_path;
    }
    request.captured.clear();
    request.root = &root;
    std::string allowed;
    const Resolved found = root.router().table().resolve(request.head->method, request.route_path,
                                                         request.head->headers, request.captured, allowed);
    request.app = found.app ? found.app : &root;
    request.route = found.route ? found.route : &unroutable();
    if (!found.route && !allowed.empty()) request.extra().allowed_methods = std::move(allowed);
    for (auto& [name, value] : request.captured) {
        if (value.find('%') != std::string_view::npos) value = request.extra().values.emplace_back(unquote(value));
    }
}

bool has_resource(const RequestState& request) noexcept { return request.route && request.route->resource; }

bool has_resource_at(const RequestState& request, std::string_view raw_path) {
    if (!request.root) return false;
    std::string buffer, allowed;
    Pattern::Captures captures;
    const std::string_view path = normal_path(raw_path, buffer);
    const RouteTable& table = request.root->router().table();
    return table.resolve(request.head->method, path, request.head->headers, captures, allowed).route != nullptr;
}

}  // namespace detail

std::string_view Request::route_name() const noexcept {
    return state_.route && state_.route->resource ? std::string_view(state_.route->resource->name)
                                                  : std::string_view();
}

}  // namespace aio::http
