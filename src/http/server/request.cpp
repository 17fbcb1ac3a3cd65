// The request without its body: target, connection, headers, conditions, route; and RequestAccess, with which the
// server begins, routes and ends it. request_reading.cpp reads the body; parse_text.cpp parses numbers.
#include <aio/base/error.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/server/post_data.hpp>
#include <aio/http/server/request.hpp>
#include <aio/io/ssl.hpp>

#include "http/server/application_state.hpp"
#include "http/server/exchange.hpp"
#include "http/server/request_access.hpp"
#include "http/wire/date.hpp"
#include "http/wire/etag.hpp"
#include "http/wire/media_type.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http {

namespace detail {

RequestExtra::~RequestExtra() = default;

void RequestExtra::clear() {
    normal_path.clear();
    values.clear();
    allowed_methods.clear();
    query.reset();
    cookies.reset();
    body.reset();
    post.reset();
    remote.clear();
    keys.clear();
}

namespace {

// "host:port" of the target "http://host:port/path", which proxies get and everybody takes; else empty.
std::string_view authority_of(std::string_view target) noexcept {
    if (target.starts_with('/')) return {};
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) return {};
    target.remove_prefix(scheme + 3);
    return target.substr(0, target.find_first_of("/?"));
}

// The path of a request's target: of "http://host/path", of "/path", of "*".
std::string_view path_and_query(std::string_view target) noexcept {
    const std::string_view authority = authority_of(target);
    if (!authority.empty()) target.remove_prefix(static_cast<std::size_t>(authority.end() - target.begin()));
    return target;
}

// The target's host counts, whatever Host says (RFC 9112 section 3.2.2); an empty path means "/" (RFC 9110 section 4.2.3).
void normalize_absolute_form(wire::Head& head) {
    const std::string_view authority = authority_of(head.target);
    if (authority.empty()) return;
    head.headers.set("Host", authority);
    const auto path = static_cast<std::size_t>(authority.data() + authority.size() - head.target.data());
    if (path == head.target.size() || head.target[path] == '?') head.target.insert(path, 1, '/');
}

}  // namespace

void RequestAccess::begin(Request& request, wire::Head& head, Exchange* exchange, BodySource* body) {
    request.head_ = &head;
    request.exchange_ = exchange;
    normalize_absolute_form(head);
    std::string_view rest = path_and_query(head.target);
    request.raw_path_ = wire::take_until(rest, '?');
    request.query_ = rest;
    request.has_body_ = body != nullptr;
    if (body) request.content_ = BodyReader(body);
}

void RequestAccess::resolve(Request& request, Application& app) {
    std::string normal;
    request.route_path_ = normal_path(request.raw_path_, normal);
    if (!normal.empty()) {
        request.extra().normal_path = std::move(normal);
        request.route_path_ = request.extra().normal_path;
    }
    request.captured_.clear();
    request.root_ = &app;
    std::string allowed;
    const Resolved found = app.router().table().resolve(request.method(), request.route_path_, request.headers(),
                                                        request.captured_, allowed);
    request.app_ = found.app ? found.app : &app;
    request.route_ = found.route ? found.route : &request.app_->state().unroutable;
    if (!found.route && !allowed.empty()) request.extra().allowed_methods = std::move(allowed);
    for (auto& [name, value] : request.captured_) {
        if (value.find('%') != std::string_view::npos) value = request.extra().values.emplace_back(unquote(value));
    }
}

bool RequestAccess::resolves(const Request& request, std::string_view raw_path) {
    if (!request.root_) return false;
    std::string buffer, allowed;
    Pattern::Captures captures;
    const std::string_view path = normal_path(raw_path, buffer);
    const RouteTable& table = request.root_->router().table();
    return table.resolve(request.method(), path, request.headers(), captures, allowed).route != nullptr;
}

void RequestAccess::end(Request& request) noexcept {
    if (request.has_body_) request.content_ = BodyReader();
    request.has_body_ = false;
    if (request.extra_) request.extra_->clear();
}

}  // namespace detail

Request::Request() noexcept = default;
Request::~Request() = default;

detail::RequestExtra& Request::extra() const {
    if (!extra_) extra_ = std::make_unique<detail::RequestExtra>();
    return *extra_;
}
detail::KeyStore& Request::keys() const { return extra().keys; }

// --- the request line ----------------------------------------------------------------------------------------------

std::string_view Request::method() const noexcept { return head_->method; }
int Request::minor_version() const noexcept { return head_->minor_version; }
std::string Request::path() const { return unquote(raw_path_); }
std::string_view Request::path_qs() const noexcept { return detail::path_and_query(head_->target); }

const Query& Request::query() const {
    auto& query = extra().query;
    if (!query) query = parse_qsl(query_);
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

// --- the connection --------------------------------------------------------------------------------------------------

bool Request::secure() const noexcept { return exchange_ && exchange_->writer().stream()->filter() != nullptr; }

std::string Request::host() const {
    if (const auto host = headers().get("Host"); host && !host->empty()) return std::string(*host);
    const std::string address = sockname().host;  // none over AF_UNIX
    if (address.empty()) return "localhost";
    return address.find(':') == std::string::npos ? address : "[" + address.substr(0, address.find('%')) + "]";
}

const std::string& Request::remote() const {
    std::string& remote = extra().remote;
    if (remote.empty()) remote = peername().host;
    return remote;
}

Address Request::peername() const { return exchange_ ? exchange_->writer().peername() : Address(); }
Address Request::sockname() const { return exchange_ ? exchange_->writer().sockname() : Address(); }

ssl::SSLObject Request::ssl_object() const {
    if (!exchange_) throw RuntimeError("Request.ssl_object: a mocked request has no connection");
    return exchange_->writer().ssl_object();
}

bool Request::upgrade_requested() const noexcept { return head_->upgrade; }

Coro<Upgraded> Request::upgrade(Headers headers) {
    if (!exchange_) throw RuntimeError("Request.upgrade: a mocked request has no connection");
    Upgraded upgraded = exchange_->take_over(headers);
    co_await upgraded.writer.drain();
    co_return upgraded;
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

const Headers& Request::headers() const noexcept { return head_->headers; }

const std::vector<std::pair<std::string, std::string>>& Request::cookies() const {
    auto& cookies = extra().cookies;
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

std::optional<std::uint64_t> Request::content_length() const noexcept { return head_->content_length; }
bool Request::keep_alive() const noexcept { return exchange_ ? exchange_->keep_alive() : head_->keep_alive; }

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
    for (const auto& [key, value] : captured_) {
        if (key == name) return value;
    }
    throw ValueError("match_info: the route has no '" + std::string(name) + "'");
}

std::string_view Request::match_info(std::string_view name, std::string_view otherwise) const noexcept {
    for (const auto& [key, value] : captured_) {
        if (key == name) return value;
    }
    return otherwise;
}

Application& Request::app() const {
    if (!app_) throw RuntimeError("Request.app: there is none: the AppRunner has gone, or the request is mocked");
    return *app_;
}

std::string_view Request::route_name() const noexcept {
    return route_ && route_->resource ? std::string_view(route_->resource->name) : std::string_view();
}

}  // namespace aio::http
