// aiocpp fetch, against servers that do what the test wants.
#include "cli/tool.hpp"

#include <aio/http.hpp>

#include "support/tls_peers.hpp"

namespace aio::test {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::Not, testing::StartsWith;

ASYNC_TEST(ToolFetch, prints_one_url, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("the page\n"); });
    const Ended done = co_await run_tool(scratch, "fetch", host.url("/a?b=c").str());
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(done.out, "the page\n");
    EXPECT_EQ(done.err, "");
    EXPECT_EQ(host.requests.at(0).target, "/a?b=c");
    EXPECT_THAT(host.requests.at(0).header("User-Agent"), StartsWith("aiocpp/"));
    EXPECT_EQ(host.requests.at(0).header("Accept-Encoding"), "(none)");
    EXPECT_THAT(scratch.names(), IsEmpty());
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, stores_several_urls_and_tells_of_each, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& r) { return answer("this is " + r.target); });
    const Ended done = co_await run_tool(scratch, "fetch", host.url("/d/a").str(), host.url("/d/b").str(),
                                         host.url("/e/a").str(), host.url("/").str());
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 4) << done.err;
    EXPECT_THAT(done.err, HasSubstr("a.1  12 B, "));
    EXPECT_THAT(scratch.names(), ElementsAre("a", "a.1", "b", "index.html"));
    EXPECT_EQ(scratch.read("a"), "this is /d/a");
    EXPECT_EQ(scratch.read("a.1"), "this is /e/a");
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, stores_where_it_is_told, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& r) { return answer(r.target); });
    const Ended done = co_await run_tool(scratch, "fetch", "--output-dir", "new/er", "-o", "x", host.url("/a").str(),
                                         "-o", "-", host.url("/b").str(), host.url("/c").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.out, "/b");
    EXPECT_EQ(scratch.read("new/er/x"), "/a");
    EXPECT_EQ(scratch.read("new/er/c"), "/c");
    scratch.write("list", "# two\n" + host.url("/l1").str() + "\n\n" + host.url("/l2").str() + "\n");
    const Ended listed = co_await run_tool(scratch, "fetch", "-s", "--input", "list");
    EXPECT_EQ(listed.err, "");
    EXPECT_EQ(scratch.read("l1") + scratch.read("l2"), "/l1/l2");
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, asks_as_it_is_told, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("body", "x=1\r\n&y=2\n");
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("ok"); });
    const std::string url = host.url().str();
    co_await run_tool(scratch, "fetch", "-d", "a=1", "-d", "@body", "-u", "me:secret", "-H", "X-A: b", "-H",
                      "Accept:", "-A", "me/1", url);
    const RawRequest& post = host.requests.at(0);
    EXPECT_EQ(post.method, "POST");
    EXPECT_EQ(post.body, "a=1&x=1&y=2");
    EXPECT_EQ(post.header("Content-Type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(post.header("Authorization"), "Basic bWU6c2VjcmV0");
    EXPECT_EQ(post.header("X-A"), "b");
    EXPECT_EQ(post.header("Accept"), "(none)");
    EXPECT_EQ(post.header("User-Agent"), "me/1");
    co_await run_tool(scratch, "fetch", "-X", "DELETE", url);
    EXPECT_EQ(host.requests.at(1).method, "DELETE");
    co_await run_tool(scratch, "fetch", "--compressed", url);
    EXPECT_THAT(host.requests.at(2).header("Accept-Encoding"), HasSubstr("gzip"));
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, shows_heads, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& r) -> Reply {
        if (r.target == "/old") return redirect("302 Found", "/new");
        if (r.method == "HEAD") return "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-A: b\r\n\r\n";
        return answer("body", "X-A: b\r\n");
    });
    const Ended head = co_await run_tool(scratch, "fetch", "-I", host.url("/").str());
    EXPECT_EQ(head.out, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-A: b\r\n\r\n");
    const Ended both = co_await run_tool(scratch, "fetch", "-i", host.url("/old").str());
    EXPECT_THAT(both.out, StartsWith("HTTP/1.1 302 Found\r\n"));
    EXPECT_THAT(both.out, HasSubstr("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(both.out, testing::EndsWith("\r\n\r\nbody"));
    const Ended stays = co_await run_tool(scratch, "fetch", "-I", "--no-location", host.url("/old").str());
    EXPECT_THAT(stays.out, Not(HasSubstr("200 OK")));
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, takes_an_error_page_for_no_file, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& r) -> Reply {
        return r.target == "/no" ? answer("a page about it", "", "404 Not Found") : answer("yes");
    });
    const std::string no = host.url("/no").str();
    const Ended shown = co_await run_tool(scratch, "fetch", no);
    EXPECT_EQ(shown.status, 0);
    EXPECT_EQ(shown.out, "a page about it");
    const Ended failed = co_await run_tool(scratch, "fetch", "-f", no);
    EXPECT_EQ(failed.status, 22);
    EXPECT_EQ(failed.out, "");
    EXPECT_EQ(failed.err, no + ": the server answered 404 Not Found\n");
    const Ended several = co_await run_tool(scratch, "fetch", no, host.url("/yes").str());
    EXPECT_EQ(several.status, 22);
    EXPECT_THAT(scratch.names(), ElementsAre("yes"));
    const Ended silent = co_await run_tool(scratch, "fetch", "-s", "-O", no);
    EXPECT_EQ(silent.err, "");
    EXPECT_EQ(silent.status, 22);
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, says_that_nobody_listens, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const std::string url = url_at(free_port(), "/x");
    const Ended done = co_await run_tool(scratch, "fetch", "-O", url);
    EXPECT_EQ(done.status, 7);
    EXPECT_THAT(done.err, StartsWith(url + ": cannot connect to 127.0.0.1:"));
    EXPECT_THAT(done.err, HasSubstr("is a server running there?"));
    EXPECT_THAT(scratch.names(), IsEmpty());
}

