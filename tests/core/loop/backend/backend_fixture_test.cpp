#include "core/loop/backend/backend_fixture.hpp"

#include "support/test_run.hpp"

#include <cerrno>

namespace aio::detail {

void BackendTest::SetUp() {
    wakeup.open();
    const std::string_view name = test::harness::backend_name();
    backend = name == "epoll"      ? make_epoll_backend(wakeup.fd())
              : name == "io_uring" ? make_uring_backend(wakeup.fd())
                                   : make_sim_backend(wakeup.fd());
    EXPECT_EQ(backend->name(), name);
}

void BackendTest::TearDown() {
    for (const int fd : opened) backend->close_fd(fd);
    EXPECT_EQ(backend->in_flight(), 0u);
    backend.reset();
    wakeup.close_fd();
}

int BackendTest::run(Recorder& operation) {
    operation.ended = false;
    backend->start(operation);
    poll_until([&] { return operation.ended; });
    return operation.results.empty() ? -1 : operation.results.back();
}

void BackendTest::start_send(Recorder& operation, std::string_view bytes) {
    operation.out = {bytes.data(), bytes.size()};
    backend->start(operation);
}

void BackendTest::fill_up(int fd) {
    const std::string block(100'000, 'f');
    // The kernel moves bytes from one buffer to the other, and enlarges them, for a while.
    for (int refused = 0; refused < 5; backend->poll(backend->now() + std::chrono::milliseconds(2))) {
        const int sent = backend->send_now(fd, block.data(), block.size());
        refused = sent == -EAGAIN ? refused + 1 : 0;
    }
}

int BackendTest::listen_on_loopback(int backlog) {
    const int fd = backend->open_socket(AF_INET, SOCK_STREAM);
    opened.push_back(fd);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(backend->bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(backend->listen(fd, backlog), 0);
    return fd;
}

sockaddr_in BackendTest::address_of(int fd) {
    sockaddr_storage storage;
    socklen_t length = 0;
    EXPECT_EQ(backend->local_address(fd, storage, length), 0);
    return reinterpret_cast<sockaddr_in&>(storage);
}

int BackendTest::connect_to(int listener) {
    const sockaddr_in address = address_of(listener);
    const int fd = backend->open_socket(AF_INET, SOCK_STREAM);
    opened.push_back(fd);
    Recorder connecting(OpKind::connect, fd);
    connecting.peer = {reinterpret_cast<const sockaddr*>(&address), sizeof address};
    EXPECT_EQ(run(connecting), 0);
    return fd;
}

void BackendTest::open_pair() {
    const int listener = listen_on_loopback();
    Recorder accept(OpKind::accept, listener);
    backend->start(accept);
    near = connect_to(listener);
    poll_until([&] { return !accept.results.empty(); });
    far = accept.results[0];
    opened.push_back(far);
    backend->cancel(accept);
    poll_until([&] { return accept.ended; });
}

}  // namespace aio::detail
