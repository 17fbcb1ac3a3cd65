// Requests through SOCKS proxies. What SOCKS says byte by byte is in tests/io/proxy.
#include <aio/io/ssl.hpp>

#include "http/client/fake_host.hpp"
#include "http/client/route.hpp"
#include "http/client/socks_server.hpp"
#include "support/command.hpp"
#include "support/resolvers.hpp"
#include "support/tls_peers.hpp"

#include <cerrno>
#include <cstdlib>

namespace aio::test {
namespace {

using http::ClientSession, http::URL;
using testing::HasSubstr;

Reply asked_for(const RawRequest& request) { return answer(request.method + " " + request.target); }

ASYNC_TEST(SocksProxy, resolves_names_or_is_given_addresses) {
    FakeHost& host = *co_await FakeHost::open(asked_for);
    SocksServer& proxy = *co_await open_socks_server();
    FakeResolver& resolver = use_fake_resolver();
    resolver.names["example.test"].hosts = {"2001:db8::7", "192.0.2.7"};
    const std::string port = ":" + std::to_string(host.port());
    const std::string there = "http://example.test" + port + "/a?b";
    const struct {
        const char* scheme;
        std::string asked;
    } cases[] = {{"socks5h", "5 example.test" + port},
                 {"socks5", "5 32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.7" + port},
                 {"socks4a", "4a @example.test" + port},
                 {"socks4", "4 @192.0.2.7" + port}};
    for (const auto& [scheme, asked] : cases) {
        ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(there).proxy(proxy.url(scheme)).proxy_header("X-Proxy", "1")),
                  "GET /a?b");
        EXPECT_EQ(proxy.asked.back(), asked);
        EXPECT_EQ(co_await text_of(session.get(there).proxy(proxy.url(scheme))), "GET /a?b");
        EXPECT_EQ(session.connector().statistics().idle, 2u);  // a header for the proxy makes another way of it
        co_await session.close();
    }
    EXPECT_EQ(host.requests[0].header("host"), "example.test" + port);
    EXPECT_EQ(host.requests[0].header("x-proxy"), "(none)");
    EXPECT_THAT(resolver.asked, testing::ElementsAre("example.test", "example.test"));
    co_await proxy.host->stop();
    co_await host.stop();
}

// Both flavours of WebSockets are requests of this client.
// websockets: asyncio.test_client.test_authenticated_socks_proxy, asyncio.test_client.test_authenticated_socks_proxy_error
ASYNC_TEST(SocksProxy, is_given_a_login) {
    FakeHost& host = *co_await FakeHost::open(asked_for);
    SocksServer& proxy = *co_await open_socks_server();
    proxy.login = "me:secret";
    ClientSession session;
    const URL with_login = proxy.url("socks5h").with_user("me", "secret");
    EXPECT_EQ(co_await text_of(session.get(host.url("/a")).proxy(with_login)), "GET /a");
    EXPECT_EQ(co_await text_of(session.get(host.url("/b")).proxy(with_login)), "GET /b");
    EXPECT_EQ(proxy.host->connections, 1);  // kept
    auto other = session.get(host.url("/c")).proxy(proxy.url("socks5h"));
    EXPECT_THAT(co_await fails<http::ClientSocksProxyError>(std::move(other)), HasSubstr("it wants a login"));
    auto wrong = session.get(host.url("/d")).proxy(proxy.url("socks5h")).proxy_auth(http::BasicAuth("me", "x"));
    EXPECT_THAT(co_await fails<http::ClientSocksProxyError>(std::move(wrong)), HasSubstr("it refused the login"));
    co_await fails<ValueError>(session.get(host.url()).proxy(with_login.with_user(std::string(256, 'x'), "y")));
    proxy.login = "";
    auto four = session.get(host.url("/e")).proxy(proxy.url("socks4a").with_user("me"));
    EXPECT_EQ(co_await text_of(std::move(four)), "GET /e");
    EXPECT_THAT(proxy.asked.back(), testing::StartsWith("4 me@127.0.0.1:"));
    EXPECT_EQ(host.requests[0].header("proxy-authorization"), "(none)");
    co_await session.close();
    co_await proxy.host->stop();
    co_await host.stop();
}

