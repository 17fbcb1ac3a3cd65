// What a driver tells the suite about itself:
//
//     struct PostgresDb {
//         using Connection = pg::Connection;
//         using Pool = pg::Pool;
//         static constexpr bool kSendsAhead = true;              // statements, before earlier ones have ended
//         static bool is_there();                                // false: the suite is skipped
//         static Coro<Connection> connect();                     // to one and the same database
//         static Coro<Pool> create_pool(std::size_t max_size);
//         static db::RuntimeSql sql(std::string_view text);      // with the driver's placeholders, for ever
//         static db::RuntimeSql nap();                           // runs for a minute
//         static std::string columns(std::string text);          // optional: types as this database spells them
//     };
#pragma once

#include <aio/core/run.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/db/aggregate.hpp>
#include <aio/db/conversion_error.hpp>
#include <aio/db/errors.hpp>
#include <aio/db/sql.hpp>

#include "support/async_test.hpp"

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace aio::test::conformance {

// Text that lives as long as the process, as runtime() needs it.
inline db::RuntimeSql kept(std::string text) {
    const UnwatchedAllocations mine;
    static std::set<std::string> all;
    return db::runtime(*all.insert(std::move(text)).first);
}

// "?" as "$1", "$2" and so on. No question mark of the suite stands in quotes.
inline std::string with_numbered_placeholders(std::string_view text) {
    std::string result;
    int number = 0;
    for (const char c : text) {
        if (c == '?') {
            result += '$' + std::to_string(++number);
        } else {
            result += c;
        }
    }
    return result;
}

// An empty table of `columns`, whatever was there before.
template <class Db>
Coro<> make_table(typename Db::Connection connection, std::string name, std::string columns) {
    co_await connection.execute(kept("DROP TABLE IF EXISTS " + name));
    if constexpr (requires { Db::columns(columns); }) columns = Db::columns(std::move(columns));
    co_await connection.execute(kept("CREATE TABLE " + name + "(" + columns + ")"));
}

// The number of rows of a table.
template <class Db>
Coro<int> rows_of(typename Db::Connection connection, std::string table) {
    co_return co_await connection.template fetchval<int>(kept("SELECT count(*) FROM " + table));
}

}  // namespace aio::test::conformance
