// Requests: what they tell, and what is made of their bodies.
#include <aio/http.hpp>

#include "http/server/web_client.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace aio::test {
namespace {

using http::Application, http::Headers, http::make_mocked_request, http::Request, http::Response, http::TestServer;
using testing::ElementsAre, testing::HasSubstr, testing::Pair;

TEST(HttpRequest, tells_what_its_head_said) {
    Headers headers{{"Host", "example.org:8080"}, {"Cookie", "a=1; b=2"}, {"Content-Type", "Text/HTML; charset=x"}};
    auto mocked = make_mocked_request("GET", "/caf%C3%A9?a=1&b=x+y&a=2", headers);
    const Request& request = mocked.request();
    EXPECT_EQ(request.method(), "GET");
    EXPECT_EQ(request.path(), "/caf\u00e9");
    EXPECT_EQ(request.raw_path(), "/caf%C3%A9");
    EXPECT_EQ(request.path_qs(), "/caf%C3%A9?a=1&b=x+y&a=2");
    EXPECT_EQ(request.query("b", ""), "x y");
    EXPECT_EQ(request.query("c", "none"), "none");
    EXPECT_THAT(request.query(), ElementsAre(Pair("a", "1"), Pair("b", "x y"), Pair("a", "2")));
    EXPECT_EQ(request.host(), "example.org:8080");
    EXPECT_EQ(request.url().str(), "http://example.org:8080/caf%C3%A9?a=1&b=x+y&a=2");
    EXPECT_EQ(request.cookie("b").value_or(""), "2");
    EXPECT_EQ(request.content_type(), "text/html");
    EXPECT_EQ(request.charset(), "x");
    EXPECT_FALSE(request.can_read_body());
}

TEST(HttpRequest, reads_dates_tags_and_ranges) {
    Headers headers{{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                    {"If-None-Match", "\"a\", W/\"b\""},
                    {"If-Match", "\"c\""},
                    {"Range", "bytes=10-"}};
    auto mocked = make_mocked_request("GET", "/", headers);
    const Request& request = mocked.request();
    EXPECT_EQ(request.if_modified_since().value_or(0), 784111777);
    EXPECT_FALSE(request.if_unmodified_since());
    EXPECT_TRUE(request.if_none_match("\"b\""));
    EXPECT_FALSE(request.if_none_match("\"c\""));
    EXPECT_TRUE(request.if_match("\"c\""));
    EXPECT_EQ(request.http_range().first.value_or(0), 10u);
    EXPECT_FALSE(request.http_range().last);
    for (const char* bad : {"bytes=", "bytes=-", "lines=1-2", "bytes=5-2", "bytes=0-1,3-4", "bytes=a-b"}) {
        auto other = make_mocked_request("GET", "/", Headers{{"Range", bad}});
        EXPECT_THROW(other.request().http_range(), ValueError) << bad;
    }
}

ASYNC_TEST(HttpRequest, gives_its_body_as_bytes_text_and_json) {
    auto mocked = make_mocked_request("POST", "/", Headers{{"Content-Type", "application/json"}}, "{\"a\": [1, 2]}");
    Request& request = mocked.request();
    EXPECT_EQ(co_await request.read(), "{\"a\": [1, 2]}");
    EXPECT_EQ(co_await request.text(), "{\"a\": [1, 2]}");
    const nlohmann::json value = co_await request.json();
    EXPECT_EQ(value["a"][1], 2);
}

ASYNC_TEST(HttpRequest, refuses_a_body_that_is_not_what_it_says) {
    auto broken = make_mocked_request("POST", "/", Headers(), "{\"a\":");
    co_await expect_throws<http::HTTPBadRequest>(broken.request().json());
    auto binary = make_mocked_request("POST", "/", Headers(), "\xff\xfe\xfa");
    co_await expect_throws<http::HTTPBadRequest>(binary.request().text());
    auto unknown = make_mocked_request("POST", "/", Headers{{"Content-Type", "text/plain; charset=klingon"}}, "x");
    co_await expect_throws<http::HTTPUnsupportedMediaType>(unknown.request().text());
}

ASYNC_TEST(HttpRequest, reads_urlencoded_forms) {
    auto mocked = make_mocked_request("POST", "/", Headers{{"Content-Type", "application/x-www-form-urlencoded"}},
                                      "name=Zo%C3%AB&tag=a&tag=b+c");
    const http::PostData* form = co_await mocked.request().post();
    EXPECT_EQ(form->get("name", ""), "Zo\u00eb");
    EXPECT_THAT(form->getall("tag"), ElementsAre("a", "b c"));
    EXPECT_FALSE(form->get("nobody"));
}

ASYNC_TEST(HttpRequest, reads_forms_in_their_charset) {
    const auto value = [](std::string type, std::string body) -> Coro<std::string> {
        auto mocked = make_mocked_request("POST", "/", Headers{{"Content-Type", type}}, body);
        const http::PostData* form = co_await mocked.request().post();
        co_return std::string(form->fields().at(0).name) + "=" + form->fields().at(0).value;
    };
    const std::string type = "application/x-www-form-urlencoded";
    EXPECT_EQ(co_await value(type + "; charset=iso-8859-1", "%E9=%E9+x"), "\u00e9=\u00e9 x");
    EXPECT_EQ(co_await value(type + "; charset=utf-8", "a=%C3%A9"), "a=\u00e9");
    EXPECT_EQ(co_await value(type, "a=%E9"), "a=\ufffd");
    co_await expect_throws<http::HTTPUnsupportedMediaType>(value(type + "; charset=klingon", "a=b"));
    const std::string part =
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain; charset=";
    const std::string multipart = "multipart/form-data; boundary=B";
    EXPECT_EQ(co_await value(multipart, part + "iso-8859-1\r\n\r\n\xe9\r\n--B--"), "a=\u00e9");
    co_await expect_throws<http::HTTPUnsupportedMediaType>(value(multipart, part + "klingon\r\n\r\nx\r\n--B--"));
}

// The limit is for the body, not for the values in it.
ASYNC_TEST(HttpRequest, refuses_forms_beyond_the_limit_whatever_they_consist_of) {
    Application app(http::ApplicationOptions().client_max_size(10'000));
    app.router().add_post("/", [](Request& request) -> Coro<Response> {
        const http::PostData* form = co_await request.post();
        co_return Response::text(std::to_string(form->fields().size()));
    });
    TestServer server(app);
    co_await server.start();
    std::string names;
    for (int i = 0; i < 20; ++i) {
        names += "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(1000, 'n') + "\"\r\n\r\n\r\n";
    }
    const std::string one = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX--";
    const std::string head =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=XX\r\n";
    for (const std::string& body :
         {names + "--XX--", one + std::string(20'000, 'e'), std::string(20'000, 'p') + one}) {
        const std::string announced = co_await converse(
            server.port(), head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        EXPECT_THAT(announced, testing::StartsWith("HTTP/1.1 413 "));
        std::string chunks = head + "Transfer-Encoding: chunked\r\n\r\n";
        for (std::size_t at = 0; at < body.size(); at += 0x400) {
            const std::string piece = body.substr(at, 0x400);
            char size[16];
            std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
            chunks += size + piece + "\r\n";
        }
        const std::string streamed = co_await converse(server.port(), chunks + "0\r\n\r\n");
        EXPECT_THAT(streamed, testing::StartsWith("HTTP/1.1 413 "));
    }
    co_await server.close();
}

Coro<Response> upload(Request& request) {
    const http::PostData* form = co_await request.post();
    std::string text(form->get("title", "?"));
    if (const http::UploadedFile* file = form->file("photo")) {
        const std::string content = co_await file->read();
        text += " " + file->filename() + " " + file->content_type() + " " + content;
    }
    co_return Response::text(text);
}

ASYNC_TEST(HttpRequest, keeps_uploaded_files_on_disk) {
    if (simulated()) co_return;  // files are written on threads
    Application app;
    app.router().add_post("/", upload);
    TestServer server(app);
    co_await server.start();
    const std::string body =
        "--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA cat\r\n"
        "--XX\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"../cat.png\"\r\n"
        "Content-Type: image/png\r\n\r\nMIAO\r\n--XX--\r\n";
    const std::string all =
        co_await converse(server.port(),
                          "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/form-data; "
                          "boundary=XX\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_THAT(all, HasSubstr("HTTP/1.1 200 "));
    EXPECT_THAT(all, HasSubstr("A cat "));
    EXPECT_THAT(all, HasSubstr("image/png MIAO"));
    co_await server.close();
}

ASYNC_TEST(HttpRequest, unpacks_a_body_with_a_content_coding) {
    Application app;
    app.router().add_post("/", [](Request& request) -> Coro<Response> {
        std::string text = co_await request.text();
        co_return Response::text(std::move(text));
    });
    TestServer server(app);
    co_await server.start();
    // gzip of "hello", as gzip(1) writes it without a name.
    const std::string packed(
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05"
        "\x00\x00\x00",
        25);
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: gzip\r\n";
    const std::string good = co_await converse(server.port(), head + "Content-Length: 25\r\n\r\n" + packed);
    EXPECT_THAT(good, testing::EndsWith("\r\n\r\nhello"));
    const std::string bad = co_await converse(server.port(), head + "Content-Length: 5\r\n\r\nhello");
    EXPECT_THAT(bad, testing::StartsWith("HTTP/1.1 400 "));
    co_await server.close();
}

const http::RequestKey<std::string> kUser("user");

ASYNC_TEST(HttpRequest, carries_what_middlewares_leave_for_handlers) {
    Application app;
    app.add_middleware([](Request& request, http::Next next) {
        request.set(kUser, "zoe");
        return next(request);
    });
    app.router().add_get("/", [](Request& request) { return Response::text(request.get(kUser)); });
    TestServer server(app);
    co_await server.start();
    const WebReply reply = co_await fetch(server.port(), "/");
    EXPECT_EQ(reply.body, "zoe");
    auto mocked = make_mocked_request("GET", "/");
    EXPECT_THROW(mocked.request().get(kUser), ValueError);
    co_await server.close();
}

ASYNC_TEST(HttpRequest, knows_its_client) {
    Application app;
    app.router().add_get(
        "/", [](Request& request) { return Response::text(request.remote() + " " + std::string(request.scheme())); });
    TestServer server(app);
    co_await server.start();
    const WebReply reply = co_await fetch(server.port(), "/");
    EXPECT_EQ(reply.body, "127.0.0.1 http");
    co_await server.close();
}

}  // namespace
}  // namespace aio::test
