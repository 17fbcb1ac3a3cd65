// send_trace_context(): from the context variable to the headers of a request.
#include <aio/http/client/send_trace_context.hpp>

#include <optional>
#include <utility>

namespace aio::http {

Coro<ClientResponse> send_trace_context(OutgoingRequest& request, ClientHandler next) {
    const std::optional<SpanContext> span = span_context.get();
    if (span && !request.headers.contains("traceparent")) {
        request.headers.set("traceparent", span->traceparent());
        if (!span->tracestate.empty()) request.headers.set("tracestate", span->tracestate);
    }
    co_return co_await next(request);
}

}  // namespace aio::http
