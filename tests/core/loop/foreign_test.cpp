// Awaiting what was not written for this library.
#include <aio/core/foreign.hpp>
#include <aio/core/task.hpp>

#include "support/async_test.hpp"

#include <coroutine>
#include <stdexcept>
#include <thread>

namespace aio::test {

namespace {

// Resumes whoever waits when open() is called.
struct Door {
    std::coroutine_handle<> waiting;
    bool opened = false;

    bool await_ready() const noexcept { return opened; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { waiting = handle; }
    int await_resume() const { return 7; }
    void open() {
        opened = true;
        if (waiting) std::exchange(waiting, nullptr).resume();
    }
};

// Nothing but the door ends a wait for it: it must not stay closed when the body is cut short.
struct OpenAtLast {
    Door& door;
    ~OpenAtLast() { door.open(); }
};

struct Unsuspending {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
    int await_resume() const { return 1; }
};

struct Transferring {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) const noexcept { return handle; }
    int await_resume() const { return 2; }
};

struct Throwing {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("in await_suspend"); }
    void await_resume() const {}
};

struct MemberOperator {
    Transferring operator co_await() const noexcept { return {}; }
};

struct FreeOperator {};
Transferring operator co_await(FreeOperator) noexcept { return {}; }

// Resumes on a thread of its own.
struct OtherThread {
    std::thread* thread;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const {
        *thread = std::thread([handle] { handle.resume(); });
    }
    std::thread::id await_resume() const { return std::this_thread::get_id(); }
};

struct JoiningThread {
    std::thread thread;
    ~JoiningThread() {
        if (thread.joinable()) thread.join();
    }
};

}  // namespace

ASYNC_TEST(Foreign, awaiter_is_resumed_through_the_loop, kAnyOrder) {
    Door& door = keep<Door>();
    const OpenAtLast open_at_last{door};
    Task<int> task = create_task([&door]() -> Coro<int> { co_return co_await door; });
    co_await run_passes(2);
    EXPECT_FALSE(task.done());
    door.open();
    EXPECT_FALSE(task.done()) << "not inside open()";
    EXPECT_EQ(co_await task, 7);
}

ASYNC_TEST(Foreign, awaiter_that_is_ready_does_not_suspend, kAnyOrder) {
    Door door;
    door.open();
    EXPECT_EQ(co_await door, 7);
    EXPECT_EQ(co_await Unsuspending(), 1);
}

ASYNC_TEST(Foreign, awaiter_may_transfer_to_its_handle, kAnyOrder) {
    EXPECT_EQ(co_await Transferring(), 2);
    EXPECT_EQ(co_await MemberOperator(), 2);
    EXPECT_EQ(co_await FreeOperator(), 2);
}

ASYNC_TEST(Foreign, awaiter_may_throw_when_it_suspends, kAnyOrder) {
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(Throwing()), "in await_suspend");
    co_await run_passes(2);
}

ASYNC_TEST(Foreign, await_can_be_cancelled_once_it_is_resumed, kAnyOrder) {
    Door& door = keep<Door>();
    const OpenAtLast open_at_last{door};
    Task<int> task = create_task([&door]() -> Coro<int> { co_return co_await door; });
    co_await run_passes(2);
    task.cancel("too late");
    co_await run_passes(2);
    EXPECT_FALSE(task.done()) << "it has no way to stop what it waits for";
    door.open();
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "too late");
}

ASYNC_TEST(Foreign, await_after_a_cancellation_of_itself_keeps_the_message, kAnyOrder) {
    Door& door = keep<Door>();
    const OpenAtLast open_at_last{door};
    Task<int> task = create_task([&door]() -> Coro<int> {
        current_task().cancel("mine");
        co_return co_await door;
    });
    co_await run_passes(2);
    door.open();
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "mine");
}

ASYNC_TEST(Foreign, awaiter_may_resume_on_another_thread, kOnce) {
    JoiningThread other;
    const std::thread::id here = std::this_thread::get_id();
    EXPECT_EQ(co_await OtherThread{&other.thread}, here) << "the task goes on where its loop is";
}

LOOP_TEST(Foreign, awaiter_that_is_never_resumed_is_let_go_when_the_loop_closes) {
    Door& door = keep<Door>();
    loop.create_task([&door]() -> Coro<> { static_cast<void>(co_await door); });
    for (int i = 0; i < 2; ++i) {
        loop.stop();
        loop.run_forever();
    }
    loop.close();
    EXPECT_EQ(take_reports().size(), 1u);
}

}  // namespace aio::test
