// Which handler a request goes to.
#pragma once

#include "http/server/request_state.hpp"

#include <string_view>

namespace aio::http::detail {

// Finds the request's route below `root`, the server's application. Where there is none, it gets the one that answers 404,
// 405 and the like: its route is never null.
void route_request(RequestState& request, Application& root);

// Whether the request was routed to a resource of the application's.
bool has_resource(const RequestState& request) noexcept;
// Whether it would be if it were for this path.
bool has_resource_at(const RequestState& request, std::string_view raw_path);

}  // namespace aio::http::detail
