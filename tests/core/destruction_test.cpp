// What the last handle keeps alive goes with it: at once, and however long the line is.
#include <aio/core/async_generator.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>

#include "core/lines.hpp"
#include "core/small_stack.hpp"
#include "support/async_test.hpp"

#include <any>
#include <memory>

namespace aio::test {

namespace {

Coro<std::any> hand_on(std::any before) { co_return before; }

template <class Link>
Coro<> build_and_drop(Link link) {
    Future<> first;
    Task<> last = create_task(wait_for_future(first));
    for (int i = 0; i < kLongLine; ++i) last = create_task(link(last));
    co_await run_passes(2);
    first.set_result();
    co_await last;
    last = Task<>();
}

void close_with_line(bool handles_dropped_first) {
    int reports = 0;
    EventLoop loop;
    loop.set_exception_handler([&](EventLoop&, const ExceptionContext&) { ++reports; });
    Task<> last = loop.create_task(wait_for_future(Future<>(loop)));
    for (int i = 0; i < kLongLine; ++i) last = loop.create_task(await_it(last));
    loop.call_soon([&] { loop.stop(); });
    loop.run_forever();
    if (handles_dropped_first) last = Task<>();
    loop.close();
    EXPECT_EQ(reports, kLongLine + 1);
}

// Each task holds the one that it started, and waits for it.
Coro<> start_next(int left) {
    if (left == 0) {
        co_await sleep(1h);
        co_return;
    }
    Task<> next = create_task(start_next(left - 1));
    co_await next;
}

AsyncGenerator<int> forward(std::unique_ptr<AsyncGenerator<int>> inner) {
    if (!inner) co_return;
    while (auto value = co_await inner->next()) co_yield *value;
}

}  // namespace

TEST(Destruction, of_a_line_of_ended_tasks_needs_no_stack) {
    on_small_stack([] { run(build_and_drop(await_it)); });
}

TEST(Destruction, of_a_line_of_gathers_needs_no_stack) {
    on_small_stack([] { run(build_and_drop(gather_it)); });
}

TEST(Destruction, of_results_that_hold_tasks_needs_no_stack) {
    on_small_stack([] {
        run([]() -> Coro<> {
            std::any last;
            for (int i = 0; i < kLongLine; ++i) {
                Task<std::any> next = create_task(hand_on(std::move(last)));
                co_await next;
                last = next;
            }
            last.reset();
        });
    });
}

TEST(Destruction, of_futures_whose_callbacks_hold_futures_needs_no_stack) {
    on_small_stack([] {
        run([]() -> Coro<> {
            Future<> last;
            for (int i = 0; i < kLongLine; ++i) {
                Future<> next;
                next.add_done_callback([last] {});
                last = next;
            }
            last = Future<>();
            co_return;
        });
    });
}

TEST(Destruction, of_coroutines_that_hold_coroutines_needs_no_stack) {
    auto hold = [](Coro<> inner) -> Coro<> {
        if (inner) co_await std::move(inner);
    };
    on_small_stack([hold] {
        auto nested = [hold] {
            Coro<> outer = hold([]() -> Coro<> { co_return; }());
            for (int i = 0; i < kLongLine; ++i) outer = hold(std::move(outer));
            return outer;
        };
        { Coro<> never_started = nested(); }
        run(nested());
    });
}

TEST(Destruction, of_generators_that_hold_generators_needs_no_stack) {
    on_small_stack([] {
        run([]() -> Coro<> {
            auto outer = std::make_unique<AsyncGenerator<int>>(forward(nullptr));
            for (int i = 0; i < kLongLine; ++i) {
                outer = std::make_unique<AsyncGenerator<int>>(forward(std::move(outer)));
            }
            EXPECT_EQ(co_await outer->next(), std::nullopt);
        });
    });
}

TEST(Destruction, of_pending_tasks_when_their_loop_closes_needs_no_stack) {
    on_small_stack([] { close_with_line(true); });
    on_small_stack([] { close_with_line(false); });
}

TEST(Destruction, of_pending_tasks_that_hold_those_they_started_needs_no_stack) {
    on_small_stack([] {
        int reports = 0;
        EventLoop loop;
        loop.set_exception_handler([&](EventLoop&, const ExceptionContext&) { ++reports; });
        loop.create_task(start_next(kLongLine));
        for (int i = 0; i <= kLongLine; ++i) {  // each pass starts the next one
            loop.stop();
            loop.run_forever();
        }
        loop.close();
        EXPECT_EQ(reports, kLongLine + 1);
    });
}

ASYNC_TEST(Destruction, happens_where_the_last_handle_is_dropped, kAnyOrder) {
    auto witness = std::make_shared<std::any>();
    Task<std::any> inner = create_task(hand_on(witness));
    Task<std::any> outer = create_task(hand_on(inner));
    co_await outer;
    inner = Task<std::any>();
    EXPECT_EQ(witness.use_count(), 2);
    outer = Task<std::any>();
    EXPECT_EQ(witness.use_count(), 1);
}

LOOP_TEST(Destruction, of_a_task_that_a_destructor_woke_leaves_nothing_ready) {
    // The loop closes. The first task is kept by a handle of the second, whose destruction completes what the first waits
    // for, and then drops it.
    struct SetOnExit {
        Future<> future;
        ~SetOnExit() { future.set_result(); }
    };
    struct Held {
        Task<> task;
        std::unique_ptr<SetOnExit> guard;
        ~Held() { guard.reset(); }
    };
    Future<> future(loop);
    Task<> first = loop.create_task(wait_for_future(future));
    auto body = [](Task<> task, Future<> completed) -> Coro<> {
        Held held{std::move(task), std::make_unique<SetOnExit>(completed)};
        co_await sleep(1h);
    };
    loop.create_task(body(std::move(first), future));
    loop.stop();
    loop.run_forever();
    loop.close();
    EXPECT_EQ(take_reports().size(), 2u);
}

}  // namespace aio::test
