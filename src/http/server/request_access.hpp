// What the server and its parts may do with a Request beyond what handlers may.
#pragma once

#include <aio/http/server/request.hpp>

#include "http/server/route_table.hpp"
#include "http/wire/parser.hpp"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aio::http::detail {

// What few handlers ask a request for. Kept, emptied, for the connection's next request.
struct RequestExtra {
    RequestExtra() = default;
    ~RequestExtra();
    void clear();

    std::string normal_path;         // where it differs from the path that was sent
    std::deque<std::string> values;  // captured ones that were quoted
    std::string allowed_methods;     // of a path that is known for others
    std::optional<Query> query;
    std::optional<std::vector<std::pair<std::string, std::string>>> cookies;
    std::optional<std::string> body;
    std::unique_ptr<PostData> post;
    std::string remote;
    KeyStore keys;
};

struct RequestAccess {
    // A request begins: its head has come. `exchange` may be null.
    static void begin(Request& request, wire::Head& head, Exchange* exchange, BodySource* body);
    // Finds its route below `app`.
    static void resolve(Request& request, Application& app);
    // Whether this path would have one.
    static bool resolves(const Request& request, std::string_view raw_path);
    static bool has_route(const Request& request) noexcept { return request.route_ && request.route_->resource; }
    // From here on Request::app() is an error.
    static void forget_app(Request& request) noexcept { request.app_ = request.root_ = nullptr; }
    static void end(Request& request) noexcept;

    static const std::string& allowed_methods(Request& request) { return request.extra().allowed_methods; }
    // Of all routes of the application that the server has: "GET, HEAD, OPTIONS".
    static std::string all_methods(const Request& request) {
        return request.root_ ? request.root_->router().table().all_methods() : std::string();
    }
    static const Route& route(const Request& request) noexcept { return *request.route_; }
    static Exchange* exchange(const Request& request) noexcept { return request.exchange_; }
    static wire::Head& head(const Request& request) noexcept { return *request.head_; }
};

}  // namespace aio::http::detail
