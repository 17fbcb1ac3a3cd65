// add_reader, add_writer, add_signal_handler.
#include <aio/core/event_loop.hpp>
#include <aio/core/future.hpp>

#include "support/async_test.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <pthread.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

namespace aio::test {

namespace {

// Two connected sockets.
struct Pair {
    Pair() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd.data()) != 0)
            throw OSError(errno, "socketpair");
    }
    ~Pair() {
        close(0);
        close(1);
    }
    Pair(const Pair&) = delete;
    void close(std::size_t which) {
        if (fd[which] >= 0) ::close(std::exchange(fd[which], -1));
    }
    std::array<int, 2> fd{-1, -1};
};

std::string read_all(int fd) {
    char buffer[64];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
}

void write_text(int fd, std::string_view text) {
    if (::write(fd, text.data(), text.size()) < 0) ADD_FAILURE() << "write";
}

// Removes the watch at the end, also when a rerun cuts the body short.
struct Unwatch {
    int fd;
    ~Unwatch() {
        if (EventLoop* loop = running_loop()) {
            loop->remove_reader(fd);
            loop->remove_writer(fd);
        }
    }
};

}  // namespace

ASYNC_TEST(AddReader, calls_each_time_there_is_something_to_read) {  // CPython: test_events.test_reader_callback
    auto& pair = keep<Pair>();
    const Unwatch unwatch{pair.fd[0]};
    Log& log = keep<Log>();
    Future<>& twice = keep<Future<>>();
    get_running_loop().add_reader(pair.fd[0], [&] {
        log.push_back(read_all(pair.fd[0]));
        if (log.size() == 1) write_text(pair.fd[1], "def");
        if (log.size() == 2 && !twice.done()) twice.set_result();
    });
    write_text(pair.fd[1], "abc");
    co_await twice;
    EXPECT_EQ(log, (Log{"abc", "def"}));
    EXPECT_TRUE(get_running_loop().remove_reader(pair.fd[0]));
    EXPECT_FALSE(get_running_loop().remove_reader(pair.fd[0]));
    write_text(pair.fd[1], "ghi");
    co_await sleep(1ms);
    EXPECT_EQ(log.size(), 2u);
}

ASYNC_TEST(AddReader, goes_on_calling_while_data_is_left, kAnyOrder) {
    auto& pair = keep<Pair>();
    const Unwatch unwatch{pair.fd[0]};
    int& calls = keep<int>();
    Future<>& enough = keep<Future<>>();
    get_running_loop().add_reader(pair.fd[0], [&] {
        if (++calls == 3 && !enough.done()) enough.set_result();
    });
    write_text(pair.fd[1], "unread");
    co_await enough;
    EXPECT_GE(calls, 3);
}

