// The load of the streams section: CONNECTIONS clients of an echo server on one thread and one epoll. Each
// keeps DEPTH messages of BYTES bytes in flight: it writes them in one go, waits until all have come back,
// compares every byte, and writes the next. Prints one JSON object.
//
//     echo_load HOST PORT CONNECTIONS DEPTH BYTES SECONDS [SERVER_PID...]
//
// The time is cut into slices of 25 ms. At the end of each the clients stop writing and wait for what is on
// its way, so that the server is idle when its CPU time (/proc/PID/task/*/schedstat) is read: a slice's
// requests and the server's CPU time belong to each other exactly. Short slices are what lets
// bench/run.py see through a noisy machine; it keeps the quiet ones.
//
//     {"requests": 81920, "requests_per_s": 81833.1, "p50_us": 760.2, "p99_us": 1043.8,
//      "slices": [{"requests": 4096, "server_cpu_ns": 21770000, "p50_us": 758.9}, ...]}

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSlice = std::chrono::milliseconds(25);
constexpr int kWarmUpSlices = 8;

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "echo_load: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

double microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

double quantile(std::vector<float>& values, double fraction) {
    if (values.empty()) return 0;
    const auto nth = values.begin() + static_cast<long>(fraction * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), nth, values.end());
    return *nth;
}

// CPU time of all threads of a process, in nanoseconds: the first number of each schedstat.
std::uint64_t cpu_ns_of(const std::string& pid) {
    if (pid.empty()) return 0;
    const std::string tasks = "/proc/" + pid + "/task/";
    DIR* directory = opendir(tasks.c_str());
    if (directory == nullptr) die(tasks.c_str());
    std::uint64_t sum = 0;
    while (const dirent* entry = readdir(directory)) {
        if (entry->d_name[0] == '.') continue;
        std::FILE* file = std::fopen((tasks + entry->d_name + "/schedstat").c_str(), "r");
        if (file == nullptr) continue;  // the thread has just ended
        unsigned long long on_cpu_ns = 0;
        if (std::fscanf(file, "%llu", &on_cpu_ns) == 1) sum += on_cpu_ns;
        std::fclose(file);
    }
    closedir(directory);
    return sum;
}

struct Slice {
    std::uint64_t requests, server_cpu_ns;
    double p50_us;
};

class Client {
public:
    Client(const sockaddr_in& server, std::uint32_t id, int depth, int bytes)
        : id_(id), bytes_(static_cast<std::size_t>(bytes)), out_(bytes_ * static_cast<std::size_t>(depth)) {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd_ < 0) die("socket");
        if (connect(fd_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) die("connect");
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        for (std::size_t i = 0; i < out_.size(); ++i) out_[i] = static_cast<char>(i * 31 + id);
        in_.resize(out_.size());
    }

    int fd() const { return fd_; }

    // Writes the next batch; every message in it differs from all before.
    void begin(Clock::time_point now) {
        for (std::size_t at = 0; at < out_.size(); at += bytes_) {
            const std::uint64_t mark = std::uint64_t{id_} << 40 | sequence_++;
            std::memcpy(&out_[at], &mark, std::min(sizeof mark, bytes_));
        }
        received_ = 0;
        began_ = now;
        // A batch is far smaller than a socket's buffer: it goes in whole, or something is wrong.
        if (send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out_.size())) die("send");
    }

    // Reads what has come; true when the batch is complete, and right.
    bool receive() {
        const ssize_t size = recv(fd_, &in_[received_], in_.size() - received_, MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) return false;
        if (size <= 0) die("the server closed a connection");
        received_ += static_cast<std::size_t>(size);
        if (received_ < in_.size()) return false;
        if (std::memcmp(in_.data(), out_.data(), in_.size()) != 0) {
            std::fprintf(stderr, "echo_load: client %u received other bytes than it sent\n", id_);
            std::exit(1);
        }
        return true;
    }

    double latency_us(Clock::time_point now) const { return microseconds(now - began_); }

private:
    int fd_;
    std::uint32_t id_;
    std::uint64_t sequence_ = 0;
    std::size_t bytes_, received_ = 0;
    Clock::time_point began_;
    std::vector<char> out_, in_;
};