// websockets: asyncio.test_client.test_secure_socks_proxy
ASYNC_TEST(SocksProxy, carries_tls_to_the_host) {
    const ssl::SSLContext server = server_context();
    FakeHost& host = *co_await FakeHost::open(asked_for, {.ssl = server});
    SocksServer& proxy = *co_await open_socks_server();
    const ssl::SSLContext trusting = client_context();
    ClientSession session;
    const URL there = host.url("/s", "localhost").with_scheme("https");
    EXPECT_EQ(co_await text_of(session.get(there).ssl(trusting).proxy(proxy.url("socks5h"))), "GET /s");
    EXPECT_EQ(proxy.asked.back(), "5 localhost:" + std::to_string(host.port()));
    co_await fails<http::ClientConnectorCertificateError>(session.get(there).proxy(proxy.url("socks5h")));
    proxy.behind = "x";
    auto early = session.get(there).ssl(trusting).proxy(proxy.url("socks4a"));
    EXPECT_THAT(co_await fails<http::ClientProxyConnectionError>(std::move(early)), HasSubstr("before TLS began"));
    co_await session.close();
    co_await proxy.host->stop();
    co_await host.stop();
}

// websockets: asyncio.test_client.test_socks_proxy_connection_failure, asyncio.test_client.test_unsupported_proxy
ASYNC_TEST(SocksProxy, says_why_it_refuses) {
    SocksServer& proxy = *co_await open_socks_server();
    ClientSession session;
    const struct {
        int refusal, code;
    } cases[] = {{1, EIO}, {2, EACCES}, {4, EHOSTUNREACH}, {5, ECONNREFUSED}, {9, EPROTO}};
    for (const auto& [refusal, code] : cases) {
        proxy.refusal = refusal;
        try {
            static_cast<void>(co_await session.get("http://a.test/").proxy(proxy.url("socks5h")));
            ADD_FAILURE() << "it was not refused";
        } catch (const http::ClientSocksProxyError& error) {
            EXPECT_EQ(error.reply(), refusal);
            EXPECT_EQ(error.code(), code);
            EXPECT_THAT(error.what(), HasSubstr("cannot connect to a.test:80 through the SOCKS proxy 127.0.0.1:"));
            EXPECT_TRUE(error.request_info());
        }
    }
    const URL nobody("socks5h://127.0.0.1:" + std::to_string(co_await unused_port()));
    co_await fails<http::ClientProxyConnectionError>(session.get("http://a.test/").proxy(nobody));
    co_await fails<http::InvalidURL>(session.get("http://a.test/").proxy("socks6://127.0.0.1/"));
    co_await fails<http::InvalidURL>(session.get("http://a.test/").proxy("socks5:///"));
    FakeHost& web = *co_await FakeHost::talking([](FakeHost&, StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.read(1);
        writer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
        writer.close();
    });
    const URL wrong("socks5h://127.0.0.1:" + std::to_string(web.port()));
    auto lost = session.get("http://a.test/").proxy(wrong);
    EXPECT_THAT(co_await fails<http::ClientSocksProxyError>(std::move(lost)), HasSubstr("does not speak SOCKS5"));
    co_await session.close();
    co_await web.stop();
    co_await proxy.host->stop();
}

ASYNC_TEST(SocksProxy, is_given_all_addresses_until_one_can_be_reached) {
    FakeHost& host = *co_await FakeHost::open(asked_for);
    SocksServer& proxy = *co_await open_socks_server();
    use_fake_resolver().names["example.test"].hosts = {"192.0.2.7", "192.0.2.8", "192.0.2.9"};
    const std::string port = ":" + std::to_string(host.port());
    const std::string there = "http://example.test" + port + "/";
    const struct {
        const char* scheme;
        int refusal, refuses;
        std::size_t asked;  // how many addresses
        bool reached;
    } cases[] = {{"socks5", 4, 2, 3, true},     {"socks5", 8, 1, 2, true},  {"socks4", 91, 2, 3, true},
                 {"socks5", 5, 1000, 3, false}, {"socks5", 2, 1, 1, false}, {"socks4", 93, 1, 1, false}};
    for (const auto& [scheme, refusal, refuses, asked, reached] : cases) {
        proxy.asked.clear();
        proxy.refusal = refusal;
        proxy.refuses = refuses;
        ClientSession session;
        if (reached) {
            EXPECT_EQ(co_await text_of(session.get(there).proxy(proxy.url(scheme))), "GET /");
        } else {
            co_await fails<http::ClientSocksProxyError>(session.get(there).proxy(proxy.url(scheme)));
        }
        EXPECT_EQ(proxy.asked.size(), asked) << scheme << " " << refusal;
        EXPECT_THAT(proxy.asked.back(), HasSubstr("192.0.2." + std::to_string(6 + asked)));
        co_await session.close();
    }
    co_await proxy.host->stop();
    co_await host.stop();
}

