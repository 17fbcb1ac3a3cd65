// A request from its first hop to its answer: middlewares, cookies, redirects. client_exchange.cpp sends one hop and
// has the retry; prepare_head.cpp makes its header.
#include <aio/base/error.hpp>
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/errors.hpp>

#include "http/client/response_state.hpp"
#include "http/client/session_state.hpp"
#include "http/given_url.hpp"
#include "http/wire/syntax.hpp"

#include <exception>

namespace aio::http::detail {

namespace {

// The URL to begin with: under base_url, with the parameters. A reference with a host and no scheme, "//host/path", is
// refused: a path that comes from elsewhere, such as a request that is passed on, must not lead to another host.
URL first_url(const SessionState& session, RequestSpec& spec) {
    URL url = std::move(spec.url);
    if (session.options.base_url) {
        if (url.is_absolute() && url.scheme().empty()) {
            throw InvalidURL(url.str_without_credentials(), "it names a host and no scheme, under a base_url");
        }
        url = session.options.base_url->join(url);
    }
    if (spec.extras && !spec.extras->params.empty()) url = url.extend_query(spec.extras->params);
    return url;
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What a 303 means for all but HEAD, and 301 and 302, in practice, for POST (RFC 9110 section 15.4).
bool becomes_get(int status, std::string_view method) noexcept {
    return (status == 303 && method != "HEAD") || ((status == 301 || status == 302) && method == "POST");
}

// Where a redirect leads. Errors: InvalidURL.
URL redirect_target(const OutgoingRequest& request, const ClientResponse& response, std::string_view location) {
    const URL& from = request.url;
    const bool requote = request.hop().session->options.requote_redirect_url;
    URL url = from.join(requote ? URL(location) : unchanged_url(location));
    if (url.scheme() != "http" && url.scheme() != "https") {
        throw InvalidURL(url.str_without_credentials(),
                         "a redirect (" + std::to_string(response.status()) + ") to a URL that is not http or https");
    }
    if (url.fragment().empty() && !from.fragment().empty()) url = url.with_fragment(from.fragment());
    return url;
}

// Changes the request into the one that a redirect asks for.
void follow(OutgoingRequest& request, const ClientResponse& response, std::string_view location) {
    Hop& hop = request.hop();
    URL url = redirect_target(request, response, location);
    hop.redirected = true;
    if (becomes_get(response.status(), request.method)) {
        hop.body_dropped = hop.body_dropped || hop.payload || request.method != "GET";
        request.method = "GET";
        hop.payload = nullptr;
    } else if (hop.payload && !hop.payload->available()) {
        throw ClientPayloadError("a redirect (" + std::to_string(response.status()) +
                                 ") needs the request's body again, but it can be sent only once");
    }
    if (!url.same_origin(request.url)) {
        hop.credentials_apply = false;
        hop.url_auth.reset();
    }
    request.url = std::move(url);
}

// The middlewares from `index` on, and the connection behind them.
Coro<ClientResponse> pass(OutgoingRequest& request, std::size_t index) {
    const std::vector<ClientMiddleware>& all = request.hop().session->options.middlewares;
    if (index == all.size()) {
        frame_body(request);
        co_return co_await transmit(request);
    }
    const ClientHandler next = [index](OutgoingRequest& changed) { return pass(changed, index + 1); };
    co_return co_await all[index](request, next);
}

// What a session needs to know before the first request that asks for it.
Coro<> prepare(SessionState& session, Payload* payload) {
    if (session.options.trust_env && !session.netrc) session.netrc = co_await Netrc::load();
    if (payload) co_await payload->prepare();
}

// One request of the chain.
Coro<ClientResponse> send_hop(OutgoingRequest& request, bool first) {
    const Hop& hop = request.hop();
    SessionState& session = *hop.session;
    if (session.options.trust_env || (hop.payload && !hop.payload->text())) co_await prepare(session, hop.payload);
    prepare_head(request);
    if (first && !hop.tracers->empty()) {
        const TraceRequestStart start{request.method, request.url, request.headers};
        co_await hop.tracers->send(&TraceConfig::on_request_start, start);
        frame_body(request);
    }
    if (session.options.middlewares.empty()) co_return co_await transmit(request);
    co_return co_await pass(request, 0);
}

// The chain.
Coro<ClientResponse> send_all(OutgoingRequest& request) {
    const Hop& hop = request.hop();
    std::vector<ClientResponse> history;
    while (true) {
        ClientResponse response = co_await send_hop(request, history.empty());
        if (response.headers().contains("Set-Cookie")) {
            hop.session->jar->update_cookies(response.headers(), request.url);
        }
        const std::optional<std::string_view> location = response.headers().get("Location");
        // An empty Location leads to where we are (curl, aiohttp: no redirect).
        if (!hop.spec->allow_redirects || !is_redirect(response.status()) || !location || location->empty()) {
            response.state().history = std::move(history);
            co_return response;
        }
        if (!hop.tracers->empty()) {
            const TraceRequestRedirect redirect{request.method, request.url, response};
            co_await hop.tracers->send(&TraceConfig::on_request_redirect, redirect);
        }
        if (history.size() >= hop.spec->max_redirects) {
            TooManyRedirects error(response.status(), response.reason(),
                                   std::make_shared<const Headers>(response.headers()));
            error.set_request_info(std::make_shared<const RequestInfo>(response.request_info()));
            throw error;
        }
        follow(request, response, *location);
        co_await drain_or_give_up(response.state());
        history.push_back(std::move(response));
    }
}

std::exception_ptr with_info(ClientError& error, const OutgoingRequest& request) {
    if (!error.request_info()) {
        const URL bare = request.url.without_credentials();
        error.set_request_info(
            std::make_shared<const RequestInfo>(bare.with_fragment(""), request.method, request.headers, bare));
    }
    return std::current_exception();
}

void add_tracers(Tracers& tracers, const SessionState& session, const RequestSpec& spec) {
    for (const TraceConfig& config : session.options.trace_configs) {
        tracers.add(config, spec.extras ? spec.extras->trace_request_ctx : nullptr);
    }
}

// Of all requests without any: never changed, so all threads have the same. Owned by nobody.
std::shared_ptr<Tracers> no_tracers() {
    static Tracers none;
    return std::shared_ptr<Tracers>(std::shared_ptr<void>(), &none);
}

}  // namespace

Coro<ClientResponse> run_request(std::shared_ptr<SessionState> session, std::unique_ptr<RequestSpec> spec) {
    if (session->closed) throw RuntimeError("the session is closed");
    std::shared_ptr<Tracers> tracers = no_tracers();
    if (!session->options.trace_configs.empty()) {
        tracers = std::make_shared<Tracers>();
        add_tracers(*tracers, *session, *spec);
    }
    Hop hop;
    hop.session = session.get();
    hop.spec = spec.get();
    hop.payload = spec->payload.get();
    hop.tracers = tracers.get();
    const std::optional<Duration> total = spec->timeout.total;
    if (total && *total > Duration(0)) hop.total = get_running_loop().time() + *total;
    OutgoingRequest request(hop);
    request.method = spec->method;
    request.headers = session->take_headers();
    std::exception_ptr failure;
    std::optional<ClientResponse> answer;
    try {
        request.url = first_url(*session, *spec);
        answer.emplace(co_await send_all(request));
        if (spec->raise_for_status) answer->raise_for_status();
    } catch (ClientError& error) {
        failure = with_info(error, request);
    } catch (...) {
        failure = std::current_exception();
    }
    session->recycle(std::move(request.headers));
    if (tracers->empty() && !failure) co_return *std::move(answer);
    if (!failure) {
        const TraceRequestEnd end{request.method, request.url, *answer};
        co_await tracers->send(&TraceConfig::on_request_end, end);
        co_return *std::move(answer);
    }
    if (!tracers->empty()) {
        TraceRequestException what{request.method, request.url, failure};
        co_await tracers->send(&TraceConfig::on_request_exception, std::move(what));
    }
    std::rethrow_exception(failure);
}

}  // namespace aio::http::detail
