// Tasks that wait for each other in a ring can never end: whoever cancels one of them breaks the ring, with an error that
// names them. Not for reruns: a body that is cut short leaves half a ring, of handles that name no task yet.
#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/timeout.hpp>

#include "core/task_groups.hpp"

#include <functional>

namespace aio::test {

namespace {

using testing::HasSubstr;

struct Pair {
    Task<> a, b;
};

// "a" waits for "b" and "b" for "a".
Coro<> make_ring(Pair& pair) {
    auto wait_for_a = [&pair]() -> Coro<> {
        co_await sleep(0s);
        co_await pair.a;
    };
    auto wait_for_b = [&pair]() -> Coro<> { co_await pair.b; };
    pair.b = create_task(wait_for_a, {.name = "b"});
    pair.a = create_task(wait_for_b, {.name = "a"});
    co_await run_passes(3);
}

}  // namespace

ASYNC_TEST(Ring, of_two_ends_with_an_error_that_names_both_when_one_is_cancelled, kOnce) {
    Pair& pair = keep<Pair>();
    co_await make_ring(pair);
    EXPECT_TRUE(pair.a.cancel());
    EXPECT_EQ(pair.a.cancelling(), 1u);
    EXPECT_THAT(co_await expect_throws<RuntimeError>(pair.a), HasSubstr("'a' waits for 'b' waits for 'a'"));
    EXPECT_THAT(co_await expect_throws<RuntimeError>(pair.b), HasSubstr("'a' waits for 'b' waits for 'a'"));
    EXPECT_FALSE(pair.a.cancelled());
}

ASYNC_TEST(Ring, is_broken_at_the_await_of_its_youngest_task_whichever_is_cancelled, kOnce) {
    // Tasks mostly own what they started: the youngest uses the others, and not the other way round.
    Log& log = keep<Log>();
    Pair& pair = keep<Pair>();
    auto note = [&log](std::string name, Task<>& other) -> Coro<> {
        std::exception_ptr error;
        try {
            co_await sleep(0s);
            co_await other;
        } catch (const RuntimeError&) {
            error = std::current_exception();
        }
        log.push_back(name);
        std::rethrow_exception(error);
    };
    pair.a = create_task(note, "older", std::ref(pair.b));
    pair.b = create_task(note, "younger", std::ref(pair.a));
    co_await run_passes(3);
    pair.a.cancel();
    co_await expect_throws<RuntimeError>(pair.a);
    co_await expect_throws<RuntimeError>(pair.b);
    EXPECT_EQ(log, (Log{"younger", "older"}));
}

ASYNC_TEST(Ring, is_found_from_a_task_that_waits_for_it, kOnce) {
    Pair& pair = keep<Pair>();
    co_await make_ring(pair);
    Task<> outside = create_task([&pair]() -> Coro<> { co_await pair.b; });
    co_await run_passes(2);
    outside.cancel();
    EXPECT_THAT(co_await expect_throws<RuntimeError>(outside), HasSubstr("'a' waits for 'b' waits for 'a'"));
    co_await expect_throws<RuntimeError>(pair.a);
}

ASYNC_TEST(Ring, of_many_names_the_first_ones_and_counts_the_others, kOnce) {
    std::vector<Task<>>& ring = keep<std::vector<Task<>>>(1000);
    for (std::size_t i = 0; i < ring.size(); ++i) {
        ring[i] = create_task([&ring, i]() -> Coro<> {
            co_await sleep(0s);
            co_await ring[(i + 1) % ring.size()];
        });
    }
    co_await run_passes(3);
    ring[500].cancel();
    const std::string text = co_await expect_throws<RuntimeError>(ring[500]);
    EXPECT_THAT(text, HasSubstr("992 more"));
    EXPECT_LT(text.size(), 500u);
    for (const Task<>& task : ring) co_await expect_throws<RuntimeError>(task);
}

ASYNC_TEST(Ring, with_a_deadline_in_it_ends_at_the_deadline, kOnce) {
    Pair& pair = keep<Pair>();
    pair.a = create_task([&pair]() -> Coro<> { co_await wait_for(pair.b, 5ms); });
    pair.b = create_task([&pair]() -> Coro<> {
        co_await sleep(0s);
        co_await pair.a;
    });
    co_await expect_throws<RuntimeError>(pair.a);
    co_await expect_throws<RuntimeError>(pair.b);
}

TEST(Ring, does_not_keep_run_from_ending) {
    EventLoop* loop = nullptr;
    std::vector<std::string> reports;
    Pair pair;
    auto main = [&]() -> Coro<> {
        loop = &get_running_loop();
        loop->set_exception_handler(
            [&](EventLoop&, const ExceptionContext& context) { reports.push_back(context.message); });
        co_await make_ring(pair);
    };
    run(main);
    EXPECT_EQ(reports, std::vector<std::string>(2, "unhandled exception during aio::run() shutdown"));
    EXPECT_TRUE(pair.a.done() && pair.b.done());
}

// --- a handler stops the service that waits for the handler ------------------------------------------------

ASYNC_TEST(Ring, of_a_handler_that_stops_its_worker_is_an_error_of_the_handler, kOnce) {
    Task<>& worker = keep<Task<>>();
    std::string& error = keep<std::string>();
    auto handle = [&]() -> Coro<> {
        co_await sleep(1ms);
        worker.cancel();
        error = co_await expect_throws<RuntimeError>(worker);
    };
    worker =
        create_task([handle]() -> Coro<> { co_await create_task(handle, {.name = "handler"}); }, {.name = "worker"});
    co_await worker;  // the handler caught the error, and the request was answered by that
    EXPECT_THAT(error, HasSubstr("'handler' waits for 'worker' waits for 'handler'"));
}

ASYNC_TEST(Ring, through_a_gather_leaves_it_to_cancel_the_other_children, kOnce) {
    Task<>& worker = keep<Task<>>();
    int& cancels = keep<int>();
    auto handle = [&]() -> Coro<> {
        co_await sleep(1ms);
        worker.cancel();
        co_await worker;
    };
    worker = create_task([&, handle]() -> Coro<> { co_await gather(handle(), count_cancel(cancels)); });
    co_await expect_throws<RuntimeError>(worker);
    EXPECT_EQ(cancels, 1);
}

ASYNC_TEST(Ring, through_a_gather_is_broken_when_the_worker_is_cancelled, kOnce) {
    Task<>& worker = keep<Task<>>();
    int& cancels = keep<int>();
    auto handle = [&]() -> Coro<> {
        co_await sleep(1ms);
        co_await worker;
    };
    worker = create_task([&, handle]() -> Coro<> { co_await gather(count_cancel(cancels), handle()); });
    co_await sleep(5ms);
    worker.cancel();
    co_await expect_throws<RuntimeError>(worker);
    EXPECT_EQ(cancels, 1);
}

namespace {

// A worker whose handlers are tasks of a group; the last one stops it. Gives the error of that handler.
struct Service {
    Task<> worker;
    std::string error;
    int cancels = 0;

