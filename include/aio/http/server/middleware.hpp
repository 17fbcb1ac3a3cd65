// Middlewares: functions between the server and handlers (aiohttp's middlewares).
//
//     aio::Coro<Response> timed(Request& request, Next next) {
//         const auto begin = std::chrono::steady_clock::now();
//         Response response = co_await next(request);             // the next middleware, in the end the handler
//         response.header("Server-Timing", ...);
//         co_return response;
//     }
//     app.add_middleware(timed);
//
// The first one added is the outermost; those of an application are outside of those of its sub-applications. They are
// also called for requests without a route: next() then throws HTTPNotFound or HTTPMethodNotAllowed, as a handler may.
// Source: aiohttp 3.11 web_middlewares.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/server/response.hpp>

#include <string>

namespace aio::http {

class Request;
class Next;

// A function that gets the request and the rest of the chain, and returns the response.
using Middleware = aio::detail::Function<Coro<Response>(Request&, Next)>;

namespace detail {
using HandlerFunction = aio::detail::Function<Coro<Response>(Request&)>;
}

// The rest of the chain behind a middleware. Small; valid until the handler has returned.
class Next {
public:
    // For the library: the middlewares from `begin` on, and the handler.
    Next(const Middleware* const* begin, const Middleware* const* end,
         const detail::HandlerFunction& handler) noexcept
        : begin_(begin), end_(end), handler_(&handler) {}

    // Calls the next middleware, in the end the handler. It may be called several times. Errors: those of the handler,
    // also HTTPExceptions.
    Coro<Response> operator()(Request& request) const {
        if (begin_ == end_) return (*handler_)(request);
        return (**begin_)(request, Next(begin_ + 1, end_, *handler_));
    }

private:
    const Middleware* const* begin_;
    const Middleware* const* end_;
    const detail::HandlerFunction* handler_;
};

// The options of normalize_path_middleware(). Append or remove, not both.
struct NormalizePath {
    bool append_slash = true;   // tries the path with a "/" at its end
    bool remove_slash = false;  // tries the path without a "/" at its end
    bool merge_slashes = true;  // tries the path with each run of "/" replaced by one
};
// A middleware that redirects (308) a GET of a path without a route to a changed path that has one:
// aiohttp.web.normalize_path_middleware. Errors: ValueError when both append_slash and remove_slash are set.
Middleware normalize_path_middleware(NormalizePath rules = {});

}  // namespace aio::http
