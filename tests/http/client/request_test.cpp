// What a ClientSession sends.
#include <aio/core/gather.hpp>
#include <aio/core/timeout.hpp>

#include "http/client/fake_host.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <fstream>

namespace aio::test {
namespace {

using http::ClientSession;
using testing::HasSubstr;
using testing::Not;

Reply ok(const RawRequest&) { return answer("fine"); }

ASYNC_TEST(ClientRequest, gets_a_page) {
    FakeHost& host = *co_await FakeHost::open(ok);
    ClientSession session;
    auto response = co_await session.get(host.url("/a b?x=1#top"));
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.reason(), "OK");
    EXPECT_TRUE(response.ok());
    EXPECT_EQ(response.method(), "GET");
    EXPECT_EQ(response.url().str(), host.url("/a%20b?x=1").str());
    EXPECT_EQ(response.real_url().fragment(), "top");
    EXPECT_EQ(co_await response.text(), "fine");
    EXPECT_EQ(co_await response.text(), "fine");
    EXPECT_TRUE(response.closed());
    const RawRequest& request = host.requests.at(0);
    EXPECT_EQ(request.target, "/a%20b?x=1");
    EXPECT_EQ(request.header("host"), "127.0.0.1:" + std::to_string(host.port()));
    EXPECT_EQ(request.header("accept"), "*/*");
    EXPECT_EQ(request.header("accept-encoding"), "gzip, deflate, br, zstd");
    EXPECT_THAT(request.header("user-agent"), testing::StartsWith("aiocpp/"));
    EXPECT_EQ(request.header("content-length"), "(none)");
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, has_every_verb) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        return request.method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" : answer("fine");
    });
    ClientSession session;
    co_await text_of(session.get(host.url()));
    co_await text_of(session.head(host.url()));
    co_await text_of(session.options(host.url()));
    co_await text_of(session.post(host.url()));
    co_await text_of(session.put(host.url()));
    co_await text_of(session.patch(host.url()));
    co_await text_of(session.delete_(host.url()));
    co_await text_of(session.request("PROPFIND", host.url()));
    Log methods;
    for (const RawRequest& request : host.requests) methods.push_back(request.method);
    EXPECT_EQ(methods, (Log{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"}));
    EXPECT_EQ(host.requests.at(3).header("content-length"), "0");
    EXPECT_EQ(host.connections, 1);
    EXPECT_THROW(static_cast<void>(session.request("BAD METHOD", host.url())), ValueError);
    co_await end(session, host);
}

// As a proxy would pass it on.
ASYNC_TEST(ClientRequest, a_path_under_a_base_url_leads_to_no_other_host) {
    FakeHost& host = *co_await FakeHost::open(ok);
    http::SessionOptions options;
    options.base_url = host.url("/");
    ClientSession session(std::move(options));
    const std::string same_host = host.url("/x").str();
    co_await expect_throws<http::InvalidURL>(session.get(same_host.substr(same_host.find("//"))));
    EXPECT_TRUE(host.requests.empty());
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, puts_parameters_headers_and_a_base_url_together) {
    FakeHost& host = *co_await FakeHost::open(ok);
    http::SessionOptions options;
    options.base_url = host.url("/api/");
    options.headers.add("X-Default", "session").add("X-Other", "kept");
    options.skip_auto_headers = {"User-Agent"};
    ClientSession session(std::move(options));
    auto request = session.get("items?a=1").param("b", "x y").param("b", "2").header("X-Default", "mine");
    co_await text_of(std::move(request).skip_auto_header("Accept"));
    const RawRequest& got = host.requests.at(0);
    EXPECT_EQ(got.target, "/api/items?a=1&b=x+y&b=2");
    EXPECT_EQ(got.header("x-default"), "mine");
    EXPECT_EQ(got.header("x-other"), "kept");
    EXPECT_EQ(got.header("user-agent"), "(none)");
    EXPECT_EQ(got.header("accept"), "(none)");
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, refuses_what_could_end_a_header) {
    FakeHost& host = *co_await FakeHost::open(ok);
    ClientSession session;
    EXPECT_THROW(session.get(host.url()).header("A", "b\r\nEvil: 1"), ValueError);
    EXPECT_THROW(session.get(host.url()).header("A b", "c"), ValueError);
    EXPECT_THROW(session.get(host.url()).cookie("a;b", "c"), ValueError);
    EXPECT_THROW(static_cast<void>(session.request("GET\r\n", host.url())), ValueError);
    EXPECT_THROW(session.post(host.url()).data("a").data("b"), ValueError);
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, sends_bodies_of_every_kind) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) { return answer(request.body); });
    ClientSession session;
    const nlohmann::json document = {{"a", 1}, {"b", nlohmann::json::array({1, 2})}};
    EXPECT_EQ(co_await text_of(session.post(host.url()).header("X", "y").json(document)), document.dump());
    EXPECT_EQ(host.requests.at(0).header("content-type"), "application/json");
    EXPECT_EQ(co_await text_of(session.post(host.url()).data("bytes")), "bytes");
    EXPECT_EQ(host.requests.at(1).header("content-type"), "application/octet-stream");
    EXPECT_EQ(co_await text_of(session.post(host.url()).text("Zoë")), "Zoë");
    EXPECT_EQ(host.requests.at(2).header("content-type"), "text/plain; charset=utf-8");
    const http::Query fields = {{"name", "Zoë"}, {"b", "c d"}};
    EXPECT_EQ(co_await text_of(session.post(host.url()).form(fields)), "name=Zo%C3%AB&b=c+d");
    EXPECT_EQ(host.requests.at(3).header("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, sends_large_bodies_beside_the_answer) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) { return answer(request.body); });
    ClientSession session;
    const std::string data(3'000'000, 'x');
    const std::string back = co_await text_of(session.put(host.url()).data(data));
    EXPECT_TRUE(back == data);
    EXPECT_EQ(host.requests.at(0).header("content-length"), "3000000");
    EXPECT_EQ(co_await text_of(session.get(host.url())), "");
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

AsyncGenerator<std::string> count_to(int n) {
    for (int i = 1; i <= n; ++i) {
        co_await aio::sleep(1ms);
        co_yield std::to_string(i) + ",";
    }
}

ASYNC_TEST(ClientRequest, sends_what_a_generator_yields_in_chunks) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) { return answer(request.body); });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.post(host.url()).data(count_to(5))), "1,2,3,4,5,");
    EXPECT_EQ(host.requests.at(0).header("transfer-encoding"), "chunked");
    EXPECT_EQ(host.requests.at(0).header("content-length"), "(none)");
    EXPECT_EQ(co_await text_of(session.post(host.url()).header("Content-Length", "6").data(count_to(3))), "1,2,3,");
    EXPECT_EQ(host.requests.at(1).header("transfer-encoding"), "(none)");
    EXPECT_EQ(co_await text_of(session.post(host.url()).data("short").chunked()), "short");
    EXPECT_EQ(host.requests.at(2).header("transfer-encoding"), "chunked");
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, says_when_a_body_is_not_as_long_as_announced) {
    FakeHost& host = *co_await FakeHost::open(ok);
    ClientSession session;
    EXPECT_THAT(co_await fails<ValueError>(session.post(host.url()).header("Content-Length", "7").data(count_to(3))),
                HasSubstr("shorter"));
    EXPECT_THAT(co_await fails<ValueError>(session.post(host.url()).header("Content-Length", "1").data(count_to(3))),
                HasSubstr("longer"));
    co_await fails<ValueError>(session.post(host.url()).header("Content-Length", "2").data("three"));
    EXPECT_EQ(co_await text_of(session.get(host.url())), "fine");
    co_await end(session, host);
}

