// trace_context_middleware(): from the headers of a request to the context variable.
#include <aio/http/server/trace_context_middleware.hpp>

#include <aio/http/server/request.hpp>

#include "http/server/scoped_var.hpp"

#include <optional>

namespace aio::http {

namespace {

// More than one traceparent is none (section 4.3 of the recommendation).
std::optional<SpanContext> callers_span(const Request& request) {
    const auto parents = request.headers().getall("traceparent");
    if (parents.size() != 1) return std::nullopt;
    return SpanContext::parse(parents.front(), request.headers().combined("tracestate"));
}

}  // namespace

Middleware trace_context_middleware(bool trust_client) {
    return Middleware([trust_client](Request& request, Next next) -> Coro<Response> {
        std::optional<SpanContext> span;
        if (trust_client) span = callers_span(request);
        span = span ? span->child() : SpanContext::begin();
        const detail::ScopedVar<std::optional<SpanContext>> scope(span_context, std::move(span));
        co_return co_await next(request);
    });
}

}  // namespace aio::http
