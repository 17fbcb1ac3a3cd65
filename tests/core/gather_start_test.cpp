// Children that a gather starts: they are tasks, although they become some only when their turn comes.
#include <aio/core/gather.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace aio::test {

namespace {

Coro<> say(Log& log, std::string text) {
    log.push_back(std::move(text));
    co_return;
}

Coro<> count_tasks(std::size_t& most) {
    most = std::max(most, all_tasks().size());
    co_return;
}

Coro<> say_name(Log& log) {
    log.push_back(current_task().get_name());
    co_return;
}

Coro<> interrupt() {
    throw KeyboardInterrupt();
    co_return;
}

std::vector<Coro<>> three(Coro<> a, Coro<> b, Coro<> c) {
    std::vector<Coro<>> all;
    all.push_back(std::move(a));
    all.push_back(std::move(b));
    all.push_back(std::move(c));
    return all;
}

}  // namespace

ASYNC_TEST(Gather, has_tasks_for_children_before_they_begin, kAnyOrder) {
    std::size_t& most = keep<std::size_t>();
    Future<> all = gather(three(count_tasks(most), count_tasks(most), count_tasks(most)));
    EXPECT_EQ(all_tasks().size(), 4u);
    co_await all;
    EXPECT_EQ(most, 4u);
    co_await gather(three(count_tasks(most), count_tasks(most), count_tasks(most)));  // nobody looks before
}

ASYNC_TEST(Gather, names_its_children_in_their_order) {
    Log& log = keep<Log>();
    Task<> before = create_task(say_name(log));
    Future<> all = gather(three(say_name(log), say_name(log), say_name(log)));
    Task<> after = create_task(say_name(log));
    co_await all;
    co_await after;
    CO_ASSERT_TRUE(log.size() == 5u);
    for (std::size_t i = 1; i < log.size(); ++i) {
        EXPECT_EQ(std::stoi(log[i].substr(5)), std::stoi(log[0].substr(5)) + static_cast<int>(i));
    }
    co_await before;
}

ASYNC_TEST(Gather, cancelled_before_its_children_begin_runs_none_of_them, kAnyOrder) {
    Log& log = keep<Log>();
    Future<> all = gather(three(say(log, "a"), say(log, "b"), say(log, "c")));
    EXPECT_TRUE(all.cancel());
    co_await expect_throws<CancelledError>(all);
    EXPECT_EQ(log, Log{});
}

LOOP_TEST(Gather, whose_child_leaves_the_loop_goes_on_with_the_next_child) {
    Log& log = keep<Log>();
    auto main = [](Log& said) -> Coro<> {
        try {
            co_await gather(three(say(said, "a"), interrupt(), say(said, "c")));
        } catch (const KeyboardInterrupt&) {
            said.emplace_back("caught");
        }
    };
    Task<> task = loop.create_task(main(log));
    EXPECT_THROW(loop.run_forever(), KeyboardInterrupt);
    EXPECT_EQ(log, Log{"a"});
    loop.run_until_complete(task);
    EXPECT_EQ(log, (Log{"a", "c", "caught"}));
}

LOOP_TEST(Gather, reports_children_that_never_began_when_the_loop_closes) {
    Log& log = keep<Log>();
    auto main = [](Log& said) -> Coro<> {
        get_running_loop().stop();
        co_await gather(three(say(said, "a"), say(said, "b"), say(said, "c")));
    };
    loop.create_task(main(log));
    loop.run_forever();
    loop.close();
    EXPECT_EQ(log, Log{});
    EXPECT_EQ(take_report_messages(), Log(4, "Task was destroyed but it is pending!"));
}

}  // namespace aio::test
