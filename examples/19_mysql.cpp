// A small shop in MySQL or MariaDB: a pool, structs from rows, many inserts at once, a cursor, typed errors, a timeout.
//
//     19_mysql mysql://user@localhost/database
#include <aio/aio.hpp>
#include <aio/mysql.hpp>

#include <fmt/core.h>

using namespace std::chrono_literals;

struct Item {
    int id;
    std::string name;
    std::string price;            // DECIMAL, exact
    std::optional<int> in_stock;  // NULL: nullopt
};
AIO_DB_COLUMNS(Item, id, name, price, in_stock)

aio::Coro<> create_items(aio::mysql::Connection connection) {
    co_await connection.execute(
        "CREATE TEMPORARY TABLE items(id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) UNIQUE,"
        " price DECIMAL(10, 2), in_stock INT UNSIGNED) ENGINE=InnoDB");
    std::vector<std::tuple<std::string, double, std::optional<int>>> items;
    items.emplace_back("apple", 0.5, 100);
    items.emplace_back("pear", 0.75, std::nullopt);
    items.emplace_back("melon", 3, 7);
    auto done = co_await connection.executemany("INSERT INTO items(name, price, in_stock) VALUES(?, ?, ?)", items);
    fmt::print("{} items\n", done.affected_rows);
}

// All of an order, or nothing of it.
aio::Coro<> order(aio::mysql::Connection connection, int apples, int melons) {
    co_await connection.transaction([&]() -> aio::Coro<> {
        co_await connection.execute("UPDATE items SET in_stock = in_stock - ? WHERE name = 'apple'", apples);
        co_await connection.execute("UPDATE items SET in_stock = in_stock - ? WHERE name = 'melon'", melons);
    });
    fmt::print("sold {} apples and {} melons\n", apples, melons);
}

aio::Coro<> async_main(std::string dsn) {
    auto pool = co_await aio::mysql::create_pool(dsn, {.max_size = 4});
    auto connection = co_await pool.acquire();
    co_await create_items(*connection);

    co_await order(*connection, 10, 1);
    try {
        co_await order(*connection, 10, 50);
    } catch (const aio::db::DataError& error) {
        fmt::print("refused ({}): nothing has changed\n", error.report().code);
    }
    auto items = connection->cursor("SELECT * FROM items WHERE price < ? ORDER BY id", 5);
    while (auto row = co_await items.next()) {
        const auto item = aio::db::from_row<Item>(*row);
        fmt::print("{} {} {} {}\n", item.id, item.name, item.price,
                   item.in_stock ? std::to_string(*item.in_stock) : "to order");
    }

    try {
        co_await connection->execute("INSERT INTO items(name) VALUES(?)", "pear");
    } catch (const aio::db::UniqueViolationError&) {
        fmt::print("there are pears already\n");
    }

    // The server stops the statement too; the connection remains usable.
    try {
        co_await aio::wait_for(connection->execute("SELECT sleep(60)"), 50ms);
    } catch (const aio::TimeoutError&) {
        fmt::print("too slow\n");
    }
    fmt::print("1 + 1 = {}\n", co_await connection->fetchval<int>("SELECT ? + ?", 1, 1));
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
