// ClientRequest: notes what a request needs.
#include <aio/http/client/client_request.hpp>

#include <aio/base/error.hpp>

#include "http/body_sources.hpp"
#include "http/client/request_spec.hpp"
#include "http/client/session_state.hpp"
#include "http/wire/syntax.hpp"

#include <nlohmann/json.hpp>

namespace aio::http {

namespace {

void set_payload(detail::RequestSpec& spec, std::unique_ptr<detail::Payload> payload) {
    if (spec.payload) throw ValueError("a request has one body: data, text, form, file and json exclude each other");
    spec.payload = std::move(payload);
}

}  // namespace

ClientRequest::ClientRequest(std::shared_ptr<detail::SessionState> session, std::string_view method, URL url)
    : session_(std::move(session)), spec_(std::make_unique<detail::RequestSpec>()) {
    if (!wire::is_token(method)) throw ValueError("'" + wire::printable(method) + "' is not an HTTP method");
    spec_->url = std::move(url);
    spec_->method = method;
    spec_->timeout = session_->options.timeout;
    spec_->raise_for_status = session_->options.raise_for_status;
    spec_->auto_decompress = session_->options.auto_decompress;
    spec_->allow_redirects = method != "HEAD";
}

ClientRequest::ClientRequest(ClientRequest&&) noexcept = default;
ClientRequest& ClientRequest::operator=(ClientRequest&&) noexcept = default;
ClientRequest::~ClientRequest() = default;

ClientRequest&& ClientRequest::header(std::string_view name, std::string_view value) {
    spec_->more().headers.add(name, value);
    return std::move(*this);
}

ClientRequest&& ClientRequest::headers(const Headers& headers) {
    spec_->more().headers.update(headers);
    return std::move(*this);
}

ClientRequest&& ClientRequest::skip_auto_header(std::string_view name) {
    spec_->more().skip_auto_headers.emplace_back(name);
    return std::move(*this);
}

ClientRequest&& ClientRequest::param(std::string_view name, std::string_view value) {
    spec_->more().params.emplace_back(name, value);
    return std::move(*this);
}

ClientRequest&& ClientRequest::params(const Query& parameters) {
    Query& all = spec_->more().params;
    all.insert(all.end(), parameters.begin(), parameters.end());
    return std::move(*this);
}

ClientRequest&& ClientRequest::cookie(std::string_view name, std::string_view value) {
    if (!wire::is_token(name)) throw ValueError("'" + wire::printable(name) + "' is not a valid cookie name");
    spec_->more().cookies.emplace_back(name, value);
    return std::move(*this);
}

ClientRequest&& ClientRequest::auth(BasicAuth credentials) {
    spec_->more().auth = std::move(credentials);
    return std::move(*this);
}

// --- body ----------------------------------------------------------------------------------------------------------

ClientRequest&& ClientRequest::data(IntoString bytes, std::string_view content_type) {
    set_payload(*spec_, detail::text_payload(std::move(bytes).str(), content_type));
    return std::move(*this);
}

ClientRequest&& ClientRequest::text(IntoString text) { return data(std::move(text), "text/plain; charset=utf-8"); }

ClientRequest&& ClientRequest::form(const Query& fields) {
    return data(urlencode(fields), "application/x-www-form-urlencoded");
}

ClientRequest&& ClientRequest::data(FormData form) {
    set_payload(*spec_, detail::form_payload(std::move(form)));
    return std::move(*this);
}

ClientRequest&& ClientRequest::data(AsyncGenerator<std::string> pieces, std::string_view content_type) {
    return data(std::make_unique<detail::GeneratorBody>(std::move(pieces)), std::nullopt, content_type);
}

ClientRequest&& ClientRequest::data(std::unique_ptr<detail::BodySource> source, std::optional<std::uint64_t> size,
                                    std::string_view content_type) {
    set_payload(*spec_, detail::stream_payload(std::move(source), size, content_type));
    return std::move(*this);
}

ClientRequest&& ClientRequest::file(IntoString path, std::string_view content_type) {
    set_payload(*spec_, detail::file_payload(std::move(path).str(), content_type));
    return std::move(*this);
}

ClientRequest&& ClientRequest::json(const nlohmann::json& value) { return data(value.dump(), "application/json"); }

ClientRequest&& ClientRequest::compress(std::string_view coding) {
    const std::optional<wire::Coding> known = wire::parse_coding(coding);
    if (!known) throw ValueError("compress: '" + wire::printable(coding) + "' is none of gzip, deflate, br, zstd");
    spec_->compress = *known;
    return std::move(*this);
}

ClientRequest&& ClientRequest::chunked(bool on) {
    spec_->chunked = on;
    return std::move(*this);
}

ClientRequest&& ClientRequest::expect100(bool on) {
    spec_->expect100 = on;
    return std::move(*this);
}

// --- how -----------------------------------------------------------------------------------------------------------

ClientRequest&& ClientRequest::timeout(ClientTimeout limits) {
    spec_->timeout = limits;
    return std::move(*this);
}

ClientRequest&& ClientRequest::timeout(Duration total) {
    spec_->timeout.total = total;
    return std::move(*this);
}

ClientRequest&& ClientRequest::allow_redirects(bool on) {
    spec_->allow_redirects = on;
    return std::move(*this);
}

ClientRequest&& ClientRequest::max_redirects(unsigned count) {
    spec_->max_redirects = count;
    return std::move(*this);
}

ClientRequest&& ClientRequest::raise_for_status(bool on) {
    spec_->raise_for_status = on;
    return std::move(*this);
}

ClientRequest&& ClientRequest::read_until_eof(bool on) {
    spec_->read_until_eof = on;
    return std::move(*this);
}

ClientRequest&& ClientRequest::auto_decompress(bool on) {
    spec_->auto_decompress = on;
    return std::move(*this);
}

ClientRequest&& ClientRequest::max_decompressed_size(std::uint64_t bytes) {
    spec_->more().max_decompressed_size = bytes;
    return std::move(*this);
}

ClientRequest&& ClientRequest::ssl(ClientSSL how) {
    spec_->more().ssl = std::move(how);
    return std::move(*this);
}

ClientRequest&& ClientRequest::server_hostname(std::string_view name) {
    spec_->more().server_hostname = name;
    return std::move(*this);
}

ClientRequest&& ClientRequest::proxy(URL url) {
    spec_->more().proxy = std::move(url);
    return std::move(*this);
}

ClientRequest&& ClientRequest::proxy_auth(BasicAuth credentials) {
    spec_->more().proxy_auth = std::move(credentials);
    return std::move(*this);
}

ClientRequest&& ClientRequest::proxy_header(std::string_view name, std::string_view value) {
    spec_->more().proxy_headers.add(name, value);
    return std::move(*this);
}

ClientRequest&& ClientRequest::trace_request_ctx(std::shared_ptr<const void> context) {
    spec_->more().trace_request_ctx = std::move(context);
    return std::move(*this);
}

Coro<ClientResponse> ClientRequest::send() && {
    if (!spec_) throw RuntimeError("this request was sent already");
    return detail::run_request(std::move(session_), std::move(spec_));
}

// --- middlewares' view -----------------------------------------------------------------------------------------------

std::optional<std::string_view> OutgoingRequest::text() const noexcept {
    return hop_->payload ? hop_->payload->text() : std::string_view();
}

bool OutgoingRequest::repeatable() const noexcept { return !hop_->payload || hop_->payload->available(); }

}  // namespace aio::http
