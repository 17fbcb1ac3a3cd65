// Servers that lie about statements: wrong counts and widths, answers nobody asked for, answers without an end. The result is a
// typed error, the connection is closed if nothing can be trusted any more, and no deadline is missed.
#include "db/pg/fake_postgres.hpp"
#include "db/pg/with_server.hpp"

#include <functional>
#include <tuple>

namespace aio::test::fake {
namespace {

std::string dsn_of(const RawServer& server) {
    return "host=127.0.0.1 port=" + std::to_string(server.port()) + " user=me password=secret sslmode=disable";
}

// A server that prepares honestly and answers each run with `lie`.
std::function<void(RawPeer&)> lying(std::function<void(RawPeer&)> lie) {
    return [lie = std::move(lie)](RawPeer& peer) {
        if (!welcome(peer)) return;
        while (true) {
            const std::string types = next_requests(peer);
            if (types.empty()) return;
            if (types == "PDS") {
                peer.write(described() + ready());
            } else if (types == "PDH") {
                peer.write(described());
            } else {
                lie(peer);
            }
        }
    };
}

std::function<void(RawPeer&)> saying(std::string bytes) {
    return lying([bytes = std::move(bytes)](RawPeer& peer) { peer.write(bytes); });
}

// What a question ends with: "3", or the class of the error.
Coro<std::string> answer_of(pg::Connection connection, Duration deadline = 30s) {
    const auto question = [&] { return connection.fetch("SELECT $1::int", 3); };
    try {
        const pg::Rows rows = co_await with_timeout(deadline, question);
        std::string text;
        for (const auto& row : rows) {
            for (std::size_t column = 0; column < row.size(); ++column) text += std::to_string(row.get<int>(column));
        }
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

Coro<> expect_lie(Lie lie, std::size_t statement_cache_size) {
    const RawServer server(saying(lie.bytes));
    const auto connection = co_await pg::connect(dsn_of(server), {.statement_cache_size = statement_cache_size});
    const Duration deadline = lie.expected == "TimeoutError" ? Duration(300ms) : Duration(30s);
    EXPECT_EQ(co_await answer_of(connection, deadline), lie.expected)
        << lie.name << ", cache " << statement_cache_size;
    EXPECT_EQ(connection.is_closed(), !lie.stays_open) << lie.name << ", cache " << statement_cache_size;
    connection.terminate();
}

std::vector<Lie> lies() {
    const std::string end = complete() + ready();
    return {
        {"the truth", bound() + row(3) + end, "3", true},
        {"no row", bound() + end, "", true},
        {"two columns", bound() + row({number(3), number(4)}) + end, "InterfaceError"},
        {"no columns", bound() + row(std::vector<std::string>()) + end, "InterfaceError"},
        {"a short value", bound() + row({"abc"}) + end, "ConversionError", true},
        {"a long value", bound() + row({"abcde"}) + end, "ConversionError", true},
        {"a value beyond the row", bound() + message('D', number(1, 2) + number(400) + "abc") + end,
         "InterfaceError"},
        {"a value of a negative length", bound() + message('D', number(1, 2) + number(~1u) + "abc") + end,
         "InterfaceError"},
        {"bytes behind the row", bound() + message('D', number(1, 2) + number(4) + "abcdef") + end, "InterfaceError"},
        {"an end at once", ready(), "InterfaceError"},
        {"an end without a completion", bound() + row(3) + ready(), "InterfaceError"},
        {"no BindComplete", row(3) + end, "InterfaceError"},
        {"rows behind the completion", bound() + row(3) + complete() + row(4) + ready(), "InterfaceError"},
        {"a second description", bound() + row(3) + row_description(5) + end, "InterfaceError"},
        {"a description of parameters", bound() + row(3) + parameter_description(5) + end, "InterfaceError"},
        {"an unknown transaction status", bound() + row(3) + complete() + ready('X'), "InterfaceError"},
        {"an authentication", bound() + authentication(3) + end, "InterfaceError"},
        {"a key", bound() + message('K', number(1) + number(2)) + row(3) + end, "InterfaceError"},
        {"a COPY in", bound() + message('G', number(0, 1) + number(0, 2)), "InterfaceError"},  // it says so twice
        {"a COPY both ways", bound() + message('W', number(0, 1) + number(0, 2)) + end, "InterfaceError"},
        {"a function's result", bound() + message('V', number(4) + number(3)) + end, "InterfaceError"},
        {"a message of a length below 4", "D" + number(3), "InterfaceError"},
        {"a row of 2 GiB", bound() + "D" + number(0x7fff'ffff), "InterfaceError"},
        {"a completion of 2 MiB", bound() + "C" + number(0x20'0000), "InterfaceError"},
        {"a web page", "HTTP/1.1 200 OK\r\n\r\n", "InterfaceError"},
        {"an error without fields", message('E', std::string(1, '\0')) + ready(), "DatabaseError", true},
        {"an error without its end", message('E', "SERROR"), "InterfaceError"},
        {"a cancellation that nobody asked for", error("57014", "canceled") + ready(), "DatabaseError", true},
        {"silence", "", "TimeoutError", true},
        {"an error and silence", error("22012", "no"), "TimeoutError", true},
        {"a notice without fields", message('N', std::string(1, '\0')) + bound() + row(3) + end, "3", true},
        {"a notice that is cut", message('N', "SNOTICE") + bound() + row(3) + end, "InterfaceError"},
        {"a notification that is cut", message('A', number(1) + "abc") + end, "InterfaceError"},
    };
}

ASYNC_TEST(PgLyingServer, about_a_statement, kOnce) {
    if (simulated()) CO_SKIP();
    for (const Lie& lie : lies()) {
        co_await expect_lie(lie, 100);
        co_await expect_lie(lie, 0);
    }
    take_logs();
}

std::string column_of(std::uint32_t type) {
    return message('T', number(1, 2) + zero_terminated("n") + number(0) + number(0, 2) + number(type) + number(4, 2) +
                            number(~0u) + number(0, 2));
}

// What a question ends with if the server answers `description` when it is asked for one, and is honest then.
Coro<std::string> answer_after(std::string description, std::size_t statement_cache_size) {
    const RawServer server([&](RawPeer& peer) {
        if (!welcome(peer)) return;
        while (true) {
            const std::string types = next_requests(peer);
            if (types.empty()) return;
            const std::string answer = types.starts_with("PDS")   ? description + ready()
                                       : types.starts_with("PDH") ? description
                                       : types.starts_with("PBES")
                                           ? parsed() + bound() + complete("SELECT 0") + ready()
                                           : bound() + row(3) + complete() + ready();
            peer.write(answer);
        }
    });
    const auto connection = co_await pg::connect(dsn_of(server), {.statement_cache_size = statement_cache_size});
    std::string answer;
    try {
        answer = co_await answer_of(connection);
    } catch (const db::ArgumentCountError&) {
        answer = "ArgumentCountError";
    }
    connection.terminate();
    co_return answer;
}

ASYNC_TEST(PgLyingServer, about_a_description, kOnce) {
    if (simulated()) CO_SKIP();
    constexpr std::uint32_t kNoType = 999'999;
    const std::string one = parameter_description();
    const std::tuple<const char*, std::string, std::string> descriptions[] = {
        {"the truth", described(), "3"},
        {"two parameters", parsed() + parameter_description(2) + row_description(), "ArgumentCountError"},
        {"no parameter", parsed() + parameter_description(0) + row_description(), "ArgumentCountError"},
        {"two columns", parsed() + one + row_description(2), "InterfaceError"},
        {"many columns", parsed() + one + row_description(65'000), "InterfaceError"},
        {"more columns than there are", parsed() + one + message('T', number(65'535, 2)), "InterfaceError"},
        {"no columns", parsed() + one + message('n'), "InterfaceError"},
        {"a type that does not exist", parsed() + one + column_of(kNoType), "ConversionError"},
        {"a parameter of a type that does not exist",
         parsed() + message('t', number(1, 2) + number(kNoType)) + row_description(), "ConversionError"},
        {"a cut description", parsed() + one + message('T', number(1, 2) + "n"), "InterfaceError"},
        {"a format that does not exist",
         parsed() + one + message('T', number(1, 2) + zero_terminated("n") + std::string(16, '\0') + number(9, 2)),
         "InterfaceError"},
        {"two descriptions", parsed() + one + row_description() + row_description(), "InterfaceError"},
        {"two descriptions of parameters", parsed() + one + one + row_description(), "InterfaceError"},
        {"rows", parsed() + one + row(3) + row_description(), "InterfaceError"},
    };
    for (const auto& [name, description, expected] : descriptions) {
        EXPECT_EQ(co_await answer_after(description, 100), expected) << name;
        EXPECT_EQ(co_await answer_after(description, 0), expected) << name << ", without a cache";
    }
    take_logs();
}

// Of two statements that are under way, the second must not get what belongs to the first.
ASYNC_TEST(PgLyingServer, an_extra_end_shifts_no_answers, kOnce) {
    if (simulated()) CO_SKIP();
    const RawServer server([](RawPeer& peer) {
        if (!welcome(peer)) return;
        next_requests(peer);
        peer.write(described() + ready());
        if (next_requests(peer).empty()) return;
        peer.write(bound() + row(0) + complete() + ready());
        next_requests(peer);
        if (next_requests(peer).empty()) return;
        peer.write(ready());
        for (const std::uint32_t answer : {1, 2}) peer.write(bound() + row(answer) + complete() + ready());
        peer.hang();
    });
    const auto connection = co_await pg::connect(dsn_of(server));
    const auto ask = [&](int question) -> Coro<std::string> {
        try {
            const auto answer = co_await connection.fetchval<std::optional<int>>("SELECT $1::int", question);
            co_return answer ? std::to_string(*answer) : "nothing";
        } catch (const db::InterfaceError&) {
            co_return "InterfaceError";
        }
    };
    EXPECT_EQ(co_await ask(0), "0");
    auto first = create_task(ask(1));
    auto second = create_task(ask(2));
    EXPECT_EQ(co_await first, "InterfaceError");
    EXPECT_EQ(co_await second, "InterfaceError");
    connection.terminate();
}

// A deadline holds whatever the server sends meanwhile, and nothing piles up.
ASYNC_TEST(PgLyingServer, that_never_ends, kOnce) {
    if (simulated()) CO_SKIP();
    const std::string copy_out = message('H', number(0, 1) + number(0, 2));
    const std::string endless[] = {row(3),
                                   notice(),
                                   message('A', number(1) + zero_terminated("c") + zero_terminated("")),
                                   parameter("application_name", "x"),
                                   copy_out + message('d', std::string(1'000, 'x')),
                                   error("22012", "again")};
    for (const std::string& each : endless) {
        std::string many;
        while (many.size() < 60'000) many += each;
        const RawServer server(lying([&many](RawPeer& peer) {
            peer.write(bound());
            while (peer.write(many)) continue;
        }));
        const auto connection = co_await pg::connect(dsn_of(server));
        connection.set_notice_listener([](const db::ErrorReport&) {});
        const auto question = [&] { return connection.fetchval<int>("SELECT $1::int", 3); };
        co_await expect_throws<TimeoutError>(with_timeout(200ms, question));
        const auto closing = [&] { return connection.close(); };
        co_await expect_throws<TimeoutError>(with_timeout(200ms, closing));
        EXPECT_TRUE(connection.is_closed());
    }
    take_logs();
}

}  // namespace
}  // namespace aio::test::fake
