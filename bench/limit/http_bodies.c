/* The limits of the bodies section: a client that receives or sends a body of BYTES bytes with plain blocking calls, ROUNDS
 * times on one connection; and a server that drops what it is sent. The clients print a JSON object a round.
 *
 *     http_bodies read PORT PATH ROUNDS     into memory for all of it, allocated and freed
 *     http_bodies pieces PORT PATH ROUNDS   into one buffer
 *     http_bodies put PORT BYTES ROUNDS
 *     http_bodies sink PORT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kPiece = 256 * 1024 };

static char piece[kPiece];

static void die(const char* what) {
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void without_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int connect_to(int port) {
    const struct sockaddr_in server = loopback(port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr*)&server, sizeof server) != 0) die("connect");
    without_delay(fd);
    return fd;
}

static void send_all(int fd, const char* bytes, size_t size) {
    while (size > 0) {
        const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0) die("send");
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* Receives a head and sets the length that it announces. The bytes of the body that came with it; -1: no head came. */
static long long receive_head(int fd, unsigned long long* length) {
    size_t size = 0;
    for (;;) {
        const ssize_t more = recv(fd, piece + size, sizeof piece - size, 0);
        if (more < 0) die("recv");
        if (more == 0) return -1;
        size += (size_t)more;
        const char* end = memmem(piece, size, "\r\n\r\n", 4);
        if (end == NULL) continue;
        const char* field = memmem(piece, (size_t)(end - piece), "\r\nContent-Length: ", 18);
        *length = field == NULL ? 0 : strtoull(field + 18, NULL, 10);
        return (long long)(piece + size - (end + 4));
    }
}

/* The length of the body. What came with the head lies behind it, in piece, and is not moved: it is little. */
static unsigned long long receive_body(int fd, int whole) {
    unsigned long long length = 0;
    const long long begun = receive_head(fd, &length);
    if (begun < 0) return 0;
    char* const body = whole ? malloc(length) : piece;
    if (body == NULL) die("malloc");
    for (unsigned long long got = (unsigned long long)begun; got < length;) {
        const unsigned long long left = length - got;
        const ssize_t size = recv(fd, whole ? body + got : body, left < sizeof piece ? (size_t)left : sizeof piece, 0);
        if (size <= 0) die("recv");
        got += (unsigned long long)size;
    }
    if (whole) free(body);
    return length;
}

static double cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void report(unsigned long long bytes, double ns) {
    printf("{\"bytes\": %llu, \"client_cpu_ns\": %.0f}\n", bytes, ns);
    fflush(stdout);
}

static void get(int port, const char* path, int rounds, int whole) {
    char request[256];
    const int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    const int fd = connect_to(port);
    for (int round = 0; round <= rounds; ++round) {
        const double started = cpu_ns();
        send_all(fd, request, (size_t)size);
        const unsigned long long bytes = receive_body(fd, whole);
        if (round > 0) report(bytes, cpu_ns() - started);
    }
}

static void put(int port, unsigned long long bytes, int rounds) {
    char head[256];
    const int size = snprintf(head, sizeof head, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %llu\r\n\r\n", bytes);
    const int fd = connect_to(port);
    for (int round = 0; round <= rounds; ++round) {
        char* body = malloc(bytes);
        if (body == NULL) die("malloc");
        memset(body, 'x', bytes);
        const double started = cpu_ns();
        send_all(fd, head, (size_t)size);
        send_all(fd, body, bytes);
        receive_body(fd, 0);
        free(body);
        if (round > 0) report(bytes, cpu_ns() - started);
    }
}

/* One connection after the other. */
static void sink(int port) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = loopback(port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 8) != 0) die("bind");
    printf("ready %d\n", port);
    fflush(stdout);
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) die("accept");
        without_delay(fd);
        while (receive_body(fd, 0) > 0) send_all(fd, answer, sizeof answer - 1);
        close(fd);
    }
}

int main(int argc, char** argv) {
    if (argc == 5 && (strcmp(argv[1], "read") == 0 || strcmp(argv[1], "pieces") == 0)) {
        get(atoi(argv[2]), argv[3], atoi(argv[4]), argv[1][0] == 'r');
    } else if (argc == 5 && strcmp(argv[1], "put") == 0) {
        put(atoi(argv[2]), strtoull(argv[3], NULL, 10), atoi(argv[4]));
    } else if (argc == 3 && strcmp(argv[1], "sink") == 0) {
        sink(atoi(argv[2]));
    } else {
        fprintf(stderr, "usage: %s read|pieces PORT PATH ROUNDS | put PORT BYTES ROUNDS | sink PORT\n", argv[0]);
        return 2;
    }
}
