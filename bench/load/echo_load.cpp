// The load of the streams section: CONNECTIONS clients of an echo server on one thread and one epoll. Each
// keeps DEPTH messages of BYTES bytes in flight: it writes them in one go, waits until all have come back,
// compares every byte, and writes the next. Prints one JSON object; how it measures is in slices.hpp.
//
//     echo_load HOST PORT CONNECTIONS DEPTH BYTES SECONDS [SERVER_PID...]
#include "slices.hpp"

namespace {

class EchoClient {
public:
    EchoClient(const sockaddr_in& server, std::uint32_t id, int depth, int bytes)
        : fd_(load::connect_to(server)),
          id_(id),
          bytes_(static_cast<std::size_t>(bytes)),
          out_(bytes_ * static_cast<std::size_t>(depth)),
          in_(out_.size()) {
        for (std::size_t i = 0; i < out_.size(); ++i) out_[i] = static_cast<char>(i * 31 + id);
    }

    int fd() const { return fd_; }

    // Every message differs from all before.
    void begin() {
        for (std::size_t at = 0; at < out_.size(); at += bytes_) {
            const std::uint64_t mark = std::uint64_t{id_} << 40 | sequence_++;
            std::memcpy(&out_[at], &mark, std::min(sizeof mark, bytes_));
        }
        received_ = 0;
        load::send_batch(fd_, {out_.data(), out_.size()});
    }

    bool receive() {
        if (!load::receive_some(fd_, in_, received_)) return false;
        if (std::memcmp(in_.data(), out_.data(), in_.size()) != 0) {
            std::fprintf(stderr, "echo_load: client %u received other bytes than it sent\n", id_);
            std::exit(1);
        }
        return true;
    }

private:
    int fd_;
    std::uint32_t id_;
    std::uint64_t sequence_ = 0;
    std::size_t bytes_, received_ = 0;
    std::vector<char> out_, in_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 7) {
        std::fprintf(stderr, "usage: %s HOST PORT CONNECTIONS DEPTH BYTES SECONDS [SERVER_PID...]\n", argv[0]);
        return 2;
    }
    const sockaddr_in server = load::address_of(argv[1], argv[2]);
    const int connections = std::atoi(argv[3]), depth = std::atoi(argv[4]), bytes = std::atoi(argv[5]);
    load::Load<EchoClient> clients(depth, std::vector<std::string>(argv + std::min(argc, 7), argv + argc));
    for (int i = 0; i < connections; ++i) {
        clients.add(EchoClient(server, static_cast<std::uint32_t>(i), depth, bytes));
    }
    clients.run(std::atof(argv[6]));
    clients.print();
}
