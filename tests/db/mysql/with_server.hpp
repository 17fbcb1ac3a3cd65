// What tests with a real server share.
#pragma once

#include <aio/core/run.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/mysql.hpp>

#include "support/async_test.hpp"
#include "support/mariadb.hpp"

#include <cstdint>
#include <string>

namespace aio::test {

// Waits until the server executes a statement for the connection `thread`.
inline Coro<> until_busy(mysql::Connection observer, std::uint64_t thread) {
    for (int tries = 0; tries < 1'000; ++tries) {
        const auto state = co_await observer.fetchval<std::optional<std::string>>(
            "SELECT command FROM information_schema.processlist WHERE id = ?", thread);
        if (state == "Query" || state == "Execute") co_return;
        co_await sleep(5ms);
    }
    ADD_FAILURE() << "the server does not begin the statement";
}

// The number of sessions of a user; waits until it is `expected`, as sessions end some time after their connection.
inline Coro<int> sessions_of(mysql::Connection observer, std::string user, int expected) {
    int count = -1;
    for (int tries = 0; tries < 400 && count != expected; ++tries) {
        if (tries > 0) co_await sleep(10ms);
        count = co_await observer.fetchval<int>("SELECT count(*) FROM information_schema.processlist WHERE user = ?",
                                                user);
    }
    co_return count;
}

}  // namespace aio::test
