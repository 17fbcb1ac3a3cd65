// What the load generators have in common: many clients on one thread and one epoll, and time cut into slices of
// 25 ms. At the end of each the clients stop writing and wait for what is on its way, so that the server is idle
// when its CPU time (/proc/PID/task/*/schedstat) is read: a slice's requests and the server's CPU time belong to
// each other exactly. Short slices are what lets bench/run.py see through a noisy machine; it keeps the quiet ones.
//
//     {"requests": 81920, "requests_per_s": 81833.1, "p50_us": 760.2, "p99_us": 1043.8,
//      "slices": [{"requests": 4096, "server_cpu_ns": 21770000, "p50_us": 758.9}, ...]}
#pragma once

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
#include <string_view>
#include <utility>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock;

inline constexpr auto kSlice = std::chrono::milliseconds(25);
inline constexpr int kWarmUpSlices = 8;

[[noreturn]] inline void die(const char* what) {
    std::fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, std::strerror(errno));
    std::exit(1);
}

// The server's address, of the first two arguments.
inline sockaddr_in address_of(const char* host, const char* port) {
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    if (inet_pton(AF_INET, host, &server.sin_addr) != 1) {
        std::fprintf(stderr, "%s: HOST must be an IPv4 address, not %s\n", program_invocation_short_name, host);
        std::exit(2);
    }
    return server;
}

inline int connect_to(const sockaddr_in& server) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) die("connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

// A batch is far smaller than a socket's buffer: it goes in whole, or something is wrong.
inline void send_batch(int fd, std::string_view batch) {
    if (send(fd, batch.data(), batch.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(batch.size())) die("send");
}

// Receives what has come of the answers that `into` has room for, behind the `received` bytes of it that are there.
// Whether it is full.
inline bool receive_some(int fd, std::vector<char>& into, std::size_t& received) {
    const ssize_t size = recv(fd, &into[received], into.size() - received, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return false;
    if (size <= 0) die("the server closed a connection");
    received += static_cast<std::size_t>(size);
    return received == into.size();
}

inline double microseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

inline double quantile(std::vector<float>& values, double fraction) {
    if (values.empty()) return 0;
    const auto nth = values.begin() + static_cast<long>(fraction * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), nth, values.end());
    return *nth;
}

// CPU time of all threads of a process, in nanoseconds: the first number of each schedstat.
inline std::uint64_t cpu_ns_of(const std::string& pid) {
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

// Client has fd(); begin(), which writes a batch of requests; receive(), which reads what has come, and is true when
// the batch is answered in full.
template <class Client>
class Load {
public:
    // `depth`: requests in a batch.
    Load(int depth, std::vector<std::string> server_pids)
        : depth_(depth), server_pids_(std::move(server_pids)), poller_(epoll_create1(EPOLL_CLOEXEC)) {}

    void add(Client client) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = static_cast<std::uint32_t>(clients_.size());
        if (epoll_ctl(poller_, EPOLL_CTL_ADD, client.fd(), &event) != 0) die("epoll_ctl");
        clients_.push_back({std::move(client), {}});
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
    struct Timed {
        Client client;
        Clock::time_point began;

        void begin(Clock::time_point now) {
            began = now;
            client.begin();
        }
    };

    std::uint64_t servers_cpu_ns() const {
        std::uint64_t sum = 0;
        for (const std::string& pid : server_pids_) sum += cpu_ns_of(pid);
        return sum;
    }

    void run_slice() {
        std::vector<float> of_slice_us;
        const std::uint64_t cpu_before_ns = servers_cpu_ns();
        const Clock::time_point started = Clock::now();
        for (Timed& timed : clients_) timed.begin(Clock::now());
        std::size_t in_flight = clients_.size();
        Clock::time_point now = started;
        while (in_flight > 0) {
            epoll_event events[256];
            const int count = epoll_wait(poller_, events, 256, 5000);
            if (count == 0) die("no answer for 5 s");
            for (int i = 0; i < count; ++i) {
                Timed& timed = clients_[events[i].data.u32];
                if (!timed.client.receive()) continue;
                now = Clock::now();
                of_slice_us.push_back(static_cast<float>(microseconds(now - timed.began)));
                if (now - started < kSlice) {
                    timed.begin(now);
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
    std::vector<Timed> clients_;
    std::vector<float> latencies_us_;
    std::vector<Slice> slices_;
    Clock::duration busy_{};
};

}  // namespace load
