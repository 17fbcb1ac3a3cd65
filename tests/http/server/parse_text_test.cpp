// Numbers in paths, queries and forms, and the answers to what is none.
#include <aio/http.hpp>

#include "http/server/web_client.hpp"

#include <cstdint>
#include <limits>

namespace aio::test {
namespace {

using http::Application, http::HTTPBadRequest, http::HTTPNotFound, http::make_mocked_request, http::Request,
    http::Response, http::detail::parse_text;
using testing::HasSubstr;

TEST(ParsedText, is_a_number_as_a_whole_or_none) {
    EXPECT_EQ(parse_text<int>("42"), 42);
    EXPECT_EQ(parse_text<int>("-42"), -42);
    EXPECT_EQ(parse_text<int>("007"), 7);
    for (const char* text : {"", " 1", "1 ", "+1", "1x", "0x1", "1.0", "1e3", "--1", "-", "\xd9\xa1"}) {
        EXPECT_EQ(parse_text<int>(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_text<double>("-1.5e3"), -1500.0);
    EXPECT_EQ(parse_text<float>("0.25"), 0.25f);
    for (const char* text : {"", "nan", "inf", "-infinity", "1e999", "0x1p3", "1.5 ", "+1.5"}) {
        EXPECT_EQ(parse_text<double>(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_text<bool>("true"), true);
    EXPECT_EQ(parse_text<bool>("0"), false);
    EXPECT_EQ(parse_text<bool>("yes"), std::nullopt);
    EXPECT_EQ(parse_text<std::string>("x"), "x");
}

TEST(ParsedText, beyond_the_ends_of_its_type_is_no_number) {
    EXPECT_EQ(parse_text<std::uint8_t>("255"), 255);
    EXPECT_EQ(parse_text<std::uint8_t>("256"), std::nullopt);
    EXPECT_EQ(parse_text<std::uint8_t>("-1"), std::nullopt);
    EXPECT_EQ(parse_text<std::int8_t>("-128"), -128);
    EXPECT_EQ(parse_text<std::int8_t>("-129"), std::nullopt);
    EXPECT_EQ(parse_text<std::int64_t>("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(parse_text<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(parse_text<std::int64_t>("9223372036854775808"), std::nullopt);
    EXPECT_EQ(parse_text<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(parse_text<std::uint64_t>("18446744073709551616"), std::nullopt);
}

TEST(ParsedText, of_a_path_is_404_where_it_is_wrong) {
    Application app;
    app.router().add_get("/users/{id}", [](Request&) { return Response(); });
    auto good = make_mocked_request("GET", "/users/7", {}, "", &app);
    EXPECT_EQ(good.request().match_info<int>("id"), 7);
    EXPECT_EQ(good.request().match_info<std::string>("id"), "7");
    EXPECT_THROW(good.request().match_info<int>("name"), ValueError);  // a bug of the program, no fault of the client
    auto bad = make_mocked_request("GET", "/users/seven", {}, "", &app);
    EXPECT_THROW(bad.request().match_info<int>("id"), HTTPNotFound);
    auto large = make_mocked_request("GET", "/users/256", {}, "", &app);
    EXPECT_THROW(large.request().match_info<std::uint8_t>("id"), HTTPNotFound);
}

TEST(ParsedText, of_a_query_is_400_where_it_is_wrong_and_may_be_missing) {
    auto mocked = make_mocked_request("GET", "/?page=3&size=ten&ratio=0.5&all=1&empty=");
    const Request& request = mocked.request();
    EXPECT_EQ(request.query<int>("page"), 3);
    EXPECT_EQ(request.query<int>("page", 1), 3);
    EXPECT_EQ(request.query<int>("other"), std::nullopt);
    EXPECT_EQ(request.query<int>("other", 1), 1);
    EXPECT_EQ(request.query<double>("ratio"), 0.5);
    EXPECT_EQ(request.query<bool>("all", false), true);
    EXPECT_EQ(request.query<std::string>("size"), "ten");
    EXPECT_THROW(request.query<int>("empty"), HTTPBadRequest);
    try {
        static_cast<void>(request.query<std::uint8_t>("size", 10));
        ADD_FAILURE() << "not refused";
    } catch (const HTTPBadRequest& error) {
        EXPECT_STREQ(error.what(), "400: the query parameter 'size' must be an integer from 0 to 255");
    }
}

TEST(ParsedText, of_a_form_is_400_where_it_is_wrong) {
    http::PostData form;
    form.add("age", "41");
    form.add("height", "tall");
    EXPECT_EQ(form.get<int>("age"), 41);
    EXPECT_EQ(form.get<int>("children", 0), 0);
    EXPECT_THROW(form.get<double>("height"), HTTPBadRequest);
}

ASYNC_TEST(ParsedText, becomes_the_response_of_a_handler) {
    Application app;
    app.router().add_get("/users/{id}", [](Request& request) {
        const int id = request.match_info<int>("id"), page = request.query<int>("page", 1);
        return Response::text(std::to_string(id) + "/" + std::to_string(page));
    });
    http::TestServer server(app);
    co_await server.start();
    EXPECT_EQ((co_await fetch(server.port(), "/users/7?page=2")).body, "7/2");
    EXPECT_EQ((co_await fetch(server.port(), "/users/me")).status, 404);
    const WebReply bad = co_await fetch(server.port(), "/users/7?page=x");
    EXPECT_EQ(bad.status, 400);
    EXPECT_THAT(bad.body, HasSubstr("'page' must be an integer"));
    co_await server.close();
}

}  // namespace
}  // namespace aio::test
