// Which statements share a connection, with a driver whose statements take as long as their text says.
#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/task.hpp>
#include <aio/db/pool_sharing.hpp>

#include "support/async_test.hpp"

#include <memory>
#include <string>
#include <vector>

namespace aio::test {
namespace {

// Answers in order, one after the other.
struct Line {
    int users = 0, most = 0, answered = 0;
    bool is_open = true;
    TimePoint free{};  // when the statements under way have been answered

    static Coro<> run(std::shared_ptr<Line> line, Duration takes) {
        struct Use {
            Line& line;
            ~Use() { --line.users; }
        };
        const TimePoint now = get_running_loop().time();
        line->free = std::max(line->free, now) + takes;
        line->most = std::max(line->most, ++line->users);
        const Use use{*line};
        co_await sleep(Duration(line->free - now));
        ++line->answered;
    }
};

struct LineDriver {
    static constexpr const char* kDatabase = "lines";
    using Connection = std::shared_ptr<Line>;
    std::vector<Connection>* all;

    Coro<Connection> connect() const {
        co_await sleep(0ms);
        all->push_back(std::make_shared<Line>());
        co_return all->back();
    }
    bool prepares() const noexcept { return false; }
    Coro<> prepare(Connection) const { co_return; }
    Coro<> close(Connection) const { co_return; }
    bool is_usable(const Connection& line) const noexcept { return line->is_open; }
    bool is_same(const Connection& a, const Connection& b) const noexcept { return a == b; }
    void give_back(const Connection&) const noexcept {}
    void terminate(const Connection& line) const noexcept { line->is_open = false; }
};

struct Bench {
    using Pool = db::detail::PoolState<LineDriver>;
    explicit Bench(std::size_t max_size)
        : pool(std::make_shared<Pool>(
              LineDriver{&lines},
              db::PoolLimits{.min_size = 0, .max_size = max_size, .max_inactive_time = Duration(0)})),
          sharing(*pool) {}

    Coro<> ask(std::string sql, Duration takes) {
        auto turn = co_await sharing.take(sql);
        co_await Line::run(turn.connection(), takes);
        turn.answered(sql);
    }
    // `tasks` at the same time, each `times` times.
    Coro<> ask_often(int tasks, int times, std::string sql, Duration takes) {
        const auto repeat = [this, times, sql, takes]() -> Coro<> {
            for (int i = 0; i < times; ++i) co_await ask(sql, takes);
        };
        std::vector<Coro<>> all;
        for (int i = 0; i < tasks; ++i) all.push_back(repeat());
        co_await gather(std::move(all));
    }
    int most() const {
        int most = 0;
        for (const auto& line : lines) most = std::max(most, line->most);
        return most;
    }

