// What a Router holds: a route table of http's, and what its routes lead to.
#pragma once

#include <aio/http/server/application.hpp>
#include <aio/ws/router.hpp>

#include "http/server/route_table.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aio::ws::detail {

class RouterState {
public:
    // What a name stood for, unquoted.
    using Values = std::vector<std::pair<std::string, std::string>>;

    // One of them is set.
    struct Target {
        Handler handler;
        std::optional<http::detail::Pattern> redirect;
    };

    void add(std::string_view path, Target target);
    void add_domain(std::string_view host, RouterState& other);

    // The target of a request, or nothing and the response that it gets.
    const Target* find(http::Request& request, Values& values, std::optional<http::Response>& instead) const;

    std::string server_name;
    bool secure = false;

private:
    const Target* lookup(const http::Request& request, std::string_view raw_path, Values& values) const;
    http::Response redirect(const http::Request& request, const std::string& target) const;

    http::Application app_;  // only for its table: it finds the paths, and does not run
    std::unordered_map<const http::detail::Route*, Target> targets_;
};

}  // namespace aio::ws::detail
