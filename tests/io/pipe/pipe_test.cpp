// connect_read_pipe, and what both refuse.
#include <aio/core/task.hpp>
#include <aio/io/pipe.hpp>

#include "io/descriptors.hpp"
#include "support/peers.hpp"

#include <sys/stat.h>
#include <termios.h>

#include <cstdlib>

namespace aio::test {
namespace {

bool is_non_blocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

// A pseudo-terminal: 0 is the leading side, 1 the other.
struct Terminal : Ends {
    Terminal() {
        fd[0] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (fd[0] < 0 || ::unlockpt(fd[0]) != 0) throw_os_error(errno, "posix_openpt");
        fd[1] = ::open(::ptsname(fd[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
        termios raw;
        ::tcgetattr(fd[1], &raw);
        ::cfmakeraw(&raw);
        ::tcsetattr(fd[1], TCSANOW, &raw);
    }
};

// --- reading -----------------------------------------------------------------------------------------------

ASYNC_TEST(ReadPipe, reads_what_comes_and_then_the_end) {  // CPython: test_events.test_read_pipe
    auto& pipe = keep<Pipe>();
    StreamReader reader = pipe.read_from(0);
    write_now(pipe.fd[1], "1");
    EXPECT_EQ(co_await reader.read(10), "1");
    write_now(pipe.fd[1], "2345\nrest");
    EXPECT_EQ(co_await reader.readline(), "2345\n");
    pipe.close(1);
    EXPECT_EQ(co_await reader.read(), "rest");
    EXPECT_TRUE(reader.at_eof());
}

ASYNC_TEST(ReadPipe, closes_its_descriptor_at_the_end) {  // CPython: test_unix_events.test__read_ready_eof
    auto& pipe = keep<Pipe>();
    const int fd = pipe.fd[0];
    StreamReader reader = pipe.read_from(0);
    write_now(pipe.fd[1], "left over");
    pipe.close(1);
    co_await StreamWriter(reader.stream()).wait_closed();
    EXPECT_FALSE(is_open(fd));
    EXPECT_EQ(co_await reader.read(), "left over") << "what came before can still be read";
}

ASYNC_TEST(ReadPipe, dropped_closes_its_descriptor) {  // CPython: test_unix_events.test_close
    auto& pipe = keep<Pipe>();
    const int fd = pipe.fd[0];
    { StreamReader reader = pipe.read_from(0); }
    co_await wait_until([fd] { return !is_open(fd); });
}

ASYNC_TEST(ReadPipe, pauses_beyond_twice_the_limit) {
    // CPython: test_unix_events.test_pause_reading, test_unix_events.test_resume_reading
    auto& pipe = keep<Pipe>();
    StreamReader reader = pipe.read_from(0, 1000);
    ::fcntl(pipe.fd[1], F_SETFL, O_NONBLOCK);
    const std::string piece(16 * 1024, 'x');
    std::size_t written = 0;
    // A reader that did not pause would take it all, for ever.
    while (true) {
        const ssize_t count = write_some(pipe.fd[1], piece);
        if (count > 0) written += static_cast<std::size_t>(count);
        if (count < 0 && reader.stream()->reading_paused()) break;
        CO_ASSERT_LE(written, 10'000'000u);
        co_await sleep(1ms);
    }
    std::size_t read = 0;
    while (read < written) read += (co_await reader.read(100'000)).size();
    EXPECT_EQ(read, written);
    write_now(pipe.fd[1], "more");
    EXPECT_EQ(co_await reader.read(10), "more") << "it goes on when it was read";
}

ASYNC_TEST(ReadPipe, cancelled_read_loses_nothing) {
    auto& pipe = keep<Pipe>();
    StreamReader reader = pipe.read_from(0);
    auto reading = create_task(reader.readexactly(3));
    write_now(pipe.fd[1], "ab");
    co_await run_passes(3);
    reading.cancel();
    co_await wait_for_all(reading);
    EXPECT_TRUE(reading.cancelled());
    write_now(pipe.fd[1], "c");
    EXPECT_EQ(co_await reader.readexactly(3), "abc");
}

ASYNC_TEST(ReadPipe, reads_from_a_socket) {
    auto& sockets = keep<Sockets>();
    auto& copy = keep<Ends>();
    const int flags = ::fcntl(sockets.fd[0], F_GETFL);
    copy.fd[0] = ::dup(sockets.fd[0]);
    StreamReader reader = sockets.read_from(0);
    EXPECT_EQ(::fcntl(copy.fd[0], F_GETFL), flags) << "a socket needs no flag";
    copy.close(0);
    write_now(sockets.fd[1], "hello");
    sockets.close(1);
    EXPECT_EQ(co_await reader.read(), "hello");
}

ASYNC_TEST(ReadPipe, reads_from_a_fifo_until_its_writer_closes) {
    const std::string path = fresh_socket_path() + ".fifo";
    CO_ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    auto& ends = keep<Ends>();
    ends.fd[0] = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ends.fd[1] = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    ::unlink(path.c_str());
    StreamReader reader = ends.read_from(0);
    write_now(ends.fd[1], "through a file's name");
    EXPECT_EQ(co_await reader.readexactly(7), "through");
    ends.close(1);
    EXPECT_EQ(co_await reader.read(), " a file's name");
}

ASYNC_TEST(ReadPipe, reads_from_a_terminal) {
    auto& terminal = keep<Terminal>();
    auto& mine = keep<Ends>();
    mine.fd[0] = ::dup(terminal.fd[1]);
    StreamReader reader = terminal.read_from(1);
    EXPECT_FALSE(is_non_blocking(mine.fd[0])) << "the terminal of others stays as it was";
    write_now(terminal.fd[0], "typed");
    EXPECT_EQ(co_await reader.readexactly(5), "typed");
}

ASYNC_TEST(ReadPipe, ends_when_nobody_has_the_terminal_any_more) {
    auto& terminal = keep<Terminal>();
    StreamReader reader = terminal.read_from(0);
    write_now(terminal.fd[1], "last words");
    terminal.close(1);
    EXPECT_EQ(co_await reader.read(), "last words");
}

ASYNC_TEST(ReadPipe, leaves_a_pipe_that_others_have_blocking) {
    auto& pipe = keep<Pipe>();
    auto& others = keep<Ends>();
    others.fd[0] = ::dup(pipe.fd[0]);
    const int fd = pipe.fd[0];
    StreamReader reader = pipe.read_from(0);
    EXPECT_TRUE(is_non_blocking(fd));
    EXPECT_FALSE(is_non_blocking(others.fd[0]));
    write_now(pipe.fd[1], "x");
    EXPECT_EQ(co_await reader.readexactly(1), "x");
}

ASYNC_TEST(ReadPipe, takes_back_the_flag_it_had_to_share) {
    const std::string path = fresh_socket_path() + ".fifo";
    CO_ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    auto& ends = keep<Ends>();
    const int fd = ends.fd[1] = ::open(path.c_str(), O_RDWR | O_CLOEXEC);  // does not block, and never ends
    ends.fd[0] = ::dup(fd);
    ::unlink(path.c_str());
    {
        StreamReader reader = ends.read_from(1);
        EXPECT_TRUE(is_non_blocking(ends.fd[0]));
    }
    co_await wait_until([fd] { return !is_open(fd); });
    EXPECT_FALSE(is_non_blocking(ends.fd[0]));
}

// --- what is refused ---------------------------------------------------------------------------------------

ASYNC_TEST(PipeArguments, regular_files_and_directories_are_refused) {
    auto& ends = keep<Ends>();
    ends.fd = {::open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ::open("/", O_RDONLY | O_CLOEXEC)};
    EXPECT_THAT(expect_error<ValueError>([&] { connect_read_pipe(ends.fd[0]); }),
                testing::HasSubstr("is a regular file: only pipes, sockets and character devices can be waited for"));
    EXPECT_THAT(expect_error<ValueError>([&] { connect_read_pipe(ends.fd[1]); }),
                testing::HasSubstr("is a directory"));
    EXPECT_TRUE(is_open(ends.fd[0])) << "it is still the caller's";
    co_return;
}

ASYNC_TEST(PipeArguments, the_wrong_end_and_no_descriptor_at_all_are_refused) {
    auto& pipe = keep<Pipe>();
    EXPECT_THAT(expect_error<ValueError>([&] { connect_read_pipe(pipe.fd[1]); }),
                testing::HasSubstr("open for writing only"));
    EXPECT_THAT(expect_error<ValueError>([&] { connect_write_pipe(pipe.fd[0]); }),
                testing::HasSubstr("open for reading only"));
    expect_error<ValueError>([&] { connect_read_pipe(pipe.fd[0], 0); });
    EXPECT_EQ(expect_error<OSError>([&] { connect_read_pipe(-1); }),
              "connect_read_pipe: descriptor -1: Bad file descriptor (errno 9)");
    co_return;
}

ASYNC_TEST(PipeArguments, a_watched_descriptor_is_refused) {
    auto& pipe = keep<Pipe>();
    EventLoop& loop = get_running_loop();
    loop.add_reader(pipe.fd[0], [] {});
    expect_error<RuntimeError>([&] { connect_read_pipe(pipe.fd[0]); });
    loop.remove_reader(pipe.fd[0]);
    co_await run_passes(3);
}

TEST(PipeArguments, outside_a_loop_it_is_refused) {
    const Pipe pipe;
    EXPECT_THROW(connect_read_pipe(pipe.fd[0]), RuntimeError);
}

LOOP_TEST(ReadPipe, a_closing_loop_closes_its_descriptor) {
    auto& pipe = keep<Pipe>();
    const int fd = pipe.fd[0];
    auto& reader = keep<std::optional<StreamReader>>();
    const auto body = [](Pipe& ends, std::optional<StreamReader>& made) -> Coro<> {
        made = ends.read_from(0);
        co_return;
    };
    loop.run_until_complete(body(pipe, reader));
    loop.close();
    EXPECT_FALSE(is_open(fd));
}

}  // namespace
}  // namespace aio::test
