// Tracing: functions that are told what a session's requests do, step by step (aiohttp's TraceConfig).
//
//     aio::http::TraceConfig trace;
//     trace.on_request_start.append([](TraceContext& context, const TraceRequestStart& what) {...});
//     ClientSession session({.trace_configs = {trace}});
//
// A handler returns nothing or a Coro<>, which is awaited where the step is. What it throws, the request throws.
// The order of a request: request_start; connection_queued_start and _end if it has to wait for a place;
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

// One request and one TraceConfig: what its handlers keep between them.
struct TraceContext {
    std::shared_ptr<void> data;                     // theirs
    std::shared_ptr<const void> trace_request_ctx;  // what the request was given with .trace_request_ctx(...)

    TraceContext() = default;
};

// What handlers are told. References and views are valid during the call.
struct TraceRequestStart {
    const std::string& method;
    const URL& url;
    Headers& headers;  // of the request so far: may be added to
};
struct TraceRequestChunkSent {
    const std::string& method;
    const URL& url;
    std::string_view chunk;
};
struct TraceResponseChunkReceived {
    const std::string& method;
    const URL& url;
    std::string_view chunk;
};
struct TraceRequestEnd {
    const std::string& method;
    const URL& url;
    ClientResponse& response;
};
struct TraceRequestException {
    const std::string& method;
    const URL& url;
    std::exception_ptr exception;
};
struct TraceRequestRedirect {
    const std::string& method;
    const URL& url;
    ClientResponse& response;
};
struct TraceRequestHeadersSent {
    const std::string& method;
    const URL& url;
    const Headers& headers;
};
struct TraceConnectionQueuedStart {};
struct TraceConnectionQueuedEnd {};
struct TraceConnectionCreateStart {};
struct TraceConnectionCreateEnd {};
struct TraceConnectionReuseconn {};
struct TraceDnsResolvehostStart {
    const std::string& host;
};
struct TraceDnsResolvehostEnd {
    const std::string& host;
};
struct TraceDnsCacheHit {
    const std::string& host;
};
struct TraceDnsCacheMiss {
    const std::string& host;
};

// The handlers of one step, called one after the other.
template <class Params>
class TraceSignal {
public:
    // `handler(TraceContext&, const Params&)`.
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
    bool empty() const noexcept { return plain_.empty() && async_.empty(); }

    // Those that return nothing first.
    Coro<> send(TraceContext& context, Params params) const {
        for (const auto& handler : plain_) handler(context, params);
        for (const auto& handler : async_) co_await handler(context, params);
    }

private:
    std::vector<aio::detail::Function<void(TraceContext&, const Params&)>> plain_;
    std::vector<aio::detail::Function<Coro<>(TraceContext&, const Params&)>> async_;
};

class TraceConfig {
public:
    TraceSignal<TraceRequestStart> on_request_start;
    TraceSignal<TraceRequestChunkSent> on_request_chunk_sent;
    TraceSignal<TraceResponseChunkReceived> on_response_chunk_received;
    TraceSignal<TraceRequestEnd> on_request_end;
    TraceSignal<TraceRequestException> on_request_exception;
    TraceSignal<TraceRequestRedirect> on_request_redirect;
    TraceSignal<TraceRequestHeadersSent> on_request_headers_sent;
    TraceSignal<TraceConnectionQueuedStart> on_connection_queued_start;
    TraceSignal<TraceConnectionQueuedEnd> on_connection_queued_end;
    TraceSignal<TraceConnectionCreateStart> on_connection_create_start;
    TraceSignal<TraceConnectionCreateEnd> on_connection_create_end;
    TraceSignal<TraceConnectionReuseconn> on_connection_reuseconn;
    TraceSignal<TraceDnsResolvehostStart> on_dns_resolvehost_start;
    TraceSignal<TraceDnsResolvehostEnd> on_dns_resolvehost_end;
    TraceSignal<TraceDnsCacheHit> on_dns_cache_hit;
    TraceSignal<TraceDnsCacheMiss> on_dns_cache_miss;
};

}  // namespace aio::http
