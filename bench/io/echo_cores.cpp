// The server of the cores section: an echo server of 64-byte messages on LOOPS event loops, each on a processor of its
// own, all on one port. Prints "ready PORT" once they listen.
//
//     echo_cores 7000 2

#include <aio/aio.hpp>
#include <aio/io/sharded_server.hpp>
#include <aio/sync/loop_group.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::size_t kMessage_bytes = 64;

aio::Coro<> echo(aio::StreamReader reader, aio::StreamWriter writer) {
    try {
        for (;;) {
            const std::string_view message = co_await reader.readexactly_view(kMessage_bytes);
            writer.write(message);
            co_await writer.drain();
        }
    } catch (const aio::IncompleteReadError&) {
        writer.close();
    }
}

aio::Coro<> serve(aio::LoopGroup& group, int port) {
    aio::ShardedServer server = co_await aio::start_sharded_server(group, echo, "127.0.0.1", port);
    std::printf("ready %d\n", port);
    std::fflush(stdout);
    co_await server.serve_forever();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s PORT LOOPS\n", argv[0]);
        return 2;
    }
    aio::LoopGroup group({.size = std::atoi(argv[2]), .pin = true});
    aio::run(serve(group, std::atoi(argv[1])));
}
