// JSON of peers: how deep it may be, in requests, responses and WebSocket messages.
#include <aio/http/json.hpp>

#include "http/client/fake_host.hpp"
#include "http/json_text.hpp"
#include "http/server/site.hpp"

#include <nlohmann/json.hpp>

namespace aio::test {
namespace {

using http::JSONDepthError, http::kMaxJSONDepth;
using http::detail::parse_json;
using testing::StartsWith;

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, is_parsed_down_to_a_depth) {
    EXPECT_NO_THROW(parse_json(nested(kMaxJSONDepth)));
    EXPECT_THROW(parse_json(nested(kMaxJSONDepth + 1)), JSONDepthError);
    EXPECT_THROW(parse_json(std::string(1'000'000, '[')), JSONDepthError);
    std::string objects;
    for (std::size_t i = 0; i <= kMaxJSONDepth; ++i) objects += "{\"a\":";
    EXPECT_THROW(parse_json(objects), JSONDepthError);
    EXPECT_THROW(parse_json(nested(3) + "]"), nlohmann::json::parse_error);
}

TEST(Json, is_deep_by_its_brackets_and_not_by_those_in_strings_or_beside) {
    const std::string many(5000, '[');
    EXPECT_EQ(parse_json("\"" + many + "\""), many);
    EXPECT_EQ(parse_json("\"\\\"" + many + "\\\\\""), "\"" + many + "\\");
    std::string wide = "[0";
    for (int i = 0; i < 5000; ++i) wide += ",[{}]";
    EXPECT_EQ(parse_json(wide + "]").size(), 5001u);
    // A bracket behind the end of a string counts.
    EXPECT_THROW(parse_json("[\"\\\\\"," + many), JSONDepthError);
}

// What is accepted can be copied, compared and written.
TEST(Json, of_the_greatest_depth_can_be_used) {
    const nlohmann::json value = parse_json(nested(kMaxJSONDepth));
    const nlohmann::json copy = value;
    EXPECT_TRUE(copy == value);
    EXPECT_EQ(copy.dump(), nested(kMaxJSONDepth));
}

Coro<Response> echo_json(Request& request) {
    const nlohmann::json value = co_await request.json();
    co_return Response::json(value);
}

ASYNC_TEST(Json, of_a_request_that_is_too_deep_is_answered_400) {
    Application app;
    app.router().add_post("/", echo_json);
    TestServer server(app);
    co_await server.start();
    for (const auto& [depth, status] :
         {std::pair{kMaxJSONDepth, "200"}, {kMaxJSONDepth + 1, "400"}, {500'000, "400"}}) {
        const std::string body = nested(depth);
        const std::string all =
            co_await converse(server.port(), "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                                                 std::to_string(body.size()) + "\r\n\r\n" + body);
        EXPECT_THAT(all, StartsWith(std::string("HTTP/1.1 ") + status)) << depth;
    }
    co_await server.close();
}

ASYNC_TEST(Json, of_a_response_that_is_too_deep_is_a_typed_error) {
    FakeHost& host = *co_await FakeHost::open(
        [](const RawRequest&) -> Reply { return answer(nested(200'000), "Content-Type: application/json\r\n"); });
    http::ClientSession session;
    auto response = co_await session.get(host.url("/"));
    co_await expect_throws<JSONDepthError>(response.json());
    co_await end(session, host);
}

TEST(Json, of_a_message_that_is_too_deep_is_a_typed_error) {
    const http::WSMessage message(http::WSMsgType::text, nested(200'000));
    EXPECT_THROW(message.json(), JSONDepthError);
}

}  // namespace
}  // namespace aio::test
