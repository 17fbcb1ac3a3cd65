// expect: JSON of keys and values: a value is missing
#include <nlohmann/json.hpp>

#include <aio/http/client/client_session.hpp>

auto post(aio::http::ClientSession& session) { return session.post("/").json("a", 1, "b"); }
