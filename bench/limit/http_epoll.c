/* The limit of the http section: finds where requests end, looks no further into them, and answers all that came at
 * once with one write of a response that stands ready. Its date is made anew every second.
 *
 *     http_epoll PORT
 */
#include "epoll_server.h"

enum { kTogether = 256, kEnd = 4, kResponse = 256 };

static char responses[kTogether * kResponse]; /* copies, one after the other */
static size_t response_size;
static time_t dated;

static char buffer[kBuffer];
/* What may be the beginning of a request's end: the last bytes that came, at most three. */
static struct {
    char bytes[kEnd - 1];
    unsigned char size;
} rest_of[kMaxFds];

static void date_responses(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == dated) return;
    dated = now.tv_sec;
    struct tm utc;
    char date[40];
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&dated, &utc));
    response_size = (size_t)snprintf(responses, kResponse,
                                     "HTTP/1.1 200 OK\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Length: 13\r\n"
                                     "Date: %s\r\n"
                                     "Server: limit\r\n"
                                     "\r\n"
                                     "Hello, World!",
                                     date);
    for (size_t i = 1; i < kTogether; ++i) memcpy(responses + i * response_size, responses, response_size);
}

static void receive(int fd) {
    const size_t before = rest_of[fd].size;
    memcpy(buffer, rest_of[fd].bytes, before);
    const ssize_t size = recv(fd, buffer + before, sizeof buffer - before, 0);
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN) {
            rest_of[fd].size = 0;
            drop(fd);
        }
        return;
    }
    const char *at = buffer, *end = buffer + before + size;
    size_t requests = 0;
    for (const char* found; (found = memmem(at, (size_t)(end - at), "\r\n\r\n", kEnd)) != NULL; at = found + kEnd) {
        ++requests;
    }
    size_t rest = (size_t)(end - at);
    if (rest >= kEnd) rest = kEnd - 1;
    memcpy(rest_of[fd].bytes, end - rest, rest);
    rest_of[fd].size = (unsigned char)rest;
    if (requests == 0) return;
    if (requests > kTogether) { /* more than the section ever sends */
        drop(fd);
        return;
    }
    date_responses();
    answer(fd, responses, requests * response_size);
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    serve(argv[1], 0);
}