ASYNC_TEST(ToolFetch, refuses_a_command_line_that_makes_no_sense, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    EXPECT_EQ((co_await run_tool(scratch)).status, 2);
    EXPECT_EQ((co_await run_tool(scratch, "fetch")).status, 2);
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "--nonsense", "http://h/")).status, 2);
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "-C", "17", "http://h/")).status, 2);
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "-H", "nonsense", "http://h/")).status, 2);
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "ftp://h/")).status, 3);
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "--input", "nowhere")).status, 26);
    const Ended version = co_await run_tool(scratch, "--version");
    EXPECT_EQ(version.status, 0);
    EXPECT_THAT(version.out, StartsWith("aiocpp "));
    const Ended help = co_await run_tool(scratch, "fetch", "--help");
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("--continue-at"));
}

ASYNC_TEST(ToolFetch, names_of_servers_lead_nowhere_else, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) {
        return answer("x", "Content-Disposition: attachment; filename=\"../../evil.txt\"\r\n");
    });
    scratch.write("in/keep", "");
    const Ended done = co_await run_tool(scratch, "fetch", "-J", "--output-dir", "in", host.url("/a").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(scratch.read("in/evil.txt"), "x");
    EXPECT_FALSE(scratch.has("evil.txt"));
    // And over no file that is there.
    const Ended again = co_await run_tool(scratch, "fetch", "-J", "--output-dir", "in", host.url("/a").str());
    EXPECT_EQ(again.status, 23);
    EXPECT_THAT(again.err, HasSubstr("File exists"));
    const Ended quoted =
        co_await run_tool(scratch, "fetch", "-O", "--output-dir", "in", host.url("/..%2f..%2fe").str());
    EXPECT_EQ(quoted.status, 0) << quoted.err;
    EXPECT_EQ(scratch.read("in/e"), "x");
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, stores_nothing_that_has_a_wrong_checksum, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("abc"); });
    const std::string url = host.url("/a").str();
    const std::string right = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const std::string wrong = "sha256:" + std::string(64, '0');
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "-O", "--checksum", right, url)).status, 0);
    EXPECT_EQ(scratch.read("a"), "abc");
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "--checksum", right, url)).out, "abc");
    const Ended bad = co_await run_tool(scratch, "fetch", "-o", "b", "--checksum", wrong, url);
    EXPECT_EQ(bad.status, 99);
    EXPECT_THAT(bad.err, HasSubstr("ba7816bf"));
    EXPECT_THAT(scratch.names(), ElementsAre("a"));
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "--checksum", wrong, url)).status, 99);
    scratch.write("SUMS", right.substr(7) + "  a\n" + std::string(64, '0') + "  b\n");
    const Ended listed = co_await run_tool(scratch, "fetch", "--checksums", "SUMS", url, host.url("/b").str());
    EXPECT_EQ(listed.status, 99);
    EXPECT_THAT(scratch.names(), ElementsAre("SUMS", "a"));
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, tries_again_what_may_pass, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    int asked = 0;
    FakeHost& host = *co_await FakeHost::open([&asked](const RawRequest&) {
        return ++asked < 3 ? answer("busy", "", "503 Service Unavailable") : answer("at last");
    });
    const Ended done =
        co_await run_tool(scratch, "fetch", "--retry", "2", "--retry-delay", "0", host.url("/a").str());
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(done.out, "at last");
    EXPECT_THAT(done.err, HasSubstr("trying again"));
    asked = 0;
    const Ended few =
        co_await run_tool(scratch, "fetch", "-O", "--retry", "1", "--retry-delay", "0", host.url("/a").str());
    EXPECT_EQ(few.status, 22);
    EXPECT_EQ(asked, 2);
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, gives_up_after_its_time, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(
        [](const RawRequest&) -> Reply { return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"; });
    const Ended done = co_await run_tool(scratch, "fetch", "-O", "--max-time", "0.3", host.url("/a").str());
    EXPECT_EQ(done.status, 28);
    EXPECT_THAT(done.err, HasSubstr("--max-time"));
    EXPECT_THAT(scratch.names(), ElementsAre("a.part", "a.part.json"));
    const Ended quiet = co_await run_tool(scratch, "fetch", "-O", "--read-timeout", "0.3", host.url("/b").str());
    EXPECT_EQ(quiet.status, 28);
    EXPECT_THAT(quiet.err, HasSubstr("--read-timeout"));
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, goes_through_proxies_and_sockets, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& proxy = *co_await FakeHost::open([](const RawRequest& r) { return answer("by " + r.target); });
    const Ended done = co_await run_tool(scratch, "fetch", "-x", proxy.url().host_port(), "http://nowhere.invalid/a");
    EXPECT_EQ(done.out, "by http://nowhere.invalid/a") << done.err;
    co_await proxy.stop();

    http::Application app;
    app.router().add_get("/", [](http::Request&) { return http::Response::text("local"); });
    http::AppRunner runner(app);
    co_await runner.setup();
    http::UnixSite site(runner, scratch.path("s"));
    co_await site.start();
    const Ended local = co_await run_tool(scratch, "fetch", "--unix-socket", scratch.path("s"), "http://any/");
    EXPECT_EQ(local.out, "local") << local.err;
    co_await runner.cleanup();
}

ASYNC_TEST(ToolFetch, trusts_nobody_unless_it_is_told, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const ssl::SSLContext server = server_context();
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("private"); }, {.ssl = server});
    const std::string url = host.url("/a").with_scheme("https").str();
    const Ended refused = co_await run_tool(scratch, "fetch", url);
    EXPECT_EQ(refused.status, 60);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr("--cacert"));
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "-k", url)).out, "private");
    const Ended trusted = co_await run_tool(scratch, "fetch", "--cacert", pki().pem("ca"), url);
    EXPECT_EQ(trusted.out, "private") << trusted.err;
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "--cacert", "nowhere.pem", url)).status, 26);
    co_await host.stop();
}

ASYNC_TEST(ToolFetch, ends_when_nobody_reads, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer(std::string(5'000'000, 'x')); });
    CreateSubprocess call = tool(scratch, "fetch", host.url("/a").str());
    const Process process = co_await call;
    co_await process.stdout_().readexactly(10);
    {
        CreateSubprocess shell = create_subprocess_shell(std::string(AIOCPP_TOOL) + " fetch " + host.url("/a").str() +
                                                         " 2>err | head -c 3; cat err");
        shell.cwd(scratch.path()).stdout_(subprocess::PIPE);
        const Process pipeline = co_await shell;
        auto [out, err] = co_await pipeline.communicate();
        EXPECT_THAT(out, StartsWith("xxx"));
        EXPECT_THAT(out, HasSubstr("Broken pipe"));
    }
    process.kill();
    co_await process.wait();
    co_await host.stop();
}

}  // namespace
}  // namespace aio::test
