// expect: a handler returns an aio::Coro<aio::http::Response>, or an aio::http::Response if it awaits nothing
#include <aio/http/server/application.hpp>

aio::Coro<int> answer(aio::http::Request& request);  // a number is no response, though a Response has a status

const aio::http::RouteDef route("GET", "/", answer);
