// The request's target, headers and conditions. request_reading.cpp reads the body, request_connection.cpp asks the
// connection, routing.cpp has the route; parse_text.cpp parses numbers.
#include <aio/base/error.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/server/request.hpp>

#include "http/server/request_state.hpp"
#include "http/wire/date.hpp"
#include "http/wire/etag.hpp"
#include "http/wire/media_type.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http {

detail::KeyStore& Request::keys() const { return state_.extra().keys; }

// --- the request line ----------------------------------------------------------------------------------------------

// A head that was forgotten was that of a WebSocket.
std::string_view Request::method() const noexcept { return state_.head ? state_.head->method : "GET"; }
std::string_view Request::raw_path() const noexcept { return state_.raw_path; }
std::string_view Request::query_string() const noexcept { return state_.query; }
int Request::minor_version() const noexcept { return state_.head->minor_version; }
std::string Request::path() const { return unquote(state_.raw_path); }
std::string_view Request::path_qs() const noexcept { return detail::path_and_query(state_.head->target); }

const Query& Request::query() const {
    auto& query = state_.extra().query;
    if (!query) query = parse_qsl(state_.query);
    return *query;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
    for (const auto& [key, value] : query()) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::string_view Request::query(std::string_view name, std::string_view otherwise) const {
    return query(name).value_or(otherwise);
}

URL Request::rel_url() const { return url().relative(); }

// Source: RFC 9112 section 3.3. The targets of CONNECT and "OPTIONS *" have no path.
URL Request::url() const {
    const std::string start = std::string(scheme()) + "://";
    const std::string_view rest = path_qs();
    if (method() == "CONNECT") return URL(start + std::string(rest));
    return URL(start + host() + std::string(rest == "*" ? "/" : rest));
}

std::string Request::host() const {
    if (const auto host = headers().get("Host"); host && !host->empty()) return std::string(*host);
    const std::string address = sockname().host;  // none over AF_UNIX
    if (address.empty()) return "localhost";
    return address.find(':') == std::string::npos ? address : "[" + address.substr(0, address.find('%')) + "]";
}

const std::string& Request::remote() const {
    std::string& remote = state_.extra().remote;
    if (remote.empty()) remote = peername().host;
    return remote;
}

// --- headers ---------------------------------------------------------------------------------------------------------

namespace {

std::optional<std::int64_t> date_of(const Headers& headers, std::string_view name) noexcept {
    const auto value = headers.get(name);
    return value ? wire::parse_date(*value) : std::nullopt;
}

std::optional<wire::EntityTag> tag_of(std::string_view etag) {
    auto tag = wire::parse_etag(etag);
    if (!tag) throw ValueError("'" + wire::printable(etag) + "' is no entity tag");
    return tag;
}

}  // namespace

const Headers& Request::headers() const noexcept { return state_.head->headers; }

const std::vector<std::pair<std::string, std::string>>& Request::cookies() const {
    auto& cookies = state_.extra().cookies;
    if (cookies) return *cookies;
    cookies.emplace();
    for (const std::string_view header : headers().getall("Cookie")) {
        for (auto& cookie : parse_cookie_header(header)) cookies->push_back(std::move(cookie));
    }
    return *cookies;
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
    for (const auto& [key, value] : cookies()) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::string Request::content_type() const {
    const auto type = wire::parse_media_type(headers().get("Content-Type", ""));
    return type ? type->essence() : "application/octet-stream";
}

std::string Request::charset() const {
    const auto type = wire::parse_media_type(headers().get("Content-Type", ""));
    return type ? std::string(type->charset()) : std::string();
}

bool Request::upgrade_requested() const noexcept { return state_.head->upgrade; }
bool Request::can_read_body() const noexcept { return state_.has_body; }
BodyReader& Request::content() noexcept { return state_.content; }
std::optional<std::uint64_t> Request::content_length() const noexcept { return state_.head->content_length; }

std::optional<std::int64_t> Request::if_modified_since() const noexcept {
    return date_of(headers(), "If-Modified-Since");
}
std::optional<std::int64_t> Request::if_unmodified_since() const noexcept {
    return date_of(headers(), "If-Unmodified-Since");
}
std::optional<std::int64_t> Request::if_range() const noexcept { return date_of(headers(), "If-Range"); }

bool Request::if_match(std::string_view etag) const {
    return wire::etag_matches(headers().combined("If-Match"), *tag_of(etag), true);
}
bool Request::if_none_match(std::string_view etag) const {
    return wire::etag_matches(headers().combined("If-None-Match"), *tag_of(etag), false);
}

HttpRange Request::http_range() const {
    HttpRange range;
    const auto header = headers().get("Range");
    if (!header) return range;
    std::string_view last = *header;
    const std::string_view unit = wire::trimmed(wire::take_until(last, '='));
    const std::string_view first = wire::trimmed(wire::take_until(last, '-'));
    last = wire::trimmed(last);
    range.first = wire::parse_number(first);
    range.last = wire::parse_number(last);
    const bool broken = (!first.empty() && !range.first) || (!last.empty() && !range.last) ||
                        (first.empty() && last.empty()) || (range.first && range.last && *range.first > *range.last);
    if (!wire::equal_ignoring_case(unit, "bytes") || broken) {
        throw ValueError("the range '" + wire::printable(*header) + "' is none of bytes, or several");
    }
    return range;
}

// --- the route -------------------------------------------------------------------------------------------------------

std::string_view Request::match_info(std::string_view name) const {
    for (const auto& [key, value] : state_.captured) {
        if (key == name) return value;
    }
    throw ValueError("match_info: the route has no '" + std::string(name) + "'");
}

std::string_view Request::match_info(std::string_view name, std::string_view otherwise) const noexcept {
    for (const auto& [key, value] : state_.captured) {
        if (key == name) return value;
    }
    return otherwise;
}

Application& Request::app() const {
    if (!state_.app)
        throw RuntimeError("Request.app: there is none: the AppRunner has gone, or the request is mocked");
    return *state_.app;
}

}  // namespace aio::http
