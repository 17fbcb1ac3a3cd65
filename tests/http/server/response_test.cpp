// Responses of every kind, as they arrive.
#include <aio/http.hpp>

#include "http/server/web_client.hpp"
#include "http/wire/coding.hpp"

#include <nlohmann/json.hpp>

namespace aio::test {
namespace {

using http::Application, http::Request, http::Response, http::StreamResponse, http::TestServer;
using testing::HasSubstr, testing::StartsWith;

// Serves `handler` at "/" and gives what a GET brings.
template <class F>
Coro<WebReply> serve_once(F handler, std::string headers = "") {
    Application app;
    app.router().add_get("/", handler);
    TestServer server(app);
    co_await server.start();
    WebReply reply = co_await fetch(server.port(), "/", headers);
    co_await server.close();
    co_return reply;
}

ASYNC_TEST(HttpResponse, has_status_headers_cookies_and_a_body) {
    auto handler = [](Request&) {
        Response response(201);
        response.header("Location", "/jobs/7").set_body("made");
        response.set_cookie("a", "1").set_cookie("a", "2").del_cookie("b");
        response.set_etag("tag").set_last_modified(784111777);
        return response;
    };
    const WebReply reply = co_await serve_once(handler);
    EXPECT_EQ(reply.status_line, "HTTP/1.1 201 Created");
    EXPECT_EQ(reply.header("Location"), "/jobs/7");
    EXPECT_EQ(reply.header("ETag"), "\"tag\"");
    EXPECT_EQ(reply.header("Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    const auto cookies = reply.headers.getall("Set-Cookie");
    CO_ASSERT_EQ(cookies.size(), 2u);
    EXPECT_THAT(std::string(cookies[0]), StartsWith("a=2"));
    EXPECT_THAT(std::string(cookies[1]), HasSubstr("Max-Age=0"));
    EXPECT_EQ(reply.body, "made");
}

ASYNC_TEST(HttpResponse, is_json_text_or_html) {
    auto json = [](Request&) { return Response::json({{"total", 42}}); };
    const WebReply first = co_await serve_once(json);
    EXPECT_EQ(first.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(first.body, "{\"total\":42}");
    auto html = [](Request&) { return Response::html("<p>"); };
    const WebReply second = co_await serve_once(html);
    EXPECT_EQ(second.header("Content-Type"), "text/html; charset=utf-8");
}

ASYNC_TEST(HttpResponse, of_204_and_304_has_no_body_and_no_length) {
    for (const int status : {204, 304}) {
        auto handler = [status](Request&) { return Response::text("not to be seen", status); };
        const WebReply reply = co_await serve_once(handler);
        EXPECT_EQ(reply.status, status);
        EXPECT_FALSE(reply.headers.contains("Content-Length"));
        EXPECT_EQ(reply.body, "");
    }
}

TEST(HttpResponseMaking, refuses_what_would_break_the_message) {
    Response response;
    EXPECT_THROW(response.header("X", "a\r\nY: b"), ValueError);
    EXPECT_THROW(response.set_status(99), ValueError);
    EXPECT_THROW(response.set_status(200, "a\nb"), ValueError);
    EXPECT_THROW(response.set_etag("a\"b"), ValueError);
    EXPECT_THROW(http::HTTPFound(""), ValueError);
    EXPECT_THROW(http::HTTPFound("/a\r\nX: y"), ValueError);
    EXPECT_EQ(http::HTTPFound("/caf\u00e9 x?a=%20&b=\"#[1]").location(), "/caf%C3%A9%20x?a=%20&b=%22#[1]");
    EXPECT_EQ(http::HTTPFound("http://[::1]:80/%zz;v=1").location(), "http://[::1]:80/%zz;v=1");
}

ASYNC_TEST(HttpResponse, can_be_thrown) {
    auto found = [](Request&) -> Coro<Response> {
        throw http::HTTPFound("/login");
        co_return Response();
    };
    const WebReply redirect = co_await serve_once(found);
    EXPECT_EQ(redirect.status, 302);
    EXPECT_EQ(redirect.header("Location"), "/login");
    auto gone = [](Request&) -> Coro<Response> {
        throw http::HTTPGone("it left");
        co_return Response();
    };
    const WebReply left = co_await serve_once(gone);
    EXPECT_EQ(left.status, 410);
    EXPECT_EQ(left.body, "it left");
    try {
        throw http::HTTPNotFound();
    } catch (const http::HTTPClientError& error) {
        EXPECT_EQ(error.status(), 404);
    }
}

ASYNC_TEST(HttpResponse, is_coded_as_the_client_likes_it) {
    const std::string text(2000, 'a');
    auto handler = [text](Request&) {
        Response response = Response::text(text);
        response.enable_compression();
        return response;
    };
    const WebReply packed = co_await serve_once(handler, "Accept-Encoding: gzip;q=1, br;q=0.5\r\n");
    EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.header("Vary"), "Accept-Encoding");
    EXPECT_LT(packed.body.size(), 200u);
    http::wire::Decoder decoder(http::wire::Coding::gzip);
    std::string_view input = packed.body;
    EXPECT_EQ(decoder.decode(input), text);
    const WebReply plain = co_await serve_once(handler);
    EXPECT_EQ(plain.header("Content-Encoding"), "");
    EXPECT_EQ(plain.body, text);
}

ASYNC_TEST(HttpResponse, has_a_weak_tag_once_it_is_coded) {
    const auto tagged = [](std::string tag) {
        return [tag](Request&) {
            Response response = Response::text(std::string(2000, 'a'));
            response.header("ETag", tag);
            response.enable_compression();
            return response;
        };
    };
    const auto strongly = tagged("\"v1\""), weakly = tagged("W/\"v1\"");
    const WebReply strong = co_await serve_once(strongly, "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(strong.header("Content-Encoding"), "gzip");
    EXPECT_EQ(strong.header("ETag"), "W/\"v1\"");
    const WebReply weak = co_await serve_once(weakly, "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(weak.header("ETag"), "W/\"v1\"");
    const WebReply plain = co_await serve_once(strongly);
    EXPECT_EQ(plain.header("ETag"), "\"v1\"");
}

ASYNC_TEST(HttpResponse, streams_in_chunks_with_trailers) {
    Application app;
    app.router().add_get("/", [](Request& request) -> Coro<Response> {
        StreamResponse stream;
        stream.set_content_type("text/plain");
        co_await stream.prepare(request);
        co_await stream.write("one ");
        co_await stream.write("two");
        http::Headers trailers;
        trailers.add("X-Sum", "7");
        co_await stream.write_eof(trailers);
        co_return stream;
    });
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    const WebReply reply = co_await client.ask("/");
    EXPECT_EQ(reply.header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(reply.body, "one two");
    EXPECT_EQ(client.trailers, "X-Sum: 7\r\n");
    const WebReply again = co_await client.ask("/");
    EXPECT_EQ(again.body, "one two");
    co_await client.closed();
    const std::string old = co_await converse(server.port(), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(old, testing::EndsWith("\r\n\r\none two"));
    EXPECT_THAT(old, testing::Not(HasSubstr("chunked")));
    co_await server.close();
}

ASYNC_TEST(HttpResponse, streams_as_many_bytes_as_announced) {
    auto handler = [](Request& request) -> Coro<Response> {
        StreamResponse stream;
        stream.header("Content-Length", "5");
        co_await stream.prepare(request);
        co_await stream.write("abcde");
        EXPECT_THROW(static_cast<void>(stream.write("f")), ValueError);
        co_return stream;
    };
    const WebReply reply = co_await serve_once(handler);
    EXPECT_EQ(reply.header("Content-Length"), "5");
    EXPECT_EQ(reply.body, "abcde");
}

ASYNC_TEST(HttpResponse, streams_what_a_generator_yields) {
    auto handler = [](Request&) {
        auto pieces = []() -> AsyncGenerator<std::string> {
            for (int i = 0; i < 3; ++i) {
                co_await aio::sleep(1ms);
                co_yield std::to_string(i);
            }
        };
        return Response::stream(pieces());
    };
    const WebReply reply = co_await serve_once(handler);
    EXPECT_EQ(reply.body, "012");
}

ASYNC_TEST(HttpResponse, that_breaks_off_closes_the_connection) {
    Application app;
    app.router().add_get("/", [](Request& request) -> Coro<Response> {
        StreamResponse stream;
        co_await stream.prepare(request);
        co_await stream.write("half");
        throw std::runtime_error("a bug");
    });
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.get("/");
    std::string all;
    try {
        all = co_await client.rest();
    } catch (const ConnectionError&) {
        all = "reset";
    }
    EXPECT_THAT(all, testing::Not(HasSubstr("0\r\n\r\n")));
    co_await client.closed();
    co_await server.close();
    EXPECT_EQ(take_reports().size(), 1u);
}

ASYNC_TEST(HttpResponse, can_be_changed_before_its_head_is_sent) {
    Application app;
    app.on_response_prepare().append([](Request&, Response& response) -> Coro<> {
        response.header("X-Signed", "yes");
        co_return;
    });
    app.router().add_get("/", [](Request&) { return Response::text("x"); });
    TestServer server(app);
    co_await server.start();
    const WebReply reply = co_await fetch(server.port(), "/");
    EXPECT_EQ(reply.header("X-Signed"), "yes");
    EXPECT_EQ(reply.body, "x");
    co_await server.close();
}

}  // namespace
}  // namespace aio::test
