// Tracing: functions that are called at each step of a session's requests (aiohttp's TraceConfig).
//
//     aio::http::TraceConfig trace;
//     trace.on_request_start.append([](TraceContext& context, const TraceRequestStart& what) {...});
//     ClientSession session({.trace_configs = {trace}});
//
// A handler returns void or a Coro<>, which is awaited before the request continues. Its exception ends the request.
// The order of a request: request_start; connection_queued_start and _end if it has to wait for a slot;
// connection_reuseconn, or connection_create_start, dns_cache_hit or (dns_cache_miss, dns_resolvehost_start and _end),
// connection_create_end; request_headers_sent, request_chunk_sent...; request_redirect, and again from the connection;
// request_end or request_exception; response_chunk_received as the body is read.
// Source: aiohttp 3.11 tracing.py, docs/tracing_reference.rst.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/url.hpp>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::http {

class ClientResponse;

// The state of one request for the handlers of one TraceConfig.
struct TraceContext {
    std::shared_ptr<void> data;                     // for the handlers
    std::shared_ptr<const void> trace_request_ctx;  // the argument of ClientRequest::trace_request_ctx()

    TraceContext() = default;
};

// The arguments of handlers: one struct for each step, named as in aiohttp. References and views are valid during the
// call. `method` and `url` are those of the request, after a redirect of the new one.
struct TraceRequestStart {
    // The request so far; headers may be added.
    const std::string& method;
    const URL& url;
    Headers& headers;
};
// See TraceConfig::on_request_chunk_sent.
struct TraceRequestChunkSent {
    // The request, and a piece of its body as it was sent, compressed if the body is.
    const std::string& method;
    const URL& url;
    std::string_view chunk;
};
// See TraceConfig::on_response_chunk_received.
struct TraceResponseChunkReceived {
    // The request, and a piece of the body of the response as it was received, before decompression.
    const std::string& method;
    const URL& url;
    std::string_view chunk;
};
// See TraceConfig::on_request_end.
struct TraceRequestEnd {
    // The request and its response, whose body is not read yet.
    const std::string& method;
    const URL& url;
    ClientResponse& response;
};
// See TraceConfig::on_request_exception.
struct TraceRequestException {
    // The request and the exception that it throws.
    const std::string& method;
    const URL& url;
    std::exception_ptr exception;
};
// See TraceConfig::on_request_redirect.
struct TraceRequestRedirect {
    // The request that was redirected, and the response with the Location.
    const std::string& method;
    const URL& url;
    ClientResponse& response;
};
// See TraceConfig::on_request_headers_sent.
struct TraceRequestHeadersSent {
    // The request and all headers that were sent.
    const std::string& method;
    const URL& url;
    const Headers& headers;
};
// See the members of TraceConfig with these names.
struct TraceConnectionQueuedStart {};
struct TraceConnectionQueuedEnd {};
struct TraceConnectionCreateStart {};
struct TraceConnectionCreateEnd {};
struct TraceConnectionReuseconn {};
struct TraceDnsResolvehostStart {
    const std::string& host;  // the name that is looked up
};
// See TraceConfig::on_dns_resolvehost_end.
struct TraceDnsResolvehostEnd {
    const std::string& host;  // the name that was looked up
};
// See TraceConfig::on_dns_cache_hit.
struct TraceDnsCacheHit {
    const std::string& host;  // the name whose addresses are cached
};
// See TraceConfig::on_dns_cache_miss.
struct TraceDnsCacheMiss {
    const std::string& host;  // the name whose addresses are not cached
};

// The handlers of one step, called one after the other.
template <class Params>
class TraceSignal {
public:
    // Adds `handler(TraceContext&, const Params&)`, which returns void or a Coro<>.
    template <class F>
    void append(F handler) {
        constexpr bool kTakes = std::is_invocable_v<F&, TraceContext&, const Params&>;
        constexpr bool kAwaits = std::is_invocable_r_v<Coro<>, F&, TraceContext&, const Params&>;
        static_assert(
            kTakes,
            "a tracer is called with an aio::http::TraceContext& and what its step is about: for "
            "on_request_start, (aio::http::TraceContext& context, const aio::http::TraceRequestStart& start)");
        if constexpr (kAwaits) {
            async_.emplace_back(std::move(handler));
        } else if constexpr (kTakes) {
            constexpr bool kVoid = std::is_void_v<std::invoke_result_t<F&, TraceContext&, const Params&>>;
            static_assert(kVoid, "a tracer returns nothing, or an aio::Coro<>");
            if constexpr (kVoid) plain_.emplace_back(std::move(handler));
        }
    }
    // Whether no handler was added.
    bool empty() const noexcept { return plain_.empty() && async_.empty(); }

    // For the library: calls the handlers, those that return void first.
    Coro<> send(TraceContext& context, Params params) const {
        for (const auto& handler : plain_) handler(context, params);
        for (const auto& handler : async_) co_await handler(context, params);
    }

private:
    std::vector<aio::detail::Function<void(TraceContext&, const Params&)>> plain_;
    std::vector<aio::detail::Function<Coro<>(TraceContext&, const Params&)>> async_;
};

// The handlers of all steps, for SessionOptions::trace_configs: aiohttp.TraceConfig.
class TraceConfig {
public:
    // Called before the first hop of a request, and after each piece of its body was handed to the connection.
    TraceSignal<TraceRequestStart> on_request_start;
    TraceSignal<TraceRequestChunkSent> on_request_chunk_sent;
    // Called when a piece of the body of the response has arrived, while the body is read.
    TraceSignal<TraceResponseChunkReceived> on_response_chunk_received;
    // Called when the headers of the last response have arrived; or, in place of that, when the request throws.
    TraceSignal<TraceRequestEnd> on_request_end;
    TraceSignal<TraceRequestException> on_request_exception;
    // Called when a redirect was received, before it is followed.
    TraceSignal<TraceRequestRedirect> on_request_redirect;
    // Called when the headers of a hop were handed to the connection.
    TraceSignal<TraceRequestHeadersSent> on_request_headers_sent;
    // Called when the request begins to wait for a free slot of the connector, and when it has one.
    TraceSignal<TraceConnectionQueuedStart> on_connection_queued_start;
    TraceSignal<TraceConnectionQueuedEnd> on_connection_queued_end;
    // Called before a new connection is made, and when it is ready, TLS included.
    TraceSignal<TraceConnectionCreateStart> on_connection_create_start;
    TraceSignal<TraceConnectionCreateEnd> on_connection_create_end;
    // Called when a keep-alive connection is used.
    TraceSignal<TraceConnectionReuseconn> on_connection_reuseconn;
    // Called before a look-up of a host name, and after it; only after on_dns_cache_miss.
    TraceSignal<TraceDnsResolvehostStart> on_dns_resolvehost_start;
    TraceSignal<TraceDnsResolvehostEnd> on_dns_resolvehost_end;
    // Called when the addresses of a host name are cached, or are not.
    TraceSignal<TraceDnsCacheHit> on_dns_cache_hit;
    TraceSignal<TraceDnsCacheMiss> on_dns_cache_miss;
};

}  // namespace aio::http
