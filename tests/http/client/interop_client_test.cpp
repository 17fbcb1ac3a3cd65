// The client with other people's servers: Python's aiohttp, Node, nginx. Each test is skipped where its server is
// missing.
#include <aio/subprocess.hpp>

#include "http/client/fake_host.hpp"
#include "support/command.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace aio::test {
namespace {

using http::ClientSession;
using subprocess::DEVNULL, subprocess::PIPE;

// A server that prints its port and ends with its input.
struct Peer {
    Process process;
    std::string base;

    static Coro<Peer> start(std::string program, std::string path) {
        Peer peer;
        peer.process = co_await create_subprocess_exec(program, path).stdin_(PIPE).stdout_(PIPE);
        const StreamReader output = peer.process.stdout_();
        const std::string port = co_await output.readline();
        peer.base = "http://127.0.0.1:" + port.substr(0, port.find('\n'));
        co_return peer;
    }
    Coro<> stop() {
        process.stdin_().close();
        co_await process.wait();
        co_await process.stdout_().read();
    }
};

ASYNC_TEST(ClientInterop, talks_to_aiohttp, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import aiohttp'");
    Peer peer = co_await Peer::start("/usr/bin/python3", interop_script("http_server.py"));
    http::CookieJarOptions jar;
    jar.unsafe = true;
    http::SessionOptions options;
    options.base_url = peer.base;
    options.cookie_jar = std::make_shared<http::CookieJar>(jar);
    options.middlewares = {http::DigestAuthMiddleware("user", "pass")};
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.get("/text")), "hello from aiohttp");
    auto head = co_await session.head("/text");
    EXPECT_EQ(head.headers().get("x-method", ""), "HEAD");
    const std::string data(5'000'000, 'e');
    EXPECT_TRUE(co_await text_of(session.post("/echo").data(data)) == data);
    EXPECT_TRUE(co_await text_of(session.post("/echo").data(data).chunked()) == data);
    EXPECT_TRUE(co_await text_of(session.post("/echo").data(data).compress("gzip")) == data);
    EXPECT_EQ(co_await text_of(session.post("/echo").data("expected").expect100()), "expected");
    EXPECT_EQ((co_await text_of(session.get("/chunks"))).size(), 290u);
    EXPECT_EQ(co_await text_of(session.get("/packed")), std::string(100'000, 'z'));
    EXPECT_EQ(co_await text_of(session.get("/login")), "zoe");
    EXPECT_EQ(co_await text_of(session.get("/digest?algorithm=MD5")), "welcome");
    EXPECT_EQ(co_await text_of(session.get("/digest?algorithm=SHA-256&q=a b")), "welcome");
    http::FormData form;
    form.add_field("name", "Zoë").add_field("file", std::string(1000, 'f'), {.filename = "a \"b\".txt"});
    auto posted = co_await session.post("/form").data(std::move(form));
    const nlohmann::json fields = co_await posted.json();
    EXPECT_EQ(fields["name"], "Zoë");
    EXPECT_EQ(fields["file"][1], 1000);
    co_await session.close();
    co_await peer.stop();
}

ASYNC_TEST(ClientInterop, talks_to_node, kOnce) {
    SKIP_UNLESS("node --version");
    Peer peer = co_await Peer::start("node", interop_script("http_server.mjs"));
    http::SessionOptions options;
    options.base_url = peer.base;
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.get("/")), "hello from node");
    auto response = co_await session.get("/trailers");
    EXPECT_EQ(co_await response.text(), "body");
    CO_ASSERT_TRUE(response.content().trailers() != nullptr);
    EXPECT_EQ(response.content().trailers()->get("x-sum", ""), "4");
    const Stopwatch watch;
    EXPECT_EQ(co_await text_of(session.post("/continue").data("asked first").expect100()), "asked first");
    EXPECT_LT(watch.elapsed(), 900ms);
    co_await session.close();
    co_await peer.stop();
}

ASYNC_TEST(ClientInterop, talks_to_nginx, kOnce) {
    SKIP_UNLESS("test -x /usr/sbin/nginx");
    const int port = co_await unused_port();
    std::string folder = testing::TempDir() + "aiocpp-nginx-XXXXXX";
    CO_ASSERT_TRUE(::mkdtemp(folder.data()) != nullptr);
    ::chmod(folder.c_str(), 0755);
    std::ofstream(folder + "/page.txt") << std::string(2'000'000, 'n');
    std::ofstream(folder + "/nginx.conf")
        << "daemon off; pid " << folder << "/pid; error_log " << folder << "/error.log; events {}\n"
        << "http { access_log off; keepalive_requests 10; gzip on; gzip_types text/plain; gzip_proxied any;\n"
        << "client_body_temp_path " << folder << "/a; proxy_temp_path " << folder << "/b; fastcgi_temp_path "
        << folder << "/c; uwsgi_temp_path " << folder << "/d; scgi_temp_path " << folder
        << "/e; default_type text/plain;\n"
        << "server { listen 127.0.0.1:" << port << "; root " << folder << "; } }\n";
    Process nginx = co_await create_subprocess_exec("/usr/sbin/nginx", "-p", folder, "-e", folder + "/error.log",
                                                    "-c", folder + "/nginx.conf")
                        .stderr_(DEVNULL);
    http::SessionOptions options;
    options.base_url = "http://127.0.0.1:" + std::to_string(port);
    ClientSession session(std::move(options));
    bool up = false;
    for (int i = 0; i < 500 && !up; ++i) {
        try {
            co_await text_of(session.get("/nothing"));
            up = true;
        } catch (const http::ClientConnectorError&) {}
        if (!up) co_await aio::sleep(10ms);
    }
    EXPECT_TRUE(up);
    // It closes after ten requests each: forty go through all the same.
    for (int i = 0; i < 40; ++i) {
        auto response = co_await session.get("/page.txt");
        EXPECT_EQ(response.headers().get("content-encoding", ""), "gzip");
        EXPECT_EQ((co_await response.read()).size(), 2'000'000u);
    }
    auto part = co_await session.get("/page.txt").header("Range", "bytes=0-9").header("Accept-Encoding", "identity");
    EXPECT_EQ(part.status(), 206);
    EXPECT_EQ(co_await part.text(), "nnnnnnnnnn");
    co_await session.close();
    nginx.terminate();
    co_await nginx.wait();
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace aio::test
