// What a ClientSession makes of answers.
#include <aio/io/file.hpp>

#include "http/client/fake_host.hpp"
#include "http/wire/coding.hpp"

#include <nlohmann/json.hpp>

namespace aio::test {
namespace {

using http::ClientSession;
using http::wire::Coding;
using testing::HasSubstr;

std::string packed(Coding coding, std::string_view data) {
    http::wire::Encoder encoder(coding);
    std::string output;
    encoder.encode(data, output);
    encoder.finish(output);
    return output;
}

ASYNC_TEST(ClientResponse, reads_bodies_by_length_in_chunks_and_to_the_end) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/length") return answer("by length");
        if (request.target == "/chunks") {
            return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nin \r\n6\r\nchunks\r\n0\r\nX-Sum: "
                   "9\r\n\r\n";
        }
        return Reply("HTTP/1.1 200 OK\r\n\r\nto the end", true);
    });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url("/length"))), "by length");
    auto response = co_await session.get(host.url("/chunks"));
    EXPECT_EQ(co_await response.text(), "in chunks");
    CO_ASSERT_TRUE(response.content().trailers() != nullptr);
    EXPECT_EQ(response.content().trailers()->get("x-sum", ""), "9");
    EXPECT_EQ(session.connector().statistics().idle, 1u);
    EXPECT_EQ(co_await text_of(session.get(host.url("/end"))), "to the end");
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, gives_its_body_away_when_it_is_not_needed_any_more) {
    const std::string large(3'000'000, 'b');
    const auto handler = [large](const RawRequest&) -> Reply { return answer(large); };
    FakeHost& host = *co_await FakeHost::open(handler);
    ClientSession session;
    auto response = co_await session.get(host.url("/"));
    EXPECT_TRUE(co_await response.read() == large);
    EXPECT_TRUE(co_await response.read() == large);
    EXPECT_TRUE(co_await std::move(response).read() == large);
    EXPECT_TRUE(co_await (co_await session.get(host.url("/"))).read() == large);
    EXPECT_EQ(session.connector().statistics().idle, 1u);
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, has_no_body_without_a_length_if_told_so) {
    FakeHost& host = *co_await saying("HTTP/1.1 200 OK\r\n\r\nfor ever");
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url()).read_until_eof(false)), "");
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    co_await end(session, host);
    FakeHost& other = *co_await saying(answer("by length"));
    ClientSession next;
    EXPECT_EQ(co_await text_of(next.get(other.url()).read_until_eof(false)), "by length");
    co_await end(next, other);
}

