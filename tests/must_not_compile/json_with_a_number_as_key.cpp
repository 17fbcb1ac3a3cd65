// expect: JSON of keys and values: a key must be a string
#include <nlohmann/json.hpp>

#include <aio/http/server/response.hpp>

auto answer() { return aio::http::Response::json("a", 1, 2, "b"); }
