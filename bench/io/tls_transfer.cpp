// aio's side of the tls section: 64 MiB a round through StreamReader or StreamWriter over TLS, and one round before to
// warm up. Prints a JSON object a round.
//
//     AIO_BACKEND=io_uring tls_transfer connect PORT send|receive ROUNDS
#include <aio/aio.hpp>
#include <aio/ssl.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "../support/measure.hpp"

namespace {

constexpr std::size_t kRound_bytes = 64u << 20, kBlock_bytes = 64 * 1024;

aio::Coro<> send_round(aio::StreamWriter writer, std::string_view block) {
    for (std::size_t sent = 0; sent < kRound_bytes; sent += block.size()) {
        writer.write(block);
        co_await writer.drain();
    }
}

aio::Coro<> receive_round(aio::StreamReader reader) {
    for (std::size_t left = kRound_bytes; left > 0;) {
        const std::string piece = co_await reader.read(static_cast<std::ptrdiff_t>(std::min(left, kBlock_bytes)));
        if (piece.empty()) {
            std::fprintf(stderr, "tls_transfer: the connection ended\n");
            std::exit(1);
        }
        left -= piece.size();
    }
}

aio::Coro<> run_rounds(int port, bool sends, int rounds) {
    const aio::ssl::SSLContext context(aio::ssl::PROTOCOL_TLS_CLIENT);
    context.set_check_hostname(false);
    context.set_verify_mode(aio::ssl::CERT_NONE);
    auto [reader, writer] = co_await aio::open_connection("127.0.0.1", port, {.ssl = context});
    const std::string block(kBlock_bytes, 'x');
    for (int round = 0; round <= rounds; ++round) {
        const double started = bench::cpu_ns();
        if (sends) {
            co_await send_round(writer, block);
        } else {
            co_await receive_round(reader);
        }
        if (round > 0) {
            std::printf("{\"bytes\": %zu, \"cpu_ns\": %.0f}\n", kRound_bytes, bench::cpu_ns() - started);
            std::fflush(stdout);
        }
    }
    writer.abort();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5 || std::string_view(argv[1]) != "connect") {
        std::fprintf(stderr, "usage: %s connect PORT send|receive ROUNDS\n", argv[0]);
        return 2;
    }
    aio::run(run_rounds(std::atoi(argv[2]), std::string_view(argv[3]) == "send", std::atoi(argv[4])));
}
