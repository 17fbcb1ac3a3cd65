// What tests with a real server share.
#pragma once

#include <aio/core/run.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/pg.hpp>

#include "support/async_test.hpp"
#include "support/postgres.hpp"

#include <string>

namespace aio::test {

// The number of sessions that the server has for the application `name`; waits until it is `expected`, as sessions end some
// time after their connection.
inline Coro<int> sessions_named(pg::Connection observer, std::string name, int expected) {
    int count = -1;
    for (int tries = 0; tries < 200 && count != expected; ++tries) {
        if (tries > 0) co_await sleep(10ms);
        count = co_await observer.fetchval<int>(
            "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = $1", name);
    }
    co_return count;
}

// Waits until the server's process `pid` runs a statement.
inline Coro<> until_active(pg::Connection observer, std::uint32_t pid) {
    for (int tries = 0; tries < 500; ++tries) {
        const auto state = co_await observer.fetchval<std::optional<std::string>>(
            "SELECT state FROM pg_stat_activity WHERE pid = $1", static_cast<int>(pid));
        if (state == "active") co_return;
        co_await sleep(5ms);
    }
    ADD_FAILURE() << "the server does not begin the statement";
}

}  // namespace aio::test
