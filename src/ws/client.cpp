// connect(): the handshake as a request of http's client, redirects, and the client that reconnects.
#include <aio/ws/client.hpp>

#include <aio/base/error.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/timeout.hpp>
#include <aio/http/client/client_session.hpp>
#include <aio/http/client/connector.hpp>
#include <aio/http/errors.hpp>

#include "http/client/ws_handshake.hpp"
#include "http/wire/random.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/ws_deflate.hpp"
#include "ws/connection_state.hpp"
#include "ws/extensions.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace aio::ws {

namespace detail {

struct ConnectSettings {
    http::URL url;  // with the scheme http or https
    Options options;
    std::string unix_path;
    std::string protocols;
    std::vector<std::shared_ptr<const ClientExtensionFactory>> extensions;
    http::Headers headers;
    bool sends_user_agent = true;
    std::optional<http::BasicAuth> auth, proxy_auth;
    std::optional<http::ClientSSL> ssl;
    std::string server_hostname;
    std::optional<http::URL> proxy;
    bool environment_proxy = true;
    unsigned max_redirects = 10;
    ProcessException process_exception;
};

}  // namespace detail

namespace {

using detail::ConnectSettings;

http::URL http_url(const http::URL& url) {
    if (url.scheme() == "ws") return url.with_scheme("http");
    if (url.scheme() == "wss") return url.with_scheme("https");
    if (url.scheme() == "http" || url.scheme() == "https") return url;
    throw InvalidURI("connect: " + url.str_without_credentials() +
                     " is no WebSocket URL: its scheme must be ws or wss");
}

http::URL parse_uri(std::string_view uri) {
    try {
        const http::URL url(uri);
        if (!url.is_absolute()) throw InvalidURI("connect: '" + http::wire::printable(uri) + "' has no host");
        if (url.scheme() != "ws" && url.scheme() != "wss") {
            throw InvalidURI("connect: '" + http::wire::printable(uri) + "': the scheme must be ws or wss");
        }
        return http_url(url).with_fragment("");
    } catch (const http::InvalidURL& error) {
        throw InvalidURI(std::string("connect: ") + error.what());
    }
}

http::SessionOptions session_options(const ConnectSettings& settings) {
    http::SessionOptions options;
    if (!settings.unix_path.empty()) options.connector = std::make_shared<http::UnixConnector>(settings.unix_path);
    options.trust_env = settings.environment_proxy && settings.unix_path.empty();
    options.timeout.total = std::nullopt;  // open_timeout counts
    options.timeout.sock_connect = std::nullopt;
    return options;
}

http::ClientRequest request_of(const http::ClientSession& session, const ConnectSettings& settings,
                               const http::URL& url, bool same_origin) {
    http::ClientRequest request = session.get(url);
    request.allow_redirects(false);
    for (const auto& [name, value] : settings.headers) {
        const bool secret =
            http::wire::equal_ignoring_case(name, "Authorization") || http::wire::equal_ignoring_case(name, "Cookie");
        if (same_origin || !secret) request.header(name, value);
    }
    if (!settings.sends_user_agent) request.skip_auto_header("User-Agent");
    request.skip_auto_header("Accept");
    request.skip_auto_header("Accept-Encoding");
    if (settings.auth && same_origin) request.auth(*settings.auth);
    if (settings.ssl) request.ssl(*settings.ssl);
    if (!settings.server_hostname.empty()) request.server_hostname(settings.server_hostname);
    if (settings.proxy) request.proxy(*settings.proxy);
    if (settings.proxy_auth) request.proxy_auth(*settings.proxy_auth);
    return request;
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Where a redirect leads. Source: process_redirect() of websockets' asyncio/client.py.
http::URL redirected(const ConnectSettings& settings, const http::URL& from, const std::string& location) {
    http::URL to = http_url(from.join(http::URL(location)));
    if (from.scheme() == "https" && to.scheme() != "https") {
        throw SecurityError("connect: cannot follow redirect to non-secure URI " + to.str_without_credentials());
    }
    if (!from.same_origin(to) && !settings.unix_path.empty()) {
        throw ValueError("connect: cannot follow cross-origin redirect to " + to.str_without_credentials() +
                         " with a Unix socket");
    }
    return to;
}

HandshakeResponse response_of(const http::ClientResponse& response) {
    HandshakeResponse copy;
    copy.status = response.status();
    copy.reason = response.reason();
    copy.headers = response.headers();
    return copy;
}

// Reads what is said about a handshake that was rejected, and throws it.
Coro<> reject(http::ClientResponse& response) {
    constexpr std::size_t kMostBody = 1024 * 1024;
    HandshakeResponse rejected = response_of(response);
    while (rejected.body.size() < kMostBody) {
        const std::string_view piece = co_await response.content().readany_view();
        if (piece.empty()) break;
        rejected.body.append(piece.substr(0, kMostBody - rejected.body.size()));
    }
    response.release();
    throw InvalidStatus(std::move(rejected));
}

Connection open_connection(const ConnectSettings& settings, http::ClientResponse& response, const http::URL& url,
                           const std::string& key) {
    const Deflate& offered = settings.options.deflate;
    detail::Handshake handshake;
    std::optional<http::wire::WSDeflate> deflate;
    try {
        handshake.subprotocol = http::detail::check_websocket_answer(response, key, settings.protocols);
    } catch (const http::WSServerHandshakeError& error) {
        throw InvalidHandshake("connect: " + error.message());
    }
    const std::string extensions = response.headers().combined("Sec-WebSocket-Extensions");
    detail::AnsweredExtensions answer;
    if (settings.extensions.empty()) {
        answer.deflate = extensions;
    } else {
        answer = detail::take_answer(extensions, settings.extensions);
    }
    if (!answer.deflate.empty() && !offered.enabled) {
        throw NegotiationError("connect: the server answers with extensions that were not offered: " +
                               http::wire::printable(answer.deflate));
    }
    try {
        deflate = http::wire::parse_ws_deflate(answer.deflate, detail::terms_of(offered));
    } catch (const ValueError& error) {
        throw NegotiationError(std::string("connect: ") + error.what());
    }
    handshake.path = url.path_qs();
    handshake.request_headers = response.request_info().headers;
    handshake.response = response_of(response);
    const auto keeper = http::detail::keeper_of(response);
    auto channel =
        detail::Channel::open(response.upgrade(), detail::Channel::Side::client, detail::rules_of(settings.options),
                              deflate, offered.memory_level, detail::coder_of(std::move(answer.extensions)));
    channel->set_keeper(keeper);
    detail::set_write_limit(*channel, settings.options);
    return Connection(std::make_shared<detail::ConnectionState>(std::move(channel), std::move(handshake)));
}

Coro<Connection> shake_hands(const ConnectSettings& settings, const http::ClientSession& session) {
    http::URL url = settings.url;
    const Deflate& deflate = settings.options.deflate;
    std::string extensions = detail::offer_extensions(settings.extensions);
    if (deflate.enabled) {
        detail::append_extension(extensions, http::wire::ws_deflate_offer(detail::terms_of(deflate)));
    }
    for (unsigned redirects = 0;; ++redirects) {
        http::ClientRequest request = request_of(session, settings, url, url.same_origin(settings.url));
        const std::string key = http::detail::ask_for_websocket(request, settings.protocols, extensions);
        http::ClientResponse response = co_await std::move(request);
        const std::string location(response.headers().get("Location", ""));
        if (is_redirect(response.status()) && !location.empty()) {
            if (redirects == settings.max_redirects) {
                throw SecurityError("connect: more than " + std::to_string(settings.max_redirects) + " redirects");
            }
            url = redirected(settings, url, location);
            response.release();
            continue;
        }
        constexpr int kSwitchingProtocols = 101;
        if (response.status() != kSwitchingProtocols) co_await reject(response);
        co_return open_connection(settings, response, url, key);
    }
}

// One session a connection, which is closed before the result is returned: nothing of it is left behind.
Coro<Connection> make_connection(std::shared_ptr<const ConnectSettings> settings) {
    http::ClientSession session(session_options(*settings));
    std::optional<Connection> connection;
    std::exception_ptr failed;
    bool late = false;
    try {
        connection = co_await wait_for(shake_hands(*settings, session), settings->options.open_timeout);
    } catch (const http::ServerTimeoutError&) {
        failed = std::current_exception();
    } catch (const TimeoutError&) {
        late = true;
    } catch (...) {
        failed = std::current_exception();
    }
    co_await session.close();
    if (failed) std::rethrow_exception(failed);
    if (late) {
        throw TimeoutError("connect: timed out during opening handshake with " +
                           settings->url.str_without_credentials());
    }
    co_return *std::move(connection);
}

Duration times(Duration delay, double factor) noexcept {
    const double product = static_cast<double>(delay.count()) * factor;
    if (product >= static_cast<double>(Duration::max().count())) return Duration::max();
    return Duration(static_cast<Duration::rep>(product));
}

// Source: process_exception() of websockets' asyncio/client.py.
bool is_passing_trouble(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const http::ClientConnectorCertificateError&) {
        return false;
    } catch (const http::ClientConnectionError&) {
        return true;
    } catch (const InvalidStatus& error) {
        const int status = error.response().status;
        return status == 500 || status == 502 || status == 503 || status == 504;
    } catch (const TimeoutError&) {
        return true;
    } catch (const OSError&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

std::exception_ptr process_exception(const std::exception_ptr& failure) {
    return is_passing_trouble(failure) ? nullptr : failure;
}

// --- the awaitable ---------------------------------------------------------------------------------------------------

Connect::Connect(std::string_view uri, const Options& options, std::string_view unix_path)
    : settings_(std::make_shared<ConnectSettings>()) {
    static_cast<void>(detail::rules_of(options));
    static_cast<void>(detail::terms_of(options.deflate));
    settings_->url = parse_uri(uri);
    settings_->options = options;
    settings_->unix_path = unix_path;
}

Connect&& Connect::subprotocol(std::string_view name) {
    if (!http::wire::is_token(name)) {
        throw ValueError("'" + http::wire::printable(name) + "' is not a valid subprotocol name");
    }
    if (!settings_->protocols.empty()) settings_->protocols += ", ";
    settings_->protocols += name;
    return std::move(*this);
}

Connect&& Connect::extension(std::shared_ptr<const ClientExtensionFactory> factory) {
    if (!factory) throw ValueError("extension: the factory is null");
    detail::check_extension_name(factory->name());
    settings_->extensions.push_back(std::move(factory));
    return std::move(*this);
}

Connect&& Connect::origin(std::string_view origin) {
    settings_->headers.set("Origin", origin);
    return std::move(*this);
}

Connect&& Connect::header(std::string_view name, std::string_view value) {
    settings_->headers.add(name, value);
    return std::move(*this);
}

Connect&& Connect::headers(const http::Headers& headers) {
    for (const auto& [name, value] : headers) settings_->headers.add(name, value);
    return std::move(*this);
}

Connect&& Connect::user_agent(std::optional<std::string_view> text) {
    settings_->sends_user_agent = text.has_value();
    if (text) settings_->headers.set("User-Agent", *text);
    return std::move(*this);
}

Connect&& Connect::auth(http::BasicAuth credentials) {
    settings_->auth = std::move(credentials);
    return std::move(*this);
}

Connect&& Connect::ssl(http::ClientSSL how) {
    settings_->ssl = std::move(how);
    return std::move(*this);
}

Connect&& Connect::server_hostname(std::string_view name) {
    settings_->server_hostname = name;
    return std::move(*this);
}

Connect&& Connect::proxy(std::optional<http::URL> url) {
    settings_->proxy = std::move(url);
    settings_->environment_proxy = false;
    return std::move(*this);
}

Connect&& Connect::proxy_auth(http::BasicAuth credentials) {
    settings_->proxy_auth = std::move(credentials);
    return std::move(*this);
}

Connect&& Connect::max_redirects(unsigned count) {
    settings_->max_redirects = count;
    return std::move(*this);
}

Connect&& Connect::process_exception(ProcessException process) {
    settings_->process_exception = std::move(process);
    return std::move(*this);
}

Coro<Connection> Connect::connect() && { return make_connection(std::move(settings_)); }

Reconnecting Connect::reconnecting(ReconnectOptions options) && {
    return Reconnecting(std::move(settings_), options);
}

Connect connect(std::string_view uri, const Options& options) { return Connect(uri, options, {}); }

Connect unix_connect(std::string_view path, std::string_view uri, const Options& options) {
    if (path.empty()) throw ValueError("unix_connect: the path is empty");
    return Connect(uri, options, path);
}

// --- reconnecting ----------------------------------------------------------------------------------------------------

Reconnecting::Reconnecting(std::shared_ptr<detail::ConnectSettings> settings, ReconnectOptions options)
    : settings_(std::move(settings)), options_(options), delay_(options.min_delay) {
    if (options.initial_delay < Duration(0) || options.min_delay < Duration(0) || options.max_delay < Duration(0)) {
        throw ValueError("reconnecting: a delay is negative");
    }
    if (!(options.factor >= 1)) throw ValueError("reconnecting: the factor must be 1 at least");
}

Duration Reconnecting::next_delay() {
    if (failures_ == 1) return times(options_.initial_delay, http::wire::random_fraction());
    const Duration delay = std::min(delay_, options_.max_delay);
    delay_ = times(delay, options_.factor);
    return times(delay, 0.75 + http::wire::random_fraction() / 2);
}

Coro<std::optional<Connection>> Reconnecting::next() {
    if (last_) {
        const std::shared_ptr<detail::Channel> channel = last_->shared_state()->channel;
        const bool by_other = !channel->writable() && (channel->error() || channel->received_before_sent());
        co_await last_->close();
        last_.reset();
        if (by_other && !stopped_) co_await sleep(times(options_.initial_delay, http::wire::random_fraction()));
    }
    while (!stopped_) {
        std::exception_ptr failure;
        try {
            last_ = co_await make_connection(settings_);
        } catch (const std::exception&) {
            failure = std::current_exception();
        }
        if (last_) {
            failures_ = 0;
            delay_ = options_.min_delay;
            co_return last_;
        }
        const ProcessException& process = settings_->process_exception;
        const std::exception_ptr thrown = process ? process(failure) : process_exception(failure);
        if (thrown) std::rethrow_exception(thrown);
        ++failures_;
        co_await sleep(next_delay());
    }
    co_return std::nullopt;
}

}  // namespace aio::ws
