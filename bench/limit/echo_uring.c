/* The limit of the streams section with io_uring: multishot accept and recv, buffers the kernel picks from a
 * ring, sends as SQEs, completions run only when asked for, one io_uring_enter a pass.
 *
 *     echo_uring PORT             sleeps when there is nothing to do
 *     echo_uring PORT SPIN_US     watches the completion ring for so long before it does
 *
 * Prints "ready PORT" once it listens.
 *
 * Two facts shape it. Sends of one socket that are in flight together may overtake each other once one of
 * them has to wait, so each connection has at most one, and a queue of received buffers behind it. And a
 * multishot recv that finds no buffer ends with ENOBUFS: it is armed again at that connection's next
 * completed send, which is the moment a buffer came back.
 */
#define _GNU_SOURCE
#include <liburing.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kMaxFds = 4096, kBuffers = 4096, kBuffer = 2048, kGroup = 1, kNone = -1 };
enum operation { kAccept, kRecv, kSend };

struct connection {
    int first, last; /* received buffers to send, linked by next_buffer; kNone when there are none */
    int unsent_from; /* how much of the first one has been sent */
    int receiving, closing;
};

static struct connection connections[kMaxFds];
static int next_buffer[kBuffers], buffer_size[kBuffers];
static char* buffers;
static struct io_uring ring;
static struct io_uring_buf_ring* buffer_ring;

static void die(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, strerror(error));
    exit(1);
}

static struct io_uring_sqe* next_sqe(void) {
    struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
    if (sqe == NULL) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
    }
    return sqe;
}

/* After io_uring_prep_*, which clears it. */
static void tag(struct io_uring_sqe* sqe, enum operation operation, int fd) {
    io_uring_sqe_set_data64(sqe, (unsigned long long)operation << 32 | (unsigned)fd);
}

static void accept_on(int listener) {
    struct io_uring_sqe* sqe = next_sqe();
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
    tag(sqe, kAccept, listener);
}

static void set_up_ring(void) {
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                              IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE,
                                     .cq_entries = 8192};
    const int error = io_uring_queue_init_params(2048, &ring, &params);
    if (error != 0) die("io_uring_setup", -error);
    io_uring_register_ring_fd(&ring);
}

static void give_buffer(int id, int offset) {
    io_uring_buf_ring_add(buffer_ring, buffers + (size_t)id * kBuffer, kBuffer, (unsigned short)id,
                          io_uring_buf_ring_mask(kBuffers), offset);
}

static void set_up_buffers(void) {
    const size_t ring_bytes = kBuffers * sizeof(struct io_uring_buf);
    char* memory = mmap(NULL, ring_bytes + (size_t)kBuffers * kBuffer, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) die("mmap", errno);
    buffer_ring = (struct io_uring_buf_ring*)memory;
    buffers = memory + ring_bytes;
    struct io_uring_buf_reg group = {.ring_addr = (unsigned long)memory, .ring_entries = kBuffers, .bgid = kGroup};
    const int error = io_uring_register_buf_ring(&ring, &group, 0);
    if (error != 0) die("io_uring_register_buf_ring", -error);
    io_uring_buf_ring_init(buffer_ring);
    for (int id = 0; id < kBuffers; ++id) give_buffer(id, id);
    io_uring_buf_ring_advance(buffer_ring, kBuffers);
}

static int listen_on(int port) {
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket", errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0) die("bind", errno);
    if (listen(fd, 1024) != 0) die("listen", errno);
    return fd;
}

static void receive(int fd) {
    struct io_uring_sqe* sqe = next_sqe();
    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    tag(sqe, kRecv, fd);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = kGroup;
    connections[fd].receiving = 1;
}

static void send_first(int fd) {
    const struct connection* connection = &connections[fd];
    const int id = connection->first, from = connection->unsent_from;
    struct io_uring_sqe* sqe = next_sqe();
    io_uring_prep_send(sqe, fd, buffers + (size_t)id * kBuffer + from, (size_t)(buffer_size[id] - from),
                       MSG_NOSIGNAL);
    tag(sqe, kSend, fd);
}

