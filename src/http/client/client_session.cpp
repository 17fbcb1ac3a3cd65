// The session and its state: construction, request(), ws_connect(), close(), and the report of a session that was never
// closed. A request is composed in client_request.cpp and runs in run_request.cpp; connections are in pool.cpp.
#include <aio/http/client/client_session.hpp>

#include <aio/base/error.hpp>
#include <aio/http/errors.hpp>

#include "http/client/session_state.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http {

namespace detail {

namespace {
constexpr std::size_t kMostSpare = 64;
}

SessionState::SessionState(SessionOptions given) : options(std::move(given)) {
    if (options.base_url && (!options.base_url->is_absolute() || options.base_url->scheme().empty())) {
        throw InvalidURL(options.base_url->str(), "a base_url must be absolute");
    }
    if (options.read_bufsize == 0) throw ValueError("ClientSession: read_bufsize must be positive");
    pool = options.connector ? options.connector->pool() : TCPConnector().pool();
    owns_pool = !options.connector || options.connector_owner;
    options.connector.reset();
    jar = options.cookie_jar ? options.cookie_jar : std::make_shared<CookieJar>();
    std::vector<Cookie> cookies;
    cookies.reserve(options.cookies.size());
    for (const auto& [name, value] : options.cookies) cookies.emplace_back(name, value);
    if (!cookies.empty()) jar->update_cookies(cookies);
}

Headers SessionState::take_headers() noexcept {
    if (spare_.empty()) return Headers();
    Headers headers = std::move(spare_.back());
    spare_.pop_back();
    return headers;
}

void SessionState::recycle(Headers&& headers) noexcept {
    if (spare_.size() >= kMostSpare) return;
    headers.clear();
    try {
        spare_.push_back(std::move(headers));
    } catch (const std::bad_alloc&) {
        // Then the next request allocates its own.
    }
}

wire::Limits SessionState::wire_limits() const noexcept {
    wire::Limits limits;
    limits.line = options.limits.line;
    limits.field = options.limits.field;
    limits.fields = options.limits.fields;
    limits.head = options.limits.head;
    return limits;
}

}  // namespace detail

ClientSession::ClientSession(SessionOptions options)
    : state_(std::make_shared<detail::SessionState>(std::move(options))) {}

ClientSession::ClientSession(ClientSession&&) noexcept = default;

ClientSession& ClientSession::operator=(ClientSession&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

ClientSession::~ClientSession() {
    if (!state_ || state_->closed || !state_->owns_pool || state_->pool->closed()) return;
    state_->closed = true;
    const ConnectorStatistics open = state_->pool->statistics();
    state_->pool->shut();
    state_->unclosed.report([&open] {
        return "Unclosed client session: co_await session.close() before destroying it (" +
               std::to_string(open.idle) + " idle connections, " + std::to_string(open.acquired) + " in use)";
    });
}

ClientRequest ClientSession::request(std::string_view method, URL url) const {
    if (closed()) throw RuntimeError("the session is closed");
    return ClientRequest(state_, method, std::move(url));
}

WSConnect ClientSession::ws_connect(URL url) const {
    if (url.scheme() == "ws") url = url.with_scheme("http");
    if (url.scheme() == "wss") url = url.with_scheme("https");
    return WSConnect(get(std::move(url)));
}

Coro<> ClientSession::close() {
    const std::shared_ptr<detail::SessionState> state = state_;
    if (!state || state->closed) co_return;
    state->closed = true;
    if (state->owns_pool) co_await state->pool->close();
}

bool ClientSession::closed() const noexcept { return !state_ || state_->closed || state_->pool->closed(); }

void ClientSession::detach() noexcept {
    state_->owns_pool = false;
    state_->closed = true;
}

const std::shared_ptr<CookieJar>& ClientSession::cookie_jar() const noexcept { return state_->jar; }
Connector ClientSession::connector() const noexcept { return Connector(state_->pool); }
const Headers& ClientSession::headers() const noexcept { return state_->options.headers; }
const std::optional<BasicAuth>& ClientSession::auth() const noexcept { return state_->options.auth; }
const ClientTimeout& ClientSession::timeout() const noexcept { return state_->options.timeout; }

}  // namespace aio::http
