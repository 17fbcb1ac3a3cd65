// expect: a handler returns an aio::Coro<aio::http::Response>, or an aio::http::Response if it awaits nothing
#include <aio/http/server/application.hpp>

void add(aio::http::Application& app) {
    app.router().add_get("/", [](aio::http::Request&) { return; });
}