// websockets: asyncio.test_client.test_socks_proxy_connection_timeout
ASYNC_TEST(SocksProxy, that_is_silent_costs_no_more_than_the_time_limit) {
    SocksServer& proxy = *co_await open_socks_server();
    proxy.silent = true;
    ClientSession session;
    http::ClientTimeout limits;
    limits.sock_connect = 50ms;
    co_await fails<http::ConnectionTimeoutError>(
        session.get("http://a.test/").proxy(proxy.url("socks5h")).timeout(limits));
    auto request = create_task(session.get("http://a.test/").proxy(proxy.url("socks4a")).send());
    while (proxy.host->connections < 2) co_await sleep(1ms);
    request.cancel();
    co_await expect_throws<CancelledError>(request);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    co_await session.close();
    co_await proxy.host->stop();
}

class Setting {
public:
    Setting(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    Setting(const Setting&) = delete;
    Setting& operator=(const Setting&) = delete;
    ~Setting() { ::unsetenv(name_); }

private:
    const char* name_;
};

TEST(ProxyEnvironment, names_socks_proxies_too) {
    using http::detail::proxy_from_environment;
    const URL plain("http://a.test/"), secure("https://a.test/");
    EXPECT_EQ(proxy_from_environment(plain), std::nullopt);
    const Setting all("ALL_PROXY", "socks5://all.test:1");
    EXPECT_EQ(proxy_from_environment(plain), URL("socks5://all.test:1"));
    const Setting socks("socks_proxy", "socks.test:1081");
    EXPECT_EQ(proxy_from_environment(secure), URL("socks5h://socks.test:1081"));
    const Setting socks4("socks_proxy", "socks4a://socks.test");
    EXPECT_EQ(proxy_from_environment(secure), URL("socks4a://socks.test"));
    const Setting https("https_proxy", "web.test:8080");
    EXPECT_EQ(proxy_from_environment(secure), URL("http://web.test:8080"));
    EXPECT_EQ(proxy_from_environment(plain), URL("socks4a://socks.test"));
    const Setting except("no_proxy", "a.test");
    EXPECT_EQ(proxy_from_environment(plain), std::nullopt);
    EXPECT_EQ(proxy_from_environment(secure), std::nullopt);
}

// --- other people's --------------------------------------------------------------------------------------------------

// curl finds our scripted proxy to be one: what the tests above rely on.
ASYNC_TEST(SocksInterop, curl_goes_through_the_scripted_proxy, kOnce) {
    SKIP_WITHOUT("curl");
    FakeHost& host = *co_await FakeHost::open(asked_for);
    SocksServer& proxy = *co_await open_socks_server();
    proxy.login = "me:secret";
    const std::string there = " " + host.url("/x").str() + " | grep -qx 'GET /x'";
    const std::string at = "127.0.0.1:" + std::to_string(proxy.host->port());
    EXPECT_EQ(co_await run_command("curl -sx socks5h://me:secret@" + at + there), 0);
    proxy.login = "";
    EXPECT_EQ(co_await run_command("curl -sx socks4a://" + at + there), 0);
    EXPECT_EQ(co_await run_command("curl -sx socks4://" + at + there), 0);
    co_await proxy.host->stop();
    co_await host.stop();
}

ASYNC_TEST(SocksInterop, our_client_goes_through_microsocks, kOnce) {
    SKIP_WITHOUT("microsocks");
    FakeHost& host = *co_await FakeHost::open(asked_for);
    const std::string port = std::to_string(free_port());
    Command proxy("exec > /dev/null 2>&1 microsocks -i 127.0.0.1 -p " + port + " -u me -P secret");
    ClientSession session;
    const URL right("socks5h://me:secret@127.0.0.1:" + port), wrong("socks5h://me:no@127.0.0.1:" + port);
    for (bool up = false; !up;) {
        try {
            EXPECT_EQ(co_await text_of(session.get(host.url("/m", "localhost")).proxy(right)), "GET /m");
            up = true;
        } catch (const http::ClientProxyConnectionError& error) {
            if (error.code() != ECONNREFUSED) throw;
        }
        if (!up) co_await sleep(1ms);
    }
    EXPECT_THAT(co_await fails<http::ClientSocksProxyError>(session.get(host.url()).proxy(wrong)),
                HasSubstr("login"));
    const URL nobody("http://127.0.0.1:" + std::to_string(co_await unused_port()) + "/");
    EXPECT_THAT(co_await fails<http::ClientSocksProxyError>(session.get(nobody).proxy(right)), HasSubstr("reply 5"));
    co_await session.close();
    co_await host.stop();
}

}  // namespace
}  // namespace aio::test
