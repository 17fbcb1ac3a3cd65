// What is said to SOCKS proxies, byte by byte, and their refusals.
#include "io/proxy/socks.hpp"

#include <aio/io/server.hpp>

#include "support/async_test.hpp"

#include <cerrno>

namespace aio::test {
namespace {

using detail::socks_connect, detail::SocksError, detail::SocksHandshake, detail::SocksTarget, detail::SocksVersion;
using namespace std::string_literals;
using testing::HasSubstr;

SocksTarget target(std::string host, SocksVersion version = SocksVersion::socks5) {
    SocksTarget to;
    to.version = version;
    to.host = std::move(host);
    to.port = 0x1f90;
    return to;
}

SocksTarget with_login(SocksTarget to, std::string login, std::string password) {
    to.authenticates = true;
    to.login = std::move(login);
    to.password = std::move(password);
    return to;
}

// What is sent for these answers, which come one after the other.
std::string talk(SocksTarget to, std::string_view answers) {
    SocksHandshake handshake(std::move(to));
    std::string sent = handshake.output();
    while (handshake.wanted() > 0) {
        const std::string_view piece = answers.substr(0, handshake.wanted());
        answers.remove_prefix(piece.size());
        handshake.receive(piece);
        sent += "|" + handshake.output();
    }
    return sent;
}

// The same, of what receive() throws.
struct Failed {
    int code = 0, reply = 0;
    std::string what;
    Failed() = default;
};
Failed refused(SocksTarget to, std::string_view answers) {
    Failed failed;
    SocksHandshake handshake(std::move(to));
    try {
        while (handshake.wanted() > 0) {
            const std::string_view piece = answers.substr(0, handshake.wanted());
            answers.remove_prefix(piece.size());
            handshake.receive(piece);
        }
    } catch (const SocksError& error) {
        failed.code = error.code();
        failed.reply = error.reply();
        failed.what = error.what();
    }
    return failed;
}

constexpr auto k4a = SocksVersion::socks4a;

TEST(Socks5, names_the_host_for_the_proxy_to_resolve) {
    EXPECT_EQ(talk(target("example.org"), "\5\0\5\0\0\1\1\2\3\4\5\6"s), "\5\1\0|\5\1\0\3\13example.org\x1f\x90||"s);
    EXPECT_EQ(talk(target("192.0.2.1"), "\5\0\5\0\0\1\1\2\3\4\5\6"s), "\5\1\0|\5\1\0\1\xc0\0\2\1\x1f\x90||"s);
    EXPECT_EQ(talk(target("2001:db8::1"), "\5\0\5\0\0\1\1\2\3\4\5\6"s),
              "\5\1\0|\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x1f\x90||"s);
    EXPECT_EQ(talk(target(std::string(255, 'a')), "\5\0\5\0\0\1\1\2\3\4\5\6"s).size(), 3u + 1 + 7 + 255 + 2);
}

TEST(Socks5, reads_every_type_of_address_in_the_answer) {
    EXPECT_EQ(talk(target("a"), "\5\0\5\0\0\4"s + std::string(18, 'x')), "\5\1\0|\5\1\0\3\1a\x1f\x90||"s);
    EXPECT_EQ(talk(target("a"), "\5\0\5\0\0\3\2"s + "ab\1\1"), "\5\1\0|\5\1\0\3\1a\x1f\x90|||"s);
    EXPECT_EQ(talk(target("a"), "\5\0\5\0\0\3\0"s + "\1\1"), "\5\1\0|\5\1\0\3\1a\x1f\x90|||"s);
    EXPECT_EQ(refused(target("a"), "\5\0\5\0\0\2"s).code, EPROTO);
}

TEST(Socks5, sends_a_login_when_it_is_asked_for) {
    const SocksTarget to = with_login(target("a"), "me", "secret");
    EXPECT_EQ(talk(to, "\5\2\1\0\5\0\0\1\1\2\3\4\5\6"s), "\5\2\0\2|\1\2me\6secret|\5\1\0\3\1a\x1f\x90||"s);
    EXPECT_EQ(talk(to, "\5\2\5\0\5\0\0\1\1\2\3\4\5\6"s), "\5\2\0\2|\1\2me\6secret|\5\1\0\3\1a\x1f\x90||"s);
    EXPECT_EQ(talk(to, "\5\0\5\0\0\1\1\2\3\4\5\6"s), "\5\2\0\2|\5\1\0\3\1a\x1f\x90||"s);
    const Failed wrong = refused(to, "\5\2\1\1"s);
    EXPECT_EQ(wrong.code, EACCES);
    EXPECT_EQ(wrong.what, "it refused the login");
    EXPECT_THAT(refused(target("a"), "\5\xff"s).what, HasSubstr("it wants a login"));
    EXPECT_EQ(refused(to, "\5\xff"s).reply, 255);
    EXPECT_EQ(refused(target("a"), "\5\2"s).code, EPROTO);  // it was not offered
}

TEST(Socks5, has_words_and_an_errno_for_every_refusal) {
    constexpr int kCodes[] = {EIO,          EACCES,    ENETUNREACH, EHOSTUNREACH,
                              ECONNREFUSED, ETIMEDOUT, EOPNOTSUPP,  EAFNOSUPPORT};
    for (int reply = 1; reply <= 255; ++reply) {
        const Failed failed = refused(target("a"), "\5\0\5"s + static_cast<char>(reply) + "\0\1"s);
        EXPECT_EQ(failed.reply, reply);
        EXPECT_EQ(failed.code, reply <= 8 ? kCodes[reply - 1] : EPROTO);
        EXPECT_THAT(failed.what, HasSubstr("(SOCKS5 reply " + std::to_string(reply) + ")"));
    }
}

TEST(Socks5, notices_what_speaks_something_else) {
    EXPECT_THAT(refused(target("a"), "HTTP").what, HasSubstr("does not speak SOCKS5"));
    EXPECT_EQ(refused(target("a"), "\5\0\4\0\0\1"s).code, EPROTO);
    EXPECT_EQ(refused(target("a"), "\5\1"s).code, EPROTO);  // GSSAPI
    EXPECT_EQ(refused(target("a"), "HTTP").reply, -1);
}

TEST(Socks4a, names_the_host_behind_the_login) {
    const std::string granted = "\0\x5a\0\0\0\0\0\0"s;
    EXPECT_EQ(talk(target("example.org", k4a), granted), "\4\1\x1f\x90\0\0\0\1\0example.org\0|"s);
    EXPECT_EQ(talk(target("192.0.2.1", k4a), granted), "\4\1\x1f\x90\xc0\0\2\1\0|"s);
    EXPECT_EQ(talk(with_login(target("a", k4a), "me", ""), granted), "\4\1\x1f\x90\0\0\0\1me\0a\0|"s);
    EXPECT_EQ(refused(target("a", k4a), "\0\x5b\0\0\0\0\0\0"s).code, ECONNREFUSED);
    EXPECT_EQ(refused(target("a", k4a), "\0\x5c\0\0\0\0\0\0"s).code, EACCES);
    EXPECT_EQ(refused(target("a", k4a), "\0\x5d\0\0\0\0\0\0"s).reply, 0x5d);
    EXPECT_EQ(refused(target("a", k4a), "\0\x5e\0\0\0\0\0\0"s).code, EPROTO);
    EXPECT_EQ(refused(target("a", k4a), "\4\x5a\0\0\0\0\0\0"s).code, EPROTO);
}

TEST(Socks, refuses_what_it_cannot_say) {
    EXPECT_THROW(SocksHandshake(target("")), ValueError);
    EXPECT_THROW(SocksHandshake(target(std::string(256, 'a'))), ValueError);
    EXPECT_THROW(SocksHandshake(with_login(target("a"), "", "x")), ValueError);
    EXPECT_THROW(SocksHandshake(with_login(target("a"), "x", "")), ValueError);
    EXPECT_THROW(SocksHandshake(with_login(target("a"), std::string(256, 'x'), "x")), ValueError);
    EXPECT_THROW(SocksHandshake(target("::1", k4a)), ValueError);
    EXPECT_THROW(SocksHandshake(with_login(target("a", k4a), "a\0b"s, "")), ValueError);
}

// --- on a stream -----------------------------------------------------------------------------------------------------

// A proxy that answers with `bytes`, whatever it is told, and closes behind them or not.
Coro<int> proxy_saying(std::string bytes, bool close, std::optional<Server>& server) {
    auto talk = [bytes, close](StreamReader reader, StreamWriter writer) -> Coro<> {
        for (const char c : bytes) {  // each by itself
            writer.write({&c, 1});
            co_await writer.drain();
            co_await sleep(0s);
        }
        if (close) writer.write_eof();
        co_await reader.read();  // unread data would make a reset of the close
        writer.close();
    };
    server = co_await start_server(talk, "127.0.0.1", 0);
    co_return server->port();
}

ASYNC_TEST(SocksConnect, leaves_what_follows_to_the_connection) {
    std::optional<Server>& server = keep<std::optional<Server>>();
    const int port = co_await proxy_saying("\5\0\5\0\0\1\1\2\3\4\5\6hello"s, true, server);
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    co_await socks_connect(reader, writer, target("a"));
    EXPECT_EQ(co_await reader.read(), "hello");
    writer.close();
    co_await writer.wait_closed();
    server->close();
    co_await server->wait_closed();
}

ASYNC_TEST(SocksConnect, fails_when_the_proxy_closes_and_can_be_cancelled) {
    std::optional<Server>& server = keep<std::optional<Server>>();
    for (const bool close : {true, false}) {
        const int port = co_await proxy_saying("\5\0\5\0"s, close, server);
        auto [reader, writer] = co_await open_connection("127.0.0.1", port);
        auto connecting = create_task(socks_connect(reader, writer, target("a")));
        if (close) {
            EXPECT_THAT(co_await expect_throws<SocksError>(connecting), HasSubstr("closed the connection"));
        } else {
            co_await sleep(20ms);
            connecting.cancel();
            co_await expect_throws<CancelledError>(connecting);
        }
        writer.close();
        co_await writer.wait_closed();
        server->close();
        co_await server->wait_closed();
    }
}

}  // namespace
}  // namespace aio::test
