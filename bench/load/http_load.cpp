// The load of the http section: CONNECTIONS clients of a hello server on one thread and one epoll. Each keeps DEPTH
// requests in flight: it writes them in one go, waits until all are answered, and writes the next. The first answer
// must be a 200 with Content-Type text/plain, a Date and the body "Hello, World!"; all that follow must be the same
// bytes, but for the date's. Prints one JSON object; how it measures is in slices.hpp.
//
//     http_load HOST PORT CONNECTIONS DEPTH SECONDS [SERVER_PID...]
#include "slices.hpp"

#include <string_view>

namespace {

constexpr std::string_view kBody = "Hello, World!";
constexpr std::size_t kDate_bytes = sizeof "Sun, 22 Nov 2026 08:49:37 GMT" - 1;

[[noreturn]] void refuse(const char* what, std::string_view answer) {
    std::fprintf(stderr, "http_load: %s: %.*s\n", what, static_cast<int>(answer.size()), answer.data());
    std::exit(1);
}

// An answer: what is before its date, and what is behind it.
struct Answer {
    std::string before_date, behind_date;

    std::size_t size() const { return before_date.size() + kDate_bytes + behind_date.size(); }
    bool is(std::string_view bytes) const {
        return bytes.substr(0, before_date.size()) == before_date &&
               bytes.substr(before_date.size() + kDate_bytes) == behind_date;
    }
};

// The value of a header, and where it begins.
std::pair<std::string, std::size_t> header(const std::string& head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
        const std::size_t line = at + 2, end = head.find("\r\n", line);
        if (end - line <= name.size() || head[line + name.size()] != ':') continue;
        if (strncasecmp(&head[line], name.data(), name.size()) != 0) continue;
        const std::size_t value = head.find_first_not_of(' ', line + name.size() + 1);
        return {head.substr(value, end - value), value};
    }
    refuse(("no " + std::string(name)).c_str(), head);
}

// Asks once, and checks what comes.
Answer first_answer(const sockaddr_in& server, const std::string& request) {
    const int fd = load::connect_to(server);
    load::send_batch(fd, request);
    std::string answer;
    std::size_t head_size = std::string::npos;
    while (head_size == std::string::npos || answer.size() < head_size + kBody.size()) {
        char buffer[4096];
        const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
        if (size <= 0) refuse("the server closed the connection", answer);
        answer.append(buffer, static_cast<std::size_t>(size));
        head_size = answer.find("\r\n\r\n");
        if (head_size != std::string::npos) head_size += 4;
    }
    close(fd);
    const std::string head = answer.substr(0, head_size);
    const auto [date, date_at] = header(head, "Date");
    if (head.rfind("HTTP/1.1 200 ", 0) != 0) refuse("not 200", head);
    if (header(head, "Content-Type").first.rfind("text/plain", 0) != 0) refuse("not text/plain", head);
    if (header(head, "Content-Length").first != std::to_string(kBody.size())) refuse("wrong Content-Length", head);
    if (date.size() != kDate_bytes) refuse("wrong Date", head);
    if (answer.substr(head_size) != kBody) refuse("wrong body", answer);
    return {answer.substr(0, date_at), answer.substr(date_at + kDate_bytes)};
}

class HttpClient {
public:
    HttpClient(const sockaddr_in& server, const std::string& batch, const Answer& answer, int depth)
        : fd_(load::connect_to(server)),
          batch_(batch),
          answer_(answer),
          in_(answer.size() * static_cast<std::size_t>(depth)) {}

    int fd() const { return fd_; }

    void begin() {
        received_ = 0;
        load::send_batch(fd_, batch_);
    }

    bool receive() {
        if (!load::receive_some(fd_, in_, received_)) return false;
        for (std::size_t at = 0; at < in_.size(); at += answer_.size()) {
            const std::string_view one(&in_[at], answer_.size());
            if (!answer_.is(one)) refuse("an answer is not like the first", one);
        }
        return true;
    }

private:
    int fd_;
    const std::string& batch_;
    const Answer& answer_;
    std::size_t received_ = 0;
    std::vector<char> in_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: %s HOST PORT CONNECTIONS DEPTH SECONDS [SERVER_PID...]\n", argv[0]);
        return 2;
    }
    const sockaddr_in server = load::address_of(argv[1], argv[2]);
    const int connections = std::atoi(argv[3]), depth = std::atoi(argv[4]);
    // What wrk sends.
    const std::string request = std::string("GET / HTTP/1.1\r\nHost: ") + argv[1] + ":" + argv[2] + "\r\n\r\n";
    std::string batch;
    for (int i = 0; i < depth; ++i) batch += request;
    const Answer answer = first_answer(server, request);
    load::Load<HttpClient> clients(depth, std::vector<std::string>(argv + std::min(argc, 6), argv + argc));
    for (int i = 0; i < connections; ++i) clients.add(HttpClient(server, batch, answer, depth));
    clients.run(std::atof(argv[5]));
    clients.print();
}
