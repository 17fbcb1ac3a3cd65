// What storms share: tasks that ask, insert and fail, half of them cancelled at a random moment, and what must be true behind them.
// AIO_TEST_LONG=10 makes ten times as many; for more, add --gtest_repeat: the harness ends a test after a minute.
// AIO_TEST_CANCELS=100000 goes on until there were so many cancellations, however long it takes.
#pragma once

#include "db/pg/with_server.hpp"

#include "support/tcp_proxy.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

namespace aio::test::storms {

inline constexpr unsigned kTasks = 16;

inline unsigned long_times() {
    const char* const text = std::getenv("AIO_TEST_LONG");
    return text ? static_cast<unsigned>(std::max(1, std::atoi(text))) : 1;
}

inline int wanted_cancels() {
    const char* const text = std::getenv("AIO_TEST_CANCELS");
    return text ? std::atoi(text) : 0;
}

inline std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

inline std::string through(const TcpProxy& proxy, const std::string& name) {
    return "host=127.0.0.1 port=" + std::to_string(proxy.port()) +
           " user=postgres dbname=postgres sslmode=disable application_name=" + name;
}

// A number that no other call returns.
inline int fresh_number() {
    static int last = 0;
    return ++last;
}

struct Storm {
    explicit Storm(unsigned the_seed) : seed(the_seed), random(the_seed) {}

    unsigned seed;
    std::mt19937 random;
    std::set<int> kept, perhaps, never;    // rows, by what became of their statement or transaction
    std::vector<std::vector<int>> groups;  // of rows that come together
    int answered = 0, cancelled = 0;

    unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }
    void blame(const std::string& what) { ADD_FAILURE() << what << "; seed " << seed; }
};

// One question, insertion or error on a connection or a pool.
template <class Target>
Coro<> ask(const Target& target, Storm& storm) {
    const int number = fresh_number();
    switch (storm.below(8)) {
        case 0: {
            storm.perhaps.insert(number);
            co_await target.execute("INSERT INTO storm VALUES($1)", number);
            storm.perhaps.erase(number);
            storm.kept.insert(number);
            co_return;
        }
        case 1: {
            const double pause = storm.below(8) / 1000.0;
            storm.perhaps.insert(number);
            co_await target.execute("INSERT INTO storm SELECT $1 FROM pg_sleep($2)", number, pause);
            storm.perhaps.erase(number);
            storm.kept.insert(number);
            co_return;
        }
        case 2:
            try {
                co_await target.fetch("SELECT 1 / ($1::int - $1)", number);
                storm.blame("a division by zero has a result");
            } catch (const db::DataError&) {}
            co_return;
        case 3:
        case 4: {
            const double pause = storm.below(60) / 1000.0;
            const int answer = co_await target.template fetchval<int>(
                "SELECT $1::int + 0 * length(pg_sleep($2)::text)", number, pause);
            if (answer != number) storm.blame("the answer to another question");
            co_return;
        }
        case 5: {
            const int rows = 1 + static_cast<int>(storm.below(300));
            const auto result =
                co_await target.fetch("SELECT $1::int, i FROM generate_series(1, $2) i", number, rows);
            if (static_cast<int>(result.size()) != rows) storm.blame("rows are missing");
            for (const auto& row : result) {
                if (row.template get<int>(0) != number) storm.blame("the row of another question");
            }
            co_return;
        }
        default:
            if (co_await target.template fetchval<int>("SELECT $1::int", number) != number) {
                storm.blame("the answer to another question");
            }
    }
}

// `act` again and again, half of the times cancelled or timed out at a random moment.
template <class Act>
Coro<> rage(Act act, Storm& storm, unsigned rounds) {
    for (unsigned i = 0; i < rounds || storm.cancelled < wanted_cancels(); ++i) {
        const auto moment = std::chrono::microseconds(storm.below(storm.below(2) == 0 ? 8'000 : 50'000));
        try {
            if (storm.below(4) == 0) {
                co_await with_timeout(moment, act);
            } else {
                auto task = create_task(act());
                if (storm.below(2) == 0) {
                    co_await sleep(moment);
                    task.cancel();
                }
                co_await task;
            }
            ++storm.answered;
        } catch (const CancelledError&) {
            ++storm.cancelled;
        } catch (const TimeoutError&) {
            ++storm.cancelled;
        } catch (const std::exception& error) {
            storm.blame(std::string("a neighbour saw: ") + error.what());
        }
    }
}

// The proxy changes its ways while the tasks run.
template <class Act>
Coro<> rage_together(TcpProxy& proxy, Storm& storm, Act act, unsigned rounds) {
    const auto vary = [&]() -> Coro<> {
        while (true) {
            static constexpr std::size_t kPieces[] = {1, 7, 65'536};
            proxy.piece = kPieces[storm.below(3)];
            proxy.delay_us = static_cast<int>(storm.below(3) * 700);
            proxy.cancel_delay_us = static_cast<int>(storm.below(3) * 2'000);
            co_await sleep(30ms);
        }
    };
    if (wanted_cancels() > 0) ::alarm(0);  // the harness' limit
    auto varying = create_task(vary());
    std::vector<Task<>> tasks;
    for (unsigned i = 0; i < kTasks; ++i) tasks.push_back(create_task(rage(act, storm, rounds)));
    for (auto& task : tasks) co_await task;
    varying.cancel();
    co_await expect_throws<CancelledError>(std::move(varying));
}

inline Coro<> expect_rows(pg::Connection observer, const Storm& storm) {
    const auto rows = co_await observer.fetch("SELECT a, count(*)::int FROM storm GROUP BY a");
    std::set<int> found;
    for (const auto& row : rows) {
        const int number = row.get<int>(0);
        found.insert(number);
        if (row.get<int>(1) != 1) ADD_FAILURE() << "a row was inserted twice; seed " << storm.seed;
        if (!storm.kept.contains(number) && !storm.perhaps.contains(number)) {
            ADD_FAILURE() << "a row of what was rolled back; seed " << storm.seed;
        }
    }
    for (const auto& group : storm.groups) {
        const auto is_there = [&](int number) { return found.contains(number); };
        const auto count = std::count_if(group.begin(), group.end(), is_there);
        if (count != 0 && count != 3) ADD_FAILURE() << "half a statement took place; seed " << storm.seed;
    }
    for (const int number : storm.kept) {
        if (!found.contains(number)) ADD_FAILURE() << "the row " << number << " is lost; seed " << storm.seed;
    }
}

inline constexpr const char* kTable =
    "SET client_min_messages = warning; DROP TABLE IF EXISTS storm; CREATE TABLE storm(a int)";

}  // namespace aio::test::storms
