// Router's public functions forward to route_table.cpp. add_static() is in static_files.cpp.
#include <aio/http/server/router.hpp>

#include "http/server/route_table.hpp"

namespace aio::http {

Router::Router() : table_(std::make_unique<detail::RouteTable>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string_view method, std::string_view path, detail::HandlerFunction handler,
                 RouteOptions options) {
    table_->add(method, path, std::move(handler), std::move(options));
}

void Router::add_def(const RouteDef& route) {
    if (route.method == "GET" && route.options.allow_head) add("HEAD", route.path, route.handler, route.options);
    add(route.method, route.path, route.handler, route.options);
}

std::string Router::url_for(std::string_view name,
                            const std::vector<std::pair<std::string, std::string>>& values) const {
    return table_->url_for(name, values);
}

std::vector<std::string> Router::routes() const { return table_->describe(); }

}  // namespace aio::http
