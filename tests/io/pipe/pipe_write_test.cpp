// connect_write_pipe.
#include <aio/core/task.hpp>
#include <aio/io/pipe.hpp>

#include "io/descriptors.hpp"
#include "support/peers.hpp"

#include <algorithm>
#include <csignal>
#include <optional>

namespace aio::test {
namespace {

ASYNC_TEST(WritePipe, writes) {  // CPython: test_events.test_write_pipe
    auto& pipe = keep<Pipe>();
    const int fd = pipe.fd[1];
    StreamWriter writer = pipe.write_to(1);
    EXPECT_EQ(writer.fileno(), fd);
    writer.write("1");
    co_await run_passes(3);
    EXPECT_EQ(read_now(pipe.fd[0]), "1");
    writer.write("23");
    writer.write("45");
    writer.close();
    co_await writer.wait_closed();
    EXPECT_EQ(read_now(pipe.fd[0]), "2345");
    EXPECT_FALSE(is_open(fd));
    EXPECT_EQ(writer.fileno(), -1);
}

// CPython: test_events.test_write_pipe_disconnect_on_close
ASYNC_TEST(WritePipe, is_lost_when_its_reader_goes) {
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    writer.write("1");
    co_await run_passes(3);
    EXPECT_FALSE(writer.is_closing());
    pipe.close(0);
    co_await writer.wait_closed();  // nothing was left to send: in good order
    EXPECT_TRUE(writer.is_closing());
    co_await expect_throws<ConnectionResetError>(writer.drain());
}

ASYNC_TEST(WritePipe, tells_what_its_reader_did_not_take) {  // CPython: test_unix_events.test__read_ready
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    writer.write(std::string(1'000'000, 'x'));
    EXPECT_GT(writer.get_write_buffer_size(), 0u);
    auto draining = create_task(writer.drain());
    co_await run_passes(3);
    EXPECT_FALSE(draining.done());
    pipe.close(0);
    co_await expect_throws<BrokenPipeError>(std::move(draining));
    co_await expect_throws<BrokenPipeError>(writer.wait_closed());
}

ASYNC_TEST(WritePipe, survives_writing_to_nobody) {  // CPython: test_unix_events.test_write_err
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    pipe.close(0);
    writer.write(std::string(200'000, 'x'));  // sent at once, and refused
    EXPECT_TRUE(writer.is_closing());
    EXPECT_THAT(co_await expect_throws<BrokenPipeError>(writer.wait_closed()),
                testing::StartsWith("write to a pipe (descriptor "));
    sigset_t pending;
    ::sigpending(&pending);
    EXPECT_FALSE(sigismember(&pending, SIGPIPE));
}

ASYNC_TEST(WritePipe, leaves_a_pending_sigpipe_of_the_program_alone, kOnce) {
    sigset_t sigpipe, before, pending;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    ::raise(SIGPIPE);
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    pipe.close(0);
    writer.write(std::string(200'000, 'x'));
    ::sigpending(&pending);
    EXPECT_TRUE(sigismember(&pending, SIGPIPE));
    int signal = 0;
    ::sigwait(&sigpipe, &signal);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    co_await expect_throws<BrokenPipeError>(writer.wait_closed());
}

ASYNC_TEST(WritePipe, gives_a_slow_reader_everything_in_order) {
    // CPython: test_unix_events.test_write_partial, test_unix_events.test__write_ready_partial
    auto& pipe = keep<Pipe>();
    StreamReader reader = pipe.read_from(0);
    StreamWriter writer = pipe.write_to(1);
    std::string sent;
    for (int i = 0; i < (rerunning() ? 5'000 : 100'000); ++i) sent += std::to_string(i) + "\n";
    writer.write(sent);
    writer.close();
    std::string got;
    while (got.size() < sent.size()) {
        const std::size_t left = sent.size() - got.size();
        got += co_await reader.readexactly(static_cast<std::ptrdiff_t>(std::min<std::size_t>(777, left)));
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(co_await reader.read(), "");
    co_await writer.wait_closed();
}

// A loop that only looks at its timers and descriptors must still notice what goes out right before it sleeps.
ASYNC_TEST(WritePipe, drain_returns_although_nothing_else_happens) {
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    writer.set_write_buffer_limits(0);
    for (int i = 0; i < 10; ++i) {
        writer.write("x");
        co_await writer.drain();
        EXPECT_EQ(writer.get_write_buffer_size(), 0u);
    }
    EXPECT_EQ(read_now(pipe.fd[0]), "xxxxxxxxxx");
}

ASYNC_TEST(WritePipe, drain_waits_for_the_reader) {  // semantics 42
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    writer.write(std::string(500'000, 'x'));
    auto draining = create_task(writer.drain());
    co_await run_passes(3);
    EXPECT_FALSE(draining.done());
    StreamReader reader = pipe.read_from(0);
    co_await reader.readexactly(500'000);
    co_await draining;
    EXPECT_EQ(writer.get_write_buffer_size(), 0u);
}

ASYNC_TEST(WritePipe, abort_drops_what_is_buffered) {  // CPython: test_unix_events.test_abort
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    writer.write("dropped");
    writer.abort();
    co_await writer.wait_closed();
    EXPECT_EQ(read_now(pipe.fd[0]), "");
}

ASYNC_TEST(WritePipe, write_eof_closes_it) {
    // CPython: test_unix_events.test_write_eof, test_unix_events.test_write_eof_pending
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    EXPECT_TRUE(writer.can_write_eof());
    writer.write("all");
    writer.write_eof();
    EXPECT_TRUE(writer.is_closing());
    co_await writer.wait_closed();
    EXPECT_EQ(read_now(pipe.fd[0]), "all");
}

ASYNC_TEST(WritePipe, ignores_writes_after_close_and_warns_in_the_end) {  // semantics 46
    // CPython: test_unix_events.test_write_close
    auto& pipe = keep<Pipe>();
    StreamWriter writer = pipe.write_to(1);
    writer.close();
    for (int i = 0; i < 5; ++i) writer.write("x");
    EXPECT_EQ(take_logs(), Log{"StreamWriter.write: the pipe is closed, or its reader is gone"});
    co_await writer.wait_closed();
    EXPECT_EQ(read_now(pipe.fd[0]), "");
}

ASYNC_TEST(WritePipe, dropped_sends_what_was_written) {
    auto& pipe = keep<Pipe>();
    const int fd = pipe.fd[1];
    {
        StreamWriter writer = pipe.write_to(1);
        writer.write("farewell");
    }
    co_await wait_until([fd] { return !is_open(fd); });
    EXPECT_EQ(read_now(pipe.fd[0]), "farewell");
}

ASYNC_TEST(WritePipe, to_a_socket_does_not_mind_what_the_peer_says) {
    auto& sockets = keep<Sockets>();
    StreamWriter writer = sockets.write_to(0);
    write_now(sockets.fd[1], "unasked");
    co_await run_passes(3);
    writer.write("hello");
    co_await run_passes(3);
    EXPECT_EQ(read_now(sockets.fd[1]), "hello");
    EXPECT_FALSE(writer.is_closing());
}

ASYNC_TEST(WritePipe, writes_to_dev_null) {
    Ends null;
    null.fd[1] = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    StreamWriter writer = null.write_to(1);
    writer.write(std::string(1'000'000, 'x'));
    co_await writer.drain();
    writer.close();
    co_await writer.wait_closed();
}

LOOP_TEST(WritePipe, a_closing_loop_sends_the_last_words) {
    auto& pipe = keep<Pipe>();
    auto& writer = keep<std::optional<StreamWriter>>();
    const auto body = [](Pipe& ends, std::optional<StreamWriter>& made) -> Coro<> {
        made = ends.write_to(1);
        made->write("last words");
        co_return;
    };
    loop.run_until_complete(body(pipe, writer));
    loop.close();
    EXPECT_EQ(read_now(pipe.fd[0]), "last words");
    EXPECT_EQ(writer->fileno(), -1);
}

}  // namespace
}  // namespace aio::test
