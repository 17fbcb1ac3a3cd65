/* The limit of the tls section: SSL_write or SSL_read on a blocking socket, a record at a time, and nothing else. Also
 * the peer that everybody sends to, and receives from.
 *
 *     tls_transfer serve PORT send|receive CERTIFICATE KEY    prints "ready PORT"; each connection until it ends
 *     tls_transfer connect PORT send|receive ROUNDS           a round is 64 MiB, and one JSON object; one to warm up
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kRecord = 16384, kReadAhead = 131072, kRound_bytes = 64 << 20 };

static char block[kRecord];

static void die(const char* what) {
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* How much of `left` was sent or received; 0 at the end of the connection. */
static int transfer(SSL* tls, int sends, long left) {
    const int size = left < kRecord ? (int)left : kRecord;
    const int done = sends ? SSL_write(tls, block, size) : SSL_read(tls, block, size);
    return done > 0 ? done : 0;
}

static SSL* tls_on(SSL_CTX* context, int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL* tls = SSL_new(context);
    if (tls == NULL || SSL_set_fd(tls, fd) != 1) die("SSL_set_fd");
    return tls;
}

static void serve(const struct sockaddr_in* address, int sends, const char* certificate, const char* key) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        die("the certificate and its key");
    }
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, kReadAhead);
    const int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr*)address, sizeof *address) != 0 || listen(listener, 16) != 0) die("bind");
    printf("ready %d\n", ntohs(address->sin_port));
    fflush(stdout);
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        if (fd < 0) die("accept");
        SSL* tls = tls_on(context, fd);
        if (SSL_accept(tls) != 1) die("SSL_accept");
        while (transfer(tls, sends, kRecord) > 0) continue;
        SSL_free(tls);
        close(fd);
    }
}

static void run_rounds(const struct sockaddr_in* address, int sends, int rounds) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, kReadAhead);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr*)address, sizeof *address) != 0) die("connect");
    SSL* tls = tls_on(context, fd);
    if (SSL_connect(tls) != 1) die("SSL_connect");
    for (int round = 0; round <= rounds; ++round) {
        const double started = cpu_ns();
        for (long left = kRound_bytes; left > 0;) {
            const int done = transfer(tls, sends, left);
            if (done == 0) die("the connection ended");
            left -= done;
        }
        if (round == 0) continue;
        printf("{\"bytes\": %d, \"cpu_ns\": %.0f, \"cipher\": \"%s\"}\n", kRound_bytes, cpu_ns() - started,
               SSL_get_cipher(tls));
        fflush(stdout);
    }
}

int main(int argc, char** argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: %s serve PORT send|receive CERTIFICATE KEY, or connect PORT send|receive ROUNDS\n",
                argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int sends = strcmp(argv[3], "send") == 0;
    if (strcmp(argv[1], "serve") == 0 && argc > 5) {
        serve(&address, sends, argv[4], argv[5]);
    } else {
        run_rounds(&address, sends, atoi(argv[4]));
    }
}