// Two lengths are none: the server and its proxy need not believe the same one (RFC 9112 section 11.2).
ASYNC_TEST(ClientRequest, says_once_how_long_its_body_is) {
    FakeHost& host = *co_await FakeHost::open(ok);
    ClientSession session;
    const auto framing = [&](const char* name, const char* value) -> Coro<std::string> {
        co_await text_of(session.post(host.url()).data("abc").header(name, value));
        const RawRequest& sent = host.requests.back();
        co_return sent.header("transfer-encoding") + " " + sent.header("content-length");
    };
    EXPECT_EQ(co_await framing("Transfer-Encoding", "chunked"), "chunked (none)");
    EXPECT_EQ(co_await framing("Transfer-Encoding", "identity"), "chunked (none)");
    EXPECT_EQ(co_await framing("Content-Length", "3"), "(none) 3");
    const auto refused = [&](const char* value) {
        return fails<ValueError>(session.post(host.url()).data("abc").header("Transfer-Encoding", value));
    };
    EXPECT_THAT(co_await refused("chunked, gzip"), HasSubstr("after chunked"));
    EXPECT_THAT(co_await refused("chunked, chunked"), HasSubstr("after chunked"));
    co_await fails<ValueError>(
        session.post(host.url()).data("abc").header("Content-Length", "3").header("Content-Length", "4"));
    co_await end(session, host);
}

