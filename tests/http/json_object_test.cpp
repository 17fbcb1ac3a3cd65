// JSON of keys and values, in expressions with co_await as users write them.
#include <aio/http.hpp>

#include "support/async_test.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace aio::test {
namespace {

using http::json_array, http::json_object, http::Request, http::Response;

TEST(JSONObject, takes_every_type_that_json_can_be_made_of) {
    const std::string text = "text";
    const std::string_view view = "view";
    const std::vector<int> numbers = {1, 2};
    const std::map<std::string, double> map = {{"pi", 3.5}};
    const nlohmann::json nested = {{"a", 1}};
    EXPECT_EQ(json_object("s", text, "v", view, "c", "c", "i", 7, "u", 7u, "d", 0.5, "b", true, "n", nullptr).dump(),
              R"({"b":true,"c":"c","d":0.5,"i":7,"n":null,"s":"text","u":7,"v":"view"})");
    EXPECT_EQ(json_object("numbers", numbers, "map", map, "nested", nested).dump(),
              R"({"map":{"pi":3.5},"nested":{"a":1},"numbers":[1,2]})");
    EXPECT_EQ(json_object().dump(), "{}");
    EXPECT_EQ(json_array().dump(), "[]");
    EXPECT_EQ(json_array(1, "two", json_object("three", 3)).dump(), R"([1,"two",{"three":3}])");
    EXPECT_EQ(json_object("list", json_array("a", json_array("b"))).dump(), R"({"list":["a",["b"]]})");
}

TEST(JSONObject, takes_keys_of_all_kinds_of_text) {
    const std::string key = "a";
    const std::string_view view = "b";
    EXPECT_EQ(json_object(key, 1, view, 2, std::string("c"), 3).dump(), R"({"a":1,"b":2,"c":3})");
    EXPECT_EQ(json_object("a", 1, "a", 2).dump(), R"({"a":2})");  // as in Python
}

TEST(JSONObject, is_told_from_a_value_and_its_status) {
    const nlohmann::json value = {1, 2};
    EXPECT_EQ(Response::json(value, 201).status(), 201);
    EXPECT_EQ(Response::json(value, 201).body(), "[1,2]");
    EXPECT_EQ(Response::json(std::vector<int>{3}, 202).status(), 202);
    EXPECT_EQ(Response::json("id", 7).body(), R"({"id":7})");
    EXPECT_EQ(Response::json("id", 7).status(), 200);
    EXPECT_EQ(Response::json("id", 7, "ok", true).set_status(201).status(), 201);
    EXPECT_EQ(Response::json("text").body(), "\"text\"");
}

// Answers with what it was sent.
Coro<Response> mirror(Request& request) {
    const nlohmann::json sent = co_await request.json();
    co_return Response::json("sent", sent, "type", request.content_type());
}

ASYNC_TEST(JSONObject, is_sent_and_answered_inside_a_co_await_expression) {
    http::Application app;
    app.router().add_post("/", mirror);
    http::TestClient client(app);
    co_await client.start();
    const std::string name = "Zo\u00eb";
    auto response = co_await client.post("/").json("a", 1, "b", true, "name", name, "tags", json_array("x", "y"));
    EXPECT_EQ((co_await response.json()).dump(), R"({"sent":{"a":1,"b":true,"name":"Zo)"
                                                 "\u00eb"
                                                 R"(","tags":["x","y"]},"type":"application/json"})");
    co_await client.close();
}

ASYNC_TEST(JSONObject, is_a_message_of_a_websocket) {
    http::Application app;
    app.router().add_get("/", [](Request& request) -> Coro<Response> {
        http::WebSocketResponse ws;
        co_await ws.prepare(request);
        co_await ws.send_json("type", "hello", "at", json_object("x", 1, "y", 2));
        co_await ws.close();
        co_return ws;
    });
    http::TestClient client(app);
    co_await client.start();
    auto ws = co_await client.ws_connect("/");
    EXPECT_EQ(co_await ws.receive_str(), R"({"at":{"x":1,"y":2},"type":"hello"})");
    co_await ws.close();
    co_await client.close();
}

ASYNC_TEST(JSONObject, has_forms_queries_and_paths_as_its_neighbours) {
    http::Application app;
    const auto handler = [](Request& request) -> Coro<Response> {
        const http::PostData* form = co_await request.post();
        const std::string query(request.query_string());
        co_return Response::text(query + " " + std::string(form->get("user", "")) +
                                 std::string(form->get("word", "")) + std::to_string(form->get<int>("age", 0)));
    };
    app.router().add_post("/users/{id}", handler, "user");
    http::TestClient client(app);
    co_await client.start();
    const std::string_view word = "b&c";
    EXPECT_EQ(app.router().url_for("user", "id", 7), "/users/7");
    auto response = co_await client.post(app.router().url_for("user", "id", "x y"))
                        .param("page", 2)
                        .params("from", std::int64_t{-7}, "q", word)
                        .form("user", "a", "word", word, "age", 41);
    EXPECT_EQ(response.url().path(), "/users/x y");
    EXPECT_EQ(co_await response.text(), "page=2&from=-7&q=b%26c ab&c41");
    co_await client.close();
}

}  // namespace
}  // namespace aio::test
