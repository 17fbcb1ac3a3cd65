// cors_middleware(): the checks of its options, preflights, and the headers of all other responses.
#include <aio/http/server/cors_middleware.hpp>

#include <aio/base/error.hpp>
#include <aio/http/server/request.hpp>
#include <aio/http/url.hpp>

#include "http/server/request_state.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace aio::http {

namespace {

bool allows_all(const std::vector<std::string>& list) noexcept { return list.size() == 1 && list.front() == "*"; }

std::string joined(const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& each : list) text.append(text.empty() ? "" : ", ").append(each);
    return text;
}

void check_origin(const std::string& origin) {
    std::string right;
    if (origin == "null") throw ValueError("cors_middleware: the origin 'null' is that of any sandboxed page");
    try {
        right = URL(origin).origin().str();
    } catch (const InvalidURL& error) {
        throw ValueError(std::string("cors_middleware: ") + error.what());
    }
    if (right == origin || right == origin + "/") return;
    throw ValueError("cors_middleware: browsers do not send the origin '" + wire::printable(origin) + "': write '" +
                     right + "'");
}

void check_tokens(const std::vector<std::string>& names, const char* what) {
    for (const std::string& name : names) {
        if (!wire::is_token(name)) {
            throw ValueError(std::string("cors_middleware: '") + wire::printable(name) + "' is no name of a " + what);
        }
    }
}

class Cors {
public:
    explicit Cors(CorsOptions options) : options_(std::move(options)), any_origin_(allows_all(options_.origins)) {
        if (any_origin_ && options_.allow_credentials) {
            throw ValueError(
                "cors_middleware: credentials for all origins would let every site act as its visitors: "
                "list the origins, or decide with allow_origin");
        }
        if (!any_origin_) std::for_each(options_.origins.begin(), options_.origins.end(), check_origin);
        check_tokens(options_.methods, "method");
        check_tokens(options_.headers, "header");
        check_tokens(options_.expose_headers, "header");
        methods_ = joined(options_.methods);
        headers_ = joined(options_.headers);
        exposed_ = joined(options_.expose_headers);
        if (!options_.max_age) return;
        if (*options_.max_age < Duration(0)) throw ValueError("cors_middleware: max_age is negative");
        max_age_ = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*options_.max_age).count());
    }

    bool allows(std::string_view origin) const {
        if (any_origin_) return true;
        const auto& list = options_.origins;
        if (std::find(list.begin(), list.end(), origin) != list.end()) return true;
        return options_.allow_origin && options_.allow_origin(origin);
    }

    // What every response says, to an allowed origin or not.
    void mark(Headers& headers, std::optional<std::string_view> origin) const {
        if (!any_origin_) add_vary(headers, "Origin");
        if (!origin || !allows(*origin)) return;
        headers.set("Access-Control-Allow-Origin", any_origin_ ? std::string_view("*") : *origin);
        if (options_.allow_credentials) headers.set("Access-Control-Allow-Credentials", "true");
        if (!exposed_.empty()) headers.set("Access-Control-Expose-Headers", exposed_);
    }

    // Source: Fetch, section 3.3.5: with credentials "*" is a name like any other, so that what is asked for is repeated.
    Response preflight(const Request& request, std::string_view origin) const {
        Response response(204);
        Headers& headers = response.headers();
        mark(headers, origin);
        headers.remove("Access-Control-Expose-Headers");
        add_vary(headers, "Access-Control-Request-Method");
        add_vary(headers, "Access-Control-Request-Headers");
        if (!allows(origin)) return response;
        const std::string_view method = *request.headers().get("Access-Control-Request-Method");
        headers.set("Access-Control-Allow-Methods",
                    allows_all(options_.methods) ? method : std::string_view(methods_));
        const std::string asked = request.headers().combined("Access-Control-Request-Headers");
        const bool all = allows_all(options_.headers);
        if (!headers_.empty() && !asked.empty()) headers.set("Access-Control-Allow-Headers", all ? asked : headers_);
        if (!max_age_.empty()) headers.set("Access-Control-Max-Age", max_age_);
        return response;
    }

private:
    static void add_vary(Headers& headers, std::string_view name) {
        if (!headers.lists("Vary", name) && !headers.lists("Vary", "*")) headers.add("Vary", name);
    }

    CorsOptions options_;
    bool any_origin_;
    std::string methods_, headers_, exposed_, max_age_;
};

}  // namespace

Middleware cors_middleware(CorsOptions options) {
    auto cors = std::make_shared<const Cors>(std::move(options));
    return Middleware([cors](Request& request, Next next) -> Coro<Response> {
        const std::optional<std::string_view> origin = request.headers().get("Origin");
        const bool asks =
            request.method() == "OPTIONS" && request.headers().contains("Access-Control-Request-Method");
        if (asks && origin) co_return cors->preflight(request, *origin);
        request.state().add_finisher(
            [cors, from = std::string(origin.value_or("")), any = origin.has_value()](Headers& headers) {
                cors->mark(headers, any ? std::optional(from) : std::nullopt);
            });
        co_return co_await next(request);
    });
}

}  // namespace aio::http
