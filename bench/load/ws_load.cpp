// The load of the ws section: CONNECTIONS WebSocket clients of an echo server on one thread and one epoll. Each keeps DEPTH
// binary messages of 64 bytes in flight: it writes them in one go, waits until all have come back, compares every byte,
// and writes the next. Prints one JSON object; how it measures is in slices.hpp.
//
//     ws_load HOST PORT CONNECTIONS DEPTH SECONDS [SERVER_PID...]
#include "slices.hpp"

#include <array>

namespace {

constexpr std::size_t kPayload = 64, kMasked = 2 + 4 + kPayload, kPlain = 2 + kPayload;
constexpr char kBinary = '\x82';
constexpr std::array<char, 4> kMask = {'\x37', '\xfa', '\x21', '\x3d'};

// With the key of RFC 6455's example, whose answer the limit knows. No extensions are offered.
void shake_hands(int fd, const std::string& host) {
    const std::string request = "GET / HTTP/1.1\r\nHost: " + host +
                                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    load::send_batch(fd, request);
    std::string answer;
    while (!answer.ends_with("\r\n\r\n")) {
        char byte;
        if (recv(fd, &byte, 1, 0) != 1) load::die("the server closed a connection");
        answer += byte;
    }
    if (!answer.starts_with("HTTP/1.1 101 ") || answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == std::string::npos) {
        std::fprintf(stderr, "ws_load: not a WebSocket: %s\n", answer.c_str());
        std::exit(1);
    }
}

class WSClient {
public:
    WSClient(const sockaddr_in& server, const std::string& host, std::uint32_t id, int depth)
        : fd_(load::connect_to(server)),
          id_(id),
          depth_(static_cast<std::size_t>(depth)),
          out_(kMasked * depth_),
          in_(kPlain * depth_),
          expected_(in_.size()) {
        shake_hands(fd_, host);
        for (std::size_t message = 0; message < depth_; ++message) {
            char* frame = &out_[message * kMasked];
            frame[0] = expected_[message * kPlain] = kBinary;
            frame[1] = static_cast<char>(0x80 | kPayload);
            std::memcpy(frame + 2, kMask.data(), kMask.size());
            expected_[message * kPlain + 1] = static_cast<char>(kPayload);
            for (std::size_t i = 0; i < kPayload; ++i) put(message, i, static_cast<char>(i * 31 + id));
        }
    }

    int fd() const { return fd_; }

    // Every message differs from all before.
    void begin() {
        for (std::size_t message = 0; message < depth_; ++message) {
            const std::uint64_t mark = std::uint64_t{id_} << 40 | sequence_++;
            for (std::size_t i = 0; i < sizeof mark; ++i) put(message, i, static_cast<char>(mark >> 8 * i));
        }
        received_ = 0;
        load::send_batch(fd_, {out_.data(), out_.size()});
    }

    bool receive() {
        if (!load::receive_some(fd_, in_, received_)) return false;
        if (in_ != expected_) {
            std::fprintf(stderr, "ws_load: client %u received other messages than it sent\n", id_);
            std::exit(1);
        }
        return true;
    }

private:
    void put(std::size_t message, std::size_t at, char byte) {
        out_[message * kMasked + 6 + at] = static_cast<char>(byte ^ kMask[at % kMask.size()]);
        expected_[message * kPlain + 2 + at] = byte;
    }

    int fd_;
    std::uint32_t id_;
    std::uint64_t sequence_ = 0;
    std::size_t depth_, received_ = 0;
    std::vector<char> out_, in_, expected_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: %s HOST PORT CONNECTIONS DEPTH SECONDS [SERVER_PID...]\n", argv[0]);
        return 2;
    }
    const sockaddr_in server = load::address_of(argv[1], argv[2]);
    const std::string host = std::string(argv[1]) + ":" + argv[2];
    const int connections = std::atoi(argv[3]), depth = std::atoi(argv[4]);
    load::Load<WSClient> clients(depth, std::vector<std::string>(argv + std::min(argc, 6), argv + argc));
    for (int i = 0; i < connections; ++i) {
        clients.add(WSClient(server, host, static_cast<std::uint32_t>(i), depth));
    }
    clients.run(std::atof(argv[5]));
    clients.print();
}
