// The header fields of a request: the session's, the request's own, and those that are sent by themselves.
// Source: aiohttp 3.11 client_reqrep.py (ClientRequest.update_*), RFC 9110, RFC 9112 section 6.
#include <aio/base/error.hpp>
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/errors.hpp>

#include "http/client/route.hpp"
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

// Whether a header is about the body, and goes with it (RFC 9110 section 15.4).
bool describes_body(std::string_view name) noexcept {
    for (const std::string_view other : {"Transfer-Encoding", "Expect", "Trailer", "Digest", "Repr-Digest"}) {
        if (wire::equal_ignoring_case(name, other)) return true;
    }
    return wire::starts_ignoring_case(name, "Content-");
}

void remove_headers_of_body(Headers& headers) {
    std::vector<std::string> names;
    for (const auto& [name, value] : headers) {
        if (describes_body(name)) names.emplace_back(name);
    }
    for (const std::string& name : names) headers.remove(name);
}

// What belongs to the origin that the request was made for does not go to another one.
void add_given_headers(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    Headers& headers = request.headers;
    if (!hop.session->options.headers.empty()) headers.update(hop.session->options.headers);
    if (hop.spec->extras && !hop.spec->extras->headers.empty()) headers.update(hop.spec->extras->headers);
    if (hop.body_dropped) remove_headers_of_body(headers);
    if (hop.credentials_apply) return;
    for (const char* name : {"Authorization", "Cookie", "Proxy-Authorization"}) headers.remove(name);
    headers.set("Host", request.url.host_port());
}

// The URL loses its credentials. Two that the program gives contradict each other; a server's redirect just says it
// once more (aiohttp, curl).
void take_credentials_of_url(OutgoingRequest& request) {
    Hop& hop = request.hop();
    if (std::optional<BasicAuth> found = credentials_of(request.url)) {
        if (!hop.redirected && hop.spec->extras && hop.spec->extras->auth) {
            throw ValueError("Cannot combine auth() with credentials encoded in the URL");
        }
        hop.url_auth = std::move(found);
        request.url = request.url.without_credentials();
    }
    if (hop.redirected && hop.url_auth) request.headers.remove("Authorization");
}

void add_authorization(OutgoingRequest& request) {
    take_credentials_of_url(request);
    const Hop& hop = request.hop();
    const SessionOptions& options = hop.session->options;
    const RequestExtras* extras = hop.spec->extras.get();
    std::optional<BasicAuth> auth;
    if (hop.url_auth) {
        auth = hop.url_auth;
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
        throw ValueError("Cannot combine an Authorization header with auth() or credentials encoded in the URL");
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

// The codings that the program says it has applied to the body, chunked behind them: nothing else would say where it
// ends (RFC 9112 section 6.1).
std::string transfer_codings(const Headers& headers) {
    std::string codings;
    bool chunked = false;
    const std::string given = headers.combined("Transfer-Encoding");
    for (std::string_view rest = given; !rest.empty();) {
        const std::string_view coding = wire::trimmed(wire::take_until(rest, ','));
        if (coding.empty() || wire::equal_ignoring_case(coding, "identity")) continue;
        if (chunked) {
            throw ValueError("Transfer-Encoding: '" + wire::printable(given) + "' has a coding after chunked");
        }
        chunked = wire::equal_ignoring_case(coding, "chunked");
        codings.append(codings.empty() ? "" : ", ").append(coding);
    }
    if (!chunked) codings.append(codings.empty() ? "" : ", ").append("chunked");
    return codings;
}

void add_body_headers(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    if (hop.payload) {
        Headers& headers = request.headers;
        if (!hop.payload->content_type().empty()) {
            add_auto(headers, hop, "Content-Type", hop.payload->content_type());
        }
        if (hop.spec->compress != wire::Coding::identity) {
            if (headers.contains("Content-Encoding")) {
                throw ValueError("compress() can not be used if the Content-Encoding header is set");
            }
            headers.set("Content-Encoding", wire::name(hop.spec->compress));
        }
        if (hop.spec->expect100) headers.set("Expect", "100-continue");
    }
    frame_body(request);
}

}  // namespace

// One of Content-Length and Transfer-Encoding, and once: a server that believes another than its proxy takes a part of
// the body for a request (RFC 9112 section 11.2).
void frame_body(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    Headers& headers = request.headers;
    if (!hop.payload) {
        for (const char* name : {"Content-Length", "Transfer-Encoding", "Expect"}) headers.remove(name);
        const std::string& method = request.method;
        const bool bodiless = method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
        if (!bodiless) headers.set("Content-Length", "0");
        return;
    }
    const bool chunked =
        hop.spec->chunked || hop.spec->compress != wire::Coding::identity || headers.contains("Transfer-Encoding");
    const std::optional<std::uint64_t> size = hop.payload->size();
    if (!chunked && headers.contains("Content-Length")) {
        const std::string given = headers.combined("Content-Length");
        const auto announced = wire::parse_number(given);
        if (!announced || (size && *size != *announced)) {
            throw ValueError("Content-Length: '" + wire::printable(given) + "' is not the body's size");
        }
    } else if (!chunked && size) {
        headers.set("Content-Length", std::to_string(*size));
    } else {
        headers.remove("Content-Length");
        headers.set("Transfer-Encoding", transfer_codings(headers));
    }
}

void prepare_head(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    Headers& headers = request.headers;
    headers.clear();
    headers.add("Host", request.url.host_port());
    add_given_headers(request);
    add_auto(headers, hop, "Accept", "*/*");
    add_auto(headers, hop, "Accept-Encoding", wire::kAcceptEncoding);
    add_auto(headers, hop, "User-Agent", kUserAgent);
    add_authorization(request);
    add_cookies(request);
    add_body_headers(request);
}

}  // namespace aio::http::detail
