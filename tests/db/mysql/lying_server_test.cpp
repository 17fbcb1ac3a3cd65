// Servers that lie: wrong lengths, numbers and counts, answers nobody asked for, answers without an end; and a MySQL server's
// ways that MariaDB does not have: caching_sha2_password, the goodbye to idle connections. The result is a typed error, and no
// deadline is missed.
#include "db/mysql/fake_mysql.hpp"
#include "db/mysql/with_server.hpp"

#include "db/mysql/wire/proofs.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <atomic>
#include <cstdio>
#include <functional>

namespace aio::test::fake_mysql {
namespace {

constexpr int kPrepare = 0x16, kExecute = 0x17;

// A server that prepares honestly and answers each execution with `lie`.
std::function<void(RawPeer&)> lying(std::string lie) {
    return [lie = std::move(lie)](RawPeer& peer) {
        if (!welcome(peer)) return;
        while (const int command = next_command(peer)) {
            if (command == kPrepare) {
                peer.write(prepared());
            } else if (command == kExecute) {
                peer.write(lie);
            } else {
                peer.write(packet(1, ok_payload()));
            }
        }
    };
}

// What a question ends with: "3", or the class of the error.
Coro<std::string> answer_of(mysql::Connection connection, Duration deadline = 30s) {
    const auto question = [&] { return connection.fetch("SELECT ?", 3); };
    try {
        const mysql::Rows rows = co_await with_timeout(deadline, question);
        std::string text;
        for (const auto& row : rows) text += std::to_string(row.get<std::int64_t>(0));
        co_return text;
    } catch (const db::DatabaseError&) {
        co_return "DatabaseError";
    } catch (const db::InterfaceError&) {
        co_return "InterfaceError";
    } catch (const db::ConversionError&) {
        co_return "ConversionError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    } catch (const OSError&) {
        co_return "OSError";
    }
}

struct Lie {
    const char* name;
    std::string bytes;
    std::string expected;
    bool stays_open = false;
};

std::vector<Lie> lies() {
    const std::string one = number(1, 1), end = ok_payload(2, 0xfe), column = column_payload();
    return {
        {"the truth", result(3), "3", true},
        {"no row", answer({one, column, end}), "", true},
        {"an OK in place of rows", answer({ok_payload()}), "", true},
        {"a wrong sequence number", answer({one, column, row_payload(3), end}, 2), "InterfaceError"},
        {"a sequence number twice", packet(1, one) + packet(1, column), "InterfaceError"},
        {"an empty packet", packet(1, ""), "InterfaceError"},
        {"no columns", answer({"\xfc" + number(0, 2)}), "InterfaceError"},
        {"four billion columns", answer({"\xfe" + number(0xffff'ffff, 8)}), "InterfaceError"},
        {"a count that is cut", answer({"\xfe" + number(1, 4)}), "InterfaceError"},
        {"bytes behind the count", answer({one + "x"}), "InterfaceError"},
        {"a column that is cut", answer({one, column.substr(0, 20), row_payload(3), end}), "InterfaceError"},
        {"a column without fields", answer({one, text("def") + std::string(5, '\0') + number(0, 1)}),
         "InterfaceError"},
        {"a column of an unknown type", answer({one, column_payload("n", 200), row_payload(3), end}),
         "InterfaceError"},
        {"a row that is cut", answer({one, column, row_payload(3).substr(0, 7), end}), "InterfaceError"},
        {"bytes behind the row", answer({one, column, row_payload(3) + "x", end}), "InterfaceError"},
        {"a row without a header", answer({one, column, "\1" + row_payload(3), end}), "InterfaceError"},
        {"a text beyond the row",
         answer({one, column_payload("n", 253), std::string("\0\0\xfc\xff\xff", 5) + "ab", end}), "InterfaceError"},
        {"a date of 3 bytes", answer({one, column_payload("n", 10), std::string("\0\0\3abc", 6), end}),
         "InterfaceError"},
        {"a time of 200 bytes",
         answer({one, column_payload("n", 11), std::string("\0\0\xc8", 3) + std::string(200, 'x'), end}),
         "InterfaceError"},
        {"a month 77", answer({one, column_payload("n", 10), std::string("\0\0\4", 3) + number(2024, 2) + "MM", end}),
         "ConversionError", true},
        {"an end that is cut", answer({one, column, row_payload(3), std::string("\xfe\0", 2)}), "InterfaceError"},
        {"a file that nobody offered", answer({"\xfb/etc/passwd"}), "InterfaceError"},
        {"an error", answer({error_payload(1064, "42000", "no")}), "DatabaseError", true},
        {"an error without a state", answer({"\xff" + number(1064, 2) + "no"}), "DatabaseError", true},
        {"an error that is cut", answer({"\xff\1"}), "InterfaceError"},
        {"an error behind a row", answer({one, column, row_payload(3), error_payload(1317, "70100", "no")}),
         "DatabaseError", true},
        {"an interruption that nobody asked for", answer({error_payload(1317, "70100", "no")}), "DatabaseError",
         true},
        {"more results, which do not come", answer({ok_payload(2 | 8)}), "TimeoutError", true},
        {"silence", "", "TimeoutError", true},
        {"a packet of 1 GiB", "\xff\xff\xff\1", "TimeoutError", true},
        {"an answer twice", result(3) + result(4), "3"},
        {"a goodbye in place of an answer", packet(0, error_payload(4031, "HY000", "idle")), "DatabaseError"},
    };
}

ASYNC_TEST(MysqlLyingServer, about_a_statement, kOnce) {
    if (simulated()) CO_SKIP();
    for (const Lie& lie : lies()) {
        const RawServer server(lying(lie.bytes));
        const auto connection = co_await mysql::connect(dsn_of(server));
        const Duration deadline = lie.expected == "TimeoutError" ? Duration(150ms) : Duration(30s);
        EXPECT_EQ(co_await answer_of(connection, deadline), lie.expected) << lie.name;
        if (!lie.stays_open) {
            co_await expect_throws<Error>(connection.ping(false));  // what came too much is seen by now
            EXPECT_TRUE(connection.is_closed()) << lie.name;
        } else if (lie.expected != "TimeoutError") {
            EXPECT_FALSE(connection.is_closed()) << lie.name;
        }
        connection.terminate();
    }
}

ASYNC_TEST(MysqlLyingServer, about_a_preparation, kOnce) {
    if (simulated()) CO_SKIP();
    const std::pair<const char*, std::string> answers[] = {
        {"a number that is cut", answer({prepare_ok_payload().substr(0, 3)})},
        {"another header", answer({"\7" + prepare_ok_payload().substr(1)})},
        {"a parameter that is cut", answer({prepare_ok_payload(), column_payload().substr(0, 9), column_payload()})},
        {"a row", answer({row_payload(3)}, 5)},
    };
    for (const auto& [name, bytes] : answers) {
        const RawServer server([&](RawPeer& peer) {
            if (!welcome(peer)) return;
            if (next_command(peer) == kPrepare) peer.write(bytes);
            peer.hang();
        });
        const auto connection = co_await mysql::connect(dsn_of(server));
        EXPECT_EQ(co_await answer_of(connection, 10s), "InterfaceError") << name;
        EXPECT_TRUE(connection.is_closed()) << name;
    }
}

// What connecting ends with.
Coro<std::string> outcome_of(std::string dsn, Duration deadline = 10s) {
    try {
        const auto connection = co_await mysql::connect(dsn, {.timeout = deadline});
        connection.terminate();
        co_return "connected";
    } catch (const db::AuthenticationError&) {
        co_return "AuthenticationError";
    } catch (const db::TooManyConnectionsError&) {
        co_return "TooManyConnectionsError";
    } catch (const db::DatabaseError&) {
        co_return "DatabaseError";
    } catch (const db::InterfaceError& error) {
        EXPECT_THAT(error.what(), testing::StartsWith("connect to 127.0.0.1:"));
        co_return "InterfaceError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    } catch (const OSError&) {
        co_return "OSError";
    }
}

ASYNC_TEST(MysqlLyingServer, about_the_login, kOnce) {
    if (simulated()) CO_SKIP();
    const std::string greeting = packet(0, handshake_payload());
    const auto old = handshake_payload("mysql_native_password", 0x0000'8001);
    const Lie greetings[] = {
        {"a web page", "HTTP/1.1 400 Bad Request\r\n\r\n", "InterfaceError"},
        {"an SSH server", "SSH-2.0-OpenSSH_9.2\r\n", "InterfaceError"},
        {"an end at once", "", "InterfaceError"},
        {"too many connections", packet(0, "\xff" + number(1040, 2) + "Too many connections"),
         "TooManyConnectionsError"},
        {"another protocol", packet(0, "\x09" + handshake_payload().substr(1)), "InterfaceError"},
        {"a greeting that is cut", packet(0, handshake_payload().substr(0, 30)), "InterfaceError"},
        {"a greeting with a number", packet(1, handshake_payload()), "InterfaceError"},
        {"a server before 4.1", packet(0, old), "InterfaceError"},
        {"an authentication of before 4.1", greeting + packet(2, "\xfe"), "InterfaceError"},
        {"an unknown plugin",
         greeting + packet(2, std::string("\xfe"
                                          "dialog\0abc",
                                          11)),
         "InterfaceError"},
        {"a plugin without an end",
         greeting + packet(2,
                           "\xfe"
                           "dialog"),
         "InterfaceError"},
        {"a short scramble",
         greeting + packet(2, std::string("\xfe"
                                          "client_ed25519\0abc",
                                          19)),
         "InterfaceError"},
        {"the password in clear text",
         greeting + packet(2, std::string("\xfe"
                                          "mysql_clear_password\0",
                                          22)),
         "InterfaceError"},
        {"sha256_password without TLS",
         greeting + packet(2, std::string("\xfe"
                                          "sha256_password\0",
                                          17) +
                                  std::string(kScramble) + '\0'),
         "InterfaceError"},
        {"more data that nobody asked for", greeting + packet(2, "\1\7"), "InterfaceError"},
        {"a row", greeting + packet(2, "\5abc"), "InterfaceError"},
        {"an OK that is cut", greeting + packet(2, std::string("\0\0", 2)), "InterfaceError"},
        {"a wrong password", greeting + packet(2, error_payload(1045, "28000", "no")), "AuthenticationError"},
        {"a wrong number", greeting + packet(9, ok_payload()), "InterfaceError"},
    };
    for (const Lie& lie : greetings) {
        const RawServer server([&](RawPeer& peer) { peer.write(lie.bytes); });
        EXPECT_EQ(co_await outcome_of(dsn_of(server)), lie.expected) << lie.name;
    }
    const RawServer silent([](RawPeer& peer) { peer.hang(); });
    EXPECT_EQ(co_await outcome_of(dsn_of(silent), 100ms), "TimeoutError");
    const RawServer without_tls([&](RawPeer& peer) { peer.write(greeting); });
    EXPECT_EQ(co_await outcome_of(dsn_of(without_tls, "ssl_mode=required")), "InterfaceError");
}

// --- caching_sha2_password, as MySQL 8 does it ----------------------------------------------------------------------

class RsaKey {
public:
    RsaKey() : key_(EVP_RSA_gen(2048)) {}
    RsaKey(const RsaKey&) = delete;
    ~RsaKey() { EVP_PKEY_free(key_); }
    std::string public_pem() const {
        BIO* const bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PUBKEY(bio, key_);
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio, &data);
        std::string pem(data, static_cast<std::size_t>(size));
        BIO_free(bio);
        return pem;
    }
    // The password that was encrypted, its scramble taken off.
    std::string decrypt(const std::string& bytes) const {
        EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key_, nullptr);
        EVP_PKEY_decrypt_init(context);
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
        std::string plain(256, '\0');
        std::size_t size = plain.size();
        const int done = EVP_PKEY_decrypt(context, reinterpret_cast<unsigned char*>(plain.data()), &size,
                                          reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        EVP_PKEY_CTX_free(context);
        plain.resize(done == 1 ? size : 0);
        for (std::size_t i = 0; i < plain.size(); ++i)
            plain[i] = static_cast<char>(plain[i] ^ kScramble[i % kScramble.size()]);
        return plain;
    }

private:
    EVP_PKEY* key_;
};

ASYNC_TEST(MysqlCachingSha2, fast_and_full_authentication, kOnce) {
    // aiomysql: test_sha_connection.test_cached_sha256_pw, test_sha_connection.test_cached_sha256_nopw
    if (simulated()) CO_SKIP();
    const RsaKey key;
    const std::string expected = mysql::wire::caching_sha2_proof("secret", kScramble);
    std::string seen, password;
    bool full = false;
    const RawServer server([&](RawPeer& peer) {
        peer.write(packet(0, handshake_payload("caching_sha2_password")));
        const Request login = next_request(peer);
        if (login.payload.empty()) return;
        seen = login.payload.find(expected) != std::string::npos ? "proved" : "no proof";
        int sequence = login.sequence;
        if (full) {
            peer.write(packet(++sequence, "\1\4"));
            const Request request = next_request(peer);
            sequence = request.sequence;
            if (request.payload == "\2") {
                peer.write(packet(++sequence, "\1" + key.public_pem()));
                const Request proof = next_request(peer);
                password = key.decrypt(proof.payload);
                sequence = proof.sequence;
            } else {
                password = key.decrypt(request.payload);
            }
            if (password != std::string("secret\0", 7)) return;
        } else {
            peer.write(packet(++sequence, "\1\3"));
        }
        peer.write(packet(++sequence, ok_payload()));
        peer.hang();
    });
    EXPECT_EQ(co_await outcome_of(dsn_of(server)), "connected");
    EXPECT_EQ(seen, "proved");
    full = true;
    EXPECT_EQ(co_await outcome_of(dsn_of(server)), "InterfaceError");  // it would trust any server's key
    EXPECT_EQ(password, "");
    EXPECT_EQ(co_await outcome_of(dsn_of(server, "ssl_mode=disabled&get_server_public_key=true")), "connected");
    const std::string file = "/tmp/aiocpp-key-" + std::to_string(server.port());
    std::FILE* const out = std::fopen(file.c_str(), "w");
    std::fputs(key.public_pem().c_str(), out);
    std::fclose(out);
    password.clear();
    EXPECT_EQ(co_await outcome_of(dsn_of(server, "ssl_mode=disabled&server_public_key_path=" + file)), "connected");
    EXPECT_EQ(password, std::string("secret\0", 7));
    std::remove(file.c_str());
}

ASYNC_TEST(MysqlCachingSha2, sha256_password_by_a_switch, kOnce) {
    // aiomysql: test_sha_connection.test_sha256_pw
    if (simulated()) CO_SKIP();
    const RsaKey key;
    std::string password;
    const RawServer server([&](RawPeer& peer) {
        peer.write(packet(0, handshake_payload("sha256_password")));
        const Request login = next_request(peer);
        peer.write(packet(login.sequence + 1, std::string("\xfe"
                                                          "sha256_password\0",
                                                          17) +
                                                  std::string(kScramble) + '\0'));
        const Request request = next_request(peer);
        if (request.payload != "\1") return;
        peer.write(packet(request.sequence + 1, "\1" + key.public_pem()));
        const Request proof = next_request(peer);
        password = key.decrypt(proof.payload);
        peer.write(packet(proof.sequence + 1, ok_payload()));
        peer.hang();
    });
    EXPECT_EQ(co_await outcome_of(dsn_of(server, "ssl_mode=disabled&get_server_public_key=true")), "connected");
    EXPECT_EQ(password, std::string("secret\0", 7));
}

// An empty password is no secret: nothing is encrypted for it.
ASYNC_TEST(MysqlCachingSha2, sha256_password_of_a_user_without_one, kOnce) {
    // aiomysql: test_sha_connection.test_sha256_nopw
    if (simulated()) CO_SKIP();
    std::string proof;
    const RawServer server([&](RawPeer& peer) {
        peer.write(packet(0, handshake_payload("sha256_password")));
        const Request login = next_request(peer);
        peer.write(packet(login.sequence + 1,
                          "\xfe" + std::string("sha256_password") + '\0' + std::string(kScramble) + '\0'));
        const Request request = next_request(peer);
        proof = request.payload;
        peer.write(packet(request.sequence + 1, ok_payload()));
        peer.hang();
    });
    const std::string dsn = "mysql://me@127.0.0.1:" + std::to_string(server.port()) + "/?ssl_mode=disabled";
    EXPECT_EQ(co_await outcome_of(dsn), "connected");
    EXPECT_EQ(proof, std::string(1, '\0'));
}

// --- the goodbye of MySQL 8.0.24 and later ----------------------------------------------------------------------------

ASYNC_TEST(MysqlGoodbye, an_idle_connection_that_is_told_off_is_replaced_unseen, kOnce) {
    if (simulated()) CO_SKIP();
    std::atomic<bool> said{false};
    const RawServer server([&](RawPeer& peer) {
        if (!welcome(peer)) return;
        while (const int command = next_command(peer)) {
            peer.write(command == kPrepare ? prepared() : command == kExecute ? result(3) : packet(1, ok_payload()));
            if (command != kExecute || peer.number() > 0) continue;
            peer.write(packet(
                0, error_payload(4031, "HY000", "The client was disconnected by the server because of inactivity.")));
            said = true;
            return;
        }
    });
    const auto pool = co_await mysql::create_pool(dsn_of(server), {.max_size = 1});
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", 1), 3);
    while (!said) co_await sleep(1ms);
    co_await sleep(5ms);  // one that was used within the last millisecond is not looked at
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", 1), 3);
    EXPECT_EQ(pool.get_size(), 1u);
    pool.terminate();
}

}  // namespace
}  // namespace aio::test::fake_mysql
