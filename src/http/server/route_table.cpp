// All routes of one application, with its sub-applications and domains: adding them, resolving a method and path,
// url_for(). pattern.cpp matches one path; route_index.cpp selects the resources worth trying.
#include "http/server/route_table.hpp"

#include <aio/base/error.hpp>

#include "http/wire/percent.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::detail {

namespace {

// Under which a resource is found: its literal beginning, without the segment in which the first name stands.
std::string index_key(const Pattern& pattern) {
    std::string_view key = pattern.literal_prefix();
    if (!pattern.is_literal()) key = key.substr(0, key.rfind('/'));
    while (key.ends_with('/')) key.remove_suffix(1);
    return key.empty() ? "/" : std::string(key);
}

std::string without_trailing_slash(std::string_view prefix, const char* function) {
    if (prefix.empty() || prefix.front() != '/') {
        throw ValueError(std::string(function) + ": the prefix '" + wire::printable(prefix) +
                         "' does not begin with '/'");
    }
    if (prefix.find('{') != std::string_view::npos) {
        throw ValueError(std::string(function) + ": the prefix '" + wire::printable(prefix) + "' has a name in it");
    }
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    return std::string(prefix);
}

std::string joined(const std::set<std::string_view>& methods) {
    std::string result;
    for (const std::string_view method : methods) result.append(result.empty() ? "" : ", ").append(method);
    return result;
}

std::set<std::string_view> methods_of(const Resource& resource) {
    std::set<std::string_view> methods;
    for (const Route& route : resource.routes) methods.insert(route.method);
    return methods;
}

const Route* route_of(const Resource& resource, std::string_view method) noexcept {
    for (const Route& route : resource.routes) {
        if (route.method == method || route.method == "*") return &route;
    }
    return nullptr;
}

// Where the port's colon is in "name:80" and "[::1]:80"; npos without one.
std::size_t find_port(std::string_view host) noexcept {
    const std::size_t address_end = host.starts_with('[') ? host.find(']') : 0;
    return address_end == std::string_view::npos ? address_end : host.find(':', address_end);
}

// "*.example.org" fits names below example.org; a rule without a port fits all ports.
bool domain_fits(std::string_view rule, std::string_view host) {
    const std::string lower = wire::lowered(host);
    std::string_view name = lower;
    if (find_port(rule) == std::string_view::npos) name = name.substr(0, find_port(name));
    if (!rule.starts_with("*.")) return name == rule;
    const std::string_view below = rule.substr(1);
    return name.ends_with(below) && name.size() > below.size();
}

}  // namespace

// --- building ------------------------------------------------------------------------------------------------

void RouteTable::check_can_change(const char* function) const {
    if (frozen_)
        throw RuntimeError(std::string(function) + ": the application runs, its routes do not change any more");
}

Resource& RouteTable::append(Resource::Kind kind, Pattern pattern, std::string_view key) {
    Resource& resource = resources_.emplace_back(kind, std::move(pattern));
    if (kind == Resource::Kind::domain) {
        domains_.push_back(&resource);
    } else {
        index_.add(key, resource.pattern, resource);
    }
    return resource;
}

void RouteTable::name_resource(Resource& resource, const std::string& name) {
    if (name.empty() || resource.name == name) return;
    if (const Resource* other = find_named(name)) {
        throw ValueError("the name '" + name + "' of a route is that of '" + other->pattern.text() + "' already");
    }
    if (!resource.name.empty()) {
        throw ValueError("the path '" + resource.pattern.text() + "' has the name '" + resource.name + "' already");
    }
    resource.name = name;
}

void RouteTable::add(std::string_view method, std::string_view path, HandlerFunction handler, RouteOptions options) {
    check_can_change("Router.add_route");
    if (method != "*" && !wire::is_token(method)) {
        throw ValueError("'" + wire::printable(method) + "' is no HTTP method");
    }
    Resource* resource = nullptr;
    for (Resource& each : resources_) {
        if (each.kind == Resource::Kind::path && each.pattern.text() == path) resource = &each;
    }
    if (!resource) {
        Pattern pattern(path);
        const std::string key = index_key(pattern);
        resource = &append(Resource::Kind::path, std::move(pattern), key);
    }
    std::string upper(method);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    for (const Route& route : resource->routes) {
        if (route.method == upper || route.method == "*") {
            throw ValueError("the route " + upper + " " + std::string(path) + " is there already");
        }
    }
    name_resource(*resource, options.name);
    Route& route = resource->routes.emplace_back();
    route.method = std::move(upper);
    route.handler = std::move(handler);
    route.expect = std::move(options.expect_handler);
    route.resource = resource;
}

void RouteTable::add_prefix(std::string_view prefix, std::string_view name, HandlerFunction handler) {
    check_can_change("Router.add_static");
    Pattern pattern(without_trailing_slash(prefix, "Router.add_static"));
    const std::string key = index_key(pattern);
    Resource& resource = append(Resource::Kind::prefix, std::move(pattern), key);
    name_resource(resource, std::string(name));
    for (const char* method : {"GET", "HEAD"}) {
        Route& route = resource.routes.emplace_back();
        route.method = method;
        route.handler = handler;
        route.resource = &resource;
    }
}

