// ClientResponse: the head's values, the body as a whole, the end. response_state.cpp has the body as it comes.
#include <aio/http/client/client_response.hpp>

#include <aio/base/error.hpp>
#include <aio/http/errors.hpp>
#include <aio/io/files.hpp>

#include "http/client/response_state.hpp"
#include "http/json_text.hpp"
#include "http/wire/charset.hpp"
#include "http/wire/media_type.hpp"
#include "http/wire/syntax.hpp"

#include <nlohmann/json.hpp>

namespace aio::http {

ClientResponse::ClientResponse(std::unique_ptr<detail::ResponseState> state) noexcept : state_(std::move(state)) {}
ClientResponse::ClientResponse(ClientResponse&&) noexcept = default;
ClientResponse& ClientResponse::operator=(ClientResponse&&) noexcept = default;
ClientResponse::~ClientResponse() = default;

int ClientResponse::status() const noexcept { return state_->status; }
const std::string& ClientResponse::reason() const noexcept { return state_->reason; }
int ClientResponse::minor_version() const noexcept { return state_->minor_version; }
const std::string& ClientResponse::method() const noexcept { return state_->method; }
const URL& ClientResponse::url() const noexcept { return state_->url; }
const URL& ClientResponse::real_url() const noexcept {
    return state_->real_url.is_absolute() ? state_->real_url : state_->url;
}
RequestInfo ClientResponse::request_info() const { return state_->info(); }
const Headers& ClientResponse::headers() const noexcept { return state_->headers; }
std::optional<std::uint64_t> ClientResponse::content_length() const noexcept { return state_->content_length; }
const std::vector<ClientResponse>& ClientResponse::history() const noexcept { return state_->history; }

std::vector<Cookie> ClientResponse::cookies() const {
    std::vector<Cookie> all;
    for (const auto& [name, value] : state_->headers) {
        if (!wire::equal_ignoring_case(name, "Set-Cookie")) continue;
        if (std::optional<Cookie> cookie = parse_set_cookie(value)) all.push_back(*std::move(cookie));
    }
    return all;
}

std::string ClientResponse::content_type() const {
    const auto type = wire::parse_media_type(state_->headers.get("Content-Type", ""));
    return type ? type->essence() : "application/octet-stream";
}

std::optional<std::string> ClientResponse::charset() const {
    const auto type = wire::parse_media_type(state_->headers.get("Content-Type", ""));
    if (!type || type->charset().empty()) return std::nullopt;
    return wire::lowered(type->charset());
}

// --- the body ------------------------------------------------------------------------------------------------------

BodyReader& ClientResponse::content() noexcept { return state_->content; }

namespace {

// The body, kept in the state. Read once.
Coro<> read_all(detail::ResponseState& state) {
    if (!state.body) state.body = co_await state.content.read();
}

wire::DecodeErrors errors_named(std::string_view name) {
    if (name == "strict") return wire::DecodeErrors::strict;
    if (name == "replace") return wire::DecodeErrors::replace;
    if (name == "ignore") return wire::DecodeErrors::ignore;
    throw ValueError("text(): errors is strict, replace or ignore, not '" + wire::printable(name) + "'");
}

template <class E>
[[noreturn]] void throw_of(const detail::ResponseState& state, const std::string& message) {
    E error(state.status, message, std::make_shared<const Headers>(state.headers));
    error.set_request_info(std::make_shared<const RequestInfo>(state.info()));
    throw error;
}

}  // namespace

Coro<std::string> ClientResponse::read() & {
    co_await read_all(*state_);
    co_return *state_->body;
}

Coro<std::string> ClientResponse::read() && {
    const ClientResponse self = std::move(*this);
    co_await read_all(*self.state_);
    co_return std::move(*self.state_->body);
}

Coro<std::string> ClientResponse::text(std::string encoding, std::string errors) {
    const wire::DecodeErrors handling = errors_named(errors);
    co_await read_all(*state_);
    if (encoding.empty()) encoding = charset().value_or("utf-8");
    co_return wire::to_utf8(*state_->body, encoding, handling);
}

Coro<nlohmann::json> ClientResponse::json(bool check_content_type) {
    if (check_content_type) {
        const std::string_view given = state_->headers.get("Content-Type", "");
        const auto type = wire::parse_media_type(given);
        if (!type || !wire::is_json(*type)) {
            throw_of<ContentTypeError>(
                *state_, "Attempt to decode JSON with unexpected mimetype: '" + wire::printable(given) + "'");
        }
    }
    const std::string document = co_await text();
    co_return detail::parse_json(document);
}

Coro<std::uint64_t> ClientResponse::to_file(IntoString path) {
    files::File file = co_await files::open(std::move(path).str(), "wb");
    std::uint64_t size = 0;
    while (true) {
        const std::string_view piece = co_await state_->content.readany_view();
        if (piece.empty()) break;
        size += piece.size();
        co_await file.write(piece);
    }
    co_await file.close();
    co_return size;
}

// --- the end -------------------------------------------------------------------------------------------------------

void ClientResponse::raise_for_status() {
    if (ok()) return;
    release();
    throw_of<ClientResponseError>(*state_, state_->reason);
}

void ClientResponse::release() noexcept { state_->give_up(); }

bool ClientResponse::closed() const noexcept { return !state_->lease; }

Upgraded ClientResponse::upgrade() {
    if (!state_->upgraded || !state_->lease) throw RuntimeError("the server did not switch protocols");
    const std::unique_ptr<detail::ClientConnection> connection = state_->lease.detach();
    connection->let_go();
    return Upgraded(connection->reader, connection->writer, std::string(connection->messages.take_rest()));
}

}  // namespace aio::http
