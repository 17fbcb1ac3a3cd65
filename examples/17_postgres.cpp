// A small bank in PostgreSQL: a pool, structs from rows, transactions, typed errors, a timeout. It uses temporary tables only.
//
//     17_postgres postgresql://user@localhost/database
#include <aio/aio.hpp>
#include <aio/pg.hpp>

#include <fmt/core.h>

using namespace std::chrono_literals;

struct Account {
    int id;
    std::string owner;
    int cents;
    std::optional<std::string> note;  // NULL: nullopt
};
AIO_DB_COLUMNS(Account, id, owner, cents, note)

aio::Coro<> create_accounts(aio::pg::Connection connection) {
    co_await connection.execute(
        "CREATE TEMP TABLE accounts(id serial, owner text UNIQUE, cents int CHECK (cents >= 0), note text)");
    const std::vector<std::tuple<std::string, int>> owners = {{"Alice", 1000}, {"Bob", 200}};
    co_await connection.executemany("INSERT INTO accounts(owner, cents) VALUES($1, $2)", owners);
}

// Both updates, or none.
aio::Coro<> transfer(aio::pg::Connection connection, std::string from, std::string to, int cents) {
    co_await connection.transaction([&]() -> aio::Coro<> {
        co_await connection.execute("UPDATE accounts SET cents = cents + $2 WHERE owner = $1", to, cents);
        co_await connection.execute("UPDATE accounts SET cents = cents - $2 WHERE owner = $1", from, cents);
    });
    fmt::print("{} paid {} cents to {}\n", from, cents, to);
}

aio::Coro<> print_accounts(aio::pg::Connection connection) {
    for (const auto& row : co_await connection.fetch("SELECT * FROM accounts ORDER BY id")) {
        const auto account = aio::db::from_row<Account>(row);
        fmt::print("{} {} {} ({})\n", account.id, account.owner, account.cents, account.note.value_or("no note"));
    }
}

aio::Coro<> async_main(std::string dsn) {
    auto pool = co_await aio::pg::create_pool(dsn, {.max_size = 4});
    auto connection = co_await pool.acquire();
    co_await create_accounts(*connection);

    co_await transfer(*connection, "Alice", "Bob", 300);
    try {
        co_await transfer(*connection, "Alice", "Bob", 5000);
    } catch (const aio::db::CheckViolationError& error) {
        fmt::print("refused by {}: nothing has changed\n", error.report().constraint);
    }
    co_await connection->execute("UPDATE accounts SET note = $2 WHERE owner = $1", "Bob", "rich");
    co_await print_accounts(*connection);

    // Two statements in one round trip.
    auto [sum, owners] =
        co_await aio::gather(connection->fetchval<std::int64_t>("SELECT sum(cents) FROM accounts"),
                             connection->fetchval<std::vector<std::string>>("SELECT array_agg(owner) FROM accounts"));
    fmt::print("{} owners have {} cents\n", owners.size(), sum);

    // The server stops the statement too; the connection remains usable.
    try {
        co_await aio::wait_for(connection->execute("SELECT pg_sleep(60)"), 50ms);
    } catch (const aio::TimeoutError&) {
        fmt::print("too slow\n");
    }
    fmt::print("1 + 1 = {}\n", co_await connection->fetchval<int>("SELECT 1 + 1"));
    connection.release();
    co_await pool.close();
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: {} DSN\n", argv[0]);
        return 77;  // for the tests: skipped
    }
    aio::run(async_main(argv[1]));
}
