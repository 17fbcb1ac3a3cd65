// TLS, and proxies.
#include <aio/io/ssl.hpp>

#include "http/client/crypto.hpp"
#include "http/client/fake_host.hpp"
#include "http/client/netrc.hpp"
#include "http/client/route.hpp"
#include "http/wire/base64.hpp"
#include "support/tls_peers.hpp"

#include <cstdlib>

namespace aio::test {
namespace {

using http::ClientSession, http::ClientSSL, http::URL;
using testing::HasSubstr;

Reply whole(const RawRequest& request) { return answer(request.method + " " + request.target); }

URL secure(const FakeHost& host, std::string_view path = "/") { return host.url(path).with_scheme("https"); }

ASYNC_TEST(ClientTls, verifies_the_server) {
    const ssl::SSLContext server = server_context();
    FakeHost& host = *co_await FakeHost::open(whole, {.ssl = server});
    ClientSession session;
    co_await fails<http::ClientConnectorCertificateError>(session.get(secure(host)));
    const ssl::SSLContext trusting = client_context();
    EXPECT_EQ(co_await text_of(session.get(secure(host, "/a")).ssl(trusting)), "GET /a");
    EXPECT_EQ(co_await text_of(session.get(secure(host, "/b")).ssl(trusting)), "GET /b");
    EXPECT_EQ(host.connections, 1);
    EXPECT_EQ(co_await text_of(session.get(secure(host)).ssl(false)), "GET /");
    EXPECT_EQ(host.connections, 2);
    co_await fails<http::ClientConnectorCertificateError>(
        session.get(secure(host)).ssl(trusting).server_hostname("other.example"));
    EXPECT_EQ(co_await text_of(session.get(secure(host)).ssl(trusting).server_hostname("localhost")), "GET /");
    co_await fails<http::ClientError>(session.get(host.url()));  // no TLS where TLS is spoken
    co_await end(session, host);
}

ASYNC_TEST(ClientTls, pins_a_certificate) {
    const ssl::SSLContext server = server_context();
    FakeHost& host = *co_await FakeHost::open(whole, {.ssl = server});
    const ssl::SSLContext trusting = client_context();
    auto [reader, writer] = co_await open_connection("127.0.0.1", host.port(), over_tls(trusting));
    const std::string digest = http::detail::sha256(writer.ssl_object().getpeercert()->der);
    writer.close();
    co_await writer.wait_closed();
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(secure(host)).ssl(ClientSSL::fingerprint(digest))), "GET /");
    co_await fails<http::ServerFingerprintMismatch>(
        session.get(secure(host)).ssl(ClientSSL::fingerprint(std::string(64, 'a'))));
    EXPECT_THROW(ClientSSL::fingerprint("abc"), ValueError);
    co_await end(session, host);
}

// Copies one way until the end.
Coro<> pump(StreamReader from, StreamWriter to) {
    try {
        while (true) {
            const std::string data = co_await from.read(64 * 1024);
            if (data.empty()) break;
            to.write(data);
        }
    } catch (const std::exception&) {
        // The other side is told by the close.
    }
    to.close();
}

// A proxy for CONNECT that wants "Basic cHJveHk6cHc=" (proxy:pw).
Coro<> tunnel(FakeHost& self, StreamReader reader, StreamWriter writer) {
    const auto request = co_await self.read(reader);
    if (!request) co_return;
    if (request->header("proxy-authorization") != "Basic cHJveHk6cHc=") {
        writer.write(answer("who are you?", "", "407 Proxy Authentication Required"));
        co_return;
    }
    const std::string port = request->target.substr(request->target.rfind(':') + 1);
    auto [in, out] = co_await open_connection("127.0.0.1", std::stoi(port));
    writer.write("HTTP/1.1 200 Connection established\r\n\r\n");
    auto back = create_task(pump(in, writer));
    co_await pump(reader, out);
    co_await back;
}

// websockets: asyncio.test_client.test_http_proxy_connection_failure
ASYNC_TEST(ClientProxy, asks_a_proxy_for_http_with_the_whole_url) {
    FakeHost& proxy = *co_await FakeHost::open(whole);
    ClientSession session;
    auto request = session.get("http://example.test:81/a?b#c").proxy(proxy.url()).proxy_header("X-Proxy", "1");
    EXPECT_EQ(co_await text_of(std::move(request).proxy_auth(http::BasicAuth("u", "p"))),
              "GET http://example.test:81/a?b");
    EXPECT_EQ(proxy.requests[0].header("host"), "example.test:81");
    EXPECT_EQ(proxy.requests[0].header("proxy-authorization"), http::BasicAuth("u", "p").encode());
    EXPECT_EQ(proxy.requests[0].header("x-proxy"), "1");
    co_await text_of(session.get("http://example.test/").proxy(proxy.url().with_user("v", "w")));
    EXPECT_EQ(proxy.requests[1].header("proxy-authorization"), http::BasicAuth("v", "w").encode());
    co_await fails<http::InvalidURL>(session.get("http://example.test/").proxy("ftp://127.0.0.1/"));
    co_await fails<http::ClientProxyConnectionError>(
        session.get("http://example.test/").proxy("http://127.0.0.1:" + std::to_string(co_await unused_port())));
    co_await end(session, proxy);
}

