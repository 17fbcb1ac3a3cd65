// aio's side of the streams section: an echo server of 64-byte messages through StreamReader and
// StreamWriter, which prints "ready PORT" once it listens.
//
//     AIO_BACKEND=io_uring echo_bench 7000 view       messages are seen in the reader's buffer, not copied
//     echo_bench 7000 string                          each message is a std::string of its own
//     echo_bench 7000 view 50                         spins for up to 50 us before it sleeps

#include <aio/aio.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kMessage_bytes = 64;

aio::Coro<> echo_views(aio::StreamReader reader, aio::StreamWriter writer) {
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

aio::Coro<> echo_strings(aio::StreamReader reader, aio::StreamWriter writer) {
    try {
        for (;;) {
            const std::string message = co_await reader.readexactly(kMessage_bytes);
            writer.write(message);
            co_await writer.drain();
        }
    } catch (const aio::IncompleteReadError&) {
        writer.close();
    }
}

aio::Coro<> serve(int port, bool views) {
    auto server = co_await aio::start_server(views ? echo_views : echo_strings, "127.0.0.1", port);
    std::printf("ready %d\n", port);
    std::fflush(stdout);
    co_await server.serve_forever();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s PORT view|string [BUSY_POLL_US]\n", argv[0]);
        return 2;
    }
    const bool views = std::string_view(argv[2]) == "view";
    const std::chrono::microseconds busy_poll(argc > 3 ? std::atoi(argv[3]) : 0);
    aio::run(serve(std::atoi(argv[1]), views), {.busy_poll = busy_poll});
}
