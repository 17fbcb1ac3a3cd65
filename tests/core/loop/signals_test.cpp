// add_signal_handler and Ctrl-C, with real signals. (AddSignalHandler in fd_watch_test.cpp has the basics.)
#include <aio/core/event_loop.hpp>
#include <aio/core/future.hpp>
#include <aio/core/run.hpp>

#include "support/async_test.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>

namespace aio::test {
namespace {

using Handler = void (*)(int);

Handler handler_of(int signal) {
    struct sigaction action = {};
    ::sigaction(signal, nullptr, &action);
    return action.sa_handler;
}

ASYNC_TEST(Signals, each_one_is_a_call, kOnce) {  // semantics 52
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    loop.add_signal_handler(SIGUSR1, [&log] { log.push_back("usr1"); });
    loop.add_signal_handler(SIGUSR2, [&log] { log.push_back("usr2"); });
    ::raise(SIGUSR1);
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    ::raise(SIGUSR1);
    EXPECT_EQ(log, Log{}) << "not in signal context";
    co_await sleep(1ms);
    EXPECT_EQ(std::count(log.begin(), log.end(), "usr1"), 3);
    EXPECT_EQ(std::count(log.begin(), log.end(), "usr2"), 1);
    EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
    EXPECT_TRUE(loop.remove_signal_handler(SIGUSR2));
}

ASYNC_TEST(Signals, are_seen_by_a_loop_that_never_rests, kOnce) {
    bool& caught = keep<bool>(false);
    EventLoop& loop = get_running_loop();
    loop.add_signal_handler(SIGUSR1, [&caught] { caught = true; });
    ::kill(::getpid(), SIGUSR1);
    int passes = 0;
    while (!caught && passes < 1'000'000) {
        co_await sleep(0s);
        ++passes;
    }
    EXPECT_TRUE(caught);
    EXPECT_LE(passes, 1000) << "a busy loop looks outside every 64 passes";
    loop.remove_signal_handler(SIGUSR1);
}

// CPython: test_unix_events.test_check_signal
ASYNC_TEST(Signals, what_is_no_signal_is_refused, kOnce) {
    EventLoop& loop = get_running_loop();
    for (const int number : {-1, 0, 32, 33, 65, 1000}) {
        EXPECT_THROW(loop.add_signal_handler(number, [] {}), ValueError) << number;
        EXPECT_THROW(loop.remove_signal_handler(number), ValueError) << number;
    }
    for (const int number : {SIGKILL, SIGSTOP}) EXPECT_THROW(loop.add_signal_handler(number, [] {}), ValueError);
    EXPECT_FALSE(loop.remove_signal_handler(SIGKILL));
    loop.add_signal_handler(SIGRTMIN, [] {});
    EXPECT_TRUE(loop.remove_signal_handler(SIGRTMIN));
    co_return;
}

// CPython: test_unix_events.test_remove_signal_handler, test_unix_events.test_remove_signal_handler_2
ASYNC_TEST(Signals, removed_the_disposition_is_what_it_was, kOnce) {
    EventLoop& loop = get_running_loop();
    ::signal(SIGUSR1, SIG_IGN);
    loop.add_signal_handler(SIGUSR1, [] { ADD_FAILURE() << "removed before it could be called"; });
    EXPECT_NE(handler_of(SIGUSR1), SIG_IGN);
    ::raise(SIGUSR1);
    EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
    EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
    EXPECT_EQ(handler_of(SIGUSR1), SIG_IGN);
    ::raise(SIGUSR1);
    co_await sleep(1ms);
    ::signal(SIGUSR1, SIG_DFL);
}

LOOP_TEST(Signals, a_closed_loop_handles_none, kOnce) {  // CPython: test_unix_events.test_close
    loop.add_signal_handler(SIGUSR1, [] {});
    loop.add_signal_handler(SIGUSR2, [] {});
    ::raise(SIGUSR1);  // its call is discarded
    loop.close();
    EXPECT_EQ(handler_of(SIGUSR1), SIG_DFL);
    EXPECT_EQ(handler_of(SIGUSR2), SIG_DFL);
    EXPECT_THROW(loop.add_signal_handler(SIGUSR1, [] {}), RuntimeError);
}

namespace {

// How often a handler of `loop` runs for one SIGUSR1.
int handled_by(EventLoop& loop) {
    int calls = 0;
    loop.add_signal_handler(SIGUSR1, [&calls] { ++calls; });
    ::raise(SIGUSR1);
    loop.call_later(1ms, [&loop] { loop.stop(); });
    loop.run_forever();
    return calls;
}

}  // namespace

LOOP_TEST(Signals, one_loop_at_a_time_handles_a_signal, kOnce) {
    EventLoop other({.backend = loop.backend_name()});
    loop.add_signal_handler(SIGUSR1, [] {});
    EXPECT_THROW(other.add_signal_handler(SIGUSR1, [] {}), RuntimeError);
    EXPECT_FALSE(other.remove_signal_handler(SIGUSR1));
    loop.remove_signal_handler(SIGUSR1);
    EXPECT_EQ(handled_by(other), 1);
}

LOOP_TEST(Signals, one_that_a_stopped_loop_did_not_see_is_not_in_the_next_ones_way, kOnce) {
    loop.add_signal_handler(SIGUSR1, [] { ADD_FAILURE() << "it was removed"; });
    ::raise(SIGUSR1);  // stands in this loop's queue from now on
    loop.remove_signal_handler(SIGUSR1);
    EventLoop other({.backend = loop.backend_name()});
    EXPECT_EQ(handled_by(other), 1);
}

ASYNC_TEST(Signals, a_handler_may_remove_or_replace_itself, kOnce) {
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    loop.add_signal_handler(SIGUSR1, [&log, &loop, text = std::string("removed itself")] {
        loop.remove_signal_handler(SIGUSR1);
        log.push_back(text);
    });
    loop.add_signal_handler(SIGUSR2, [&log, &loop, text = std::string("first")] {
        loop.add_signal_handler(SIGUSR2, [&log] { log.push_back("second"); });
        log.push_back(text);
    });
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    co_await sleep(1ms);
    ::raise(SIGUSR2);
    co_await sleep(1ms);
    EXPECT_EQ(log, (Log{"removed itself", "first", "second"}));
    EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
    EXPECT_TRUE(loop.remove_signal_handler(SIGUSR2));
}

ASYNC_TEST(Signals, an_error_of_the_handler_is_reported_and_the_handler_stays, kOnce) {
    int& calls = keep<int>(0);
    EventLoop& loop = get_running_loop();
    loop.add_signal_handler(SIGUSR1, [&calls] {
        ++calls;
        throw std::runtime_error("of the handler");
    });
    ::raise(SIGUSR1);
    ::raise(SIGUSR1);
    co_await sleep(1ms);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(take_reports().size(), 2u);
    loop.remove_signal_handler(SIGUSR1);
}

ASYNC_TEST(Signals, may_come_while_handlers_come_and_go, kOnce) {
    ::signal(SIGUSR1, SIG_IGN);
    std::atomic<bool> over{false};
    // To this very thread: it runs the handler while the loop's thread removes it.
    std::thread sender([&over] {
        while (!over) ::pthread_kill(::pthread_self(), SIGUSR1);
    });
    EventLoop& loop = get_running_loop();
    long& calls = keep<long>(0);
    for (int round = 0; round < 2000; ++round) {
        loop.add_signal_handler(SIGUSR1, [&calls] { ++calls; });
        if (round % 100 == 0) co_await sleep(1ms);
        loop.remove_signal_handler(SIGUSR1);
    }
    EXPECT_TRUE(calls > 0 || simulated()) << "a virtual millisecond is over too soon";
    over = true;
    sender.join();
    co_await sleep(1ms);
    ::signal(SIGUSR1, SIG_DFL);
}

}  // namespace
}  // namespace aio::test
