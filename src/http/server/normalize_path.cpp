// normalize_path_middleware(): for a path without a route, the other spellings are tried and the first with a route
// becomes a redirect. Percent-encoding is normalized for all requests, in pattern.cpp (normal_path).
#include <aio/base/error.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/middleware.hpp>
#include <aio/http/server/request.hpp>

#include "http/server/request_state.hpp"
#include "http/server/routing.hpp"

namespace aio::http {

namespace {

std::string with_merged_slashes(std::string_view path) {
    std::string merged;
    for (const char c : path) {
        if (c != '/' || merged.empty() || merged.back() != '/') merged += c;
    }
    return merged;
}

// The first spelling of the path, of those the rules give, that has a route; "" if none has.
std::string spelling_with_route(const Request& request, const NormalizePath& rules) {
    const std::string path(request.raw_path());
    std::vector<std::string> bases;
    if (rules.merge_slashes) bases.push_back(with_merged_slashes(path));
    bases.push_back(path);
    std::vector<std::string> candidates;
    for (const std::string& base : bases) {
        candidates.push_back(base);
        if (rules.append_slash && !base.ends_with('/')) candidates.push_back(base + "/");
        if (rules.remove_slash && base.size() > 1 && base.ends_with('/')) {
            candidates.push_back(base.substr(0, base.size() - 1));
        }
    }
    for (const std::string& candidate : candidates) {
        // "//host/" would lead to another server.
        if (candidate.starts_with("//") || candidate == path) continue;
        if (detail::has_resource_at(request.state(), candidate)) return candidate;
    }
    return {};
}

}  // namespace

Middleware normalize_path_middleware(NormalizePath rules) {
    if (rules.append_slash && rules.remove_slash) {
        throw ValueError("normalize_path_middleware: append_slash and remove_slash exclude each other");
    }
    return Middleware([rules](Request& request, Next next) -> Coro<Response> {
        if (!detail::has_resource(request.state())) {
            std::string found = spelling_with_route(request, rules);
            if (!found.empty()) {
                if (!request.query_string().empty()) found += "?" + std::string(request.query_string());
                throw HTTPPermanentRedirect(found);
            }
        }
        co_return co_await next(request);
    });
}

}  // namespace aio::http