// websockets: asyncio.test_client.test_secure_http_proxy, asyncio.test_client.test_authenticated_http_proxy
// websockets: asyncio.test_client.test_authenticated_http_proxy_error
ASYNC_TEST(ClientProxy, tunnels_https_through_a_proxy) {
    const ssl::SSLContext server = server_context();
    FakeHost& host = *co_await FakeHost::open(whole, {.ssl = server});
    FakeHost& proxy = *co_await FakeHost::talking(tunnel);
    http::SessionOptions options;
    options.proxy = proxy.url();
    ClientSession session(std::move(options));
    const ssl::SSLContext trusting = client_context();
    const http::BasicAuth auth("proxy", "pw");
    EXPECT_EQ(co_await text_of(session.get(secure(host, "/x")).ssl(trusting).proxy_auth(auth)), "GET /x");
    EXPECT_EQ(proxy.requests[0].target, "127.0.0.1:" + std::to_string(host.port()));
    EXPECT_EQ(host.requests[0].header("proxy-authorization"), "(none)");
    EXPECT_EQ(co_await text_of(session.get(secure(host, "/y")).ssl(trusting).proxy_auth(auth)), "GET /y");
    EXPECT_EQ(proxy.connections, 1);
    co_await fails<http::ClientHttpProxyError>(session.get(secure(host)).ssl(trusting));
    co_await fails<http::ClientConnectorCertificateError>(session.get(secure(host)).proxy_auth(auth));
    co_await session.close();
    co_await proxy.stop();
    co_await host.stop();
}

// websockets: asyncio.test_client.test_secure_https_proxy
ASYNC_TEST(ClientProxy, tunnels_tls_inside_tls) {
    const ssl::SSLContext server = server_context();
    FakeHost& host = *co_await FakeHost::open(whole, {.ssl = server});
    FakeHost& proxy = *co_await FakeHost::talking(tunnel, {.ssl = server});
    const ssl::SSLContext trusting = client_context();
    http::ConnectorOptions connector;
    connector.ssl = trusting;
    http::SessionOptions options;
    options.proxy = secure(proxy);
    options.proxy_auth.emplace("proxy", "pw");
    options.connector = http::TCPConnector(connector).share();
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.get(secure(host, "/x"))), "GET /x");
    co_await session.close();
    co_await proxy.stop();
    co_await host.stop();
}

class Environment {
public:
    Environment(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { ::unsetenv(name_); }

private:
    const char* name_;
};

ASYNC_TEST(ClientProxy, trusts_the_environment_when_told_to, kOnce) {
    FakeHost& proxy = *co_await FakeHost::open(whole);
    FakeHost& direct = *co_await FakeHost::open(whole);
    const Environment http_proxy("http_proxy", proxy.url().str());
    const Environment no_proxy("no_proxy", "localhost,127.0.0.1:" + std::to_string(direct.port()));
    http::SessionOptions options;
    options.trust_env = true;
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.get("http://example.test/a")), "GET http://example.test/a");
    EXPECT_EQ(co_await text_of(session.get(direct.url("/b"))), "GET /b");
    ClientSession careful;
    EXPECT_EQ(co_await text_of(careful.get(direct.url("/c"))), "GET /c");
    co_await careful.close();
    co_await end(session, proxy);
    co_await direct.stop();
}

TEST(NoProxy, knows_hosts_domains_ports_addresses_and_networks) {
    using http::detail::bypasses_proxy;
    EXPECT_TRUE(bypasses_proxy("*", "anything", 80));
    EXPECT_TRUE(bypasses_proxy("a.test, example.org", "example.org", 80));
    EXPECT_TRUE(bypasses_proxy(".example.org", "www.EXAMPLE.org", 80));
    EXPECT_TRUE(bypasses_proxy("example.org", "www.example.org.", 80));
    EXPECT_FALSE(bypasses_proxy("example.org", "notexample.org", 80));
    EXPECT_TRUE(bypasses_proxy("example.org:81", "example.org", 81));
    EXPECT_FALSE(bypasses_proxy("example.org:81", "example.org", 80));
    EXPECT_TRUE(bypasses_proxy("10.0.0.0/8", "10.1.2.3", 80));
    EXPECT_TRUE(bypasses_proxy("192.0.2.128/25", "192.0.2.200", 80));
    EXPECT_FALSE(bypasses_proxy("192.0.2.128/25", "192.0.2.100", 80));
    EXPECT_TRUE(bypasses_proxy("2001:db8::/32", "2001:db8::1", 80));
    EXPECT_TRUE(bypasses_proxy("[::1]", "::1", 80));
    EXPECT_FALSE(bypasses_proxy("2.3", "10.1.2.3", 80));
    EXPECT_FALSE(bypasses_proxy("", "example.org", 80));
}

TEST(Netrc, finds_the_credentials_of_a_host) {
    const auto netrc = http::detail::Netrc::parse(
        "# a comment\nmachine a.test login me password \"s p\\\"ace\"\nmacdef init\ncd /\n\n"
        "machine b.test\n  login you\n  password secret account x\ndefault login anonymous password guest\n");
    EXPECT_EQ(netrc.find("a.test"), http::BasicAuth("me", "s p\"ace"));
    EXPECT_EQ(netrc.find("b.test"), http::BasicAuth("you", "secret"));
    EXPECT_EQ(netrc.find("c.test"), http::BasicAuth("anonymous", "guest"));
    EXPECT_EQ(http::detail::Netrc::parse("machine a login b password c oops d").find("a"), http::BasicAuth("b", "c"));
}

TEST(Base64, goes_both_ways) {
    using http::wire::base64, http::wire::unbase64;
    EXPECT_EQ(base64("Man"), "TWFu");
    EXPECT_EQ(base64("Ma"), "TWE=");
    EXPECT_EQ(base64("M"), "TQ==");
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(unbase64("TWE="), "Ma");
    EXPECT_EQ(unbase64("T"), std::nullopt);
    EXPECT_EQ(unbase64("T!=="), std::nullopt);
    EXPECT_EQ(http::detail::hex_digest("MD5", "abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(http::detail::hex_digest("SHA512-256", "abc").substr(0, 16), "53048e2681941ef9");
}

}  // namespace
}  // namespace aio::test
