// aiocpp ws: the program against a server of the test, on pipes and on a terminal; and as a server.
#include "cli/terminal.hpp"
#include "cli/tool.hpp"
#include "cli/websocket_screen.hpp"
#include "support/tls_peers.hpp"

#include <aio/sync/event.hpp>
#include <aio/sync/queue.hpp>
#include <aio/ws.hpp>

#include <nlohmann/json.hpp>

#include <csignal>
#include <functional>
#include <optional>

namespace aio::test {
namespace {

using testing::ElementsAre, testing::HasSubstr;

// A server in this process: what one client says, and what is done to it.
struct TalkServer {
    explicit TalkServer(ws::Server s) : server(std::move(s)) {}

    template <class Configure>
    static Coro<std::unique_ptr<TalkServer>> open(Configure configure) {
        auto heard = std::make_shared<Heard>();
        const auto handler = [heard](ws::Connection& connection) { return talk(heard, connection); };
        ws::Serve serve = ws::serve(handler, "127.0.0.1", 0);
        configure(serve);
        auto all = std::make_unique<TalkServer>(co_await std::move(serve));
        all->heard = heard;
        co_return all;
    }
    static Coro<std::unique_ptr<TalkServer>> open() {
        return open([](ws::Serve&) {});
    }
    Coro<> close() {
        server.close();
        co_await server.wait_closed();
    }

    struct Heard {
        std::optional<ws::Connection> client;
        Event arrived;
        Queue<std::string> messages;
        std::function<Coro<>(ws::Connection&)> first;  // done with each connection before it is listened to
    };
    static Coro<> talk(std::shared_ptr<Heard> heard, ws::Connection& connection) {
        heard->client = connection;
        heard->arrived.set();
        if (heard->first) co_await heard->first(connection);
        while (auto message = co_await connection.next()) heard->messages.put_nowait(message->data());
    }

