// expect: a middleware is called with the request and what comes next
// expect: a middleware returns an aio::Coro<aio::http::Response>
#include <aio/http/server/application.hpp>

aio::Coro<aio::http::Response> without_next(aio::http::Request& request);

void add(aio::http::Application& app) {
    app.add_middleware(without_next);
    app.add_middleware([](aio::http::Request&, aio::http::Next) {});
}