ASYNC_TEST(ClientResponse, streams_its_body) {
    const std::string data(1'000'000, 'd');
    FakeHost& host = *co_await saying(answer(data));
    ClientSession session;
    auto response = co_await session.get(host.url());
    EXPECT_EQ(response.content_length(), 1'000'000u);
    std::size_t total = 0;
    auto pieces = response.content().iter_chunked(10'000);
    while (auto piece = co_await pieces.next()) {
        EXPECT_EQ(piece->size(), 10'000u);
        total += piece->size();
    }
    EXPECT_EQ(total, data.size());
    EXPECT_TRUE(response.closed());
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, has_no_body_after_head_204_and_304) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/204") return "HTTP/1.1 204 No Content\r\n\r\n";
        if (request.target == "/304") return "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n";
        return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Encoding: gzip\r\n\r\n";
    });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.head(host.url("/"))), "");
    EXPECT_EQ(co_await text_of(session.get(host.url("/204"))), "");
    EXPECT_EQ(co_await text_of(session.get(host.url("/304"))), "");
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, skips_interim_answers) {
    FakeHost& host = *co_await saying("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
                                      answer("final"));
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url())), "final");
    EXPECT_EQ(co_await text_of(session.get(host.url())), "final");
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, unpacks_bodies) {
    const std::string data(200'000, 'u');
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        const std::string coding = request.target.substr(1);
        const std::string text(200'000, 'u');
        std::string body = packed(*http::wire::parse_coding(coding), text);
        if (coding == "gzip")
            body = packed(Coding::gzip, text.substr(0, 1000)) + packed(Coding::gzip, text.substr(1000));
        return answer(body, "Content-Encoding: " + coding + "\r\n");
    });
    ClientSession session;
    for (const char* path : {"/gzip", "/deflate", "/br", "/zstd"}) {
        const std::string text = co_await text_of(session.get(host.url(path)));
        EXPECT_TRUE(text == data) << path;
    }
    auto as_it_came = co_await session.get(host.url("/gzip")).auto_decompress(false);
    EXPECT_LT((co_await as_it_came.read()).size(), 5000u);
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, refuses_bombs_and_broken_codings) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/bomb")
            return answer(packed(Coding::gzip, std::string(20'000'000, '0')), "Content-Encoding: gzip\r\n");
        if (request.target == "/cut") {
            const std::string body = packed(Coding::gzip, "some text that is long enough");
            return answer(body.substr(0, body.size() / 2), "Content-Encoding: gzip\r\n");
        }
        if (request.target == "/garbage") return answer("this is no gzip at all", "Content-Encoding: gzip\r\n");
        return answer("as it is", "Content-Encoding: strange\r\n");
    });
    ClientSession session;
    for (const char* path : {"/bomb", "/cut", "/garbage"}) {
        auto response = co_await session.get(host.url(path));
        co_await expect_throws<http::ClientPayloadError>(response.read());
        co_await expect_throws<http::ClientPayloadError>(response.read());
    }
    auto limited = co_await session.get(host.url("/bomb")).max_decompressed_size(1000);
    co_await expect_throws<http::ClientPayloadError>(limited.read());
    EXPECT_EQ(co_await text_of(session.get(host.url("/unknown"))), "as it is");
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, decodes_text_by_its_charset) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/latin") return answer("Zo\xeb", "Content-Type: text/plain; charset=ISO-8859-1\r\n");
        if (request.target == "/bad") return answer("Zo\xeb", "Content-Type: text/plain\r\n");
        return answer("x", "Content-Type: text/plain; charset=klingon\r\n");
    });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url("/latin"))), "Zoë");
    auto bad = co_await session.get(host.url("/bad"));
    co_await expect_throws<UnicodeDecodeError>(bad.text());
    EXPECT_EQ(co_await bad.text("", "replace"), "Zo\xef\xbf\xbd");
    EXPECT_EQ(co_await bad.text("latin-1"), "Zoë");
    EXPECT_EQ(bad.content_type(), "text/plain");
    auto unknown = co_await session.get(host.url("/klingon"));
    EXPECT_EQ(unknown.charset(), "klingon");
    co_await expect_throws<ValueError>(unknown.text());
    EXPECT_EQ(co_await unknown.read(), "x");
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, unfolds_headers) {
    FakeHost& host = *co_await saying(answer("hi", "A: b\r\n\tc\r\n", "200 OK"));
    ClientSession session;
    auto response = co_await session.get(host.url("/"));
    EXPECT_EQ(response.headers().get("A", ""), "b   c");
    EXPECT_EQ(co_await response.text(), "hi");
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, parses_json_that_says_it_is) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/json") return answer("{\"a\": [1, 2]}", "Content-Type: application/problem+json\r\n");
        if (request.target == "/broken") return answer("{\"a\": ", "Content-Type: application/json\r\n");
        return answer("{\"a\": 3}", "Content-Type: text/html\r\n");
    });
    ClientSession session;
    auto good = co_await session.get(host.url("/json"));
    const nlohmann::json document = co_await good.json();
    EXPECT_EQ(document["a"][1], 2);
    auto html = co_await session.get(host.url("/html"));
    EXPECT_THAT(co_await expect_throws<http::ContentTypeError>(html.json()), HasSubstr("text/html"));
    const nlohmann::json anyway = co_await html.json(false);
    EXPECT_EQ(anyway["a"], 3);
    auto broken = co_await session.get(host.url("/broken"));
    co_await expect_throws<nlohmann::json::parse_error>(broken.json());
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, raises_for_status_when_told_to) {
    FakeHost& host = *co_await saying(answer("nothing here", "X-Why: gone\r\n", "404 Not Found"));
    ClientSession session;
    auto response = co_await session.get(host.url("/x"));
    EXPECT_FALSE(response.ok());
    try {
        response.raise_for_status();
        ADD_FAILURE();
    } catch (const http::ClientResponseError& error) {
        EXPECT_EQ(error.status(), 404);
        EXPECT_EQ(error.message(), "Not Found");
        EXPECT_EQ(error.headers()->get("x-why", ""), "gone");
        EXPECT_EQ(error.request_info()->url.path(), "/x");
    }
    co_await fails<http::ClientResponseError>(session.get(host.url()).raise_for_status());
    http::SessionOptions options;
    options.raise_for_status = true;
    ClientSession strict(std::move(options));
    co_await fails<http::ClientResponseError>(strict.get(host.url()));
    EXPECT_EQ(co_await text_of(strict.get(host.url()).raise_for_status(false)), "nothing here");
    co_await strict.close();
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, knows_its_links) {
    FakeHost& host = *co_await saying(answer(
        "", "Link: <https://a.test/p?a,b>; rel=\"next page\"; title=\"x, y\", </rel>; rel=prev\r\nLink: broken\r\n"));
    ClientSession session;
    auto response = co_await session.get(host.url("/here/"));
    const std::vector<http::Link> links = response.links();
    CO_ASSERT_EQ(links.size(), 2u);
    EXPECT_EQ(links[0].url.str(), "https://a.test/p?a,b");
    EXPECT_EQ(links[0].rel, "next page");
    EXPECT_EQ(links[0].parameter("title"), "x, y");
    EXPECT_EQ(links[1].url.str(), host.url("/rel").str());
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, of_101_is_an_error_when_no_upgrade_was_asked_for) {
    FakeHost& host = *co_await FakeHost::open(
        [](const RawRequest&) { return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n"; });
    ClientSession session;
    EXPECT_THAT(co_await fails<http::ClientResponseError>(session.get(host.url())), HasSubstr("no Upgrade header"));
    co_await end(session, host);
}

ASYNC_TEST(ClientResponse, hands_over_the_connection_after_101) {
    FakeHost& host = *co_await FakeHost::talking([](FakeHost&, StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.readuntil("\r\n\r\n");
        writer.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello ");
        writer.write(co_await reader.readexactly(5));
    });
    ClientSession session;
    auto response = co_await session.get(host.url()).header("Upgrade", "echo").header("Connection", "Upgrade");
    CO_ASSERT_EQ(response.status(), 101);
    http::Upgraded upgraded = response.upgrade();
    EXPECT_THROW(response.upgrade(), RuntimeError);
    upgraded.writer.write("world");
    EXPECT_EQ(upgraded.received + co_await upgraded.reader.read(), "hello world");
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    upgraded.writer.close();
    co_await upgraded.writer.wait_closed();
    co_await end(session, host);
}

}  // namespace
}  // namespace aio::test
