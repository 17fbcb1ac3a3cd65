// WebSockets with faults at every point (AIO_TEST_RERUN): no message is changed, lost or doubled on a connection that ends in
// good order; a connection that is open works; everything can be closed, and ends.
#include "support/faults.hpp"
#include "ws/pair.hpp"

#include <algorithm>
#include <vector>

namespace aio::test {
namespace {

using ws::Connection;

// Without pings a wait that never ends is noticed.
ws::Options without_pings() {
    ws::Options options;
    options.ping_interval.reset();
    return options;
}

// Without a look at the environment, which a thread takes: then a fault is always at the same place.
ws::Connect connect(const std::string& url, const ws::Options& options = without_pings()) {
    return ws::connect(url, options).proxy(std::nullopt);
}

// Closes it however often that fails, and waits for its end.
Coro<> expect_closes(ws::Server server) {
    static_cast<void>(fault_is_over());
    for (int attempt = 0; server.is_serving() && attempt < 3; ++attempt) {
        try {
            server.close();
        } catch (const std::bad_alloc&) {
            static_cast<void>(fault_is_over());  // the next attempt has memory
        }
    }
    must_hold(!server.is_serving(), "a server can be closed");
    bool ended = false;
    const auto wait = [&]() -> Coro<> {
        co_await server.wait_closed();
        ended = true;
    };
    for (int attempt = 0; !ended && attempt < 3; ++attempt) co_await in_time(wait, "a server that was closed ends");
    must_hold(ended && server.connections().empty(), "no connection of a server that was closed is left");
}

// It echoes, or it is closed; and it can be closed.
Coro<> expect_usable_or_closed(Connection connection) {
    const bool is_over = fault_is_over();
    const auto ask = [&]() -> Coro<> {
        co_await sleep(1ms);  // tasks that received are cancelled
        co_await connection.send("marker");
        std::string text;
        while (text != "marker") text = (co_await connection.recv()).text();
    };
    const Patience patience;
    try {
        co_await patience(ask);
    } catch (const ws::ConcurrencyError&) {
        // A message in fragments was left unread.
    } catch (const std::exception& error) {
        must_hold(!patience.is_over(), "an answer comes, or an error");
        must_hold(!is_over || connection.state() != ws::State::open,
                  std::string("a connection that is open works: ") + error.what());
    }
    const auto close = [&] { return connection.close(); };
    co_await in_time(close, "a connection can be closed");
}

template <class Body>
Coro<> on_server(ws::Handler handler, Body body, ws::Options options = without_pings()) {
    const ws::Server server = co_await ws::serve(std::move(handler), "127.0.0.1", 0, options);
    const auto act = [&]() -> Coro<> { co_await body(server); };
    const auto check = [&] { return expect_closes(server); };
    co_await then_check(act, check);
}

// body(connection) on a client's connection to a server of its own.
template <class Body>
Coro<> on_connection(ws::Handler handler, Body body, ws::Options options = without_pings()) {
    const auto with_server = [&](ws::Server server) -> Coro<> {
        const Connection connection = co_await connect(server.url(), options);
        const auto act = [&]() -> Coro<> { co_await body(connection); };
        const auto check = [&] { return expect_usable_or_closed(connection); };
        co_await then_check(act, check);
    };
    co_await on_server(std::move(handler), with_server, options);
}

// --- messages --------------------------------------------------------------------------------------------------------

ASYNC_TEST(WSFaults, messages_come_back_as_they_were) {
    const auto body = [](Connection connection) -> Coro<> {
        for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{70'000}}) {
            const std::string text(size, 'x');
            co_await connection.send(text);
            const ws::Message back = co_await connection.recv();
            must_hold(back.is_text() && back.text() == text, "a text is what was sent");
            co_await connection.send_bytes(text, {.compress = false});
            const ws::MessageView view = co_await connection.recv_view();
            must_hold(view.type == ws::MessageType::binary && view.data == text, "and so are bytes");
        }
        const Duration latency = co_await connection.ping();
        must_hold(latency >= Duration(0), "a latency is no less than nothing");
    };
    co_await on_connection(echo_all, body);
}

constexpr int kNumbers = 12;

Coro<> count_up(Connection& connection) {
    for (int i = 0; i < kNumbers; ++i) {
        co_await connection.send(std::to_string(i));
        if (i % 4 == 3) co_await sleep(1ms);
    }
}

ASYNC_TEST(WSFaults, a_cancelled_recv_loses_nothing) {
    const auto body = [](Connection connection) -> Coro<> {
        int expected = 0;
        try {
            for (int attempt = 0; attempt < 1000; ++attempt) {
                const Owned<ws::Message> receiving(create_task(connection.recv()));
                co_await sleep(Duration(0));
                if (attempt % 3 != 2) receiving.task.cancel();
                while (!receiving.task.done()) co_await sleep(1ms);
                if (receiving.task.cancelled()) continue;
                must_hold(receiving.task.result().text() == std::to_string(expected), "the next message comes next");
                ++expected;
            }
        } catch (const ws::ConnectionClosedOK&) {
            must_hold(connection.close_code() != 1000 || expected == kNumbers, "all messages came before the close");
        }
    };
    co_await on_connection(count_up, body);
}

AsyncGenerator<std::string> pieces() {
    co_yield "one ";
    co_await sleep(1ms);
    co_yield "two ";
    co_yield "three";
}

Coro<> expect_whole_messages(Connection& connection) {
    while (auto message = co_await connection.next()) {
        const std::string& text = message->text();
        must_hold(text == "one two three" || text == "other" || text == "marker", "no message is cut or mixed");
        co_await connection.send(*message);
    }
}

ASYNC_TEST(WSFaults, messages_in_fragments_are_whole) {
    const auto body = [](Connection connection) -> Coro<> {
        const Owned<void> sending(create_task(connection.send(pieces())));
        co_await sleep(Duration(0));
        co_await connection.send("other");
        const std::vector<std::string> parts = {"one ", "two three"};
        co_await connection.send(parts);
        std::size_t messages = 0;
        while (messages < 3) {
            ws::Fragments fragments = connection.recv_streaming();
            std::string all;
            while (auto fragment = co_await fragments.next()) all += *fragment;
            must_hold(all == "other" || all == "one two three", "messages are whole");
            EXPECT_EQ(all, messages == 1 ? "other" : "one two three");
            ++messages;
        }
        co_await sending.task;
    };
    co_await on_connection(expect_whole_messages, body);
}

ASYNC_TEST(WSFaults, a_message_in_fragments_that_is_given_up_ends_the_connection) {
    const auto body = [](Connection connection) -> Coro<> {
        const Owned<void> sending(create_task(connection.send(pieces())));
        const Owned<ws::Message> receiving(create_task(connection.recv()));
        co_await run_passes(3);  // the first fragment is sent
        sending.task.cancel();
        const auto both = [&]() -> Coro<> {
            while (!sending.task.done() || !receiving.task.done()) co_await sleep(1ms);
        };
        co_await in_time(both, "whoever sends or receives hears of the end");
        if (receiving.task.done() && !receiving.task.cancelled()) static_cast<void>(receiving.task.exception());
    };
    co_await on_connection(expect_whole_messages, body);
}

ASYNC_TEST(WSFaults, a_slow_reader_gets_all_in_order) {
    const auto send_much = [](Connection& connection) -> Coro<> {
        for (int i = 0; i < 30; ++i) {
            const std::string text(20'000, static_cast<char>('a' + i % 26));
            co_await connection.send(text);
        }
    };
    const auto body = [](Connection connection) -> Coro<> {
        co_await sleep(1s);
        int count = 0;
        while (auto message = co_await connection.next()) {
            must_hold(message->size() == 20'000 && message->text()[0] == 'a' + count % 26, "the next one comes next");
            ++count;
        }
        must_hold(connection.close_code() != 1000 || count == 30, "all messages came before the close");
    };
    ws::Options options = without_pings();
    options.max_queue = 2;
    options.deflate.enabled = false;
    co_await on_connection(send_much, body, options);
}

// --- ends ------------------------------------------------------------------------------------------------------------

ASYNC_TEST(WSFaults, a_peer_that_is_dead_is_noticed) {
    const auto silent = [](RawEnd& end) -> Coro<> { co_await end.reader().read(); };
    const auto host = co_await RawHost::open(silent);
    ws::Options options;
    options.ping_interval = options.ping_timeout = 1s;
    const auto act = [&]() -> Coro<> {
        const Connection connection = co_await connect(host->url(), options);
        const auto wait = [&] { return Connection(connection).wait_closed(); };
        co_await in_time(wait, "the end of a dead connection is noticed while nobody receives");
    };
    const auto check = [&]() -> Coro<> {
        const auto close = [&] { return host->close(); };
        co_await in_time(close, "a connection that is dropped is closed");
    };
    co_await then_check(act, check);
}

ASYNC_TEST(WSFaults, both_sides_close_at_once_and_pings_hear_of_it) {
    const auto close_soon = [](Connection& connection) -> Coro<> {
        const ws::Message message = co_await connection.recv();
        co_await connection.send(message);
        co_await connection.close(4001, "enough");
    };
    const auto body = [](Connection connection) -> Coro<> {
        co_await connection.send("go");
        const Owned<ws::Message> receiving(create_task(connection.recv()));
        const Future<Duration> pong = connection.ping();
        const Owned<void> closing(create_task(connection.close(4002)));
        const auto all = [&]() -> Coro<> {
            while (!receiving.task.done() || !pong.done() || !closing.task.done()) co_await sleep(1ms);
        };
        co_await in_time(all, "everybody hears of the end");
        must_hold(!connection.close_code() || connection.exception(), "an end has a reason");
    };
    co_await on_connection(close_soon, body);
}

ASYNC_TEST(WSFaults, a_server_that_closes_reaches_every_client) {
    const auto body = [](ws::Server server) -> Coro<> {
        std::vector<Connection> clients;
        for (int i = 0; i < 3; ++i) clients.push_back(co_await connect(server.url()));
        co_await clients[0].send("x");
        server.close(true, 1012, "restarting");
        for (Connection& client : clients) {
            const auto wait = [&] { return client.wait_closed(); };
            co_await in_time(wait, "each client hears of the server's end");
        }
        clients[2].abort();
    };
    co_await on_server(echo_all, body);
}

// --- handshakes ------------------------------------------------------------------------------------------------------

ASYNC_TEST(WSFaults, handshakes_that_fail_leave_nothing) {
    const auto check = [](const std::string& user, const std::string& password) -> Coro<bool> {
        co_await sleep(1ms);
        co_return user == "me" && password == "secret";
    };
    const ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0, without_pings()).basic_auth("here", check);
    const auto act = [&]() -> Coro<> {
        try {
            static_cast<void>(co_await connect(server.url()));
            must_hold(false, "nobody gets in without a password");
        } catch (const std::exception&) {
            // 401, or the fault.
        }
        const http::BasicAuth me("me", "secret");
        Connection connection = co_await connect(server.url()).auth(me);
        co_await expect_usable_or_closed(connection);
    };
    const auto end = [&] { return expect_closes(server); };
    co_await then_check(act, end);
}

ASYNC_TEST(WSFaults, a_client_that_reconnects_gets_there) {
    const auto body = [](ws::Server server) -> Coro<> {
        ws::Reconnecting connections = connect(server.url()).reconnecting();
        for (int good = 0, failed = 0; good < 3 && failed < 3;) {
            bool there = false;
            const bool is_over = fault_is_over();
            const auto next = [&]() -> Coro<> { there = (co_await connections.next()).has_value(); };
            co_await in_time(next, "an attempt succeeds or fails");
            must_hold(there || !is_over, "a server that is there is reached");
            ++(there ? good : failed);
        }
        connections.stop();
    };
    const auto close_at_once = [](Connection& connection) -> Coro<> { co_await connection.close(1012); };
    co_await on_server(close_at_once, body);
}

// --- many ------------------------------------------------------------------------------------------------------------

// The connections of a server, for those who broadcast.
struct Crowd {
    std::vector<Connection> all;
    Event leave;
};

ASYNC_TEST(WSFaults, a_broadcast_reaches_all_but_those_who_do_not_read) {
    Crowd& crowd = keep<Crowd>();
    const auto enter = [&crowd](Connection& connection) -> Coro<> {
        crowd.all.push_back(connection);
        co_await crowd.leave.wait();
    };
    const auto body = [&crowd](ws::Server server) -> Coro<> {
        ws::Options options = without_pings();
        options.max_queue = 1;
        options.deflate.enabled = false;
        std::vector<Connection> clients;
        for (int i = 0; i < 3; ++i) clients.push_back(co_await connect(server.url(), options));
        for (int i = 0; crowd.all.size() < 3 && i < 1000; ++i) co_await sleep(1ms);
        const auto read_all = [](Connection reader, int& count) -> Coro<> {
            while (auto message = co_await reader.next()) {
                must_hold(message->text()[0] == 'a' + count % 26, "the next message comes next");
                ++count;
            }
        };
        int count = 0, other_count = 0, sent = 0;
        const Owned<void> first(create_task(read_all(clients[0], count)));
        const Owned<void> second(create_task(read_all(clients[1], other_count)));
        const auto behind = [&] {
            return (count < sent && !first.task.done()) || (other_count < sent && !second.task.done());
        };
        // Until the system's buffers for the third one are full: they may grow to the 32 MiB of tcp_rmem, and more.
        constexpr int kMost = 200;
        std::size_t reached = crowd.all.size();
        while (reached > 2 && sent < kMost) {
            const std::string text(500'000, static_cast<char>('a' + sent % 26));
            reached = ws::broadcast(crowd.all, text, {.max_unsent = 600'000});
            ++sent;
            for (int i = 0; behind() && i < 10'000; ++i) co_await sleep(1ms);
        }
        EXPECT_EQ(reached, 2u) << "who does not read is dropped";
        crowd.leave.set();
        co_await first.task;
        co_await second.task;
        must_hold(clients[0].close_code() != 1000 || count == sent, "who reads gets all, whoever does not");
        must_hold(clients[1].close_code() != 1000 || other_count == sent, "and so does everybody else");
    };
    const auto act = [&]() -> Coro<> { co_await on_server(enter, body); };
    const auto end = [&crowd]() -> Coro<> {
        crowd.all.clear();
        co_return;
    };
    co_await then_check(act, end);
}

}  // namespace
}  // namespace aio::test
