// expect: a client middleware is called with the request and the rest of the way
// expect: a tracer is called with an aio::http::TraceContext&
// expect: a tracer returns nothing, or an aio::Coro<>
#include <aio/http/client/client_session.hpp>

aio::Coro<aio::http::ClientResponse> without_next(aio::http::OutgoingRequest& request);

aio::http::ClientSession session() { return aio::http::ClientSession({.middlewares = {without_next}}); }

void trace(aio::http::TraceConfig& config) {
    config.on_request_start.append([] {});
    config.on_request_end.append([](aio::http::TraceContext&, const aio::http::TraceRequestEnd&) { return 1; });
}
