// send_trace_context(): the client's half of <aio/http/trace_context.hpp>.
#pragma once

#include <aio/http/client/client_middleware.hpp>
#include <aio/http/trace_context.hpp>

namespace aio::http {

// A client middleware: `ClientSession session({.middlewares = {send_trace_context}})`. Requests carry the span_context of
// the task that sends them as traceparent and tracestate, unless they have a traceparent of their own; without a
// span_context, nothing. Redirects to other origins carry it, too.
Coro<ClientResponse> send_trace_context(OutgoingRequest& request, ClientHandler next);

}  // namespace aio::http
