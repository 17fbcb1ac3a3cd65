// What the server knows of a request while it answers it. Handlers see it as a Request.
#pragma once

#include <aio/base/function.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/server/app_key.hpp>
#include <aio/http/url.hpp>

#include "http/wire/parser.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

class Application;
class PostData;

namespace detail {

class Exchange;
struct Route;

// Has the last word on the headers of a response: called when they are about to be sent, whoever made them, and when.
using HeaderFinisher = aio::detail::Function<void(Headers&)>;

// What few handlers ask a request for. Kept, emptied, for the connection's next request.
struct RequestExtra {
    void clear();

    std::string normal_path;         // where it differs from the path that was sent
    std::deque<std::string> values;  // captured ones that were quoted
    std::string allowed_methods;     // of a path that is known for others
    std::optional<Query> query;
    std::optional<std::vector<std::pair<std::string, std::string>>> cookies;
    std::optional<std::string> body;
    std::shared_ptr<const PostData> post;
    std::string remote;
    KeyStore keys;
    std::vector<HeaderFinisher> finishers;  // the first one is the outermost middleware's, and called last
};

struct RequestState {
    // A request begins: its head has come. `from` may be null: a mocked request.
    void begin(wire::Head& its_head, Exchange* from, BodySource* body);
    void end() noexcept;
    // Frees the head and what was made of it; the method and the path stay, for reports.
    void forget_head() noexcept;
    // From here on Request::app() is an error.
    void forget_app() noexcept { app = root = nullptr; }

    RequestExtra& extra();
    // For middlewares: also responses in steps, errors and 101 pass `finisher`.
    void add_finisher(HeaderFinisher finisher) { extra().finishers.push_back(std::move(finisher)); }
    void finish(Headers& headers) {
        if (!extra_) return;
        for (auto each = extra_->finishers.rbegin(); each != extra_->finishers.rend(); ++each) (*each)(headers);
    }

    wire::Head* head = nullptr;        // null: it was forgotten
    Exchange* exchange = nullptr;      // null: a mocked request
    std::string_view raw_path, query;  // of the head's target
    bool has_body = false;
    BodyReader content;

    // Set when it has been routed: routing.hpp.
    Application* app = nullptr;   // the route's
    Application* root = nullptr;  // the server's
    const Route* route = nullptr;
    std::string_view route_path;  // the path as routes compare it: of raw_path, or of the extra's normal one
    std::vector<std::pair<std::string_view, std::string_view>> captured;  // names and values of the route's path

private:
    std::unique_ptr<RequestExtra> extra_;
    std::string kept_target_;  // of a head that was forgotten
};

// The path and the query of a request's target, which may be a URL.
std::string_view path_and_query(std::string_view target) noexcept;

}  // namespace detail

}  // namespace aio::http