Application& RouteTable::add_subapp(std::string_view prefix, Application app) {
    check_can_change("Application.add_subapp");
    Pattern pattern(without_trailing_slash(prefix, "Application.add_subapp"));
    if (pattern.text().empty()) throw ValueError("Application.add_subapp: the prefix '/' would hide everything else");
    const std::string key = index_key(pattern);
    Resource& resource = append(Resource::Kind::subapp, std::move(pattern), key);
    resource.app = std::make_unique<Application>(std::move(app));
    resource.app->router().table().set_prefix(prefix_ + resource.pattern.text());
    return *resource.app;
}

Application& RouteTable::add_domain(std::string_view domain, Application app) {
    check_can_change("Application.add_domain");
    if (domain.empty() || domain.find('/') != std::string_view::npos ||
        domain.find("://") != std::string_view::npos) {
        throw ValueError("Application.add_domain: '" + wire::printable(domain) + "' is no host");
    }
    Resource& resource = append(Resource::Kind::domain, Pattern(""), "");
    resource.domain = wire::lowered(domain);
    resource.app = std::make_unique<Application>(std::move(app));
    resource.app->router().table().set_prefix(prefix_);
    return *resource.app;
}

void RouteTable::set_prefix(std::string_view prefix) {
    prefix_ = prefix;
    for (Resource& resource : resources_) {
        if (resource.app) resource.app->router().table().set_prefix(prefix_ + resource.pattern.text());
    }
}

// --- finding -------------------------------------------------------------------------------------------------

bool RouteTable::try_resource(const Resource& resource, std::string_view method, std::string_view path,
                              const Headers& headers, Pattern::Captures& captures, std::string& allowed,
                              Resolved& result) const {
    if (resource.kind == Resource::Kind::domain) {
        if (!domain_fits(resource.domain, headers.get("Host", ""))) return false;
        result = resource.app->router().table().resolve(method, path, headers, captures, allowed);
        if (!result.app) result.app = resource.app.get();
        return true;
    }
    if (resource.kind == Resource::Kind::path) {
        if (!resource.pattern.match(path, captures)) return false;
    } else {
        const std::string_view prefix = resource.pattern.literal_prefix();
        if (!path.starts_with(prefix) || (path.size() > prefix.size() && path[prefix.size()] != '/')) return false;
        const std::string_view rest = path.substr(prefix.size());
        if (resource.kind == Resource::Kind::subapp) {
            result = resource.app->router().table().resolve(method, rest, headers, captures, allowed);
            if (!result.app) result.app = resource.app.get();
            return true;
        }
        captures.emplace_back("filename", rest.empty() ? rest : rest.substr(1));
    }
    result.route = route_of(resource, method);
    if (result.route) return true;
    captures.clear();
    for (const std::string_view each : methods_of(resource)) {
        if (!wire::list_has(allowed, each)) allowed.append(allowed.empty() ? "" : ", ").append(each);
    }
    return false;
}

Resolved RouteTable::resolve(std::string_view method, std::string_view path, const Headers& headers,
                             Pattern::Captures& captures, std::string& allowed) const {
    Resolved result;
    const auto try_one = [&](const Resource& resource) {
        return try_resource(resource, method, path, headers, captures, allowed, result);
    };
    if (index_.find(path, try_one)) return result;
    for (const Resource* resource : domains_) {
        if (try_one(*resource)) return result;
    }
    return result;
}

const Resource* RouteTable::find_named(std::string_view name) const noexcept {
    for (const Resource& resource : resources_) {
        if (resource.name == name) return &resource;
    }
    return nullptr;
}

bool RouteTable::knows(std::string_view name) const noexcept {
    if (find_named(name)) return true;
    for (const Resource& resource : resources_) {
        if (resource.app && resource.app->router().table().knows(name)) return true;
    }
    return false;
}

std::string RouteTable::url_for(std::string_view name, const Pattern::Values& values) const {
    if (const Resource* resource = name.empty() ? nullptr : find_named(name)) {
        if (resource->kind != Resource::Kind::prefix) return prefix_ + resource->pattern.build(values);
        for (const auto& [key, value] : values) {
            if (key != "filename") continue;
            const std::string_view file = value;
            return prefix_ + std::string(resource->pattern.literal_prefix()) + "/" +
                   wire::quote(file.substr(file.starts_with('/')), wire::kPathChars);
        }
        throw ValueError("url_for: '" + std::string(name) + "' needs a value for 'filename'");
    }
    for (const Resource& resource : resources_) {
        if (!resource.app) continue;
        const RouteTable& table = resource.app->router().table();
        if (table.knows(name)) return table.url_for(name, values);
    }
    throw ValueError("url_for: no route has the name '" + std::string(name) + "'");
}

void RouteTable::collect_methods(std::set<std::string_view>& methods) const {
    for (const Resource& resource : resources_) {
        for (const Route& route : resource.routes) {
            if (route.method != "*") methods.insert(route.method);
        }
        if (resource.app) resource.app->router().table().collect_methods(methods);
    }
}

std::string RouteTable::all_methods() const {
    std::set<std::string_view> methods{"OPTIONS"};
    collect_methods(methods);
    return joined(methods);
}

std::vector<std::string> RouteTable::describe() const {
    std::vector<std::string> all;
    for (const Resource& resource : resources_) {
        for (const Route& route : resource.routes) {
            all.push_back(route.method + " " + prefix_ + resource.pattern.text() +
                          (resource.kind == Resource::Kind::prefix ? "/{filename}" : ""));
        }
        if (!resource.app) continue;
        for (std::string& each : resource.app->router().table().describe()) all.push_back(std::move(each));
    }
    return all;
}

}  // namespace aio::http::detail
