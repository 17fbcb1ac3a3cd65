// A small shop in SQLite: a pool with one writer and many readers, structs from rows, a transaction, a cursor, a function of our own.
#include <aio/aio.hpp>
#include <aio/sqlite.hpp>

#include <fmt/core.h>

#include <unistd.h>

#include <filesystem>

using namespace std::chrono_literals;

struct Order {
    int id;
    std::string item;
    int cents;
    std::optional<std::string> note;  // NULL: nullopt
};
AIO_DB_COLUMNS(Order, id, item, cents, note)

// All of an order, or nothing of it.
aio::Coro<> order(aio::sqlite::Pool pool, std::string item, int count) {
    co_await pool.transaction([&](const aio::sqlite::Connection& db) -> aio::Coro<> {
        const auto cents = co_await db.fetchval<int>("SELECT cents FROM items WHERE name = ?", item);
        co_await db.execute("INSERT INTO orders(item, cents) VALUES(:item, :cents)", aio::sqlite::named("item", item),
                            aio::sqlite::named("cents", cents * count));
        co_await db.execute("UPDATE items SET stock = stock - ? WHERE name = ?", count, item);
    });
}

aio::Coro<> open_shop(aio::sqlite::Pool pool) {
    co_await pool.execute(
        "CREATE TABLE items(name TEXT PRIMARY KEY, cents INT NOT NULL, stock INT CHECK(stock >= 0));"
        "CREATE TABLE orders(id INTEGER PRIMARY KEY, item TEXT REFERENCES items, cents INT, note TEXT)");
    const std::vector<std::tuple<std::string, int, int>> items = {{"tea", 350, 10}, {"coffee", 420, 3}};
    co_await pool.executemany("INSERT INTO items VALUES(?, ?, ?)", items);
}

aio::Coro<> print_orders(aio::sqlite::Pool pool) {
    for (const auto& row : co_await pool.fetch("SELECT * FROM orders ORDER BY id")) {
        const auto order = aio::db::from_row<Order>(row);
        fmt::print("{} {} {} ({})\n", order.id, order.item, order.cents, order.note.value_or("no note"));
    }
}

aio::Coro<> async_main(std::string file) {
    auto pool = co_await aio::sqlite::create_pool(file, {.max_readers = 2});
    co_await open_shop(pool);

    // Tasks that write wait for each other; nobody sees "database is locked".
    co_await aio::gather(order(pool, "tea", 2), order(pool, "coffee", 1), order(pool, "tea", 1));
    try {
        co_await order(pool, "coffee", 5);
    } catch (const aio::db::CheckViolationError& error) {
        fmt::print("refused, {}: nothing has changed\n", error.report().constraint);
    }
    co_await pool.execute("UPDATE orders SET note = ? WHERE id = ?", "in a hurry", 2);
    co_await print_orders(pool);
    co_await pool.close();

    auto db = co_await aio::sqlite::connect(file, {.readonly = true});
    co_await db.create_function("euros", [](int cents) { return fmt::format("{:.2f}", cents / 100.0); });
    auto rows = db.cursor("SELECT item, euros(sum(cents)) FROM orders GROUP BY item ORDER BY item");
    while (auto row = co_await rows.next()) {
        const auto [item, sum] = row->as<std::string, std::string>();
        fmt::print("{}: {} euros\n", item, sum);
    }
    // The statement is interrupted; the connection remains usable.
    try {
        co_await aio::wait_for(
            db.fetch("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT sum(x) FROM c"), 50ms);
    } catch (const aio::TimeoutError&) {
        fmt::print("too slow\n");
    }
    fmt::print("1 + 1 = {}\n", co_await db.fetchval<int>("SELECT 1 + 1"));
    co_await db.close();
}

int main() {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / fmt::format("aio_shop_{}", getpid());
    std::filesystem::create_directory(folder);
    aio::run(async_main(folder / "shop.db"));
    std::filesystem::remove_all(folder);
}
