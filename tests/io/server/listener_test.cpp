// Listening sockets: accept() may fail in any way, and the server still accepts afterwards.
#include <aio/core/task.hpp>
#include <aio/io/server.hpp>

#include "core/backend/backend.hpp"
#include "io/address/raw_address.hpp"
#include "io/few_descriptors.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace aio::test {
namespace {

using aio::detail::OpKind;

Coro<> expect_service(int port) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    writer.write("hello\n");
    EXPECT_EQ(co_await reader.readline(), "hello\n");
    writer.close();
    co_await writer.wait_closed();
}

Coro<> close_and_wait(Server server) {
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(Listener, accepts_again_after_every_error) {
    // A security module, a full table of inotify watches, a broken network card, a seccomp profile, a closed descriptor...
    for (const int error : {EPERM, EACCES, ENOSPC, ETIMEDOUT, EIO, EINVAL, ENOSYS, ENOTSOCK, EBADF, EBUSY, EFAULT}) {
        fail_next(OpKind::accept, error, 2);
        Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
        const std::string where = server.sockets().at(0).str();
        co_await expect_service(server.port());
        co_await close_and_wait(server);
        const std::vector<Report> reports = take_reports();
        CO_ASSERT_EQ(reports.size(), 1u) << error;
        EXPECT_EQ(reports[0].message, "Accept failed on a socket");
        EXPECT_THAT(reports[0].what, testing::HasSubstr("accept a connection on " + where));
        EXPECT_THAT(reports[0].what, testing::HasSubstr("(errno " + std::to_string(error) + ")"));
    }
}

ASYNC_TEST(Listener, says_so_when_the_system_lacks_resources) {
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
        fail_next(OpKind::accept, error, 1);
        Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
        co_await expect_service(server.port());
        co_await close_and_wait(server);
        EXPECT_EQ(take_report_messages(), Log{"socket.accept() out of system resource"});
    }
}

ASYNC_TEST(Listener, accepts_again_within_a_fifth_of_a_second) {
    if (!virtual_time()) CO_SKIP();
    const Stopwatch watch;
    fail_next(OpKind::accept, EMFILE, 1);
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    co_await expect_service(server.port());
    EXPECT_LE(watch.elapsed(), 200ms);
    co_await close_and_wait(server);
    take_reports();
}

ASYNC_TEST(Listener, reports_an_error_that_stays_once_a_second) {
    if (!virtual_time()) CO_SKIP();
    fail_next(OpKind::accept, EPERM, 1'000'000);
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    co_await aio::sleep(9'950ms);
    EXPECT_EQ(take_reports().size(), 10u);
    fail_next(OpKind::accept, EACCES, 1'000'000);
    co_await aio::sleep(100ms);
    EXPECT_EQ(take_reports().size(), 1u) << "another error is news";
    co_await close_and_wait(server);
}

ASYNC_TEST(Listener, does_not_report_the_failure_of_a_connection) {
    for (const int error : {ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, EOPNOTSUPP, EINTR, EAGAIN}) {
        fail_next(OpKind::accept, error, 10);
        Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
        co_await expect_service(server.port());
        co_await close_and_wait(server);
        EXPECT_EQ(take_reports().size(), 0u) << error;
    }
}

ASYNC_TEST(Listener, pauses_when_nothing_but_such_failures_comes) {
    if (!virtual_time()) CO_SKIP();
    fail_next(OpKind::accept, EOPNOTSUPP, 1'000'000);
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    co_await aio::sleep(4'950ms);
    EXPECT_EQ(take_reports().size(), 5u);
    fail_next(OpKind::accept, 0, 0);
    co_await expect_service(server.port());
    co_await close_and_wait(server);
}

ASYNC_TEST(Listener, can_be_closed_while_it_pauses) {
    fail_next(OpKind::accept, EPERM, 1'000'000);
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    while (take_reports().empty()) co_await aio::sleep(1ms);
    co_await close_and_wait(server);
}

ASYNC_TEST(Listener, can_be_closed_in_the_pass_in_which_its_pause_ends) {
    fail_next(OpKind::accept, EPERM, 1'000'000);
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    while (take_reports().empty()) co_await aio::sleep(1ms);
    get_running_loop().call_later(10ms, [server]() mutable { server.close(); });
    block_for(1s);
    co_await server.wait_closed();
}

// Both are told of each connection, and one of them comes too late: what accept() says then ends nothing.
ASYNC_TEST(Listener, whose_connection_was_taken_by_another_one_accepts_again, kOnce) {
    // CPython: test_base_events.test_accept_connection_retry
    if (simulated()) CO_SKIP();
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int same = ::fcntl(listening, F_DUPFD_CLOEXEC, 0);
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CO_ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    Server one = co_await start_server(echo_lines, listening);
    Server other = co_await start_server(echo_lines, same);
    for (int i = 0; i < 10; ++i) {
        auto [reader, writer] = co_await open_connection("127.0.0.1", one.port());
        writer.write("hello\n");
        EXPECT_EQ(co_await reader.readline(), "hello\n");
        writer.close();
        co_await writer.wait_closed();
    }
    EXPECT_TRUE(one.is_serving() && other.is_serving());
    one.close();
    other.close();
    co_await one.wait_closed();
    co_await other.wait_closed();
}

ASYNC_TEST(Listener, out_of_descriptors_it_reports_pauses_and_goes_on, kOnce) {  // semantics 47
    // CPython: test_base_events.test_accept_connection_exception
    // UndefinedBehaviorSanitizer needs a descriptor to look at the reported exception.
    if (simulated() || !aio::detail::frame_pool.recycling()) CO_SKIP();
    const std::string path = fresh_socket_path();
    Server server = co_await start_unix_server(echo_lines, path);
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = aio::detail::RawAddress::unix_path(path);
    std::optional<FewDescriptors> scarcity(std::in_place);
    CO_ASSERT_EQ(::connect(client, address.get(), address.length), 0);
    Log reports;
    while (reports.empty()) {
        co_await aio::sleep(1ms);
        reports = take_report_messages();
    }
    EXPECT_EQ(reports, Log{"socket.accept() out of system resource"});
    scarcity.reset();
    EXPECT_EQ(::send(client, "late\n", 5, 0), 5);
    char answer[5];
    while (::recv(client, answer, sizeof answer, MSG_DONTWAIT) < 0) co_await aio::sleep(10ms);
    EXPECT_EQ(std::string_view(answer, 5), "late\n");
    ::close(client);
    server.close();
    co_await server.wait_closed();
}

}  // namespace
}  // namespace aio::test