    Coro<> stop() {
        worker.cancel();
        error = co_await expect_throws<RuntimeError>(worker);
    }
    Coro<> serve(TaskGroup& group) {
        group.create_task(count_cancel(cancels));
        auto handler = [this]() -> Coro<> {
            co_await sleep(1ms);
            co_await stop();
        };
        group.create_task(handler, {.name = "handler"});
        co_await sleep(1h);
    }
    void start() {
        auto work = [this]() -> Coro<> {
            auto body = [this](TaskGroup& group) -> Coro<> { co_await serve(group); };
            co_await with_task_group(body);
        };
        worker = create_task(work, {.name = "worker"});
    }
};

}  // namespace

ASYNC_TEST(Ring, through_a_task_group_is_an_error_of_the_member, kOnce) {
    Service& service = keep<Service>();
    service.start();
    co_await expect_throws<CancelledError>(service.worker);
    EXPECT_THAT(service.error, HasSubstr("'handler' waits for 'worker' waits for 'handler'"));
    EXPECT_EQ(service.cancels, 1);
    EXPECT_EQ(service.worker.cancelling(), 1u);
}

ASYNC_TEST(Ring, through_a_task_group_that_fails_does_not_cancel_its_parent_once_more, kOnce) {
    Task<>& parent = keep<Task<>>();
    auto member = [&parent]() -> Coro<> { co_await parent; };
    auto body = [member](TaskGroup& group) -> Coro<> {
        group.create_task(member, {.name = "member"});
        group.create_task(fail_after(2ms));
        co_await sleep(1h);
    };
    parent = create_task([body]() -> Coro<> { co_await with_task_group(body); }, {.name = "parent"});
    const Log errors = co_await group_errors(parent);
    EXPECT_EQ(errors.size(), 2u);
    EXPECT_THAT(errors, testing::Contains(HasSubstr("'member' waits for 'parent' waits for 'member'")));
    EXPECT_EQ(parent.cancelling(), 0u);
}

ASYNC_TEST(Ring, that_a_member_makes_after_it_was_cancelled_is_broken_by_the_next_request, kOnce) {
    Task<>& parent = keep<Task<>>();
    auto member = [&parent]() -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) co_await parent;
    };
    auto body = [member](TaskGroup& group) -> Coro<> {
        group.create_task(member);
        co_return;
    };
    parent = create_task([body]() -> Coro<> { co_await with_task_group(body); });
    co_await run_passes(3);
    parent.cancel();
    co_await run_passes(5);
    EXPECT_FALSE(parent.done());
    parent.cancel();
    co_await group_errors(parent);
}

ASYNC_TEST(Ring, through_two_task_groups_is_broken_by_the_second_request, kOnce) {
    Pair& pair = keep<Pair>();
    auto member = [](Task<>& awaited) -> Coro<> { co_await awaited; };
    auto parent = [member](Task<>& awaited) -> Coro<> {
        auto body = [&](TaskGroup& group) -> Coro<> {
            group.create_task(member, std::ref(awaited));
            co_return;
        };
        co_await with_task_group(body);
    };
    pair.a = create_task(parent, std::ref(pair.b));
    pair.b = create_task(parent, std::ref(pair.a));
    co_await run_passes(4);
    pair.a.cancel();
    co_await run_passes(6);
    pair.a.cancel();
    co_await group_errors(pair.a);
    co_await group_errors(pair.b);
}

}  // namespace aio::test
