// The thread of a connection to SQLite: jobs go to it and come back, are withdrawn and stopped. No database is opened.
#include <aio/core/coro.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/task.hpp>

#include "db/sqlite/session/session.hpp"
#include "schedules/program.hpp"

#include <utility>

namespace aio::schedules {

namespace {

using sqlite::detail::Database;
using sqlite::detail::Job;
using sqlite::detail::JobRef;
using sqlite::detail::make_job;
using sqlite::detail::Session;

auto numbered_job(int& last, int number) {
    return make_job([&last, number](Database&) { return std::exchange(last, number); });
}

Coro<> send_two() {
    const auto session = Session::start(0);
    int last = 0;
    const auto first = numbered_job(last, 1), second = numbered_job(last, 2);
    session->submit(*first);
    session->submit(*second);
    co_await session->finished(*second);
    EXPECT(first->arrived());
    EXPECT(first->take() == 0 && second->take() == 1);
    co_await Session::close(session);
}

// One after the other: the thread may be about to sleep when the second one comes.
Coro<> send_one_and_another() {
    const auto session = Session::start(0);
    int last = 0;
    for (int number = 1; number <= 2; ++number) {
        const auto job = numbered_job(last, number);
        session->submit(*job);
        co_await session->finished(*job);
        EXPECT(job->take() == number - 1);
    }
    co_await Session::close(session);
}

// It is made whole or not at all, and the one behind it is never hit.
Coro<> drop_the_first() {
    const auto session = Session::start(0);
    int last = 0;
    const auto dropped = numbered_job(last, 1), kept = numbered_job(last, 2);
    session->submit(*dropped);
    session->submit(*kept);
    session->drop(*dropped);
    co_await session->finished(*kept);
    EXPECT(kept->error() == nullptr);
    const int before = kept->take();
    EXPECT(before == 0 || before == 1);
    co_await Session::close(session);
}

// Both are answered although the connection is closed behind them.
Coro<> close_behind() {
    const auto session = Session::start(0);
    int last = 0;
    const auto job = numbered_job(last, 1);
    session->submit(*job);
    co_await Session::close(session);
    EXPECT(job->arrived() && last == 1);
}

void run(Coro<> body) {
    EventLoop loop;
    loop.run_until_complete(std::move(body));
}

}  // namespace

PROGRAM(jobs_that_come_together_end_in_their_order) { run(send_two()); }
PROGRAM(a_job_wakes_a_thread_that_goes_to_sleep) { run(send_one_and_another()); }
PROGRAM(a_dropped_job_leaves_the_next_one_alone) { run(drop_the_first()); }
PROGRAM(a_connection_that_is_closed_does_what_it_was_given) { run(close_behind()); }

}  // namespace aio::schedules
