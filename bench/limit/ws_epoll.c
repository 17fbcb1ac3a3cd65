/* The limit of the ws section: answers every handshake with the same text, and then sends the messages of 64 bytes that
 * come back without their mask, all that came at once with one write. It looks at nothing else.
 *
 *     ws_epoll PORT
 */
#include "epoll_server.h"

#include <stdint.h>

enum { kPayload = 64, kMasked = 2 + 4 + kPayload, kPlain = 2 + kPayload };

/* The answer to the key of RFC 6455's example, which the load sends. */
static const char kAccept[] =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "\r\n";

static char in[kBuffer], out[kBuffer];
static struct {
    char bytes[kMasked];
    unsigned char size;
    unsigned char open; /* the handshake is over */
} rest_of[kMaxFds];

static void end(int fd) {
    rest_of[fd].size = rest_of[fd].open = 0;
    drop(fd);
}

static void unmask(const char* frame, char* plain) {
    uint32_t key;
    memcpy(&key, frame + 2, sizeof key);
    const uint64_t twice = (uint64_t)key << 32 | key;
    plain[0] = frame[0];
    plain[1] = kPayload;
    for (size_t at = 0; at < kPayload; at += sizeof twice) {
        uint64_t word;
        memcpy(&word, frame + 6 + at, sizeof word);
        word ^= twice;
        memcpy(plain + 2 + at, &word, sizeof word);
    }
}

static void receive(int fd) {
    const size_t before = rest_of[fd].size;
    memcpy(in, rest_of[fd].bytes, before);
    const ssize_t size = recv(fd, in + before, sizeof in - before, 0);
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN) end(fd);
        return;
    }
    if (!rest_of[fd].open) { /* the load sends its request in one piece, and nothing behind it */
        rest_of[fd].open = 1;
        answer(fd, kAccept, sizeof kAccept - 1);
        return;
    }
    const size_t all = before + (size_t)size, messages = all / kMasked, rest = all % kMasked;
    for (size_t i = 0; i < messages; ++i) unmask(in + i * kMasked, out + i * kPlain);
    memcpy(rest_of[fd].bytes, in + messages * kMasked, rest);
    rest_of[fd].size = (unsigned char)rest;
    if (messages > 0) answer(fd, out, messages * kPlain);
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    serve(argv[1], 0);
}
