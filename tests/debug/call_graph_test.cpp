// The call graph inside the program, and the dump on a signal.
#include <aio/debug.hpp>

#include <aio/aio.hpp>
#include <aio/sqlite.hpp>

#include "support/async_test.hpp"

#include <unistd.h>

#include <csignal>
#include <limits>

namespace aio::test {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::MatchesRegex;

Coro<> wait_for_event(Event& event) { co_await event.wait(); }
Coro<> outer(Event& event) { co_await wait_for_event(event); }

std::vector<std::string> names_of(const debug::CallGraph& graph, const std::vector<std::size_t>& indexes) {
    std::vector<std::string> names;
    for (const std::size_t i : indexes) names.push_back(graph.futures[i].name);
    return names;
}
std::vector<std::string> awaiters_of(const AnyTask& task) {
    const debug::CallGraph graph = debug::capture_call_graph(task);
    return graph.futures.empty() ? std::vector<std::string>() : names_of(graph, graph.futures[0].awaited_by);
}

// A task that waits for `event`, and one that waits for that in the way of `await`.
template <class Await>
Coro<> expect_awaiter(Await await, std::string waits_for) {
    auto& event = keep<Event>();
    Task<> inner = create_task(outer, std::ref(event));
    inner.set_name("inner");
    Task<> awaiter = create_task(await, inner);
    awaiter.set_name("awaiter");
    for (int i = 0; i < 4; ++i) co_await aio::sleep(0s);
    EXPECT_THAT(awaiters_of(inner), ElementsAre("awaiter"));
    const debug::CallGraph graph = debug::capture_call_graph(awaiter);
    CO_ASSERT_EQ(graph.futures.size(), 1u);
    EXPECT_EQ(graph.futures[0].waits_for, waits_for);
    EXPECT_EQ(graph.futures[0].state, "waiting");
    event.set();
    co_await awaiter;
}

Coro<> await_it(Task<> task) { co_await task; }
Coro<> gather_it(Task<> task) { co_await gather(task, aio::sleep(0s)); }
Coro<> gather_gather(Task<> task) {
    auto inner = gather(task, aio::sleep(0s));
    co_await gather(inner, aio::sleep(0s));
}
Coro<> shield_it(Task<> task) { co_await shield(task); }
Coro<> wait_for_it(Task<> task) {
    std::vector<Task<>> tasks;
    tasks.push_back(task);
    co_await aio::wait(tasks);
}
Coro<> select_it(Task<> task) { co_await select(task, aio::sleep(1h)); }
Coro<> time_it(Task<> task) { co_await wait_for(task, 1h); }

ASYNC_TEST(CallGraph, follows_each_way_to_wait_for_a_task, kOnce) {
    co_await expect_awaiter(await_it, "task inner");
    co_await expect_awaiter(gather_it, "gather()");
    co_await expect_awaiter(gather_gather, "gather()");
    co_await expect_awaiter(shield_it, "shield()");
    co_await expect_awaiter(wait_for_it, "a Future");
    co_await expect_awaiter(select_it, "a Future");
    co_await expect_awaiter(time_it, "task inner");
}

ASYNC_TEST(CallGraph, of_a_group_member_names_the_parent, kOnce) {
    auto& event = keep<Event>();
    const auto body = [&event](TaskGroup& group) -> Coro<> {
        Task<> member = group.create_task(outer, std::ref(event));
        co_await aio::sleep(0s);
        co_await aio::sleep(0s);
        const debug::CallGraph graph = debug::capture_call_graph(member);
        CO_ASSERT_EQ(graph.futures.size(), 2u);
        EXPECT_EQ(graph.futures[1].state, "running");  // the one that asks
        EXPECT_THAT(graph.futures[0].awaited_by, ElementsAre(1u));
        event.set();
    };
    co_await with_task_group(body);
}

ASYNC_TEST(CallGraph, has_each_frame_with_function_file_and_line, kOnce) {
    auto& event = keep<Event>();
    Task<> task = create_task(outer(event), {.name = "worker"});
    co_await aio::sleep(0s);
    co_await aio::sleep(0s);
    const debug::CallGraph graph = debug::capture_call_graph(task);
    CO_ASSERT_EQ(graph.futures.size(), 1u);
    const std::vector<debug::FrameCallGraphEntry>& stack = graph.futures[0].call_stack;
    CO_ASSERT_EQ(stack.size(), 2u);
    EXPECT_EQ(stack[0].function, "wait_for_event");
    EXPECT_EQ(stack[1].function, "outer");
    EXPECT_EQ(stack[1].line, stack[0].line + 1);
    EXPECT_THAT(stack[0].file, testing::EndsWith("call_graph_test.cpp"));
    EXPECT_THAT(debug::format_call_graph(task),
                MatchesRegex("\\* Task\\(name='worker', waiting\\)\n"
                             "  \\+ Call stack:\n"
                             "  \\|   File '.*call_graph_test.cpp', line [0-9]+, in async wait_for_event\\(\\)\n"
                             "  \\|   File '.*call_graph_test.cpp', line [0-9]+, in async outer\\(\\)\n"
                             "  \\+ Waits for: Event.wait\\(\\) of <Event unset, 1 waiter>\n"));
    event.set();
    co_await task;
    EXPECT_TRUE(debug::capture_call_graph(task).futures.empty());
    EXPECT_EQ(debug::format_call_graph(task), "");
}

// Extremes: debug::capture_call_graph(limit), debug::format_call_graph(limit), debug::print_call_graph(limit)
ASYNC_TEST(CallGraph, has_as_many_frames_as_the_limit_allows, kOnce) {
    auto& event = keep<Event>();
    Task<> task = create_task(outer(event));
    co_await aio::sleep(0s);
    co_await aio::sleep(0s);
    const auto frames = [&](std::size_t limit) {
        return debug::capture_call_graph(task, limit).futures[0].call_stack.size();
    };
    EXPECT_EQ(frames(0), 0u);
    EXPECT_EQ(frames(1), 1u);
    EXPECT_EQ(frames(2), 2u);
    EXPECT_EQ(frames(std::numeric_limits<std::size_t>::max()), 2u);
    EXPECT_THAT(debug::format_call_graph(task, 1), testing::Not(HasSubstr("outer")));
    event.set();
    co_await task;
}

ASYNC_TEST(CallGraph, of_the_current_task_and_its_awaiter, kOnce) {
    const auto ask = []() -> Coro<debug::CallGraph> { co_return debug::capture_call_graph(); };
    Task<debug::CallGraph> task = create_task(ask);
    task.set_name("asks");
    const debug::CallGraph graph = co_await std::move(task);
    CO_ASSERT_EQ(graph.futures.size(), 2u);
    EXPECT_EQ(graph.futures[0].name, "asks");
    EXPECT_EQ(graph.futures[0].state, "running");
    EXPECT_EQ(graph.futures[1].waits_for, "task asks");
}

// It runs until it is interrupted.
Coro<> count_for_ever(sqlite::Connection db) {
    co_await db.execute("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT sum(x) FROM c");
}

ASYNC_TEST(CallGraph, names_a_statement_of_a_database, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    Task<> task = create_task(count_for_ever, db);
    for (int i = 0; i < 3; ++i) co_await aio::sleep(0s);
    const debug::CallGraph graph = debug::capture_call_graph(task);
    CO_ASSERT_EQ(graph.futures.size(), 1u);
    EXPECT_EQ(graph.futures[0].waits_for, "a statement of SQLite");
    EXPECT_EQ(graph.futures[0].call_stack.back().function, "count_for_ever");
    task.cancel();
    bool cancelled = false;
    try {
        co_await task;
    } catch (const CancelledError&) {
        cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    co_await db.close();
}

TEST(CallGraph, outside_a_task_needs_a_task) { EXPECT_THROW(debug::capture_call_graph(), RuntimeError); }

Coro<> after(Task<> task) { co_await task; }

ASYNC_TEST(CallGraph, of_a_chain_of_twenty_thousand_tasks, kOnce) {
    auto& event = keep<Event>();
    Task<> first = create_task(outer, std::ref(event));
    Task<> last = first;
    constexpr std::size_t kTasks = 20'000;
    for (std::size_t i = 0; i < kTasks; ++i) last = create_task(after, last);
    co_await aio::sleep(0s);
    co_await aio::sleep(0s);
    const debug::CallGraph graph = debug::capture_call_graph(first);
    EXPECT_EQ(graph.futures.size(), kTasks + 1);
    EXPECT_FALSE(debug::format_call_graph(graph).empty());
    event.set();
    co_await last;
}

Coro<> await_next(std::vector<Task<>>& ring, std::size_t next) {
    co_await aio::sleep(0s);
    co_await ring[next];
}

ASYNC_TEST(CallGraph, of_a_ring_ends, kOnce) {
    auto& ring = keep<std::vector<Task<>>>();
    for (std::size_t i = 0; i < 3; ++i) ring.push_back(create_task(await_next, std::ref(ring), (i + 1) % 3));
    for (int i = 0; i < 3; ++i) co_await aio::sleep(0s);
    EXPECT_EQ(debug::capture_call_graph(ring[0]).futures.size(), 3u);
    EXPECT_THAT(debug::format_call_graph(ring[0]), HasSubstr(", see above\n"));
    EXPECT_THAT(debug::format_all_tasks(), HasSubstr("deadlock: 3 tasks wait for each other: "));
    ring[0].cancel();
    for (const Task<>& task : ring) {
        try {
            co_await task;
        } catch (const CancelledError&) {
        } catch (const RuntimeError&) {}
    }
}

// All that was written, up to the line that ends a dump.
std::string read_dump(int fd) {
    std::string text;
    char buffer[4096];
    while (!text.ends_with("\n---\n")) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
}

TEST(DumpOnSignal, shows_the_tasks_of_a_loop_that_hangs) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    debug::dump_on_signal(SIGUSR1, ends[1]);
    std::string first, second;
    const auto hang = [&]() -> Coro<> {
        co_await aio::sleep(0s);
        // From here on the loop does nothing; the dump is made by a thread.
        ::raise(SIGUSR1);
        first = read_dump(ends[0]);
        ::raise(SIGUSR1);
        second = read_dump(ends[0]);
    };
    aio::run(hang());
    for (const std::string& text : {first, second}) {
        EXPECT_THAT(text, testing::StartsWith("--- aiocpp: all tasks of process " + std::to_string(::getpid())));
        EXPECT_THAT(text, HasSubstr(", busy; 1 task"));
        EXPECT_THAT(text, HasSubstr("Task-1 (running)"));
    }
    ::signal(SIGUSR1, SIG_DFL);
    debug::dump_on_signal(SIGUSR2, 2);
    ::signal(SIGUSR2, SIG_DFL);
    ::close(ends[0]);
    ::close(ends[1]);
}

// Extremes: debug::dump_on_signal(signal), debug::dump_on_signal(fd)
TEST(DumpOnSignal, refuses_signals_that_cannot_be_handled) {
    for (const int signal :
         {-1, 0, SIGKILL, SIGSTOP, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()})
        EXPECT_THROW(debug::dump_on_signal(signal), OSError) << signal;
    // A descriptor that is not open loses the text, and nothing else.
    for (const int fd : {-1, std::numeric_limits<int>::max()}) {
        debug::dump_on_signal(SIGUSR2, fd);
        ::raise(SIGUSR2);
    }
    ::signal(SIGUSR2, SIG_DFL);
}

}  // namespace
}  // namespace aio::test
