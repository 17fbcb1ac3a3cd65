// What happens to tasks, timers and callbacks when their loop closes before they are done.
#include <aio/core/future.hpp>
#include <aio/core/task.hpp>

#include "core/loop_state.hpp"
#include "support/allocations.hpp"
#include "support/async_test.hpp"

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

namespace aio::test {

namespace {

// Says so when it is destroyed.
struct Witness {
    explicit Witness(Log& l, std::string n) : log(&l), name(std::move(n)) {}
    Witness(Witness&& other) noexcept : log(std::exchange(other.log, nullptr)), name(std::move(other.name)) {}
    ~Witness() {
        UnwatchedAllocations mine;  // a destructor may not throw
        if (log) log->push_back(name);
    }
    Log* log;
    std::string name;
};

Coro<> hold_and_sleep(Log& log) {
    Witness outer(log, "outer");
    auto inner = [](Log& l) -> Coro<> {
        Witness witness(l, "inner");
        co_await sleep(10s);
    };
    co_await inner(log);
}

void run_passes_of(EventLoop& loop, int n) {
    for (int i = 0; i < n; ++i) {
        loop.stop();
        loop.run_forever();
    }
}

}  // namespace

LOOP_TEST(Close, destroys_pending_tasks_innermost_frame_first, kAnyOrder) {
    // CPython: test_tasks.test_log_destroyed_pending_task
    Log& log = keep<Log>();
    loop.create_task(hold_and_sleep(log), {.name = "sleeper"});
    run_passes_of(loop, 2);
    loop.close();
    EXPECT_EQ(log, (Log{"inner", "outer"}));
    const std::vector<Report> reports = take_reports();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "Task was destroyed but it is pending!");
    EXPECT_EQ(reports[0].task, "sleeper");
}

LOOP_TEST(Close, destroys_tasks_that_never_started) {
    auto body = [](std::shared_ptr<int>) -> Coro<> { co_return; };
    auto witness = std::make_shared<int>();
    loop.create_task(body(witness));
    loop.close();
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_EQ(take_report_messages(), Log{"Task was destroyed but it is pending!"});
}

LOOP_TEST(Close, destroys_a_task_that_sleeps_in_its_own_frame) {
    loop.create_task([]() -> Coro<> { co_await sleep(10s); });
    loop.create_task(sleep(5s));
    run_passes_of(loop, 2);
    loop.close();
    EXPECT_EQ(take_reports().size(), 2u);
}

LOOP_TEST(Close, leaves_handles_of_its_tasks_usable) {
    Task<int> task = loop.create_task([]() -> Coro<int> {
        co_await sleep(10s);
        co_return 1;
    });
    run_passes_of(loop, 2);
    loop.close();
    take_reports();
    EXPECT_FALSE(task.done());
    EXPECT_THROW(task.result(), InvalidStateError);
    task.cancel();
    EXPECT_FALSE(task.done()) << "nobody will step it";
}

LOOP_TEST(Close, lets_a_destructor_complete_what_another_task_awaits) {
    // A task that is destroyed first wakes one that is destroyed next: its place in the ready queue must go.
    struct SetOnExit {
        Future<> future;
        ~SetOnExit() {
            if (!future.done()) future.set_result();
        }
    };
    Future<>& future = keep<Future<>>(loop);
    loop.create_task([&future]() -> Coro<> {
        SetOnExit guard{future};
        co_await sleep(10s);
    });
    loop.create_task([&future]() -> Coro<> { co_await future; });
    loop.create_task([&future]() -> Coro<> { co_await future; });
    run_passes_of(loop, 3);
    loop.close();
    EXPECT_EQ(take_reports().size(), 3u);
    EXPECT_TRUE(future.done());
}

LOOP_TEST(Close, drops_callbacks_and_timers_uncalled) {
    auto witness = std::make_shared<int>();
    loop.call_soon([witness] { ADD_FAILURE() << "called"; });
    loop.call_later(10s, [witness] { ADD_FAILURE() << "called"; });
    loop.call_soon_threadsafe([witness] { ADD_FAILURE() << "called"; });
    EXPECT_EQ(witness.use_count(), 4);
    loop.close();
    EXPECT_EQ(witness.use_count(), 1);
}

LOOP_TEST(Close, leaves_handles_of_its_callbacks_usable) {
    Handle soon = loop.call_soon([] {});
    TimerHandle later = loop.call_later(10s, [] {});
    TimerHandle early = loop.call_later(1s, [] {});
    loop.close();
    soon.cancel();
    later.cancel();
    early.cancel();
    EXPECT_TRUE(later.cancelled());
}

