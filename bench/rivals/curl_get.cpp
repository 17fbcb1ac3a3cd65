// libcurl's multi interface as a client in the http section: PORT CONNECTIONS REQUESTS ROUNDS, as
// bench/http/get_client.cpp has them. Driven by epoll (curl_multi_socket_action), which its documentation recommends for
// many transfers; each transfer's handle is used again.

#include <curl/curl.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../support/measure.hpp"

namespace {

int poller;
long timeout_ms = -1;

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "curl_get: %s\n", what);
    std::exit(1);
}

// An fd is known to epoll when curl has assigned it something.
int watch(CURL*, curl_socket_t fd, int what, void* multi, void* known) {
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(poller, EPOLL_CTL_DEL, fd, nullptr);
        curl_multi_assign(multi, fd, nullptr);
        return 0;
    }
    epoll_event event{};
    event.events = ((what & CURL_POLL_IN) ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0u);
    event.data.fd = fd;
    if (epoll_ctl(poller, known != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
    curl_multi_assign(multi, fd, &poller);
    return 0;
}

int set_timeout(CURLM*, long ms, void*) {
    timeout_ms = ms;
    return 0;
}

std::size_t keep_body(char* bytes, std::size_t, std::size_t size, void* body) {
    static_cast<std::string*>(body)->append(bytes, size);
    return size;
}

struct Transfer {
    CURL* handle = nullptr;
    std::string body;
};

class Client {
public:
    Client(const std::string& url, int connections) : transfers_(static_cast<std::size_t>(connections)) {
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, watch);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, multi_);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, set_timeout);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
        for (Transfer& transfer : transfers_) {
            transfer.handle = curl_easy_init();
            curl_easy_setopt(transfer.handle, CURLOPT_URL, url.c_str());
            curl_easy_setopt(transfer.handle, CURLOPT_WRITEFUNCTION, keep_body);
            curl_easy_setopt(transfer.handle, CURLOPT_WRITEDATA, &transfer.body);
            curl_easy_setopt(transfer.handle, CURLOPT_PRIVATE, &transfer);
            curl_easy_setopt(transfer.handle, CURLOPT_NOSIGNAL, 1L);
        }
    }

    void get(long requests) {
        left_ = requests;
        in_flight_ = 0;
        for (Transfer& transfer : transfers_) begin(transfer);
        while (in_flight_ > 0) {
            if (timeout_ms == 0) fire_timeout();
            end_those_done();
            if (in_flight_ == 0) return;
            epoll_event events[256];
            const int count = epoll_wait(poller, events, 256, static_cast<int>(timeout_ms));
            if (count == 0) fire_timeout();
            for (int i = 0; i < count; ++i) {
                const unsigned ready = events[i].events;
                const int what = ((ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) ? CURL_CSELECT_IN : 0) |
                                 ((ready & EPOLLOUT) ? CURL_CSELECT_OUT : 0);
                curl_multi_socket_action(multi_, events[i].data.fd, what, &running_);
            }
        }
    }

private:
    // The timer is for once: curl sets it again if it wants it.
    void fire_timeout() {
        timeout_ms = -1;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running_);
    }

    void begin(Transfer& transfer) {
        if (left_ == 0) return;
        --left_;
        ++in_flight_;
        transfer.body.clear();
        curl_multi_add_handle(multi_, transfer.handle);
    }

    void end_those_done() {
        int more = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &more)) {
            if (message->msg != CURLMSG_DONE) continue;
            if (message->data.result != CURLE_OK) die(curl_easy_strerror(message->data.result));
            Transfer* transfer = nullptr;
            long status = 0;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
            if (status != 200 || transfer->body != "Hello, World!") die(transfer->body.c_str());
            curl_multi_remove_handle(multi_, transfer->handle);
            --in_flight_;
            begin(*transfer);
        }
    }

    CURLM* multi_ = curl_multi_init();
    std::vector<Transfer> transfers_;
    long left_ = 0, in_flight_ = 0;
    int running_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    poller = epoll_create1(EPOLL_CLOEXEC);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    Client client(std::string("http://127.0.0.1:") + argv[1] + "/", std::atoi(argv[2]));
    const long requests = std::atol(argv[3]);
    for (int round = 0; round <= std::atoi(argv[4]); ++round) {
        const double started = bench::cpu_ns();
        client.get(requests);
        if (round > 0) bench::report_requests(requests, bench::cpu_ns() - started);
    }
}
