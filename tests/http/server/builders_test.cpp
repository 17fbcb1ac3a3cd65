// Responses, exceptions and requests that are built in one expression, of texts of every kind.
#include <aio/http.hpp>

#include "http/server/web_client.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace aio::test {
namespace {

using http::Application, http::Request, http::Response;

Coro<Response> made(Request& request) {
    const nlohmann::json job = {{"id", 7}};
    const std::string url(request.path());
    co_return Response::json(job, 201).header("Location", url).set_cookie("a", "1").force_close();
}

Coro<Response> file(Request&) {
    co_return http::FileResponse("/proc/self/cmdline").set_content_type("text/x-test").set_status(203);
}

Coro<Response> refuse(Request&) {
    throw http::HTTPUnauthorized("who are you?").header("WWW-Authenticate", "Basic");
    co_return Response();
}

ASYNC_TEST(HttpBuilders, return_a_temporary_with_all_that_was_set) {
    Application app;
    app.router().add_get("/jobs", made);
    app.router().add_get("/refuse", refuse);
    http::TestServer server(app);
    co_await server.start();
    const WebReply reply = co_await fetch(server.port(), "/jobs");
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(reply.header("Location"), "/jobs");
    EXPECT_EQ(reply.header("Set-Cookie"), "a=1; Path=/");
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_EQ(reply.body, "{\"id\":7}");
    const WebReply refused = co_await fetch(server.port(), "/refuse");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.header("WWW-Authenticate"), "Basic");
    EXPECT_EQ(refused.body, "who are you?");
    co_await server.close();
}

TEST(HttpBuilder, of_a_response_keeps_it_what_it_is) {
    Response response = Response::text("x")
                            .set_status(202, "Later")
                            .set_content_type("text/css")
                            .set_charset("utf-8")
                            .set_body("body")
                            .set_cookie(http::Cookie("a", "1"))
                            .del_cookie("b")
                            .set_etag("tag")
                            .set_last_modified(0)
                            .enable_compression();
    EXPECT_EQ(response.reason(), "Later");
    EXPECT_EQ(response.content_type(), "text/css; charset=utf-8");
    EXPECT_EQ(response.body(), "body");
    EXPECT_EQ(response.headers().get("ETag", ""), "\"tag\"");
    Response& same = response.header("X", "y");
    EXPECT_EQ(&same, &response);
}

TEST(HttpBuilder, of_an_exception_keeps_its_type) {
    EXPECT_THROW(throw http::HTTPNotFound().header("X", "y"), http::HTTPNotFound);
    EXPECT_THROW(throw http::HTTPFound("/login").header("X", "y"), http::HTTPFound);
    EXPECT_THROW(throw http::HTTPMethodNotAllowed("GET", "POST").header("X", "y"), http::HTTPMethodNotAllowed);
    http::HTTPGone gone;
    gone.header("X", "y").header("Z", "w");
    EXPECT_EQ(gone.headers().get("Z", ""), "w");
}

TEST(HttpBuilder, takes_texts_of_every_kind) {
    const std::string_view view = "view";
    const std::string text = "text";
    const std::filesystem::path path = "/tmp/file";
    EXPECT_EQ(Response::text(view).body(), "view");
    EXPECT_EQ(Response::text(text).body(), "text");
    EXPECT_EQ(Response::text("literal", 201).status(), 201);
    EXPECT_EQ(Response::html(view).body(), "view");
    EXPECT_EQ(Response::bytes(view, "image/png").body(), "view");
    EXPECT_EQ(Response().set_body(view).body(), "view");
    EXPECT_STREQ(http::HTTPNotFound(view).what(), "view");
    EXPECT_STREQ(http::HTTPFound("/", view).what(), "view");
    EXPECT_EQ(http::FileResponse(path).extra_if_any()->file, "/tmp/file");
    EXPECT_EQ(http::FileResponse(view).extra_if_any()->file, "view");
    EXPECT_EQ(http::BasicAuth(view, text).encode(), "Basic dmlldzp0ZXh0");
    EXPECT_EQ(http::Cookie(view, view).header(), "view=view");
    EXPECT_EQ(http::RouteOptions(view).name, "view");
    std::string moved(100, 'm');
    const char* const memory = moved.data();
    EXPECT_EQ(Response::text(std::move(moved)).body().data(), memory);
}

ASYNC_TEST(HttpBuilders, send_texts_of_every_kind) {
    Application app;
    app.router().add_post("/", [](Request& request) -> Coro<Response> {
        const std::string body = co_await request.text();
        co_return Response::text(body + "|" + request.content_type());
    });
    http::TestClient client(app);
    co_await client.start();
    const std::string_view view = "view";
    auto first = co_await client.post("/").text(view);
    EXPECT_EQ(co_await first.text(), "view|text/plain");
    auto second = co_await client.post("/").data(view);
    EXPECT_EQ(co_await second.text(), "view|application/octet-stream");
    auto third = co_await client.post("/").data(http::FormData().add_field("a", view).add_field("b", "c"));
    EXPECT_EQ(co_await third.text(), "a=view&b=c|application/x-www-form-urlencoded");
    co_await client.close();
}

ASYNC_TEST(HttpBuilders, of_a_file_are_sent_as_one) {
    if (simulated()) co_return;
    Application app;
    app.router().add_get("/", file);
    http::TestServer server(app);
    co_await server.start();
    const WebReply reply = co_await fetch(server.port(), "/");
    EXPECT_EQ(reply.header("Content-Type"), "text/x-test");
    co_await server.close();
}

}  // namespace
}  // namespace aio::test
