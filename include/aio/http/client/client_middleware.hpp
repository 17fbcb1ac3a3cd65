// Client middlewares: functions between a session and its connections, which may change a request, inspect its
// response, or send it again.
//
//     aio::Coro<ClientResponse> note(OutgoingRequest& request, ClientHandler next) {
//         request.headers.set("X-Request-Id", new_id());
//         co_return co_await next(request);
//     }
//     ClientSession session({.middlewares = {note}});
//
// They are called for every hop: a redirect passes through all of them again. Source: aiohttp 3.12
// client_middlewares.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/client/client_response.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio::http {

namespace detail {
struct Hop;
}

// One request as it will be sent. Changes of its members change the request.
class OutgoingRequest {
public:
    std::string method;  // "GET"
    URL url;             // absolute; of a redirect the new one
    Headers headers;     // all of them, Host and Content-Length included

    // The body, if it is a text in memory; "" if there is none; nullopt when it is streamed.
    std::optional<std::string_view> text() const noexcept;
    // Whether the handler can be called again: there is no body, or it can be sent again.
    bool repeatable() const noexcept;

    // For the library: the session makes it.
    explicit OutgoingRequest(detail::Hop& hop) noexcept : hop_(&hop) {}
    detail::Hop& hop() const noexcept { return *hop_; }

private:
    detail::Hop* hop_;
};

// The next middleware, or the connection. Valid until the middleware has returned. Result: the response.
// Errors of the call: ClientError and below; RuntimeError when called again and the body cannot be sent again.
using ClientHandler = aio::detail::Function<Coro<ClientResponse>(OutgoingRequest&)>;

// Any function, or object with operator(), from (OutgoingRequest&, ClientHandler) to Coro<ClientResponse>.
class ClientMiddleware : public aio::detail::Function<Coro<ClientResponse>(OutgoingRequest&, ClientHandler)> {
    template <class F>
    static constexpr bool fits =
        std::is_invocable_r_v<Coro<ClientResponse>, std::decay_t<F>&, OutgoingRequest&, ClientHandler>;

public:
    ClientMiddleware() noexcept = default;
    // Takes a function as described above. (A second constructor only gives the compiler a clear message for others.)
    template <class F>
        requires(!std::derived_from<std::remove_cvref_t<F>, ClientMiddleware> && fits<F>)
    ClientMiddleware(F&& middleware) : Function(std::forward<F>(middleware)) {}
    template <class F>
        requires(!fits<F> && (requires { &std::decay_t<F>::operator(); } ||
                              std::is_function_v<std::remove_pointer_t<std::decay_t<F>>>))
    ClientMiddleware(F&&) {
        static_assert(
            fits<F>,
            "a client middleware is called with the request and the rest of the way, and returns an "
            "aio::Coro<aio::http::ClientResponse>: a lambda is written [](aio::http::OutgoingRequest& request, "
            "aio::http::ClientHandler next) -> aio::Coro<aio::http::ClientResponse>");
    }
};

// Repeats a request that got 401 with the credentials of RFC 7616 (Digest): MD5, SHA-256 and SHA-512-256, also with
// -sess; qop "auth" and "auth-int". Once it has a challenge, requests to that host have the credentials at once.
// aiohttp.DigestAuthMiddleware.
// Source: RFC 7616; aiohttp 3.12 client_middleware_digest_auth.py.
class DigestAuthMiddleware {
public:
    // preemptive: use a challenge for later requests too.
    DigestAuthMiddleware(std::string login, std::string password, bool preemptive = true);
    // The middleware itself.
    Coro<ClientResponse> operator()(OutgoingRequest& request, ClientHandler next) const;

    class State;

private:
    std::shared_ptr<State> state_;
};

}  // namespace aio::http
