// What a Router holds: resources (paths) with their routes (methods), and how they are found.
#pragma once

#include <aio/http/headers.hpp>
#include <aio/http/server/application.hpp>

#include "http/server/pattern.hpp"
#include "http/server/route_index.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::detail {

struct Resource;

struct Route {
    std::string method;  // "*": all
    HandlerFunction handler;
    ExpectFunction expect;
    const Resource* resource = nullptr;  // null: of a request that no path fits
};

struct Resource {
    enum class Kind : std::uint8_t { path, prefix, subapp, domain };

    Resource(Kind k, Pattern p) : kind(k), pattern(std::move(p)) {}

    Kind kind;
    Pattern pattern;  // of prefix and subapp: what stands before "/..." ; of a domain: nothing
    std::string name;
    std::deque<Route> routes;
    std::string domain;                // lower case
    std::unique_ptr<Application> app;  // of a subapp or domain
};

// What a path and a method lead to.
struct Resolved {
    const Route* route = nullptr;  // null: nothing
    Application* app = nullptr;    // where it ended, or null: the one that was asked
};

class RouteTable {
public:
    void add(std::string_view method, std::string_view path, HandlerFunction handler, RouteOptions options);
    // Everything below `prefix`: what is behind it is captured as "filename".
    void add_prefix(std::string_view prefix, std::string_view name, HandlerFunction handler);
    Application& add_subapp(std::string_view prefix, Application app);
    Application& add_domain(std::string_view domain, Application app);

    // `path` as normal_path() gives it. Captures are views of the table and of `path`. `allowed` is appended to where
    // there is no route, but the path is known: "GET, HEAD".
    Resolved resolve(std::string_view method, std::string_view path, const Headers& headers,
                     Pattern::Captures& captures, std::string& allowed) const;
    std::string url_for(std::string_view name, const Pattern::Values& values) const;
    std::vector<std::string> describe() const;
    // Those of all routes, here and below, and OPTIONS: "GET, HEAD, OPTIONS".
    std::string all_methods() const;

    // In the order they were added.
    const std::deque<Resource>& resources() const noexcept { return resources_; }
    std::deque<Resource>& resources() noexcept { return resources_; }
    void freeze() noexcept { frozen_ = true; }
    // Where this table stands in another: in front of what url_for() gives.
    void set_prefix(std::string_view prefix);
    const std::string& prefix() const noexcept { return prefix_; }

private:
    void check_can_change(const char* function) const;
    Resource& append(Resource::Kind kind, Pattern pattern, std::string_view index_key);
    void name_resource(Resource& resource, const std::string& name);
    // True when it ends here: there is a route, or a sub-application has said no.
    bool try_resource(const Resource& resource, std::string_view method, std::string_view path,
                      const Headers& headers, Pattern::Captures& captures, std::string& allowed,
                      Resolved& result) const;
    const Resource* find_named(std::string_view name) const noexcept;
    void collect_methods(std::set<std::string_view>& methods) const;
    bool knows(std::string_view name) const noexcept;  // it, or a sub-application's

    std::deque<Resource> resources_;
    RouteIndex index_;
    std::vector<const Resource*> domains_;
    std::string prefix_;
    bool frozen_ = false;
};

}  // namespace aio::http::detail