static void pop_first(struct connection* connection) {
    const int id = connection->first;
    connection->first = next_buffer[id];
    connection->unsent_from = 0;
    give_buffer(id, 0);
    io_uring_buf_ring_advance(buffer_ring, 1);
}

static void close_when_idle(int fd) {
    struct connection* connection = &connections[fd];
    if (connection->receiving || connection->first != kNone) return;
    close(fd);
}

static void accepted(const struct io_uring_cqe* cqe, int listener) {
    const int on = 1, fd = cqe->res;
    if (fd >= kMaxFds) {
        close(fd);
    } else if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[fd] = (struct connection){.first = kNone, .last = kNone};
        receive(fd);
    }
    if (!(cqe->flags & IORING_CQE_F_MORE)) accept_on(listener);
}

static void received(const struct io_uring_cqe* cqe, int fd) {
    struct connection* connection = &connections[fd];
    if (!(cqe->flags & IORING_CQE_F_MORE)) connection->receiving = 0;
    if (cqe->res > 0) {
        const int id = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        buffer_size[id] = cqe->res;
        next_buffer[id] = kNone;
        if (connection->first == kNone) {
            connection->first = connection->last = id;
            send_first(fd);
        } else {
            next_buffer[connection->last] = id;
            connection->last = id;
        }
        if (!connection->receiving) receive(fd);
    } else if (cqe->res == -ENOBUFS) {
        if (connection->first == kNone) receive(fd); /* else when a send has returned one */
    } else {
        connection->closing = 1;
        close_when_idle(fd);
    }
}

static void sent(const struct io_uring_cqe* cqe, int fd) {
    struct connection* connection = &connections[fd];
    if (cqe->res < 0) {
        connection->closing = 1;
        while (connection->first != kNone) pop_first(connection);
        shutdown(fd, SHUT_RDWR);
    } else {
        connection->unsent_from += cqe->res;
        if (connection->unsent_from == buffer_size[connection->first]) pop_first(connection);
        if (connection->first != kNone) send_first(fd);
    }
    if (connection->closing) {
        close_when_idle(fd);
    } else if (!connection->receiving) {
        receive(fd);
    }
}

static void handle(const struct io_uring_cqe* cqe) {
    const unsigned long long data = cqe->user_data;
    const int fd = (int)(unsigned)data;
    switch ((enum operation)(data >> 32)) {
        case kAccept: accepted(cqe, fd); break;
        case kRecv: received(cqe, fd); break;
        case kSend: sent(cqe, fd); break;
    }
}

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* With IORING_SETUP_TASKRUN_FLAG the kernel raises a bit in shared memory when there is something to ask
 * for: spinning costs no system call until then. */
static void submit_and_wait(long long spin_us) {
    if (spin_us > 0) {
        const long long until = now_us() + spin_us;
        io_uring_submit(&ring);
        do {
            if (IO_URING_READ_ONCE(*ring.sq.kflags) & IORING_SQ_TASKRUN) io_uring_get_events(&ring);
            if (io_uring_cq_ready(&ring) > 0) return;
        } while (now_us() < until);
    }
    io_uring_submit_and_wait(&ring, 1);
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s PORT [SPIN_US]\n", argv[0]);
        return 2;
    }
    const long long spin_us = argc > 2 ? atoll(argv[2]) : 0;
    set_up_ring();
    set_up_buffers();
    accept_on(listen_on(atoi(argv[1])));
    printf("ready %s\n", argv[1]);
    fflush(stdout);

    for (;;) {
        submit_and_wait(spin_us);
        unsigned head, count = 0;
        struct io_uring_cqe* cqe;
        io_uring_for_each_cqe(&ring, head, cqe) {
            handle(cqe);
            ++count;
        }
        io_uring_cq_advance(&ring, count);
    }
}
