// Servers that lie while a connection is being opened: they ask for what they should not, do not prove that they know the
// password, never come to an end, or are no PostgreSQL servers. The password is not given away, the deadline holds, and the error
// is one of those that connect() names.
#include "db/pg/fake_postgres.hpp"
#include "db/pg/with_server.hpp"

#include <functional>
#include <mutex>

namespace aio::test::fake {
namespace {

constexpr const char* kPassword = "open sesame";

// What clients sent, in all connections.
struct Heard {
    std::mutex mutex;
    std::string all;
    void add(std::string_view bytes) {
        const std::lock_guard lock(mutex);
        all += bytes;
    }
};

// The class of the error that connect() ends with; "in" if there is none.
Coro<std::string> outcome_of_login(int port, std::string more, Duration deadline = 30s) {
    const std::string dsn =
        "host=127.0.0.1 port=" + std::to_string(port) + " user=me password='" + kPassword + "' dbname=d " + more;
    const auto open = [&] { return pg::connect(dsn); };
    std::string result = "in";
    try {
        const auto connection = co_await with_timeout(deadline, open);
        connection.terminate();
    } catch (const db::DatabaseError&) {
        result = "DatabaseError";
    } catch (const db::InterfaceError&) {
        result = "InterfaceError";
    } catch (const TimeoutError&) {
        result = "TimeoutError";
    } catch (const OSError&) {
        result = "OSError";
    } catch (const std::exception& error) {
        result = std::string("undocumented: ") + error.what();
    }
    co_return result;
}

// `say` is the server's part from the startup message on. It returns what it is to say next to what it has heard.
struct Trick {
    const char* name;
    std::function<void(RawPeer&, Heard&)> act;
    std::string expected = "InterfaceError";
    std::string options = "sslmode=disable";
};

std::string sasl_initial(RawPeer& peer, Heard& heard) {
    const Request request = next_request(peer);
    heard.add(request.body);
    return request.body;
}
// The client's nonce, of "n,,n=,r=<nonce>".
std::string nonce_of(const std::string& first) {
    const std::size_t at = first.find("r=");
    return at == std::string::npos ? "" : first.substr(at + 2);
}
std::string ask_scram() { return authentication(10, zero_terminated("SCRAM-SHA-256") + '\0'); }
std::string challenge(const std::string& nonce, const std::string& iterations) {
    return authentication(11, "r=" + nonce + ",s=c2FsdHNhbHQ=,i=" + iterations);
}
std::string in() { return authentication(0) + message('K', number(7) + number(8)) + ready(); }

// SCRAM up to the client's proof, then `last`.
std::function<void(RawPeer&, Heard&)> scram(std::string iterations, std::string last) {
    return [=](RawPeer& peer, Heard& heard) {
        peer.write(ask_scram());
        peer.write(challenge(nonce_of(sasl_initial(peer, heard)) + "more", iterations));
        heard.add(next_request(peer).body);
        peer.write(last);
        heard.add(next_request(peer).body);
    };
}
std::function<void(RawPeer&, Heard&)> just(std::string bytes) {
    return [=](RawPeer& peer, Heard& heard) {
        peer.write(bytes);
        heard.add(next_request(peer).body);
    };
}

std::vector<Trick> tricks() {
    const std::string wrong_proof(44, 'A');
    return {
        {"lets everybody in", just(in()), "in"},
        {"lets everybody in, against require_auth", just(in()), "InterfaceError",
         "sslmode=disable require_auth=scram-sha-256"},
        {"asks in clear text", just(authentication(3))},
        {"asks for MD5, against require_auth", just(authentication(5, "salt")), "InterfaceError",
         "sslmode=disable require_auth=scram-sha-256"},
        {"asks for Kerberos", just(authentication(2))},
        {"asks for GSSAPI", just(authentication(7))},
        {"asks for what does not exist", just(authentication(99))},
        {"asks for MD5 with half a salt", just(authentication(5, "sa"))},
        {"asks for an unknown mechanism", just(authentication(10, zero_terminated("FOO") + '\0'))},
        {"asks for no mechanism", just(authentication(10, std::string(1, '\0')))},
        {"continues what was not begun", just(authentication(11, "r=x,s=c2FsdA==,i=1"))},
        {"ends what was not begun", just(authentication(12, "v=x"))},
        {"is ready at once", just(ready())},
        {"sends rows", just(row(3))},
        {"forgets to prove itself",
         [](RawPeer& peer, Heard& heard) {
             peer.write(ask_scram());
             sasl_initial(peer, heard);
             peer.write(in());
             peer.hang();
         }},
        {"forgets its proof", scram("4096", in())},
        {"has a wrong proof", scram("4096", authentication(12, "v=" + wrong_proof.substr(0, 43) + "=") + in())},
        {"has half a proof", scram("4096", authentication(12, "v=AAAA") + in())},
        {"asks for the password behind SCRAM", scram("4096", authentication(3))},
        {"answers another client",
         [](RawPeer& peer, Heard& heard) {
             peer.write(ask_scram());
             sasl_initial(peer, heard);
             peer.write(challenge("anotherNonce", "4096"));
             heard.add(next_request(peer).body);
         }},
        {"wants no iterations", scram("0", "")},
        {"wants iterations for ever", scram("4000000000", "")},
        {"wants as many as it may", scram("1000000", ""), "TimeoutError"},
        {"says goodbye at once", [](RawPeer&, Heard&) {}, "connection lost"},
        {"resets the connection", [](RawPeer& peer, Heard&) { peer.reset_at_end(); }, "connection lost"},
        {"stops in a message", [](RawPeer& peer, Heard&) { peer.write(authentication(5, "salt").substr(0, 7)); },
         "connection lost"},
        {"stops before it is ready",
         [](RawPeer& peer, Heard&) { peer.write(authentication(0) + parameter("server_version", "15.0")); },
         "connection lost"},
        {"says nothing", [](RawPeer& peer, Heard&) { peer.hang(); }, "TimeoutError"},
        {"is not ready in time",
         [](RawPeer& peer, Heard&) {
             peer.write(authentication(0));
             peer.hang();
         },
         "TimeoutError"},
        {"is a web server", just("HTTP/1.1 400 Bad Request\r\n\r\n")},
        {"has an error", just(error("XX000", "no")), "DatabaseError"},
        {"sends a message of 1 GiB", just("N" + number(0x3fff'ffff))},
        {"asks for MD5 for ever",
         [](RawPeer& peer, Heard&) {
             while (peer.write(authentication(5, "salt")) && next_request(peer).type != 0) continue;
         }},
        {"has notices for ever",
         [](RawPeer& peer, Heard&) {
             while (peer.write(notice())) continue;
         },
         "TimeoutError"},
        {"has settings for ever",
         [](RawPeer& peer, Heard&) {
             peer.write(authentication(0));
             std::uint32_t i = 0;
             while (
                 peer.write(parameter(std::to_string(++i) + std::string(100'000, 'x'), std::string(100'000, 'y')))) {}
         }},
    };
}

ASYNC_TEST(PgLyingLogin, gets_no_password_and_no_time, kOnce) {
    if (simulated()) CO_SKIP();
    for (const Trick& trick : tricks()) {
        Heard heard;
        std::string result;
        {
            const RawServer server([&](RawPeer& peer) {
                if (is_startup(peer)) trick.act(peer, heard);
            });
            const Duration deadline = trick.expected == "TimeoutError" ? Duration(500ms) : Duration(30s);
            result = co_await outcome_of_login(server.port(), trick.options, deadline);
        }
        const bool lost = result == "OSError" || result == "InterfaceError";
        if (trick.expected == "connection lost") {
            EXPECT_TRUE(lost) << trick.name << ": " << result;
        } else {
            EXPECT_EQ(result, trick.expected) << trick.name;
        }
        EXPECT_EQ(heard.all.find(kPassword), std::string::npos) << trick.name;
    }
    co_await get_running_loop().shutdown_default_executor();  // a thread may still derive a key
    take_logs();
}

// What is said to the request for TLS, before any TLS.
ASYNC_TEST(PgLyingLogin, about_tls, kOnce) {
    if (simulated()) CO_SKIP();
    const std::pair<std::string, std::string> answers[] = {
        {"N", "InterfaceError"},
        {"S", "OSError"},  // and then the connection ends
        {"SX", "InterfaceError"},
        {"S\x16\x03\x01", "InterfaceError"},
        {"X", "InterfaceError"},
        {"", "lost"},
        {error("08P01", "no"), "InterfaceError"},
    };
    for (const auto& [answer, expected] : answers) {
        const RawServer server([&](RawPeer& peer) {
            peer.read(8);
            peer.write(answer);
        });
        const std::string result = co_await outcome_of_login(server.port(), "sslmode=require");
        if (result != "InterfaceError" && result != "OSError") ADD_FAILURE() << answer << ": " << result;
    }
    const RawServer silent([](RawPeer& peer) { peer.hang(); });
    EXPECT_EQ(co_await outcome_of_login(silent.port(), "sslmode=require", 500ms), "TimeoutError");
    take_logs();
}

}  // namespace
}  // namespace aio::test::fake
