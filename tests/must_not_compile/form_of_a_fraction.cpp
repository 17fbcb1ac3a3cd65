// expect: names and values: a name must be a string, a value a string or an integer
// expect: names and values: a value is missing
#include <aio/http/client/client_session.hpp>

auto post(aio::http::ClientSession& session) { return session.post("/").form("age", 7.5); }
auto log_in(aio::http::ClientSession& session) { return session.post("/").params("user", "zoe", "password"); }
