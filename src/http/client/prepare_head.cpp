// The header fields of a request: the session's, the request's own, and those that are sent by themselves.
// Source: aiohttp 3.11 client_reqrep.py (ClientRequest.update_*), RFC 9110, RFC 9112 section 6.
#include <aio/base/error.hpp>
#include <aio/http/cookie_jar.hpp>
#include <aio/http/errors.hpp>

#include "http/client/session_state.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::detail {

namespace {

constexpr std::string_view kUserAgent = "aiocpp/" AIOCPP_VERSION;

bool lists(const std::vector<std::string>& names, std::string_view name) noexcept {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& each) { return wire::equal_ignoring_case(each, name); });
}

// Whether a header may come by itself.
bool is_wanted(const Hop& hop, std::string_view name) noexcept {
    const std::vector<std::string>& session = hop.session->options.skip_auto_headers;
    if (!session.empty() && lists(session, name)) return false;
    return !hop.spec->extras || !lists(hop.spec->extras->skip_auto_headers, name);
}

void add_auto(Headers& headers, const Hop& hop, std::string_view name, std::string_view value) {
    if (is_wanted(hop, name)) headers.setdefault(name, value);
}

// What belongs to the origin that the request was made for does not go to another one.
void add_given_headers(Headers& headers, const Hop& hop) {
    if (!hop.session->options.headers.empty()) headers.update(hop.session->options.headers);
    if (hop.spec->extras && !hop.spec->extras->headers.empty()) headers.update(hop.spec->extras->headers);
    if (hop.credentials_apply) return;
    for (const char* name : {"Authorization", "Cookie", "Proxy-Authorization"}) headers.remove(name);
}

void add_authorization(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    const SessionOptions& options = hop.session->options;
    const RequestExtras* extras = hop.spec->extras.get();
    std::optional<BasicAuth> auth;
    if (!request.url.user().empty() || request.url.password()) {
        auth.emplace(request.url.user(), request.url.password().value_or(""));
        request.url = request.url.without_credentials();
        if (hop.credentials_apply && extras && extras->auth) {
            throw ValueError("the URL has credentials, and .auth() gives others");
        }
    } else if (hop.credentials_apply && extras && extras->auth) {
        auth = extras->auth;
    } else if (hop.credentials_apply && options.auth &&
               (!options.base_url || options.base_url->same_origin(request.url))) {
        auth = options.auth;
    } else if (hop.session->netrc && !request.headers.contains("Authorization")) {
        auth = hop.session->netrc->find(request.url.raw_host());
    }
    if (!auth) return;
    if (request.headers.contains("Authorization")) {
        throw ValueError("an Authorization header, and credentials as well: which of them are meant?");
    }
    request.headers.add("Authorization", auth->encode());
}

// The jar's cookies, and the request's own, which count more. A Cookie header that was given stands before them.
void add_cookies(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    std::string text = hop.session->jar->cookie_header(request.url);
    const bool own = hop.credentials_apply && hop.spec->extras && !hop.spec->extras->cookies.empty();
    if (text.empty() && !own) return;
    if (own) {
        const auto& cookies = hop.spec->extras->cookies;
        std::string all;
        for (std::string_view rest = text; !rest.empty();) {
            const std::string_view pair = wire::trimmed(wire::take_until(rest, ';'));
            const std::string_view name = pair.substr(0, pair.find('='));
            const bool replaced =
                std::any_of(cookies.begin(), cookies.end(), [&](const auto& cookie) { return cookie.first == name; });
            if (!replaced) all.append(all.empty() ? "" : "; ").append(pair);
        }
        for (const auto& [name, value] : cookies) {
            all.append(all.empty() ? "" : "; ").append(name).append("=").append(quote_cookie_value(value));
        }
        text = std::move(all);
    }
    if (const std::optional<std::string_view> given = request.headers.get("Cookie")) {
        text = std::string(*given) + "; " + text;
    }
    request.headers.set("Cookie", text);
}

void add_body_headers(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    Headers& headers = request.headers;
    if (!hop.payload) {
        for (const char* name : {"Content-Length", "Transfer-Encoding", "Expect"}) headers.remove(name);
        const std::string& method = request.method;
        const bool bodiless = method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
        if (!bodiless) headers.set("Content-Length", "0");
        return;
    }
    if (!hop.payload->content_type().empty()) add_auto(headers, hop, "Content-Type", hop.payload->content_type());
    bool chunked = hop.spec->chunked || headers.lists("Transfer-Encoding", "chunked");
    if (hop.spec->compress != wire::Coding::identity) {
        if (headers.contains("Content-Encoding"))
            throw ValueError("compress(), and a Content-Encoding header as well");
        headers.set("Content-Encoding", wire::name(hop.spec->compress));
        chunked = true;
    }
    const std::optional<std::uint64_t> size = hop.payload->size();
    if (!chunked && headers.contains("Content-Length")) {
        const auto announced = wire::parse_number(headers.get("Content-Length", ""));
        if (!announced || (size && *size != *announced)) {
            throw ValueError("Content-Length: '" + wire::printable(headers.get("Content-Length", "")) +
                             "' is not the body's size");
        }
    } else if (!chunked && size) {
        headers.set("Content-Length", std::to_string(*size));
    } else {
        headers.remove("Content-Length");
        headers.set("Transfer-Encoding", "chunked");
    }
    if (hop.spec->expect100) headers.set("Expect", "100-continue");
}

}  // namespace

void prepare_head(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    Headers& headers = request.headers;
    headers.clear();
    headers.add("Host", request.url.host_port());
    add_given_headers(headers, hop);
    add_auto(headers, hop, "Accept", "*/*");
    add_auto(headers, hop, "Accept-Encoding", wire::kAcceptEncoding);
    add_auto(headers, hop, "User-Agent", kUserAgent);
    add_authorization(request);
    add_cookies(request);
    add_body_headers(request);
}

}  // namespace aio::http::detail
