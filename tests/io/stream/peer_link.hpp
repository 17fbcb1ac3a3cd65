// A stream whose other end is a process of its own: io/peer/stream_peer.cpp. Nothing that the peer does wakes this
// loop except through the stream, as with any stranger's program.
#pragma once

#include <aio/core/task.hpp>

#include "io/process/processes.hpp"
#include "support/tls_peers.hpp"

#include <poll.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::test {

// More bytes than all the buffers on the way to the peer hold.
inline constexpr std::size_t kLarge = 16 << 20;

// Which stream, and which end of it is ours.
struct LinkKind {
    std::string_view stream;  // tcp, unix, tls, nested (TLS inside TLS) or pipe
    bool server = false;

    bool encrypted() const { return stream == "tls" || stream == "nested"; }
};

// The bytes that both ends send: the first `size` of a pattern with the period 65521.
inline std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t at = i % 65521;
        bytes[i] = static_cast<char>(at * 7 + at / 251);
    }
    return bytes;
}

class Link {
public:
    Link(StreamReader r, StreamWriter w, Process p)
        : reader(std::move(r)), writer(std::move(w)), peer(std::move(p)) {}

    StreamReader reader;
    StreamWriter writer;
    Process peer;

    // The peer reads nothing until it goes on.
    void stop_peer() const { peer.send_signal(SIGSTOP); }
    void continue_peer() const { peer.send_signal(SIGCONT); }

    // Waits until the stopped peer's kernel takes no more of what is written.
    Coro<> filled() const {
        pollfd state = {writer.fileno(), POLLOUT, 0};
        while (writer.get_write_buffer_size() == 0 || ::poll(&state, 1, 0) != 0) co_await aio::sleep(1ms);
    }
    // Waits for both to end, and expects that the peer found all as it should be.
    Coro<> end() const {
        writer.close();
        co_await writer.wait_closed();
        EXPECT_EQ(co_await peer.wait(), 0);
    }
    // The same once the stream is broken, whatever broke it.
    Coro<> end_broken() const {
        writer.close();
        try {
            co_await writer.wait_closed();
        } catch (const OSError&) {
            // The test has seen it.
        }
        co_await peer.wait();
    }
};

inline CreateSubprocess peer_process(LinkKind kind, const std::string& act, std::size_t size,
                                     const std::string& address) {
    return create_subprocess_exec(AIOCPP_STREAM_PEER, std::string(kind.stream), kind.server ? "client" : "server",
                                  act, std::to_string(size), address,
                                  kind.encrypted() ? pki().folder : std::string());
}

// Connects to a peer that listens.
inline Coro<Link> connect_to_peer(LinkKind kind, std::string act, std::size_t size, ConnectionOptions options) {
    const std::string path = fresh_socket_path();
    CreateSubprocess command = peer_process(kind, act, size, kind.stream == "unix" ? path : "0");
    command.stdout_(PIPE);
    Process peer = co_await command;
    const std::string address = co_await peer.stdout_().readline();
    if (kind.stream == "unix") {
        auto [reader, writer] = co_await open_unix_connection(path, options);
        ::unlink(path.c_str());
        co_return Link(reader, writer, peer);
    }
    const ssl::SSLContext context = client_context();
    options.server_hostname = "localhost";
    if (kind.encrypted()) {
        options.ssl = context;
    } else {
        options.server_hostname.reset();
    }
    auto [reader, writer] = co_await open_connection("127.0.0.1", std::stoi(address), options);
    if (kind.stream == "nested") {
        const StartTlsOptions inside{.server_hostname = "localhost",
                                     .suppress_ragged_eofs = options.suppress_ragged_eofs};
        co_await writer.start_tls(context, inside);
    }
    co_return Link(reader, writer, peer);
}

// Listens for a peer that connects.
inline Coro<Link> accept_peer(LinkKind kind, std::string act, std::size_t size) {
    Future<StreamPair> accepted;
    auto handler = [accepted](StreamReader reader, StreamWriter writer) -> Coro<> {
        accepted.set_result(StreamPair(reader, writer));
        co_return;
    };
    const std::string path = fresh_socket_path();
    const ssl::SSLContext context = server_context();
    ServerOptions options;
    if (kind.encrypted()) options.ssl = context;
    std::optional<Server> server;
    if (kind.stream == "unix") {
        server = co_await start_unix_server(handler, path, options);
    } else {
        server = co_await start_server(handler, "127.0.0.1", 0, options);
    }
    CreateSubprocess command =
        peer_process(kind, act, size, kind.stream == "unix" ? path : std::to_string(server->port()));
    Process peer = co_await command;
    auto [reader, writer] = co_await accepted;
    server->close();
    if (kind.stream == "nested") co_await writer.start_tls(context);
    co_return Link(reader, writer, peer);
}

// `kind` with a peer that does `act` (stream_peer.cpp lists them) with `size` bytes.
inline Coro<Link> link_with_peer(LinkKind kind, std::string act, std::size_t size = 0,
                                 ConnectionOptions options = {}) {
    if (kind.stream == "pipe") {
        CreateSubprocess command = peer_process(kind, act, size, "");
        command.stdin_(PIPE).stdout_(PIPE).limit(options.limit);
        Process peer = co_await command;
        co_return Link(peer.stdout_(), peer.stdin_(), peer);
    }
    if (kind.server) co_return co_await accept_peer(kind, act, size);
    co_return co_await connect_to_peer(kind, act, size, options);
}

}  // namespace aio::test

// Defines `Coro<> name_over(LinkKind kind)`, and a test `name` over each kind of stream in each role.
#define OVER_EACH_LINK(name)                                      \
    static ::aio::Coro<> name##_over(::aio::test::LinkKind kind); \
    LINK_TEST_(TcpClientWithPeer, name, "tcp", false)             \
    LINK_TEST_(TcpServerWithPeer, name, "tcp", true)              \
    LINK_TEST_(UnixClientWithPeer, name, "unix", false)           \
    LINK_TEST_(UnixServerWithPeer, name, "unix", true)            \
    LINK_TEST_(TlsClientWithPeer, name, "tls", false)             \
    LINK_TEST_(TlsServerWithPeer, name, "tls", true)              \
    LINK_TEST_(NestedTlsClientWithPeer, name, "nested", false)    \
    LINK_TEST_(NestedTlsServerWithPeer, name, "nested", true)     \
    LINK_TEST_(PipesWithPeer, name, "pipe", false)                \
    static ::aio::Coro<> name##_over(::aio::test::LinkKind kind)

#define LINK_TEST_(suite, name, stream, server)           \
    ASYNC_TEST(suite, name, ::aio::test::kOnce) {         \
        if (::aio::test::simulated()) CO_SKIP();          \
        const ::aio::test::LinkKind kind{stream, server}; \
        co_await name##_over(kind);                       \
    }
