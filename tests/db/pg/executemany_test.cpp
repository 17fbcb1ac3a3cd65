// executemany(): sets that fail here or on the server, before and while much is sent; timeouts.
#include "db/pg/with_server.hpp"

#include <ranges>
#include <tuple>
#include <vector>

namespace aio::test {
namespace {

using Set = std::tuple<std::string, int>;

Coro<pg::Connection> with_sets() {
    auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE exmany(a text, b int PRIMARY KEY)");
    co_return connection;
}

Coro<int> stored(pg::Connection connection) {
    co_return co_await connection.fetchval<int>("SELECT count(*)::int FROM exmany");
}

constexpr const char kInsert[] = "INSERT INTO exmany VALUES($1, $2)";
const std::string kLong(32'768, 'a');

// As many large sets, the last of which is made by `last`.
template <class F>
auto sets_until(int count, F last) {
    return std::views::iota(0, count) |
           std::views::transform([count, last](int i) { return i + 1 < count ? Set(kLong, i) : last(); });
}

ASYNC_TEST(PgExecuteMany, of_sets_that_cannot_be_made_sends_nothing, kOnce) {
    // asyncpg: test_execute.test_executemany_error_in_input_gen,
    // asyncpg: test_execute.test_executemany_client_failure_after_writes
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_sets();
    const auto fail = []() -> Set { throw std::domain_error("no more"); };
    for (const int count : {1, 10, 100}) {
        const auto insert = [&]() -> Coro<> { co_await c.executemany(kInsert, sets_until(count, fail)); };
        EXPECT_EQ(co_await expect_throws<std::domain_error>(insert()), "no more");
        co_await expect_throws<std::domain_error>(c.transaction(insert));
        EXPECT_EQ(co_await stored(c), 0);
    }
    co_await c.executemany(kInsert, sets_until(10, [] { return Set("last", 9); }));
    EXPECT_EQ(co_await stored(c), 10);
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, that_the_server_refuses_stores_nothing, kOnce) {
    // asyncpg: test_execute.test_executemany_server_failure_after_writes,
    // asyncpg: test_execute.test_executemany_server_failure_during_writes
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_sets();
    co_await expect_throws<db::UniqueViolationError>(
        c.executemany(kInsert, sets_until(12, [] { return Set("twice", 0); })));
    EXPECT_EQ(co_await stored(c), 0);
    std::vector<Set> sets = {{"a", 0}, {"a", 0}};  // the error comes while the rest is still being sent
    for (int i = 1; i < 128; ++i) sets.emplace_back(kLong, i);
    co_await expect_throws<db::UniqueViolationError>(c.executemany(kInsert, sets));
    EXPECT_EQ(co_await stored(c), 0);
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, fails_here_before_the_server_is_asked, kOnce) {
    // asyncpg: test_execute.test_executemany_client_server_failure_conflict
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_sets();
    const auto fail = []() -> Set { throw std::domain_error("no more"); };
    const auto same =
        std::views::iota(0, 5) | std::views::transform([fail](int i) { return i < 4 ? Set(kLong, 0) : fail(); });
    co_await expect_throws<std::domain_error>(c.executemany(kInsert, same));
    EXPECT_EQ(co_await stored(c), 0);
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, that_waits_for_a_lock_is_given_up, kOnce) {
    // asyncpg: test_execute.test_executemany_timeout_flow_control
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto locker = co_await pg::connect(postgres().dsn());
    co_await c.execute("DROP TABLE IF EXISTS locked; CREATE TABLE locked(a text, b int PRIMARY KEY)");
    take_logs();
    std::vector<std::tuple<int>> numbers;
    std::vector<Set> updates;
    for (int i = 0; i < 128; ++i) {
        numbers.emplace_back(i);
        updates.emplace_back(kLong, i);
    }
    co_await c.executemany("INSERT INTO locked VALUES(NULL, $1)", numbers);
    const auto hold = [&]() -> Coro<> {
        co_await locker.execute("UPDATE locked SET a = '1' WHERE b = 10");
        co_await expect_throws<TimeoutError>(
            wait_for(c.executemany("UPDATE locked SET a = $1 WHERE b = $2", updates), 100ms));
        EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);  // it was stopped before the lock is given up
        throw ValueError("roll back");
    };
    co_await expect_throws<ValueError>(locker.transaction(hold));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM locked WHERE a IS NOT NULL"), 0);
    co_await c.execute("DROP TABLE locked");
    co_await locker.close();
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, of_a_prepared_statement_and_of_two_commands, kOnce) {
    // asyncpg: test_execute.test_executemany_prepare, test_execute.test_execute_script_3
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_sets();
    const auto statement = co_await c.prepare(kInsert);
    const std::vector<Set> sets = {{"a", 1}, {"b", 2}, {"c", 3}};
    co_await statement.executemany(sets);
    co_await statement.executemany(std::vector<Set>());
    EXPECT_EQ(co_await stored(c), 3);
    EXPECT_THAT(co_await expect_throws<db::SyntaxError>(
                    c.execute("CREATE TABLE mytab(a int); INSERT INTO mytab VALUES($1), ($2)", 10, 20)),
                testing::HasSubstr("multiple commands"));
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