// The program has packed the body itself; chunked comes last, and says where it ends.
ASYNC_TEST(ClientRequest, sends_another_transfer_coding_in_chunks) {
    FakeHost& host =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            co_await self.read(reader);  // the head: the fake host does not know the coding
            EXPECT_EQ(co_await reader.readuntil("0\r\n\r\n"), "3\r\nabc\r\n0\r\n\r\n");
            writer.write(answer("fine"));
            co_await reader.read();
            writer.close();
        });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.post(host.url()).data("abc").header("Transfer-Encoding", "gzip")), "fine");
    EXPECT_EQ(host.requests.at(0).header("transfer-encoding"), "gzip, chunked");
    EXPECT_EQ(host.requests.at(0).header("content-length"), "(none)");
    co_await end(session, host);
}

AsyncGenerator<std::string> breaks() {
    co_yield "some";
    throw std::range_error("the source broke");
}

ASYNC_TEST(ClientRequest, throws_what_a_body_throws) {
    FakeHost& host = *co_await FakeHost::open(ok);
    ClientSession session;
    EXPECT_EQ(co_await fails<std::range_error>(session.post(host.url()).data(breaks())), "the source broke");
    EXPECT_EQ(co_await text_of(session.get(host.url())), "fine");
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, sends_files_and_forms_with_files, kOnce) {
    const std::string path = testing::TempDir() + "aiocpp_upload.html";
    std::ofstream(path) << std::string(200'000, 'f');
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) { return answer(request.body); });
    ClientSession session;
    EXPECT_EQ((co_await text_of(session.post(host.url()).file(path))).size(), 200'000u);
    EXPECT_EQ(host.requests.at(0).header("content-length"), "200000");
    EXPECT_EQ(host.requests.at(0).header("content-type"), "text/html");
    http::FormData form;
    form.add_field("name", "value").add_file("upload", path);
    const std::string sent = co_await text_of(session.post(host.url()).data(std::move(form)));
    EXPECT_THAT(sent.substr(0, 600), HasSubstr("filename=\"aiocpp_upload.html\""));
    EXPECT_GT(sent.size(), 200'000u);
    EXPECT_THAT(host.requests.at(1).header("content-type"), testing::StartsWith("multipart/form-data; boundary="));
    co_await fails<FileNotFoundError>(session.post(host.url()).file(path + ".not"));
    std::remove(path.c_str());
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, packs_a_body) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) {
        return answer(request.body, "Content-Encoding: " + request.header("content-encoding") + "\r\n");
    });
    ClientSession session;
    const std::string data(100'000, 'z');
    for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
        const std::string back = co_await text_of(session.post(host.url()).data(data).compress(coding));
        EXPECT_TRUE(back == data) << coding;
        EXPECT_EQ(host.requests.back().header("content-encoding"), coding);
        EXPECT_LT(host.requests.back().body.size(), 1000u);
    }
    EXPECT_THROW(session.post(host.url()).compress("lzw"), ValueError);
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, waits_for_100_continue_before_it_sends_the_body) {
    FakeHost& host =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const std::string head = co_await reader.readuntil("\r\n\r\n");
            EXPECT_THAT(head, HasSubstr("Expect: 100-continue"));
            co_await aio::sleep(100ms);
            writer.write("HTTP/1.1 100 Continue\r\n\r\n");
            EXPECT_EQ(co_await reader.readexactly(4), "body");
            static_cast<void>(self);
            writer.write(answer("thanks"));
            co_await reader.read();
        });
    ClientSession session;
    const Stopwatch watch;
    EXPECT_EQ(co_await text_of(session.post(host.url()).data("body").expect100()), "thanks");
    watch.expect(100ms);
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, sends_no_body_that_the_server_does_not_want) {
    FakeHost& host = *co_await FakeHost::talking([](FakeHost&, StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.readuntil("\r\n\r\n");
        writer.write(answer("no", "", "417 Expectation Failed"));
        EXPECT_EQ(co_await reader.read(), "");
    });
    ClientSession session;
    auto response = co_await session.post(host.url()).data("body").expect100();
    EXPECT_EQ(response.status(), 417);
    EXPECT_EQ(co_await response.text(), "no");
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, sends_the_body_after_a_second_to_servers_that_do_not_know_expect) {
    if (!virtual_time()) CO_SKIP();
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) { return answer(request.body); });
    ClientSession session;
    const Stopwatch watch;
    EXPECT_EQ(co_await text_of(session.post(host.url()).data("body").expect100()), "body");
    watch.expect(1s);
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, sends_credentials) {
    FakeHost& host = *co_await FakeHost::open(ok);
    http::SessionOptions options;
    options.auth.emplace("session", "s");
    ClientSession session(std::move(options));
    const std::string basic = http::BasicAuth("user", "päss").encode();
    EXPECT_EQ(http::BasicAuth::decode(basic).password(), "päss");
    co_await text_of(session.get(host.url()));
    EXPECT_EQ(host.requests.at(0).header("authorization"), http::BasicAuth("session", "s").encode());
    co_await text_of(session.get(host.url()).auth(http::BasicAuth("user", "päss")));
    EXPECT_EQ(host.requests.at(1).header("authorization"), basic);
    co_await text_of(session.get(host.url().with_user("u", "p:q")));
    EXPECT_EQ(host.requests.at(2).header("authorization"), http::BasicAuth("u", "p:q").encode());
    EXPECT_THAT(host.requests.at(2).head, Not(HasSubstr("u:p")));
    co_await fails<ValueError>(session.get(host.url().with_user("u", "p")).auth(http::BasicAuth("user")));
    co_await fails<ValueError>(session.get(host.url()).header("Authorization", "x").auth(http::BasicAuth("user")));
    EXPECT_THROW(http::BasicAuth("a:b"), ValueError);
    EXPECT_THROW(http::BasicAuth::decode("Bearer x"), ValueError);
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, carries_cookies_of_the_session_the_request_and_the_server) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) {
        return answer("", "Set-Cookie: seen=1; Path=/\r\nSet-Cookie: elsewhere=1; Path=/else\r\n");
    });
    http::SessionOptions options;
    options.cookies = {{"base", "b"}};
    http::CookieJarOptions jar;
    jar.unsafe = true;  // the host is an address
    options.cookie_jar = std::make_shared<http::CookieJar>(jar);
    ClientSession session(std::move(options));
    auto response = co_await session.get(host.url()).cookie("own", "o");
    EXPECT_EQ(response.cookies().size(), 2u);
    EXPECT_EQ(host.requests.at(0).header("cookie"), "base=b; own=o");
    co_await text_of(session.get(host.url()));
    EXPECT_THAT(host.requests.at(1).header("cookie"), HasSubstr("seen=1"));
    EXPECT_THAT(host.requests.at(1).header("cookie"), Not(HasSubstr("own=o")));
    EXPECT_THAT(host.requests.at(1).header("cookie"), Not(HasSubstr("elsewhere")));
    co_await text_of(session.get(host.url()).cookie("seen", "mine"));
    EXPECT_THAT(host.requests.at(2).header("cookie"), HasSubstr("seen=mine"));
    EXPECT_THAT(host.requests.at(2).header("cookie"), Not(HasSubstr("seen=1")));
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, refuses_urls_that_are_not_for_http) {
    ClientSession session;
    const std::string ftp = co_await fails<http::InvalidURL>(session.get("ftp://example.org/"));
    EXPECT_THAT(ftp, HasSubstr("scheme"));
    const std::string relative = co_await fails<http::InvalidURL>(session.get("/path"));
    EXPECT_THAT(relative, HasSubstr("base_url"));
    EXPECT_THROW(ClientSession({.base_url = "/relative"}), http::InvalidURL);
    co_await session.close();
    EXPECT_THROW(static_cast<void>(session.get("http://example.org/")), RuntimeError);
}

