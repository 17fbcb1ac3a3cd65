// aiocpp serve, with curl and with a client that has no manners.
#include "cli/tool.hpp"

#include <csignal>
#include <cstdlib>

namespace aio::test {
namespace {

using testing::HasSubstr, testing::Not, testing::StartsWith;

// A directory to serve.
void fill(const Scratch& scratch) {
    scratch.write("www/hello.txt", "hello, file");
    scratch.write("www/big.bin", noise(300'000));
    scratch.write("www/a <b>&c.txt", "escaped");
    scratch.write("www/.hidden", "hidden");
    scratch.write("www/sub/index.html", "<p>index</p>");
    scratch.write("www/empty/.keep", "");
    scratch.write("secret.txt", "secret");
    std::filesystem::create_symlink("../secret.txt", scratch.path("www/link.txt"));
}

// What curl prints.
Coro<std::string> curl(const Peer& peer, std::string options, std::string path) {
    CreateSubprocess call = create_subprocess_shell("curl -s --noproxy '*' " + options + " '" + peer.url(path) + "'");
    call.stdout_(subprocess::PIPE);
    const Process process = co_await call;
    auto [out, err] = co_await process.communicate();
    co_return out;
}

// The answer to bytes that no decent client sends.
Coro<std::string> raw(const Peer& peer, std::string request) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", peer.port);
    writer.write(request);
    std::string all = co_await reader.read();
    writer.close();
    co_await writer.wait_closed();
    co_return all;
}

ASYNC_TEST(ToolServe, serves_files_to_curl, kOnce) {
    SKIP_WITHOUT("curl");
    const Scratch scratch;
    fill(scratch);
    const Peer peer = co_await Peer::serve(scratch, "www");
    EXPECT_EQ(co_await curl(peer, "", "/hello.txt"), "hello, file");
    EXPECT_TRUE(co_await curl(peer, "", "/big.bin") == noise(300'000));
    EXPECT_EQ(co_await curl(peer, "-r 7-9", "/hello.txt"), "fil");
    EXPECT_EQ(co_await curl(peer, "-o /dev/null -w '%{http_code}' -r 20-", "/hello.txt"), "416");
    const std::string head = co_await curl(peer, "-I", "/hello.txt");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Length: 11\r\n"));
    EXPECT_THAT(head, HasSubstr("Accept-Ranges: bytes\r\n"));
    const std::size_t etag = head.find("ETag: ") + 6;
    const std::string tag = head.substr(etag, head.find("\r\n", etag) - etag);
    EXPECT_EQ(co_await curl(peer, "-o /dev/null -w '%{http_code}' -H 'If-None-Match: " + tag + "'", "/hello.txt"),
              "304");
    EXPECT_EQ(co_await curl(peer, "-o /dev/null -w '%{http_code}' -X POST -d x", "/hello.txt"), "405");
    EXPECT_EQ(co_await curl(peer, "-o /dev/null -w '%{http_code}'", "/nothing"), "404");
    co_await peer.stop();
}

ASYNC_TEST(ToolServe, lists_directories_and_finds_their_index, kOnce) {
    SKIP_WITHOUT("curl");
    const Scratch scratch;
    fill(scratch);
    const Peer peer = co_await Peer::serve(scratch, "www");
    const std::string list = co_await curl(peer, "", "/");
    EXPECT_THAT(list, HasSubstr("Index of /"));
    EXPECT_THAT(list, HasSubstr("<a href=\"./a%20%3Cb%3E%26c.txt\"><bdi>a &lt;b&gt;&amp;c.txt</bdi></a>"));
    EXPECT_THAT(list, HasSubstr(">293.0 KiB</td>"));
    EXPECT_THAT(list, Not(HasSubstr("hidden")));
    EXPECT_LT(list.find("sub/"), list.find("a &lt;"));  // directories first
    EXPECT_LT(list.find("big.bin"), list.find("hello.txt"));
    EXPECT_EQ(co_await curl(peer, "", "/a%20%3Cb%3E%26c.txt"), "escaped");
    EXPECT_EQ(co_await curl(peer, "", "/sub/"), "<p>index</p>");
    EXPECT_EQ(co_await curl(peer, "-L", "/sub"), "<p>index</p>");
    EXPECT_EQ(co_await curl(peer, "-o /dev/null -w '%{http_code}'", "/sub"), "301");
    co_await peer.stop();

    const Peer strict = co_await Peer::serve(scratch, "--no-listing", "-q", "www");
    EXPECT_EQ(co_await curl(strict, "-o /dev/null -w '%{http_code}'", "/empty/"), "403");
    EXPECT_EQ(co_await curl(strict, "", "/sub/"), "<p>index</p>");
    co_await strict.stop();
}

ASYNC_TEST(ToolServe, answers_for_an_icon_that_is_not_there, kOnce) {
    SKIP_WITHOUT("curl");
    const Scratch scratch;
    fill(scratch);
    const std::string status = "-o /dev/null -w '%{http_code}'";
    const Peer peer = co_await Peer::serve(scratch, "www");
    EXPECT_EQ(co_await curl(peer, status, "/favicon.ico"), "204");
    EXPECT_EQ(co_await curl(peer, status + " -X POST -d x", "/favicon.ico"), "405");
    EXPECT_EQ(co_await curl(peer, status, "/sub/favicon.ico"), "404");
    scratch.write("www/favicon.ico", "icon");
    EXPECT_EQ(co_await curl(peer, "", "/favicon.ico"), "icon");
    std::filesystem::remove(scratch.path("www/favicon.ico"));
    std::filesystem::create_symlink("../secret.txt", scratch.path("www/favicon.ico"));
    EXPECT_EQ(co_await curl(peer, status, "/favicon.ico"), "204");
    co_await peer.stop();
}

ASYNC_TEST(ToolServe, lets_nobody_out_of_the_directory, kOnce) {
    SKIP_WITHOUT("curl");
    const Scratch scratch;
    fill(scratch);
    const Peer peer = co_await Peer::serve(scratch, "www");
    for (const char* path : {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/sub/../../secret.txt",
                             "/link.txt", "//secret.txt", "/sub/..%2f..%2fsecret.txt", "/%00"}) {
        const std::string got =
            co_await raw(peer, std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(got, StartsWith("HTTP/1.1 4")) << path;
        EXPECT_THAT(got, Not(HasSubstr("secret\n"))) << path;
    }
    EXPECT_THAT(co_await curl(peer, "--path-as-is -o /dev/null -w '%{http_code}'", "/../secret.txt"),
                StartsWith("4"));
    co_await peer.stop();
    const Peer follows = co_await Peer::serve(scratch, "--follow-symlinks", "www");
    EXPECT_EQ(co_await curl(follows, "", "/link.txt"), "secret");
    co_await follows.stop();
}

ASYNC_TEST(ToolServe, tells_where_it_listens_logs_and_ends_with_ctrl_c, kOnce) {
    SKIP_WITHOUT("curl");
    const Scratch scratch;
    fill(scratch);
    for (const char* workers : {"1", "2"}) {
        CreateSubprocess call = tool(scratch, "serve", "www", "--port", "0", "--workers", workers);
        const Process process = co_await call;
        const std::string banner = co_await process.stdout_().readline();
        EXPECT_THAT(banner, StartsWith("======== Running on http://127.0.0.1:")) << workers;
        Peer peer;
        peer.port = std::atoi(banner.c_str() + banner.rfind(':') + 1);
        for (int i = 0; i < 8; ++i) EXPECT_EQ(co_await curl(peer, "", "/hello.txt"), "hello, file");
        process.send_signal(SIGINT);
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(co_await process.wait(), 0) << err;
        EXPECT_EQ(out, "(Press CTRL+C to quit)\n");
        EXPECT_THAT(err, HasSubstr("\"GET /hello.txt HTTP/1.1\" 200 11"));
        EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 8) << err;
    }
}

ASYNC_TEST(ToolServe, writes_ipv6_addresses_in_brackets, kOnce) {
    SKIP_UNLESS("curl -s --version && grep -q 00000001 /proc/net/if_inet6");
    const Scratch scratch;
    fill(scratch);
    for (const char* workers : {"1", "2"}) {
        CreateSubprocess call = tool(scratch, "serve", "www", "-p", "0", "--bind", "::1", "--workers", workers);
        const Process process = co_await call;
        EXPECT_THAT(co_await process.stdout_().readline(), StartsWith("======== Running on http://[::1]:"))
            << workers;
        process.terminate();
        co_await process.communicate();
    }
}

ASYNC_TEST(ToolServe, says_what_is_wrong, kOnce) {
    SKIP_WITHOUT("curl");
    const Scratch scratch;
    fill(scratch);
    const Peer peer = co_await Peer::serve(scratch, "www");
    for (const char* workers : {"1", "2"}) {
        const Ended busy =
            co_await run_tool(scratch, "serve", "www", "-p", std::to_string(peer.port), "--workers", workers);
        EXPECT_EQ(busy.status, 1);
        EXPECT_EQ(busy.out, "");
        EXPECT_THAT(busy.err, HasSubstr("Address already in use"));
        EXPECT_THAT(busy.err, HasSubstr("--port 0"));
    }
    co_await peer.stop();
    const Peer shared = co_await Peer::serve(scratch, "www", "--workers", "2");
    const Ended busy =
        co_await run_tool(scratch, "serve", "www", "-p", std::to_string(shared.port), "--workers", "2");
    EXPECT_THAT(busy.err, HasSubstr("Address already in use"));
    co_await shared.stop();
    const Ended nowhere = co_await run_tool(scratch, "serve", "nowhere");
    EXPECT_EQ(nowhere.status, 1);
    EXPECT_THAT(nowhere.err, HasSubstr("nowhere"));
    EXPECT_EQ((co_await run_tool(scratch, "serve", "-p", "70000")).status, 2);
}

}  // namespace
}  // namespace aio::test