class Load {
public:
    Load(const sockaddr_in& server, int connections, int depth, int bytes, std::vector<std::string> server_pids)
        : depth_(depth), server_pids_(std::move(server_pids)), poller_(epoll_create1(EPOLL_CLOEXEC)) {
        for (int i = 0; i < connections; ++i) {
            clients_.emplace_back(server, static_cast<std::uint32_t>(i), depth, bytes);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u32 = static_cast<std::uint32_t>(i);
            if (epoll_ctl(poller_, EPOLL_CTL_ADD, clients_.back().fd(), &event) != 0) die("epoll_ctl");
        }
    }

    void run(double seconds) {
        const int slices = std::max(1, static_cast<int>(seconds * 1000 / kSlice.count()));
        for (int i = 0; i < kWarmUpSlices; ++i) run_slice();
        latencies_us_.clear();
        slices_.clear();
        busy_ = {};
        for (int i = 0; i < slices; ++i) run_slice();
    }

    void print() {
        std::uint64_t requests = 0;
        for (const Slice& slice : slices_) requests += slice.requests;
        std::printf(
            "{\"requests\": %llu, \"requests_per_s\": %.1f, \"p50_us\": %.2f, \"p99_us\": %.2f,\n \"slices\": [",
            static_cast<unsigned long long>(requests), static_cast<double>(requests) * 1e6 / microseconds(busy_),
            quantile(latencies_us_, 0.50), quantile(latencies_us_, 0.99));
        const char* separator = "";
        for (const Slice& slice : slices_) {
            std::printf("%s{\"requests\": %llu, \"server_cpu_ns\": %llu, \"p50_us\": %.2f}", separator,
                        static_cast<unsigned long long>(slice.requests),
                        static_cast<unsigned long long>(slice.server_cpu_ns), slice.p50_us);
            separator = ", ";
        }
        std::printf("]}\n");
    }

private:
    std::uint64_t servers_cpu_ns() const {
        std::uint64_t sum = 0;
        for (const std::string& pid : server_pids_) sum += cpu_ns_of(pid);
        return sum;
    }

    void run_slice() {
        std::vector<float> of_slice_us;
        const std::uint64_t cpu_before_ns = servers_cpu_ns();
        const Clock::time_point started = Clock::now();
        for (Client& client : clients_) client.begin(Clock::now());
        std::size_t in_flight = clients_.size();
        Clock::time_point now = started;
        while (in_flight > 0) {
            epoll_event events[256];
            const int count = epoll_wait(poller_, events, 256, 5000);
            if (count == 0) die("no answer for 5 s");
            for (int i = 0; i < count; ++i) {
                Client& client = clients_[events[i].data.u32];
                if (!client.receive()) continue;
                now = Clock::now();
                of_slice_us.push_back(static_cast<float>(client.latency_us(now)));
                if (now - started < kSlice) {
                    client.begin(now);
                } else {
                    --in_flight;
                }
            }
        }
        busy_ += now - started;
        usleep(300);  // the server goes back to sleep, and the scheduler books its last stretch
        const std::uint64_t requests = of_slice_us.size() * static_cast<std::uint64_t>(depth_);
        latencies_us_.insert(latencies_us_.end(), of_slice_us.begin(), of_slice_us.end());
        slices_.push_back({requests, servers_cpu_ns() - cpu_before_ns, quantile(of_slice_us, 0.50)});
    }

    int depth_;
    std::vector<std::string> server_pids_;
    int poller_;
    std::vector<Client> clients_;
    std::vector<float> latencies_us_;
    std::vector<Slice> slices_;
    Clock::duration busy_{};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 7) {
        std::fprintf(stderr, "usage: %s HOST PORT CONNECTIONS DEPTH BYTES SECONDS [SERVER_PID...]\n", argv[0]);
        return 2;
    }
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
        std::fprintf(stderr, "%s: HOST must be an IPv4 address, not %s\n", argv[0], argv[1]);
        return 2;
    }
    Load load(server, std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]),
              std::vector<std::string>(argv + std::min(argc, 7), argv + argc));
    load.run(std::atof(argv[6]));
    load.print();
}
