/* The limit of the http section's client: CONNECTIONS connections on one epoll share what is left of REQUESTS, ROUNDS
 * times, and once before to open the connections. It finds the end of the head and the length of the body, which it
 * compares; nothing else. Prints a JSON object a round.
 *
 *     http_get_epoll PORT CONNECTIONS REQUESTS ROUNDS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kEvents = 256, kBuffer = 4096, kMaxConnections = 1024 };

static const char kBody[] = "Hello, World!";

static struct {
    int fd;
    size_t size;
    char bytes[kBuffer];
} connections[kMaxConnections];

static int poller;
static char request[128];
static size_t request_size;
static long left, answered;

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void open_connection(int index, int port) {
    const int on = 1;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr*)&server, sizeof server) != 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections[index].fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)index};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static void ask(int index) {
    if (left == 0) return;
    --left;
    connections[index].size = 0;
    if (send(connections[index].fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) die("send");
}

/* Whether an answer is here in full. Exits when it is not the right one. */
static int complete(const char* bytes, size_t size) {
    const char* end = memmem(bytes, size, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    const char* length = memmem(bytes, (size_t)(end - bytes), "\r\nContent-Length: ", 18);
    const size_t body_size = length == NULL ? 0 : strtoul(length + 18, NULL, 10);
    const char* body = end + 4;
    if ((size_t)(bytes + size - body) < body_size) return 0;
    if (memcmp(bytes, "HTTP/1.1 200 ", 13) != 0 || body_size != sizeof kBody - 1 ||
        memcmp(body, kBody, body_size) != 0) {
        fprintf(stderr, "http_get_epoll: %.*s\n", (int)size, bytes);
        exit(1);
    }
    return 1;
}

static void receive(int index) {
    char* bytes = connections[index].bytes;
    const size_t size = connections[index].size;
    const ssize_t more = recv(connections[index].fd, bytes + size, kBuffer - size, MSG_DONTWAIT);
    if (more < 0 && errno == EAGAIN) return;
    if (more <= 0) die("the server closed a connection");
    connections[index].size += (size_t)more;
    if (!complete(bytes, connections[index].size)) return;
    ++answered;
    ask(index);
}

static double cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char** argv) {
    if (argc < 5 || atoi(argv[2]) > kMaxConnections) {
        fprintf(stderr, "usage: %s PORT CONNECTIONS REQUESTS ROUNDS (at most %d connections)\n", argv[0],
                kMaxConnections);
        return 2;
    }
    const int port = atoi(argv[1]), count = atoi(argv[2]), rounds = atoi(argv[4]);
    const long requests = atol(argv[3]);
    request_size = (size_t)snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", port);
    poller = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count; ++i) open_connection(i, port);
    for (int round = 0; round <= rounds; ++round) {
        const double started = cpu_ns();
        left = requests;
        answered = 0;
        for (int i = 0; i < count; ++i) ask(i);
        while (answered < requests) {
            struct epoll_event events[kEvents];
            const int ready = epoll_wait(poller, events, kEvents, -1);
            for (int i = 0; i < ready; ++i) receive((int)events[i].data.u32);
        }
        if (round == 0) continue;
        printf("{\"requests\": %ld, \"client_cpu_ns\": %.0f}\n", requests, cpu_ns() - started);
        fflush(stdout);
    }
}
