// Ctrl-C and SIGTERM under run(), and how a program ends that catches nothing of it.
#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>

#include "support/async_test.hpp"

#include <signal.h>
#include <unistd.h>
#include <cstdio>
#include <thread>

namespace aio::test {

namespace {

// Sends this process a signal from another thread, after a real delay.
class SignalLater {
public:
    SignalLater(int signal, int times)
        : thread_([signal, times] {
              for (int i = 0; i < times; ++i) {
                  std::this_thread::sleep_for(20ms);
                  ::kill(::getpid(), signal);
              }
          }) {}
    ~SignalLater() { thread_.join(); }

private:
    std::thread thread_;
};

sighandler_t handler(int signal) {
    struct sigaction now = {};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler;
}

// Does not end when it is cancelled; a second Ctrl-C comes once it has refused the first.
Coro<> stubborn() {
    for (int refusals = 0;; ++refusals) {
        ::raise(SIGINT);
        try {
            co_await sleep(1000s);
        } catch (const CancelledError&) {
            if (refusals > 0) throw;
        }
    }
}

// What a caller of run() with one line in main() is like: nobody catches, nothing is unwound.
template <class F>
void run_uncaught(F&& main) noexcept {
    run(std::forward<F>(main));
}

Coro<> raise_and_wait(int signal) {
    ::raise(signal);
    co_await sleep(1000s);
}

// Says so when its destructor runs: what a file or a connection is for a task.
struct Closing {
    ~Closing() { std::fputs("closed. ", stderr); }
};
Coro<> hold_open() {
    const Closing closing;
    co_await sleep(1000s);
}

int exit_code_of_run(Coro<> main) {
    try {
        run(std::move(main));
    } catch (const SystemExit& exit) {
        return exit.code();
    }
    return -1;
}

}  // namespace

TEST(Interrupt, cancels_the_main_task_and_comes_out_of_run) {  // semantics 31
    // CPython: test_runners.test_interrupt_call_soon, test_runners.test_interrupt_wait
    bool cancelled = false;
    EXPECT_THROW(run([&cancelled]() -> Coro<> {
                     ::kill(::getpid(), SIGINT);
                     std::exception_ptr error;
                     try {
                         co_await sleep(1000s);
                     } catch (const CancelledError&) {
                         error = std::current_exception();
                         cancelled = true;
                     }
                     if (error) std::rethrow_exception(error);
                 }),
                 KeyboardInterrupt);
    EXPECT_TRUE(cancelled);
}

TEST(Interrupt, wakes_a_loop_that_waits) {
    SignalLater signal(SIGINT, 1);
    EXPECT_THROW(run([]() -> Coro<> {
                     Future<> never;
                     co_await never;
                 }),
                 KeyboardInterrupt);
}

TEST(Interrupt, that_the_main_task_answers_with_a_result_is_over) {  // semantics 31
    // CPython: test_runners.test_interrupt_cancelled_task
    const auto stubborn = []() -> Coro<int> {
        ::kill(::getpid(), SIGINT);
        bool cancelled = false;
        try {
            co_await sleep(1000s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        co_return cancelled ? 5 : 0;
    };
    EXPECT_EQ(run(stubborn()), 5);
}

TEST(Interrupt, leaves_a_cancellation_by_the_program_itself_alone) {  // semantics 31
    // CPython: test_runners.test_asyncio_run_without_uncancel
    EXPECT_THROW(run([]() -> Coro<> {
                     AnyTask main = current_task();
                     get_running_loop().call_soon([main] { main.cancel(); });
                     co_await sleep(1000s);
                 }),
                 CancelledError);
}

TEST(Interrupt, leaves_the_signal_as_it_found_it) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const sighandler_t before = handler(signal);
        run([]() -> Coro<> { co_return; });
        EXPECT_EQ(handler(signal), before) << signal;
    }
}

TEST(Interrupt, the_second_one_leaves_the_loop_at_once) {  // semantics 31
    EXPECT_THROW(run(stubborn()), KeyboardInterrupt);
    EXPECT_EQ(handler(SIGINT), SIG_DFL);
}

TEST(InterruptDeathTest, a_loop_that_does_not_answer_dies_of_the_second_one) {
    const auto hang = []() -> Coro<> {
        ::raise(SIGINT);
        ::raise(SIGINT);  // no await between them
        co_return;
    };
    EXPECT_EXIT(run(hang), testing::KilledBySignal(SIGINT), "");
}

TEST(Interrupt, a_program_that_ignores_it_is_left_alone) {
    ::signal(SIGINT, SIG_IGN);
    run([]() -> Coro<> {
        ::raise(SIGINT);
        co_await sleep(1ms);
    });
    EXPECT_EQ(::signal(SIGINT, SIG_DFL), SIG_IGN);
}
// --- SIGTERM -------------------------------------------------------------------------------------------------------

TEST(Terminate, cancels_the_main_task_and_comes_out_of_run) {
    EXPECT_EQ(exit_code_of_run(raise_and_wait(SIGTERM)), 143);
    EXPECT_EQ(handler(SIGTERM), SIG_DFL);
}

TEST(Terminate, wakes_a_loop_that_waits) {
    SignalLater signal(SIGTERM, 1);
    EXPECT_EQ(exit_code_of_run([]() -> Coro<> {
                  Future<> never;
                  co_await never;
              }()),
              143);
}

TEST(Terminate, that_the_main_task_answers_with_a_result_is_over) {
    const auto graceful = []() -> Coro<int> {
        bool cancelled = false;
        try {
            co_await raise_and_wait(SIGTERM);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        co_return cancelled ? 5 : 0;
    };
    EXPECT_EQ(run(graceful()), 5);
}

// timeout(1) sends it to the process, and then to its group.
TEST(Terminate, twice_at_once_is_one_request) {
    bool cleaned_up = false;
    const auto main = [&cleaned_up]() -> Coro<> {
        try {
            co_await raise_and_wait(SIGTERM);
        } catch (const CancelledError&) {
            cleaned_up = true;
        }
        ::raise(SIGTERM);
        co_await sleep(1ms);
        ::raise(SIGTERM);
        co_await sleep(1ms);
    };
    run(main);
    EXPECT_TRUE(cleaned_up);
}

TEST(TerminateDeathTest, again_a_second_later_ends_the_process) {
    const auto slow = []() -> Coro<> {
        try {
            co_await raise_and_wait(SIGTERM);
        } catch (const CancelledError&) {}
        co_await sleep(1001ms);
        co_await raise_and_wait(SIGTERM);
    };
    EXPECT_EXIT(run(slow), testing::KilledBySignal(SIGTERM), "");
}

TEST(Terminate, and_ctrl_c_are_one_request_to_the_task) {
    const auto main = []() -> Coro<> {
        ::raise(SIGINT);
        ::raise(SIGTERM);
        co_await sleep(1000s);
    };
    EXPECT_THROW(run(main), KeyboardInterrupt);
}

TEST(TerminateDeathTest, a_program_that_wants_no_handlers_has_none) {
    EXPECT_EXIT(run(raise_and_wait(SIGTERM), {.handle_signals = false}), testing::KilledBySignal(SIGTERM), "");
    EXPECT_EXIT(run(raise_and_wait(SIGINT), {.handle_signals = false}), testing::KilledBySignal(SIGINT), "");
}

TEST(Terminate, a_program_that_ignores_it_is_left_alone) {
    ::signal(SIGTERM, SIG_IGN);
    run([]() -> Coro<> {
        ::raise(SIGTERM);
        co_await sleep(1ms);
    });
    EXPECT_EQ(::signal(SIGTERM, SIG_DFL), SIG_IGN);
}

TEST(Terminate, a_handler_of_the_program_takes_its_place) {
    const auto main = []() -> Coro<int> {
        Future<> stop;
        get_running_loop().add_signal_handler(SIGTERM, [stop] { stop.set_result(); });
        ::raise(SIGTERM);
        co_await stop;
        co_return 7;
    };
    EXPECT_EQ(run(main), 7);
    EXPECT_EQ(handler(SIGTERM), SIG_DFL);
}

// --- what nobody catches ---------------------------------------------------------------------------------------------

TEST(UncaughtDeathTest, interrupt_ends_the_process_as_ctrl_c_does_after_cleaning_up) {
    const auto main = []() -> Coro<> {
        const Task<> other = create_task(hold_open());
        co_await sleep(0s);
        co_await raise_and_wait(SIGINT);
    };
    EXPECT_EXIT(run_uncaught(main), testing::KilledBySignal(SIGINT), "^closed. KeyboardInterrupt\n$");
}

TEST(UncaughtDeathTest, terminate_ends_the_process_as_the_signal_does_after_cleaning_up) {
    const auto main = []() -> Coro<> {
        const Task<> other = create_task(hold_open());
        co_await sleep(0s);
        co_await raise_and_wait(SIGTERM);
    };
    EXPECT_EXIT(run_uncaught(main), testing::KilledBySignal(SIGTERM), "^closed. $");
}

TEST(UncaughtDeathTest, system_exit_gives_the_status) {
    const auto main = []() -> Coro<> {
        throw SystemExit(3);
        co_return;
    };
    EXPECT_EXIT(run_uncaught(main), testing::ExitedWithCode(3), "^$");
}

TEST(UncaughtDeathTest, an_error_is_reported_after_cleaning_up) {
    const auto main = []() -> Coro<> {
        const Task<> other = create_task(hold_open());
        co_await sleep(0s);
        throw std::runtime_error("what went wrong");
    };
    EXPECT_DEATH(run_uncaught(main), "^closed. aiocpp: Unhandled exception in aio::run.*what went wrong");
}

}  // namespace aio::test
