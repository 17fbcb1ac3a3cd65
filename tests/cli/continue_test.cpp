// aiocpp fetch -C -: what an interrupted fetch leaves, and how it goes on.
#include "cli/tool.hpp"

#include <aio/http.hpp>

#include <csignal>

namespace aio::test {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::StartsWith;

const std::string kBytes = noise(300'000);

// The first 200,000 bytes, and then the connection breaks; ranges are answered as they should be.
Reply breaks_at_first(const RawRequest& request) {
    const std::string range = request.header("Range");
    const std::string common = "ETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    if (range == "(none)") {
        return {"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n" + common + "\r\n" + kBytes.substr(0, 200'000), true};
    }
    const auto from = static_cast<std::size_t>(std::stoul(range.substr(range.find('=') + 1)));
    return answer(kBytes.substr(from), common + "Content-Range: bytes " + std::to_string(from) + "-299999/300000\r\n",
                  "206 Partial Content");
}

ASYNC_TEST(ToolContinue, asks_for_the_rest_only, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(breaks_at_first);
    const std::string url = host.url("/a").str();
    const Ended cut = co_await run_tool(scratch, "fetch", "-O", url);
    EXPECT_EQ(cut.status, 18);
    EXPECT_THAT(cut.err, StartsWith(url + ": "));
    EXPECT_THAT(cut.err, HasSubstr("a.part; resume with -C -"));
    EXPECT_THAT(scratch.names(), ElementsAre("a.part", "a.part.json"));
    EXPECT_EQ(scratch.read("a.part").size(), 200'000u);
    const Ended rest = co_await run_tool(scratch, "fetch", "-O", "-C", "-", url);
    EXPECT_EQ(rest.status, 0) << rest.err;
    EXPECT_THAT(scratch.names(), ElementsAre("a"));
    EXPECT_TRUE(scratch.read("a") == kBytes);
    EXPECT_EQ(host.requests.at(1).header("Range"), "bytes=200000-");
    EXPECT_EQ(host.requests.at(1).header("If-Range"), "\"v1\"");
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, retries_go_on_by_themselves, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(breaks_at_first);
    const Ended done =
        co_await run_tool(scratch, "fetch", "-O", "--retry", "1", "--retry-delay", "0", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_TRUE(scratch.read("a") == kBytes);
    EXPECT_EQ(host.requests.at(1).header("Range"), "bytes=200000-");
    co_await host.stop();
}

// Servers that answer a range wrongly: the first answer breaks, the second is `rest` of 200,000 on, then all is right.
Coro<> survives(Reply (*rest)(const std::string& common)) {
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([rest](const RawRequest& request) -> Reply {
        const std::string common = "ETag: \"v1\"\r\n";
        if (request.header("Range") != "(none)") return rest(common);
        if (request.connection > 1) return answer(kBytes, common);
        return {"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n" + common + "\r\n" + kBytes.substr(0, 200'000), true};
    });
    const Ended done =
        co_await run_tool(scratch, "fetch", "-O", "--retry", "2", "--retry-delay", "0", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_TRUE(scratch.read("a") == kBytes) << scratch.read("a").size();
    EXPECT_EQ(host.requests.at(1).header("Range"), "bytes=200000-");
    EXPECT_THAT(scratch.names(), ElementsAre("a"));
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, takes_no_packed_rest_for_the_rest, kOnce) {
    if (simulated()) CO_SKIP();
    co_await survives([](const std::string& common) -> Reply {
        return answer("\x1f\x8b packed",
                      common + "Content-Encoding: gzip\r\nContent-Range: bytes 200000-299999/300000\r\n",
                      "206 Partial Content");
    });
}

ASYNC_TEST(ToolContinue, takes_no_rest_for_the_whole, kOnce) {
    if (simulated()) CO_SKIP();
    co_await survives([](const std::string& common) -> Reply {
        return answer(kBytes.substr(200'000), common + "Content-Range: bytes 200000-299999/300000\r\n");
    });
    co_await survives([](const std::string& common) -> Reply { return answer(kBytes.substr(200'000), common); });
    co_await survives([](const std::string& common) -> Reply {
        return "HTTP/1.1 200 OK\r\n" + common + "Transfer-Encoding: chunked\r\n\r\n186a0\r\n" +
               kBytes.substr(200'000) + "\r\n0\r\n\r\n";
    });
}

ASYNC_TEST(ToolContinue, takes_no_part_that_it_did_not_ask_for, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/switch") return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
        return answer("part", "Content-Range: bytes 0-3/10\r\n",
                      request.target == "/206" ? "206 Partial Content" : "200 OK");
    });
    for (const char* path : {"/206", "/200"}) {
        const Ended done = co_await run_tool(scratch, "fetch", "-O", host.url(path).str());
        EXPECT_EQ(done.status, 18) << done.err;
        EXPECT_THAT(done.err, HasSubstr("only a part"));
    }
    const Ended unasked = co_await run_tool(scratch, "fetch", "-O", host.url("/switch").str());
    EXPECT_EQ(unasked.status, 56) << unasked.err;
    const Ended asked = co_await run_tool(scratch, "fetch", "-O", "-H", "Upgrade: x", "-H", "Connection: Upgrade",
                                          host.url("/switch").str());
    EXPECT_EQ(asked.status, 22) << asked.err;
    EXPECT_THAT(scratch.names(), IsEmpty());
    const Ended part = co_await run_tool(scratch, "fetch", "-O", "-H", "Range: bytes=0-3", host.url("/206").str());
    EXPECT_EQ(part.status, 0) << part.err;
    EXPECT_EQ(scratch.read("206"), "part");
    co_await host.stop();
}

// Each answer is a piece, and does not say how large the whole is.
ASYNC_TEST(ToolContinue, remembers_the_size_where_later_answers_do_not_say_it, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        const std::string range = request.header("Range");
        if (range == "(none)") return breaks_at_first(request);
        const auto from = static_cast<std::size_t>(std::stoul(range.substr(range.find('=') + 1)));
        return answer(kBytes.substr(from, 50'000),
                      "ETag: \"v1\"\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                          std::to_string(from + 49'999) + "/*\r\n",
                      "206 Partial Content");
    });
    const Ended done =
        co_await run_tool(scratch, "fetch", "-O", "--retry", "2", "--retry-delay", "0", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_TRUE(scratch.read("a") == kBytes) << scratch.read("a").size();
    co_await host.stop();
}

// Nobody has said -C: what was there is to be replaced, and is no beginning.
ASYNC_TEST(ToolContinue, a_retry_takes_no_older_file_for_a_beginning, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a", "old");
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.connection == 1) return {"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 7\r\n\r\n", true};
        if (request.header("Range") == "(none)") return answer("newer..", "ETag: \"v1\"\r\n");
        return answer("er..", "ETag: \"v1\"\r\nContent-Range: bytes 3-6/7\r\n", "206 Partial Content");
    });
    const Ended done =
        co_await run_tool(scratch, "fetch", "-O", "--retry", "1", "--retry-delay", "0", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(scratch.read("a"), "newer..");
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, begins_anew_where_ranges_are_ignored, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a.part", "what is no beginning of it");
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer(kBytes); });
    const Ended done = co_await run_tool(scratch, "fetch", "-O", "--continue", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_TRUE(scratch.read("a") == kBytes);
    EXPECT_EQ(host.requests.at(0).header("Range"), "bytes=26-");
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, begins_anew_where_the_file_has_changed, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a.part", "old beginning");
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.header("Range") == "(none)") return answer("new", "ETag: \"v2\"\r\n");
        // Knows no If-Range.
        return answer("w", "ETag: \"v2\"\r\nContent-Range: bytes 13-13/14\r\n", "206 Partial Content");
    });
    const std::string url = host.url("/a").str();
    scratch.write("a.part.json", R"({"url": ")" + url + R"(", "etag": "\"v1\"", "size": 14})");
    const Ended done = co_await run_tool(scratch, "fetch", "-O", "-C", "-", url);
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(scratch.read("a"), "new");
    EXPECT_EQ(host.requests.size(), 2u);
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, takes_a_file_that_somebody_else_began, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a", kBytes.substr(0, 1000));
    FakeHost& host = *co_await FakeHost::open(breaks_at_first);
    const Ended done = co_await run_tool(scratch, "fetch", "-O", "-C", "-", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_TRUE(scratch.read("a") == kBytes);
    EXPECT_EQ(host.requests.at(0).header("Range"), "bytes=1000-");
    EXPECT_THAT(scratch.names(), ElementsAre("a"));
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, leaves_alone_what_is_complete, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a", "all");
    FakeHost& host = *co_await FakeHost::open(
        [](const RawRequest&) { return answer("", "Content-Range: bytes */3\r\n", "416 Range Not Satisfiable"); });
    const Ended done = co_await run_tool(scratch, "fetch", "-O", "-C", "-", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_THAT(done.err, HasSubstr("already complete"));
    EXPECT_EQ(scratch.read("a"), "all");
    EXPECT_THAT(scratch.names(), ElementsAre("a"));
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, a_beginning_that_proves_wrong_is_fetched_again, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a.part", "xb");
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.header("Range") == "(none)") return answer("abc");
        return answer("c", "Content-Range: bytes 2-2/3\r\n", "206 Partial Content");
    });
    const Ended done = co_await run_tool(scratch, "fetch", "-O", "-C", "-", "--checksum",
                                         "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                                         host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(scratch.read("a"), "abc");
    co_await host.stop();
}

ASYNC_TEST(ToolContinue, a_whole_file_that_proves_wrong_is_fetched_again, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a", "xyz");
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.header("Range") == "(none)") return answer("abc");
        return answer("", "Content-Range: bytes */3\r\n", "416 Range Not Satisfiable");
    });
    const Ended done = co_await run_tool(scratch, "fetch", "-C", "-", "--checksum",
                                         "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                                         host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(scratch.read("a"), "abc");
    EXPECT_THAT(scratch.names(), ElementsAre("a"));
    co_await host.stop();
}

// Sends half of the file, and then nothing.
Coro<> stalls(FakeHost& host, StreamReader reader, StreamWriter writer) {
    const auto request = co_await host.read(reader);
    if (!request) co_return;
    writer.write("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 300000\r\n\r\n" + kBytes.substr(0, 150'000));
    co_await reader.read();  // until the client goes
    writer.close();
}

// Waits until `name` has so many bytes.
Coro<> until_there(const Scratch& scratch, std::string name, std::size_t size) {
    while (!scratch.has(name) || std::filesystem::file_size(scratch.path(name)) < size) co_await aio::sleep(5ms);
}

Coro<> interrupt(int signal, int status) {
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::talking(stalls);
    const std::string url = host.url("/a").str();
    CreateSubprocess call = tool(scratch, "fetch", "-O", url);
    const Process process = co_await call;
    co_await until_there(scratch, "a.part", 65'536);
    process.send_signal(signal);
    auto [out, err] = co_await process.communicate();
    EXPECT_EQ(co_await process.wait(), status);
    EXPECT_THAT(err, HasSubstr(url + ": stopped; "));
    EXPECT_THAT(err, HasSubstr("interrupted; resume with the same command and -C -"));
    EXPECT_THAT(scratch.names(), ElementsAre("a.part", "a.part.json"));
    EXPECT_EQ(scratch.read("a.part"), kBytes.substr(0, scratch.read("a.part").size()));
    co_await host.stop();

    FakeHost& whole = *co_await FakeHost::open(breaks_at_first);
    const Ended rest = co_await run_tool(scratch, "fetch", "-o", "a", "-C", "-", whole.url("/a").str());
    EXPECT_EQ(rest.status, 0) << rest.err;
    EXPECT_TRUE(scratch.read("a") == kBytes);
    EXPECT_EQ(whole.requests.at(0).header("If-Range"), "\"v1\"");
    co_await whole.stop();
}

ASYNC_TEST(ToolContinue, ctrl_c_leaves_what_can_be_continued, kOnce) {
    if (simulated()) CO_SKIP();
    co_await interrupt(SIGINT, 130);
}

ASYNC_TEST(ToolContinue, so_does_sigterm, kOnce) {
    if (simulated()) CO_SKIP();
    co_await interrupt(SIGTERM, 143);
}

ASYNC_TEST(ToolContinue, a_killed_fetch_can_be_continued_as_well, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::talking(stalls);
    CreateSubprocess call = tool(scratch, "fetch", "-O", host.url("/a").str());
    const Process process = co_await call;
    co_await until_there(scratch, "a.part", 65'536);
    process.kill();
    co_await process.communicate();
    EXPECT_THAT(scratch.names(), ElementsAre("a.part", "a.part.json"));
    co_await host.stop();
}

}  // namespace
}  // namespace aio::test