    ws::Server server;
    std::shared_ptr<Heard> heard;
};

// With this text as its standard input.
Coro<Ended> run_with_input(CreateSubprocess call, std::string input) {
    call.stdin_(subprocess::PIPE);
    const Process process = co_await call;
    auto [out, err] = co_await process.communicate(std::move(input));
    Ended result;
    result.status = co_await process.wait();
    result.out = std::move(out);
    result.err = std::move(err);
    co_return result;
}

// websockets: test_cli.test_receive_text_message, test_cli.test_receive_binary_message
// websockets: test_cli.test_escape_control_characters
ASYNC_TEST(ToolWebSocket, prints_messages_without_control_characters, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const auto server = co_await TalkServer::open();
    server->heard->first = [](ws::Connection& connection) -> Coro<> {
        co_await connection.send("caf\303\251");
        co_await connection.send("\033[31mred\none line");
        co_await connection.send_bytes(std::string_view("\0\xff", 2));
        co_await connection.close();
    };
    const std::string url = server->server.url();
    const Ended done = co_await run_with_input(tool(scratch, "ws", "--no-close", url), "");
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(done.out, "< caf\303\251\n< \\x1b[31mred\\none line\n< (binary) 00ff\n");
    EXPECT_EQ(done.err, "Connected to " + url + ".\nConnection closed: 1000 (OK).\n");
    co_await server->close();
}

// websockets: test_cli.test_send_message, test_cli.test_close_connection
ASYNC_TEST(ToolWebSocket, sends_lines_and_closes_at_the_end_of_the_input, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const auto server = co_await TalkServer::open();
    const std::string long_line(200'000, 'x');
    const Ended done =
        co_await run_with_input(tool(scratch, "ws", server->server.url()), "hello\n\n" + long_line + "\nlast");
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(co_await server->heard->messages.get(), "hello");
    EXPECT_EQ(co_await server->heard->messages.get(), "");
    EXPECT_TRUE(co_await server->heard->messages.get() == long_line);
    EXPECT_EQ(co_await server->heard->messages.get(), "last");
    EXPECT_EQ(server->heard->client->close_code(), 1000);
    const Ended latin = co_await run_with_input(tool(scratch, "ws", server->server.url()), "caf\351\n");
    EXPECT_EQ(latin.status, 26);
    EXPECT_THAT(latin.err, HasSubstr("not UTF-8"));
    co_await server->close();
}

ASYNC_TEST(ToolWebSocket, a_file_can_be_its_input_and_json_its_output, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("lines", "question\n");
    const Peer peer = co_await Peer::websockets(scratch, "-q");
    const std::string url = "ws://127.0.0.1:" + std::to_string(peer.port);
    CreateSubprocess call = create_subprocess_shell("exec " AIOCPP_TOOL " ws --json " + url + " < lines");
    call.cwd(scratch.path()).stdout_(subprocess::PIPE).stderr_(subprocess::PIPE).setenv("no_proxy", "*");
    const Ended done = co_await ended(call);
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(done.err, "");
    std::istringstream lines(done.out);
    std::vector<std::string> seen;
    for (std::string line; std::getline(lines, line);) {
        const nlohmann::json event = nlohmann::json::parse(line);
        seen.push_back(event["type"].get<std::string>() + event.value("data", "") + event.value("url", ""));
        if (event["type"] == "closed") {
            EXPECT_EQ(event["code"], 1000);
        }
    }
    EXPECT_THAT(seen, ElementsAre("connected" + url, "textquestion", "closed"));
    co_await peer.stop();
}

// websockets: test_cli.test_connection_failure, test_cli.test_no_args, test_cli.test_help, test_cli.test_version
ASYNC_TEST(ToolWebSocket, its_exit_status_says_what_happened, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const auto server = co_await TalkServer::open([](ws::Serve& serve) {
        serve.process_request([](http::Request& request) -> Coro<std::optional<http::Response>> {
            if (request.path() == "/refused") co_return http::Response(403);
            co_return std::nullopt;
        });
    });
    server->heard->first = [](ws::Connection& connection) -> Coro<> {
        co_await connection.close(4000, "go\033 away");
    };
    const std::string url = server->server.url();
    const auto silent = co_await start_server(
        [](StreamReader reader, StreamWriter) -> Coro<> { co_await reader.read(); }, "127.0.0.1", 0);
    struct Case {
        int status;
        std::vector<std::string> arguments;
        const char* text;
    };
    const std::string nobody = "ws://127.0.0.1:" + std::to_string(free_port());
    const std::string waits = "ws://127.0.0.1:" + std::to_string(silent.port());
    const Case cases[] = {
        {56, {url}, "Connection closed: 4000 (private use) go\\x1b away."},
        {22, {url + "/refused"}, "the server answered 403"},
        {7, {nobody}, "is a server running there?"},
        {28, {"--connect-timeout", "0.2", waits}, "timed out during opening handshake"},
        {3, {"ftp://localhost/"}, "the scheme must be ws or wss"},
        {2, {}, "give the URL of a server, or --serve PORT"},
        {2, {"--subprotocol", "a b", url}, "'a b' is not a valid subprotocol name"},
        {2, {"-H", "nonsense", url}, "write it as 'Name: value'"},
        {2, {"--serve", "0", url}, "excludes"},
        {2, {"--broadcast", url}, "requires"},
        {2, {"--compression", "best", url}, "--compression"},
        {5, {"-x", "http://[", url}, "-x"},
        {0, {"--help"}, "Each line of input is sent as a text message"},
    };
    for (const Case& each : cases) {
        std::vector<std::string> arguments = {AIOCPP_TOOL, "ws"};
        arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
        CreateSubprocess call(arguments);
        call.stdin_(subprocess::PIPE).stdout_(subprocess::PIPE).stderr_(subprocess::PIPE).setenv("no_proxy", "*");
        const Process process = co_await call;
        const StreamWriter keeps_input_open = process.stdin_();
        const std::string out = co_await process.stdout_().read();
        const std::string err = co_await process.stderr_().read();
        EXPECT_EQ(co_await process.wait(), each.status) << each.text << "\n" << err;
        EXPECT_THAT(out + err, HasSubstr(each.text));
    }
    EXPECT_THAT((co_await run_tool(scratch, "--version")).out, HasSubstr("aiocpp "));
    silent.close();
    co_await server->close();
}

// websockets: test_cli.test_insecure_connection_rejected, test_cli.test_insecure_connection_accepted
ASYNC_TEST(ToolWebSocket, verifies_certificates_unless_it_is_told_not_to, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const ssl::SSLContext context = server_context();
    const auto server = co_await TalkServer::open([&](ws::Serve& serve) { serve.site({.ssl = context}); });
    const std::string url = server->server.url();
    const Ended refused = co_await run_with_input(tool(scratch, "ws", url), "secret\n");
    EXPECT_EQ(refused.status, 60) << refused.err;
    const Ended accepted = co_await run_with_input(tool(scratch, "ws", "-k", url), "hi\n");
    EXPECT_EQ(accepted.status, 0) << accepted.err;
    EXPECT_EQ(co_await server->heard->messages.get(), "hi");
    co_await server->close();
}

ASYNC_TEST(ToolWebSocket, options_shape_the_opening_handshake, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const auto server = co_await TalkServer::open(
        [](ws::Serve& serve) { serve.subprotocol("v2").origin("https://here").basic_auth("realm", "me", "secret"); });
    const std::string url = server->server.url().substr(5) + "/path?q=1";  // without "ws://"
    const Ended done = co_await run_with_input(
        tool(scratch, "ws", url, "--origin", "https://here", "--subprotocol", "v3", "--subprotocol", "v2", "-H",
             "X-One: 1", "--header", "X-Two: 2", "-u", "me:secret", "--compression", "none"),
        "");
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_THAT(done.err, HasSubstr("subprotocol v2"));
    const ws::Connection& client = *server->heard->client;
    EXPECT_EQ(client.path(), "/path?q=1");
    EXPECT_EQ(client.username(), "me");
    EXPECT_EQ(client.request_headers().get("X-One", ""), "1");
    EXPECT_EQ(client.request_headers().get("X-Two", ""), "2");
    EXPECT_FALSE(client.compressed());
    co_await server->close();
}

// --- on a terminal ---------------------------------------------------------------------------------------------------

// Reads what the program writes until the terminal shows it.
template <class Shown>
Coro<> read_until(const Process& process, Terminal& terminal, Shown shown) {
    while (!shown()) {
        const std::string bytes = co_await process.stdout_().read(4096);
        EXPECT_NE(bytes, "") << "the program ended; its last row is '" << terminal.cursor_row() << "'";
        if (bytes.empty()) co_return;
        terminal.write(bytes);
    }
}

ASYNC_TEST(ToolWebSocket, messages_do_not_garble_what_is_being_typed, kOnce) {
    if (simulated()) CO_SKIP();
    const auto server = co_await TalkServer::open();
    CreateSubprocess call = create_subprocess_exec(AIOCPP_TOOL, "ws", server->server.url());
    call.pty(8, 40).setenv("no_proxy", "*");
    const Process process = co_await call;
    Terminal terminal(8, 40);
    co_await read_until(process, terminal, [&] { return terminal.cursor_row() == ">"; });
    process.stdin_().write("hel");
    co_await read_until(process, terminal, [&] { return terminal.cursor_row() == "> hel"; });
    co_await server->heard->arrived.wait();
    ws::Connection& client = *server->heard->client;
    for (const char* text : {"one", "two"}) co_await client.send(text);
    co_await client.send(std::string(90, 'x') + "end");  // three rows
    co_await read_until(process, terminal, [&] { return terminal.shows("end") && terminal.column() == 5; });
    EXPECT_THAT(terminal.rows(), ElementsAre("Connected to " + server->server.url() + ".", "< one", "< two",
                                             "< " + std::string(38, 'x'), std::string(40, 'x'),
                                             std::string(12, 'x') + "end", "> hel"));
    process.stdin_().write("lo\n");
    EXPECT_EQ(co_await server->heard->messages.get(), "hello");
    co_await client.send("the screen scrolls");
    co_await read_until(process, terminal, [&] { return terminal.shows("scrolls") && terminal.cursor_row() == ">"; });
    process.stdin_().write("\4");  // Ctrl-D
    co_await read_until(process, terminal, [&] { return terminal.shows("Connection closed: 1000 (OK)."); });
    EXPECT_EQ(co_await process.wait(), 0);
    co_await server->close();
}

ASYNC_TEST(ToolWebSocket, ctrl_c_closes_with_going_away, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const auto server = co_await TalkServer::open();
    for (const auto& [signal, status] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
        server->heard->arrived.clear();
        CreateSubprocess call = tool(scratch, "ws", server->server.url());
        call.stdin_(subprocess::PIPE);
        const Process process = co_await call;
        co_await process.stderr_().readline();  // "Connected"
        co_await server->heard->arrived.wait();
        process.send_signal(signal);
        EXPECT_EQ(co_await process.wait(), status);
        co_await server->heard->client->wait_closed();
        EXPECT_EQ(server->heard->client->close_code(), 1001);
    }
    co_await server->close();
}

TEST(ToolWebSocketScreen, rows_are_inserted_above_the_line_wherever_it_is) {
    for (const std::size_t above : {0, 1, 3, 4}) {  // rows above the one that is typed into
        for (const std::size_t size : {1, 9, 10, 11, 39, 40, 41, 200}) {
            Terminal terminal(5, 10);
            terminal.write(std::string(above, '\n') + "> hel");
            const std::string text = std::string(size - 1, 'x') + "E";
            terminal.write(cli::insert_above_cursor(text, 5, 10));
            const std::vector<std::string> rows = terminal.rows();
            EXPECT_EQ(rows.back(), "> hel") << above << " " << size;
            EXPECT_EQ(terminal.column(), 5u);
            ASSERT_GE(rows.size(), 2u);
            EXPECT_EQ(rows[rows.size() - 2].back(), 'E') << above << " " << size;
            EXPECT_EQ(rows[rows.size() - 2].size(), (size - 1) % 10 + 1);
        }
    }
}

// --- as a server -----------------------------------------------------------------------------------------------------

ASYNC_TEST(ToolWebSocket, serves_an_echo_and_logs_it, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const Peer peer = co_await Peer::websockets(scratch, "--origin", "https://here", "--subprotocol", "v1");
    const std::string url = "ws://127.0.0.1:" + std::to_string(peer.port);
    ws::Connection client = co_await ws::connect(url + "/room").origin("https://here").subprotocol("v1");
    EXPECT_EQ(client.subprotocol(), "v1");
    co_await client.send("hi");
    EXPECT_EQ((co_await client.recv()).text(), "hi");
    co_await client.send_bytes("\1\2");
    const ws::Message bytes = co_await client.recv();
    EXPECT_FALSE(bytes.is_text());
    EXPECT_EQ(bytes.data(), "\1\2");
    co_await expect_throws<ws::InvalidStatus>(ws::connect(url));  // without an Origin
    EXPECT_THAT(co_await peer.process.stderr_().readline(), HasSubstr(" connected: /room\n"));
    EXPECT_THAT(co_await peer.process.stderr_().readline(), HasSubstr(" < hi\n"));
    EXPECT_THAT(co_await peer.process.stderr_().readline(), HasSubstr(" < (binary) 0102\n"));
    peer.process.send_signal(SIGINT);
    EXPECT_THAT(co_await expect_throws<ws::ConnectionClosedOK>(client.recv()), HasSubstr("received 1001"));
    EXPECT_EQ(co_await peer.process.wait(), 0);
    EXPECT_THAT(co_await peer.process.stderr_().readline(), HasSubstr(" closed: 1001 (going away)"));
    const Peer other = co_await Peer::websockets(scratch);
    const Ended busy = co_await run_tool(scratch, "ws", "--serve", std::to_string(other.port));
    EXPECT_EQ(busy.status, 1);
    EXPECT_THAT(busy.err, HasSubstr("choose another --serve"));
    co_await other.stop();
}

ASYNC_TEST(ToolWebSocket, broadcasts_to_all_clients, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    const Peer peer = co_await Peer::websockets(scratch, "--broadcast", "-q", "--compression", "none");
    const std::string url = "ws://127.0.0.1:" + std::to_string(peer.port);
    ws::Connection first = co_await ws::connect(url);
    ws::Connection second = co_await ws::connect(url);
    EXPECT_FALSE(first.compressed());
    co_await second.send("to both");
    EXPECT_EQ((co_await first.recv()).text(), "to both");
    EXPECT_EQ((co_await second.recv()).text(), "to both");
    co_await peer.stop();
    co_await first.wait_closed();
    co_await second.wait_closed();
}

}  // namespace
}  // namespace aio::test