ASYNC_TEST(ClientRequest, can_be_a_task_and_be_gathered) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) { return answer(request.target); });
    ClientSession session;
    auto task = create_task(session.get(host.url("/task")));
    auto [a, b] = co_await gather(text_of(session.get(host.url("/a"))), text_of(session.get(host.url("/b"))));
    EXPECT_EQ(a + b, "/a/b");
    http::ClientResponse response = co_await std::move(task);
    EXPECT_EQ(co_await response.text(), "/task");
    auto late = co_await wait_for(session.get(host.url("/late")), 1s);
    EXPECT_EQ(co_await late.text(), "/late");
    co_await end(session, host);
}

ASYNC_TEST(ClientRequest, errors_know_the_request) {
    const int port = co_await unused_port();
    ClientSession session;
    std::exception_ptr error;
    try {
        static_cast<void>(
            co_await session.post("http://user:secret@127.0.0.1:" + std::to_string(port) + "/x#y").data("a"));
    } catch (const http::ClientConnectorError& failure) {
        CO_ASSERT_TRUE(failure.request_info() != nullptr);
        EXPECT_EQ(failure.request_info()->method, "POST");
        EXPECT_EQ(failure.request_info()->url.path(), "/x");
        EXPECT_EQ(failure.request_info()->real_url.fragment(), "y");
        EXPECT_THAT(failure.request_info()->real_url.str(), Not(HasSubstr("secret")));
        EXPECT_EQ(failure.code(), ECONNREFUSED);
        EXPECT_THAT(failure.what(), HasSubstr("127.0.0.1:" + std::to_string(port)));
        error = std::current_exception();
    }
    EXPECT_TRUE(error != nullptr);
    co_await session.close();
}

}  // namespace
}  // namespace aio::test
