/* What the limits on epoll have in common: one thread, one epoll, one recv and one send a message. The program says
 * what it does when a connection is readable, in receive().
 *
 * A peer that does not read is not read from either, so that what it is owed stays within one buffer.
 */
#pragma once
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

enum { kMaxFds = 4096, kBuffer = 65536, kEvents = 256 };

struct owed {
    char* bytes; /* NULL when the peer has everything */
    size_t size, sent;
};

static struct owed owed_to[kMaxFds];
static int poller;

static void receive(int fd);

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void watch(int operation, int fd, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(poller, operation, fd, &event) != 0) die("epoll_ctl");
}

static int listen_on(int port) {
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0) die("bind");
    if (listen(fd, 1024) != 0) die("listen");
    return fd;
}

static void accept_all(int listener) {
    const int on = 1;
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (fd >= kMaxFds) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void drop(int fd) {
    free(owed_to[fd].bytes);
    owed_to[fd] = (struct owed){0};
    close(fd);
}

/* Reads no more from the peer until it has taken the rest. */
static void owe(int fd, const char* bytes, size_t size) {
    struct owed* owed = &owed_to[fd];
    owed->bytes = malloc(size);
    if (owed->bytes == NULL) die("malloc");
    memcpy(owed->bytes, bytes, size);
    owed->size = size;
    owed->sent = 0;
    watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

static void pay(int fd) {
    struct owed* owed = &owed_to[fd];
    const ssize_t sent = send(fd, owed->bytes + owed->sent, owed->size - owed->sent, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) drop(fd);
        return;
    }
    owed->sent += (size_t)sent;
    if (owed->sent < owed->size) return;
    free(owed->bytes);
    *owed = (struct owed){0};
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

/* Sends, or keeps what the socket does not take. */
static void answer(int fd, const char* bytes, size_t size) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent == (ssize_t)size) return;
    if (sent < 0) {
        if (errno != EAGAIN) {
            drop(fd);
            return;
        }
        sent = 0;
    }
    owe(fd, bytes + sent, size - (size_t)sent);
}

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int next_events(struct epoll_event* events, long long spin_us) {
    if (spin_us > 0) {
        const long long until = now_us() + spin_us;
        do {
            const int count = epoll_wait(poller, events, kEvents, 0);
            if (count != 0) return count;
        } while (now_us() < until);
    }
    return epoll_wait(poller, events, kEvents, -1);
}

/* Prints "ready PORT" once it listens. */
static void serve(const char* port, long long spin_us) {
    poller = epoll_create1(EPOLL_CLOEXEC);
    const int listener = listen_on(atoi(port));
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    printf("ready %s\n", port);
    fflush(stdout);

    struct epoll_event events[kEvents];
    for (;;) {
        const int count = next_events(events, spin_us);
        for (int i = 0; i < count; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(listener);
            } else if (owed_to[fd].bytes != NULL) {
                pay(fd);
            } else {
                receive(fd);
            }
        }
    }
}
