// CORS: which other sites' scripts may use this server (aiohttp-cors).
//
//     CorsOptions cors;
//     cors.origins = {"https://app.example"};
//     cors.allow_credentials = true;
//     app.add_middleware(cors_middleware(std::move(cors)));
//
// A preflight (OPTIONS with Origin and Access-Control-Request-Method) from an allowed origin is answered with 204 in the
// handler's place. Other responses, also HTTPExceptions, get the headers that let the origin's scripts read them. A request
// from another origin is handled as always, without these headers: it is the browser that withholds the response. Where the
// answer depends on the origin, Vary says so.
//
// Make it the outermost middleware, so that the responses of all others have the headers, too.
// Source: WHATWG Fetch, section 3.3 (CORS protocol); aiohttp-cors 0.8.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/time.hpp>
#include <aio/http/server/middleware.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http {

// The options of cors_middleware(). A list that is {"*"} allows everything.
struct CorsOptions {
    // Whose scripts: "https://app.example", with a port unless it is the scheme's, without a path.
    std::vector<std::string> origins = {};
    // Also asked: true for an origin that may. Null: nobody.
    aio::detail::Function<bool(std::string_view origin)> allow_origin = {};
    // Whether requests may come with cookies and other credentials, and their responses be read. Not with origins {"*"}.
    bool allow_credentials = false;
    std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    std::vector<std::string> headers = {"*"};                    // of requests; "*" with credentials: those asked for
    std::vector<std::string> expose_headers = {};                // of responses, that scripts may read
    std::optional<Duration> max_age = std::chrono::minutes(10);  // of a preflight's answer; rounded down to seconds
};

// The middleware. Errors: ValueError for an origin that is none, names of methods and headers that are no tokens, a
// max_age below 0, and credentials for all origins.
Middleware cors_middleware(CorsOptions options);

}  // namespace aio::http
