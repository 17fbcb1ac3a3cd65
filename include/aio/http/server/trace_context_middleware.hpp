// trace_context_middleware(): the server's half of <aio/http/trace_context.hpp>.
#pragma once

#include <aio/http/server/middleware.hpp>
#include <aio/http/trace_context.hpp>

namespace aio::http {

// Sets span_context for each request: a span below the one of the headers traceparent and tracestate, or the first one of
// a new trace when there is no valid one. trust_client: false begins a trace for each request.
// Errors, of the request: OSError when the system has no random numbers.
Middleware trace_context_middleware(bool trust_client = true);

}  // namespace aio::http
