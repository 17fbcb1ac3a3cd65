/* The limit of the streams section without io_uring.
 *
 *     echo_epoll PORT             sleeps when there is nothing to do
 *     echo_epoll PORT SPIN_US     asks without sleeping for so long before it does
 */
#include "epoll_server.h"

static char buffer[kBuffer];

static void receive(int fd) {
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size > 0) {
        answer(fd, buffer, (size_t)size);
    } else if (size == 0 || errno != EAGAIN) {
        drop(fd);
    }
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s PORT [SPIN_US]\n", argv[0]);
        return 2;
    }
    serve(argv[1], argc > 2 ? atoll(argv[2]) : 0);
}