    std::vector<std::shared_ptr<Line>> lines;
    std::shared_ptr<Pool> pool;
    db::detail::Sharing<LineDriver> sharing;
};

ASYNC_TEST(PoolSharing, fast_statements_share_one_connection) {
    Bench& bench = keep<Bench>(8u);
    co_await bench.ask("fast", 5us);
    co_await bench.ask_often(16, 20, "fast", 5us);
    EXPECT_EQ(bench.pool->statistics().idle, bench.lines.size());
    if (virtual_time()) {
        EXPECT_EQ(bench.lines.size(), 1u);
        EXPECT_EQ(bench.most(), 16);
    }
}

ASYNC_TEST(PoolSharing, slow_and_new_ones_have_their_own) {
    Bench& bench = keep<Bench>(4u);
    co_await bench.ask_often(6, 1, "new", 5us);
    EXPECT_EQ(bench.lines.size(), 4u);
    EXPECT_EQ(bench.most(), 1);
    co_await bench.ask_often(6, 5, "slow", 1ms);
    if (virtual_time()) {
        EXPECT_LE(bench.most(), 2);
    }
    auto slow = create_task([](Bench& b) { return b.ask("slow", 100ms); }, std::ref(bench));
    co_await run_passes(3);
    const Stopwatch watch;
    co_await bench.ask_often(12, 20, "new", 5us);  // which are known to be fast now
    if (virtual_time()) {
        EXPECT_LE(watch.elapsed(), 5ms);
        EXPECT_FALSE(slow.done());
    }
    co_await slow;
}

ASYNC_TEST(PoolSharing, fast_ones_of_a_busy_server_are_found_out) {
    // Whatever the connection, one processor executes them: with 16 at the same time, each seems to take 640 us.
    Bench& bench = keep<Bench>(16u);
    TimePoint& processor = keep<TimePoint>();
    const auto ask = [&]() -> Coro<> {
        for (int i = 0; i < 60; ++i) {
            auto turn = co_await bench.sharing.take("busy");
            const TimePoint now = get_running_loop().time();
            processor = std::max(processor, now) + 40us;
            co_await Line::run(turn.connection(), Duration(processor - now));
            turn.answered("busy");
        }
    };
    std::vector<Coro<>> all;
    for (int i = 0; i < 16; ++i) all.push_back(ask());
    co_await gather(std::move(all));
    if (virtual_time()) {
        EXPECT_GE(bench.most(), 4);
    }
}

ASYNC_TEST(PoolSharing, slow_ones_are_seldom_sent_behind_another) {
    Bench& bench = keep<Bench>(4u);
    std::vector<Duration>& late = keep<std::vector<Duration>>();
    const auto ask = [&]() -> Coro<> {
        for (int i = 0; i < 500; ++i) {
            const Stopwatch watch;
            co_await bench.ask("slow", 1ms);
            if (watch.elapsed() > 1500us) late.push_back(watch.elapsed());
        }
    };
    std::vector<Coro<>> all;
    for (int i = 0; i < 4; ++i) all.push_back(ask());
    co_await gather(std::move(all));
    if (virtual_time()) {
        EXPECT_EQ(bench.most(), 2);
        EXPECT_LE(late.size(), 10u);  // of 2,000
    }
}

ASYNC_TEST(PoolSharing, no_more_than_can_be_answered_soon) {
    Bench& bench = keep<Bench>(3u);
    for (int i = 0; i < 30; ++i) co_await bench.ask("some", 100us);
    co_await bench.ask_often(12, 10, "some", 100us);
    if (virtual_time()) {
        EXPECT_EQ(bench.lines.size(), 3u);
        EXPECT_LE(bench.most(), 5);  // of 100 us each within 500 us
    }
}

ASYNC_TEST(PoolSharing, tasks_that_wait_for_a_connection_get_one) {
    Bench& bench = keep<Bench>(1u);
    co_await bench.ask("fast", 5us);
    auto busy = create_task([](Bench& b) { return b.ask_often(8, 10'000, "fast", 5us); }, std::ref(bench));
    co_await run_passes(5);
    const Stopwatch watch;
    auto mine = co_await bench.pool->take(std::nullopt);  // which sharing must not put off for ever
    if (virtual_time()) {
        EXPECT_LE(watch.elapsed(), 20ms);
    }
    EXPECT_EQ(mine.connection->users, 0);
    co_await sleep(5ms);
    EXPECT_EQ(mine.connection->users, 0);
    bench.pool->take_back(std::move(mine));
    co_await bench.ask("fast", 5us);
    busy.cancel();
    co_await expect_throws<CancelledError>(std::move(busy));
    EXPECT_EQ(bench.pool->statistics().idle, 1u);
}

ASYNC_TEST(PoolSharing, cancelled_at_any_moment_no_place_is_lost) {
    Bench& bench = keep<Bench>(2u);
    co_await bench.ask("fast", 5us);
    for (int passes = 0; passes < 12; ++passes) {
        std::vector<Task<>> tasks;
        for (int i = 0; i < 150; ++i) {
            tasks.push_back(create_task([](Bench& b) { return b.ask_often(1, 2, "fast", 5us); }, std::ref(bench)));
        }
        co_await run_passes(passes);
        for (std::size_t i = 0; i < tasks.size(); i += 2) tasks[i].cancel();
        for (auto& task : tasks) {
            try {
                co_await task;
            } catch (const CancelledError&) {
                // Expected of every second one.
            }
        }
        EXPECT_EQ(bench.pool->statistics().idle, bench.pool->statistics().size);
        EXPECT_EQ(bench.pool->statistics().waiting, 0u);
    }
    co_await Bench::Pool::close(bench.pool);
    co_await expect_throws<db::InterfaceError>(bench.ask("fast", 5us));
}

ASYNC_TEST(PoolSharing, a_lost_connection_gets_no_more) {
    Bench& bench = keep<Bench>(2u);
    for (int i = 0; i < 20; ++i) co_await bench.ask("fast", 5us);
    auto first = create_task([](Bench& b) { return b.ask("fast", 50us); }, std::ref(bench));
    co_await run_passes(2);
    bench.lines[0]->is_open = false;
    co_await bench.ask("fast", 5us);
    EXPECT_EQ(bench.lines.size(), 2u);
    EXPECT_EQ(bench.lines[1]->answered, 1);
    co_await first;
    EXPECT_EQ(bench.pool->statistics().size, 1u);
}

}  // namespace
}  // namespace aio::test
