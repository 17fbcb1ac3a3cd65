/* libuv in the streams section: what can be written at once is (uv_try_write), the rest is queued. Prints
 * "ready PORT" once it listens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct pending {
    uv_write_t request;
    char bytes[];
};

static char buffer[65536]; /* one for all: every read is answered before the next */

static void lend_buffer(uv_handle_t* handle, size_t suggested, uv_buf_t* lent) {
    (void)handle, (void)suggested;
    *lent = uv_buf_init(buffer, sizeof buffer);
}

static void free_handle(uv_handle_t* handle) { free(handle); }

static void written(uv_write_t* request, int status) {
    (void)status;
    free(request);
}

static void write_rest(uv_stream_t* stream, const char* bytes, size_t size) {
    struct pending* pending = malloc(sizeof *pending + size);
    memcpy(pending->bytes, bytes, size);
    uv_buf_t rest = uv_buf_init(pending->bytes, (unsigned)size);
    uv_write(&pending->request, stream, &rest, 1, written);
}

static void echo(uv_stream_t* stream, ssize_t size, const uv_buf_t* received) {
    if (size < 0) {
        uv_close((uv_handle_t*)stream, free_handle);
        return;
    }
    uv_buf_t answer = uv_buf_init(received->base, (unsigned)size);
    int done = uv_try_write(stream, &answer, 1);
    if (done < 0) done = 0;
    if (done < size) write_rest(stream, received->base + done, (size_t)(size - done));
}

static void accept_one(uv_stream_t* listener, int status) {
    if (status < 0) return;
    uv_tcp_t* client = malloc(sizeof *client);
    uv_tcp_init(listener->loop, client);
    if (uv_accept(listener, (uv_stream_t*)client) != 0) {
        uv_close((uv_handle_t*)client, free_handle);
        return;
    }
    uv_tcp_nodelay(client, 1);
    uv_read_start((uv_stream_t*)client, lend_buffer, echo);
}

int main(int argc, char** argv) {
    struct sockaddr_in address;
    uv_tcp_t listener;
    if (argc < 2) return 2;
    uv_tcp_init(uv_default_loop(), &listener);
    uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
    if (uv_tcp_bind(&listener, (const struct sockaddr*)&address, 0) != 0 ||
        uv_listen((uv_stream_t*)&listener, 1024, accept_one) != 0) {
        fprintf(stderr, "%s: cannot listen on port %s\n", argv[0], argv[1]);
        return 1;
    }
    printf("ready %s\n", argv[1]);
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
