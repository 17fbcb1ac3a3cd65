// What stands between the server and handlers (aiohttp's middlewares).
//
//     aio::Coro<Response> timed(Request& request, Next next) {
//         const auto begin = std::chrono::steady_clock::now();
//         Response response = co_await next(request);             // the next middleware, in the end the handler
//         response.header("Server-Timing", ...);
//         co_return response;
//     }
//     app.add_middleware(timed);
//
// The first one added is the outermost; an outer application's stand around those of its sub-applications. They see
// requests without a route too: next() then throws HTTPNotFound or HTTPMethodNotAllowed, as a handler may.
// Source: aiohttp 3.11 web_middlewares.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/response.hpp>

#include <string>

namespace aio::http {

class Request;
class Next;

using Middleware = aio::detail::Function<Coro<Response>(Request&, Next)>;

namespace detail {
using HandlerFunction = aio::detail::Function<Coro<Response>(Request&)>;
}

// What comes behind a middleware. Small; valid until the handler has returned.
class Next {
public:
    Next(const Middleware* const* begin, const Middleware* const* end,
         const detail::HandlerFunction& handler) noexcept
        : begin_(begin), end_(end), handler_(&handler) {}

    Coro<Response> operator()(Request& request) const {
        if (begin_ == end_) return (*handler_)(request);
        return (**begin_)(request, Next(begin_ + 1, end_, *handler_));
    }

private:
    const Middleware* const* begin_;
    const Middleware* const* end_;
    const detail::HandlerFunction* handler_;
};

// Redirects (308) a GET of a path without a route to one that has one: with a "/" appended, or removed, or with runs
// of "/" merged. Append or remove, not both.
struct NormalizePath {
    bool append_slash = true;
    bool remove_slash = false;
    bool merge_slashes = true;
};
// Errors: ValueError when both append_slash and remove_slash are set.
Middleware normalize_path_middleware(NormalizePath rules = {});

}  // namespace aio::http
