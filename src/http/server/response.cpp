// Responses as handlers make them. exchange.cpp sends them.
#include <aio/base/error.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/server/file_response.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/status.hpp>

#include "http/body_sources.hpp"
#include "http/wire/date.hpp"
#include "http/wire/etag.hpp"
#include "http/wire/media_type.hpp"
#include "http/wire/syntax.hpp"

#include <nlohmann/json.hpp>

namespace aio::http {

namespace detail {
ResponseExtra::ResponseExtra() = default;
ResponseExtra::~ResponseExtra() = default;
}  // namespace detail

detail::ResponseExtra& Response::extra() {
    if (!extra_) extra_ = std::make_unique<detail::ResponseExtra>();
    return *extra_;
}

void Response::throw_no_status(int status) {
    throw ValueError("the status " + std::to_string(status) + " is none: it has three digits, from 100 on");
}

// --- making one ------------------------------------------------------------------------------------------------

Response Response::text(IntoString text, int status) {
    Response response(status);
    response.type_ = "text/plain; charset=utf-8";
    response.body_ = std::move(text).str();
    return response;
}

Response Response::html(IntoString text, int status) {
    Response response(status);
    response.type_ = "text/html; charset=utf-8";
    response.body_ = std::move(text).str();
    return response;
}

Response Response::bytes(IntoString body, std::string_view content_type, int status) {
    Response response(status);
    response.set_content_type(content_type);
    response.body_ = std::move(body).str();
    return response;
}

Response Response::json(const nlohmann::json& value, int status) {
    Response response(status);
    response.type_ = "application/json; charset=utf-8";
    response.body_ = value.dump();
    return response;
}

Response Response::stream(std::unique_ptr<detail::BodySource> source, std::optional<std::uint64_t> size) {
    Response response;
    response.type_ = "application/octet-stream";
    response.extra().source = std::move(source);
    response.extra().source_size = size;
    return response;
}

Response Response::stream(AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> size) {
    return stream(std::make_unique<detail::GeneratorBody>(std::move(pieces)), size);
}

FileResponse::FileResponse(IntoString path, int status) : Response(status) { extra().file = std::move(path).str(); }

// --- status and headers ----------------------------------------------------------------------------------------

std::string_view Response::reason() const noexcept {
    return extra_ && !extra_->reason.empty() ? std::string_view(extra_->reason) : reason_phrase(status_);
}

Response& Response::set_status(int status, std::string_view reason) & {
    if (status < 100 || status > 999) throw_no_status(status);
    if (!wire::is_field_value(reason)) throw ValueError("the reason of a response has a control character");
    if (!reason.empty() || extra_) extra().reason = reason;
    status_ = status;
    return *this;
}

std::string_view Response::content_type() const noexcept { return headers_.get("Content-Type", type_); }

Response& Response::set_charset(std::string_view charset) & {
    auto type = wire::parse_media_type(content_type());
    if (!type) throw ValueError("set_charset: the response has no content type yet");
    std::erase_if(type->parameters, [](const auto& each) { return each.first == "charset"; });
    type->parameters.emplace_back("charset", charset);
    return set_content_type(type->str());
}

std::string Response::charset() const {
    const auto type = wire::parse_media_type(content_type());
    return type ? std::string(type->charset()) : std::string();
}

Response& Response::set_body(IntoString body) & {
    body_ = std::move(body).str();
    if (extra_) extra_->source.reset(), extra_->file.clear();
    return *this;
}

Response& Response::set_etag(std::string_view opaque, bool weak) & {
    if (!wire::is_entity_tag(opaque)) {
        throw ValueError("'" + wire::printable(opaque) + "' cannot stand in an entity tag");
    }
    return header("ETag", wire::EntityTag(std::string(opaque), weak).header());
}

Response& Response::set_last_modified(std::int64_t unix_time) & {
    return header("Last-Modified", wire::format_date(unix_time));
}

std::optional<std::int64_t> Response::last_modified() const noexcept {
    const auto value = headers_.get("Last-Modified");
    return value ? wire::parse_date(*value) : std::nullopt;
}

// --- cookies and what else few have ------------------------------------------------------------------------------

Response& Response::set_cookie(const Cookie& cookie) & {
    std::string value = cookie.header();
    auto& cookies = extra().cookies;
    for (auto& [name, text] : cookies) {
        if (name != cookie.name) continue;
        text = std::move(value);
        return *this;
    }
    cookies.emplace_back(cookie.name, std::move(value));
    return *this;
}

Response& Response::set_cookie(std::string_view name, std::string_view value) & {
    Cookie cookie{std::string(name), std::string(value)};
    cookie.path = "/";
    return set_cookie(cookie);
}

Response& Response::del_cookie(std::string_view name, std::string_view path, std::string_view domain) & {
    Cookie cookie{std::string(name), std::string()};
    cookie.path = path;
    cookie.domain = domain;
    cookie.max_age = 0;
    cookie.expires = 0;
    return set_cookie(cookie);
}

Response& Response::enable_compression(ContentCoding coding) & {
    extra().coding = coding;
    return *this;
}

Response& Response::force_close() & {
    extra().force_close = true;
    return *this;
}

}  // namespace aio::http
