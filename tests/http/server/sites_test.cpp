// Where a runner listens: TCP, TLS, AF_UNIX paths, sockets of somebody else's; and TestClient.
#include <aio/http.hpp>
#include <aio/io/sock.hpp>
#include <aio/io/ssl.hpp>
#include <aio/subprocess.hpp>

#include "http/server/web_client.hpp"
#include "io/tls/tls_manual_peer.hpp"
#include "support/command.hpp"
#include "support/tls_peers.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aio::test {
namespace {

using http::Application, http::AppRunner, http::ClientSession, http::Request, http::Response, http::SockSite,
    http::TCPSite, http::TestClient, http::UnixSite;
using testing::HasSubstr, testing::StartsWith;

// Says how it was reached.
Response who(Request& request) {
    return Response::text(request.url().str() + (request.secure() ? " secure" : " plain"));
}

struct Served {
    Served() : runner(app) { app.router().add_get("/{tail:.*}", who); }
    Application app;
    AppRunner runner;
};

http::SiteOptions with_tls(const ssl::SSLContext& context) {
    http::SiteOptions options;
    options.ssl = context;
    return options;
}

// --- TLS -----------------------------------------------------------------------------------------------------------

ASYNC_TEST(HttpSite, over_tls_serves_our_client) {
    Served served;
    co_await served.runner.setup();
    const ssl::SSLContext context = server_context();
    TCPSite site(served.runner, "127.0.0.1", 0, with_tls(context));
    co_await site.start();
    EXPECT_THAT(site.name(), StartsWith("https://127.0.0.1:"));
    http::SessionOptions options;
    options.base_url = "https://localhost:" + std::to_string(site.port());
    ClientSession session(std::move(options));
    const ssl::SSLContext trusted = client_context();
    for (int i = 0; i < 3; ++i) {
        auto response = co_await session.get("/a").ssl(trusted);
        EXPECT_EQ(co_await response.text(), "https://localhost:" + std::to_string(site.port()) + "/a secure");
    }
    EXPECT_EQ(served.runner.connections(), 1u);
    co_await expect_throws<http::ClientConnectorCertificateError>(session.get("/a"));
    EXPECT_EQ(session.connector().statistics().idle, 1u);
    co_await session.close();
    co_await served.runner.cleanup();
}

ASYNC_TEST(HttpSite, over_tls_is_not_stopped_by_those_who_do_not_speak_it) {
    Served served;
    co_await served.runner.setup();
    const ssl::SSLContext context = server_context();
    TCPSite site(served.runner, "127.0.0.1", 0, with_tls(context));
    co_await site.start();
    const std::string all = co_await converse(site.port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(all, testing::Not(HasSubstr("HTTP/1.1 200")));
    ClientSession session;
    auto response =
        co_await session.get("https://localhost:" + std::to_string(site.port()) + "/").ssl(client_context());
    EXPECT_EQ(response.status(), 200);
    co_await response.read();
    co_await session.close();
    co_await served.runner.cleanup();
}

// It has said close_notify; the client's may never come.
ASYNC_TEST(HttpSite, over_tls_stops_without_the_answer_of_idle_clients) {
    Served served;
    co_await served.runner.setup();
    const ssl::SSLContext context = server_context();
    TCPSite site(served.runner, "127.0.0.1", 0, with_tls(context));
    co_await site.start();
    auto [reader, writer] = co_await open_connection("127.0.0.1", site.port());
    ManualPeer client(reader, writer, client_context());
    co_await client.handshake();
    client.write("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(co_await client.read(), StartsWith("HTTP/1.1 200"));
    const Stopwatch watch;
    co_await served.runner.cleanup();
    EXPECT_LT(watch.elapsed(), 1s);
    co_await client.read_all();
    EXPECT_TRUE(client.got_close_notify());
    writer.abort();
    co_await writer.wait_closed();
}

// Runs `script` with $PORT and $CA against a site over TLS; its exit status.
Coro<int> with_tls_site(std::string script) {
    Served served;
    co_await served.runner.setup();
    const ssl::SSLContext context = server_context();
    TCPSite site(served.runner, "127.0.0.1", 0, with_tls(context));
    co_await site.start();
    std::string command = "PORT=" + std::to_string(site.port()) + " CA=" + pki().pem("ca") + "; export PORT CA\n";
    Process process = co_await create_subprocess_shell(command + script);
    const int status = co_await process.wait();
    co_await served.runner.cleanup();
    co_return status;
}

ASYNC_TEST(HttpSite, over_tls_serves_curl, kOnce) {
    SKIP_WITHOUT("curl");
    const int status = co_await with_tls_site(R"SH(set -e
url="https://localhost:$PORT/x"
test "$(curl -s --cacert "$CA" "$url")" = "$url secure"
curl -s --cacert "$CA" "$url" "$url" -o /dev/null -o /dev/null -w '%{num_connects}' | grep -q 10
! curl -s "$url")SH");
    EXPECT_EQ(status, 0);
}

ASYNC_TEST(HttpSite, over_tls_serves_python, kOnce) {
    SKIP_WITHOUT("python3");
    const int status = co_await with_tls_site(R"(python3 - <<'END'
import os, ssl, urllib.error, urllib.request
url = f"https://localhost:{os.environ['PORT']}/y"
context = ssl.create_default_context(cafile=os.environ["CA"])
assert urllib.request.urlopen(url, context=context).read().decode() == url + " secure"
try:
    urllib.request.urlopen(url, context=ssl.create_default_context())
    raise SystemExit("trusted a stranger")
except urllib.error.URLError as error:
    assert isinstance(error.reason, ssl.SSLCertVerificationError), error
END
)");
    EXPECT_EQ(status, 0);
}

// --- AF_UNIX -------------------------------------------------------------------------------------------------------

ASYNC_TEST(HttpSite, at_a_path_serves_our_client_and_goes_with_it) {
    Served served;
    co_await served.runner.setup();
    const std::string path = fresh_socket_path();
    UnixSite site(served.runner, path);
    co_await site.start();
    EXPECT_EQ(site.name(), "http+unix://" + path);
    http::SessionOptions options;
    options.connector = http::UnixConnector(path).share();
    ClientSession session(std::move(options));
    auto response = co_await session.get("http://any.example/b");
    EXPECT_EQ(co_await response.text(), "http://any.example/b plain");
    // Without a Host there is nothing to make a URL of but a name for this machine.
    auto [reader, writer] = co_await open_unix_connection(path);
    writer.write("GET /old HTTP/1.0\r\n\r\n");
    EXPECT_THAT(co_await reader.read(), testing::EndsWith("http://localhost/old plain"));
    writer.close();
    co_await writer.wait_closed();
    co_await session.close();
    co_await served.runner.cleanup();
    co_await expect_throws<OSError>(open_unix_connection(path));
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

ASYNC_TEST(HttpSite, at_a_path_serves_curl, kOnce) {
    SKIP_WITHOUT("curl");
    Served served;
    co_await served.runner.setup();
    const std::string path = fresh_socket_path();
    UnixSite site(served.runner, path);
    co_await site.start();
    const std::string script =
        "test \"$(curl -s --unix-socket " + path + " http://any.example/c)\" = 'http://any.example/c plain'";
    EXPECT_EQ(co_await run_command(script), 0);
    co_await served.runner.cleanup();
}

// --- somebody else's socket ----------------------------------------------------------------------------------------

// Bound to a free port of this machine; it listens already, as systemd's do, or not.
int bound_socket(bool listens) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
    if (listens) ::listen(fd, 8);
    return fd;
}

ASYNC_TEST(HttpSite, on_a_socket_that_was_given) {
    if (simulated()) CO_SKIP();
    for (const bool listens : {false, true}) {
        Served served;
        co_await served.runner.setup();
        SockSite site(served.runner, bound_socket(listens));
        co_await site.start();
        EXPECT_EQ(site.name(), "http://127.0.0.1:" + std::to_string(site.port()));
        const WebReply reply = co_await fetch(site.port(), "/d");
        EXPECT_EQ(reply.body, "http://a.example/d plain");
        co_await served.runner.cleanup();
        co_await expect_throws<ConnectionRefusedError>(open_connection("127.0.0.1", site.port()));
    }
}

ASYNC_TEST(HttpSite, leaves_a_socket_open_that_another_process_has_too) {
    if (simulated()) CO_SKIP();
    const int ours = bound_socket(true);
    const int other = ::dup(ours);  // as another process has it
    {
        Served served;
        co_await served.runner.setup();
        SockSite site(served.runner, ours);
        co_await site.start();
        co_await fetch(site.port(), "/");
        co_await served.runner.cleanup();
    }
    Served next;
    co_await next.runner.setup();
    SockSite site(next.runner, other);
    co_await site.start();
    EXPECT_EQ((co_await fetch(site.port(), "/e")).body, "http://a.example/e plain");
    co_await next.runner.cleanup();
}

ASYNC_TEST(HttpSite, refuses_what_is_no_stream_socket) {
    if (simulated()) CO_SKIP();
    Served served;
    co_await served.runner.setup();
    const int datagrams = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    SockSite site(served.runner, datagrams);
    EXPECT_THAT(co_await expect_throws<ValueError>(site.start()), HasSubstr("is not a stream socket"));
    ::close(datagrams);
    co_await served.runner.cleanup();
}

// --- order of calls ------------------------------------------------------------------------------------------------

ASYNC_TEST(HttpSite, starts_once_and_after_setup) {
    Served served;
    TCPSite site(served.runner, "127.0.0.1", 0);
    EXPECT_THAT(co_await expect_throws<RuntimeError>(site.start()), HasSubstr("setup()"));
    EXPECT_THROW(site.name(), RuntimeError);
    co_await served.runner.setup();
    co_await site.start();
    EXPECT_THAT(co_await expect_throws<RuntimeError>(site.start()), HasSubstr("listens already"));
    co_await site.stop();
    co_await served.runner.cleanup();
}

ASYNC_TEST(HttpSite, several_serve_one_application) {
    Served served;
    co_await served.runner.setup();
    TCPSite first(served.runner, "127.0.0.1", 0), second(served.runner, "127.0.0.1", 0);
    co_await first.start();
    co_await second.start();
    EXPECT_EQ(served.runner.addresses(), (std::vector{first.name(), second.name()}));
    EXPECT_EQ((co_await fetch(first.port(), "/")).status, 200);
    const int port = first.port();
    co_await first.stop();
    co_await expect_throws<ConnectionRefusedError>(open_connection("127.0.0.1", port));
    EXPECT_EQ((co_await fetch(second.port(), "/")).status, 200);
    co_await served.runner.cleanup();
}

// --- TestClient ----------------------------------------------------------------------------------------------------

ASYNC_TEST(HttpTestClient, asks_its_server) {
    Application app;
    app.router().add_get("/set", [](Request&) {
        Response response = Response::text("set");
        response.set_cookie("name", "zoe");
        return response;
    });
    app.router().add_get("/get", [](Request& request) {
        return Response::text(std::string(request.cookie("name").value_or("nobody")));
    });
    app.router().add_post("/echo", [](Request& request) -> Coro<Response> {
        std::string body = co_await request.read();
        co_return Response::bytes(std::move(body));
    });
    TestClient client(app);
    EXPECT_THROW((void)client.get("/get"), RuntimeError);
    co_await client.start();
    auto first = co_await client.get("/get");
    EXPECT_EQ(co_await first.text(), "nobody");
    auto set = co_await client.get("/set");
    EXPECT_EQ(co_await set.text(), "set");
    auto second = co_await client.get("/get");
    EXPECT_EQ(co_await second.text(), "zoe");
    auto echoed = co_await client.post("/echo").data("there and back");
    EXPECT_EQ(co_await echoed.text(), "there and back");
    EXPECT_EQ(client.server().runner().connections(), 1u);
    EXPECT_EQ(client.make_url("/get"), "http://127.0.0.1:" + std::to_string(client.port()) + "/get");
    co_await client.close();
    EXPECT_EQ(client.server().runner().connections(), 0u);
}

}  // namespace
}  // namespace aio::test
