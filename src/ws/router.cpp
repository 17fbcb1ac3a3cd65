// Router: paths are found by http's route table; what is not found may be spelled another way.
#include <aio/ws/router.hpp>

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/server/request.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/url.hpp>

#include "ws/router_state.hpp"
#include "ws/server_state.hpp"

#include <utility>

namespace aio::ws {

namespace detail {

namespace {

Coro<http::Response> never_called(http::Request&) { co_return http::Response(); }

Coro<> never_serves(Connection&) { co_return; }

// The names of a path, or the braces of its regular expressions, which are no names and do no harm.
std::vector<std::string_view> names_in(std::string_view path) {
    std::vector<std::string_view> names;
    for (std::size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
        names.push_back(path.substr(at + 1, path.find_first_of(":}", at) - at - 1));
    }
    return names;
}

std::string with_single_slashes(std::string_view path) {
    std::string merged;
    for (const char c : path) {
        if (c != '/' || !merged.ends_with('/')) merged += c;
    }
    return merged;
}

}  // namespace

void RouterState::add(std::string_view path, Target target) {
    app_.router().add_route("GET", path, never_called);
    for (const http::detail::Resource& resource : app_.router().table().resources()) {
        if (resource.kind != http::detail::Resource::Kind::path || resource.pattern.text() != path) continue;
        targets_.emplace(&resource.routes.back(), std::move(target));
        return;
    }
}

// The routes of `other` stay where they are in memory: its table only gets another owner.
void RouterState::add_domain(std::string_view host, RouterState& other) {
    app_.add_domain(host, std::move(other.app_));
    targets_.merge(other.targets_);
}

const RouterState::Target* RouterState::lookup(const http::Request& request, std::string_view raw_path,
                                               Values& values) const {
    std::string buffer, allowed;
    http::detail::Pattern::Captures captures;
    const std::string_view path = http::detail::normal_path(raw_path, buffer);
    const http::detail::Resolved found =
        app_.router().table().resolve("GET", path, request.headers(), captures, allowed);
    if (!found.route) return nullptr;
    for (const auto& [name, value] : captures) values.emplace_back(name, http::unquote(value));
    return &targets_.at(found.route);
}

http::Response RouterState::redirect(const http::Request& request, const std::string& target) const {
    const std::string url = (secure || request.secure() ? "wss://" : "ws://") +
                            (server_name.empty() ? request.host() : server_name) + target;
    http::Response response = http::Response::text("Found at " + url, 302);
    response.header("Location", url);
    return response;
}

const RouterState::Target* RouterState::find(http::Request& request, Values& values,
                                             std::optional<http::Response>& instead) const {
    const std::string path(request.raw_path());
    if (const Target* found = lookup(request, path, values)) {
        if (!found->redirect) return found;
        instead = redirect(request, found->redirect->build(values));
        return nullptr;
    }
    const std::string merged = with_single_slashes(path);
    for (const std::string& other : {merged, merged + "/"}) {
        if (other == path || !lookup(request, other, values)) continue;
        const std::string query(request.query_string());
        instead = redirect(request, query.empty() ? other : other + "?" + query);
        return nullptr;
    }
    instead = http::Response::text("Not Found", 404);
    return nullptr;
}

}  // namespace detail

Router::Router() : state_(std::make_shared<detail::RouterState>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string_view path, Handler handler) {
    if (!handler) throw ValueError("Router.add: there is no handler for '" + std::string(path) + "'");
    detail::RouterState::Target target;
    target.handler = std::move(handler);
    state_->add(path, std::move(target));
}

void Router::add_redirect(std::string_view path, std::string_view target) {
    detail::RouterState::Target redirect;
    redirect.redirect.emplace(target);
    // Tried with the names of the path: each of the target's must be one of them.
    http::detail::Pattern::Values values;
    for (const std::string_view name : detail::names_in(path)) values.emplace_back(name, "x");
    static_cast<void>(redirect.redirect->build(values));
    state_->add(path, std::move(redirect));
}

void Router::add_domain(std::string_view host, Router router) { state_->add_domain(host, *router.state_); }

void Router::set_server_name(std::string_view name) { state_->server_name = name; }

void Router::set_secure(bool secure) noexcept { state_->secure = secure; }

Serve route(Router router, std::string host, int port, const Options& options) {
    return serve(detail::never_serves, std::move(host), port, options).router(std::move(router));
}

Serve unix_route(Router router, std::string path, const Options& options) {
    return unix_serve(detail::never_serves, std::move(path), options).router(std::move(router));
}

}  // namespace aio::ws