ASYNC_TEST(AddReader, replaces_an_earlier_one, kAnyOrder) {
    auto& pair = keep<Pair>();
    const Unwatch unwatch{pair.fd[0]};
    Future<>& second = keep<Future<>>();
    auto witness = std::make_shared<int>();
    get_running_loop().add_reader(pair.fd[0], [witness] { ADD_FAILURE() << "the first one is called"; });
    get_running_loop().add_reader(pair.fd[0], [&pair, &second] {
        read_all(pair.fd[0]);
        if (!second.done()) second.set_result();
    });
    write_text(pair.fd[1], "x");
    co_await second;
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(AddReader, calls_again_after_an_interrupt_left_the_callback) {
    Pair pair;
    EventLoop loop;
    int calls = 0;
    loop.add_reader(pair.fd[0], [&] {
        if (++calls == 1) throw KeyboardInterrupt();
        loop.stop();
    });
    write_text(pair.fd[1], "unread");
    EXPECT_THROW(loop.run_forever(), KeyboardInterrupt);
    loop.run_forever();
    EXPECT_EQ(calls, 2);
    loop.remove_reader(pair.fd[0]);
    loop.close();
}

ASYNC_TEST(AddReader, may_remove_itself_in_its_callback, kAnyOrder) {
    auto& pair = keep<Pair>();
    const Unwatch unwatch{pair.fd[0]};
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    loop.add_reader(pair.fd[0], [&, text = std::string(40, 'c')] {
        EXPECT_TRUE(loop.remove_reader(pair.fd[0]));
        log.push_back(text);
    });
    write_text(pair.fd[1], "x");
    co_await sleep(2ms);
    EXPECT_EQ(log, Log{std::string(40, 'c')});
}

ASYNC_TEST(AddReader, sees_the_end_of_the_stream, kAnyOrder) {
    auto& pair = keep<Pair>();
    const Unwatch unwatch{pair.fd[0]};
    Future<>& ended = keep<Future<>>();
    get_running_loop().add_reader(pair.fd[0], [&] {
        if (read_all(pair.fd[0]).empty() && !ended.done()) ended.set_result();
    });
    pair.close(1);
    co_await ended;
}

ASYNC_TEST(AddWriter, calls_when_there_is_room, kAnyOrder) {  // CPython: test_events.test_writer_callback
    auto& pair = keep<Pair>();
    const Unwatch unwatch{pair.fd[0]};
    const std::string block(16 * 1024, 'w');
    std::size_t sent = 0;
    while (true) {
        const ssize_t n = ::write(pair.fd[0], block.data(), block.size());
        if (n < 0) break;
        sent += static_cast<std::size_t>(n);
    }
    Future<>& writable = keep<Future<>>();
    get_running_loop().add_writer(pair.fd[0], [&] {
        if (!writable.done()) writable.set_result();
    });
    co_await sleep(1ms);
    EXPECT_FALSE(writable.done()) << "the buffer is full";
    std::string taken(sent, 0);
    for (std::size_t got = 0; got < sent;) {
        const ssize_t n = ::read(pair.fd[1], taken.data() + got, sent - got);
        if (n <= 0) break;
        got += static_cast<std::size_t>(n);
    }
    co_await writable;
    EXPECT_TRUE(get_running_loop().remove_writer(pair.fd[0]));
    EXPECT_FALSE(get_running_loop().remove_writer(pair.fd[0]));
}

ASYNC_TEST(AddReader, refuses_what_is_no_descriptor, kAnyOrder) {
    auto witness = std::make_shared<int>();
    EXPECT_THROW(get_running_loop().add_reader(-1, [witness] {}), OSError);
    EXPECT_THROW(get_running_loop().add_writer(1'000'000, [witness] {}), OSError);
    EXPECT_EQ(witness.use_count(), 1);
    co_return;
}

LOOP_TEST(AddReader, is_refused_once_the_loop_is_closed) {
    // CPython: test_events.test_add_fds_after_closing, test_events.test_remove_fds_after_closing
    Pair& pair = keep<Pair>();
    loop.close();
    EXPECT_THROW(loop.add_reader(pair.fd[0], [] {}), RuntimeError);
    EXPECT_THROW(loop.add_writer(pair.fd[0], [] {}), RuntimeError);
    EXPECT_FALSE(loop.remove_reader(pair.fd[0]));
    EXPECT_FALSE(loop.remove_writer(pair.fd[0]));
}

LOOP_TEST(AddReader, left_behind_goes_with_the_loop) {
    Pair& pair = keep<Pair>();
    auto witness = std::make_shared<int>();
    loop.add_reader(pair.fd[0], [witness] {});
    loop.add_writer(pair.fd[0], [witness] {});
    for (int i = 0; i < 3; ++i) {
        loop.stop();
        loop.run_forever();
    }
    loop.close();
    EXPECT_EQ(witness.use_count(), 1);
}

ASYNC_TEST(AddSignalHandler, runs_as_a_loop_callback, kOnce) {  // semantics 52
    // CPython: test_events.test_add_signal_handler
    Future<> caught;
    EventLoop& loop = get_running_loop();
    loop.add_signal_handler(SIGUSR1, [caught] { caught.set_result(); });
    ::kill(::getpid(), SIGUSR1);
    EXPECT_FALSE(caught.done()) << "not in signal context";
    co_await caught;
    EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
    EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
}

ASYNC_TEST(AddSignalHandler, wakes_a_loop_that_waits, kOnce) {
    // CPython: test_events.test_signal_handling_while_selecting
    Future<> caught;
    get_running_loop().add_signal_handler(SIGUSR1, [caught] { caught.set_result(); });
    const pthread_t main_thread = ::pthread_self();
    std::thread other([main_thread] {
        std::this_thread::sleep_for(10ms);
        ::pthread_kill(main_thread, SIGUSR1);
    });
    co_await caught;
    other.join();
    get_running_loop().remove_signal_handler(SIGUSR1);
}

ASYNC_TEST(AddSignalHandler, refuses_what_cannot_be_caught, kOnce) {
    EventLoop& loop = get_running_loop();
    EXPECT_THROW(loop.add_signal_handler(SIGKILL, [] {}), ValueError);
    EXPECT_THROW(loop.add_signal_handler(0, [] {}), ValueError);
    EXPECT_THROW(loop.add_signal_handler(1000, [] {}), ValueError);
    bool refused = false;
    std::thread other([&] {
        try {
            loop.add_signal_handler(SIGUSR1, [] {});
        } catch (const RuntimeError&) {
            refused = true;
        }
    });
    other.join();
    EXPECT_TRUE(refused) << "it is for the main thread";
    co_return;
}

ASYNC_TEST(AddSignalHandler, may_be_replaced_and_restores_what_was_before, kOnce) {
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    ::signal(SIGUSR2, SIG_IGN);
    loop.add_signal_handler(SIGUSR2, [&log] { log.push_back("first"); });
    loop.add_signal_handler(SIGUSR2, [&log] { log.push_back("second"); });
    ::raise(SIGUSR2);
    co_await sleep(1ms);
    EXPECT_EQ(log, Log{"second"});
    EXPECT_TRUE(loop.remove_signal_handler(SIGUSR2));
    EXPECT_EQ(::signal(SIGUSR2, SIG_DFL), SIG_IGN);
}

}  // namespace aio::test
