// expect: a handler is called with an aio::http::Request&
#include <aio/http/server/application.hpp>

aio::Coro<aio::http::Response> front_page(aio::http::Application& app);

void add(aio::http::Application& app) { app.router().add_get("/", front_page); }