LOOP_TEST(Close, of_a_loop_that_was_left_by_an_exception_drops_the_rest_of_its_pass) {
    auto witness = std::make_shared<int>();
    loop.call_soon([] { throw KeyboardInterrupt(); });
    loop.call_soon([witness] {});
    EXPECT_THROW(loop.run_forever(), KeyboardInterrupt);
    EXPECT_EQ(witness.use_count(), 2);
    loop.close();
    EXPECT_EQ(witness.use_count(), 1);
}

LOOP_TEST(Close, destroys_a_chain_of_awaiting_tasks) {
    Task<> inner = loop.create_task(sleep(10s));
    Task<> outer = loop.create_task([inner]() -> Coro<> { co_await inner; });
    run_passes_of(loop, 3);
    inner = Task<>();
    loop.close();
    EXPECT_EQ(take_reports().size(), 2u);
    EXPECT_FALSE(outer.done());
}

TEST(Close, is_done_by_the_destructor) {
    auto witness = std::make_shared<int>();
    {
        EventLoop loop({.backend = "sim"});
        loop.call_later(1s, [witness] {});
    }
    EXPECT_EQ(witness.use_count(), 1);
}

LOOP_TEST(Close, futures_may_outlive_their_loop) {
    std::optional<Future<int>> future;
    {
        EventLoop other({.backend = "sim"});
        future.emplace(other);
        future->add_done_callback([] {});
    }
    EXPECT_FALSE(future->done());
    EXPECT_THROW(future->get_loop(), RuntimeError);
    future.reset();
}

LOOP_TEST(Close, keeps_later_results_from_calling_anybody) {
    auto witness = std::make_shared<int>();
    Future<int> pending(loop), done(loop);
    pending.add_done_callback([witness] { ADD_FAILURE() << "called"; });
    done.set_result(1);
    loop.close();
    pending.set_result(1);
    done.add_done_callback([witness] { ADD_FAILURE() << "called"; });
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_TRUE(loop.state().ready.empty());
    EXPECT_EQ(pending.result(), 1);
}

LOOP_TEST(Close, a_failed_task_that_outlives_its_loop_is_reported_to_the_logger) {
    Task<> task = loop.create_task([]() -> Coro<> {
        throw std::runtime_error("late");
        co_return;
    });
    run_passes_of(loop, 2);
    loop.close();
    EXPECT_EQ(take_logs(), Log{});
    task = Task<>();
    const Log logs = take_logs();
    ASSERT_EQ(logs.size(), 1u);
    EXPECT_NE(logs[0].find("Task exception was never retrieved"), std::string::npos);
}

// Operations of which each is cancelled when the one before it has ended: a poll ends one of them.
struct EndsOneByOne final : detail::LoopResource {
    struct Link final : detail::Operation {
        Link() : Operation(detail::OpKind::poll_in, -1) {}
        void completed(int, const char*, bool) noexcept override {
            --all->left;
            if (next) all->backend.cancel(*next);
        }
        EndsOneByOne* all = nullptr;
        Link* next = nullptr;
    };
    explicit EndsOneByOne(detail::LoopState& state) : backend(*state.backend) {
        for (std::size_t i = 0; i < links.size(); ++i) {
            int ends[2];
            if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("socketpair");
            links[i].fd = ends[0];
            others[i] = ends[1];
            links[i].all = this;
            links[i].next = i + 1 < links.size() ? &links[i + 1] : nullptr;
            backend.forget(ends[0]);
            backend.start(links[i]);
            ++left;
        }
        link_before(state.resources);
    }
    void loop_closing() noexcept override { backend.cancel(links.front()); }
    void close() const {
        for (const Link& each : links) ::close(each.fd);
        for (const int each : others) ::close(each);
    }
    detail::Backend& backend;
    std::array<Link, 150> links;  // more than the polls that may end nothing
    std::array<int, 150> others{};
    std::size_t left = 0;
};

LOOP_TEST(Close, waits_for_operations_as_long_as_some_end, kOnce) {
    auto operations = std::make_unique<EndsOneByOne>(loop.state());
    loop.close();
    EXPECT_EQ(operations->left, 0u);
    EXPECT_EQ(take_logs(), Log{});
    operations->close();
}

}  // namespace aio::test
