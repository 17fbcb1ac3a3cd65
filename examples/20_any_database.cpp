// One program for PostgreSQL, MySQL and SQLite: what the drivers share has one name. Only the placeholders in SQL differ.
//
//     20_any_database [postgresql://user@host/database | mysql://user@host/database | FILE]
#include <aio/aio.hpp>
#include <aio/mysql.hpp>
#include <aio/pg.hpp>
#include <aio/sqlite.hpp>

#include <fmt/core.h>

#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

struct City {
    std::string name;
    int people;
};

// Text that outlives its statements, with $1, $2… for PostgreSQL in place of ?.
class Statements {
public:
    explicit Statements(bool numbered) : numbered_(numbered) {}
    aio::db::RuntimeSql operator()(std::string_view text) {
        std::string& sql = kept_.emplace_back();
        int number = 0;
        for (const char c : text) sql += c == '?' && numbered_ ? fmt::format("${}", ++number) : std::string(1, c);
        return aio::db::runtime(sql);
    }

private:
    bool numbered_;
    std::list<std::string> kept_;
};

template <class Connection>
aio::Coro<> run_on(Connection db, bool numbered) {
    Statements sql(numbered);
    co_await db.execute(sql("DROP TABLE IF EXISTS cities"));
    co_await db.execute(sql("CREATE TABLE cities(name VARCHAR(50) PRIMARY KEY, people INTEGER NOT NULL)"));

    const std::vector<std::tuple<std::string, int>> cities = {
        {"Oslo", 717'000}, {"Bern", 134'000}, {"Rome", 2'750'000}};
    co_await db.executemany(sql("INSERT INTO cities(name, people) VALUES(?, ?)"), cities);

    // Both or none.
    const auto move = [&](std::string from, std::string to, int count) -> aio::Coro<> {
        co_await db.execute(sql("UPDATE cities SET people = people - ? WHERE name = ?"), count, from);
        co_await db.execute(sql("UPDATE cities SET people = people + ? WHERE name = ?"), count, to);
        const int left = co_await db.template fetchval<int>(sql("SELECT people FROM cities WHERE name = ?"), from);
        if (left < 0) {
            throw std::runtime_error(fmt::format("{} has not so many people", from));
        }
    };
    co_await db.transaction([&] { return move("Rome", "Oslo", 1000); });
    try {
        co_await db.transaction([&] { return move("Bern", "Oslo", 1'000'000); });
    } catch (const std::runtime_error& error) {
        fmt::print("{}\n", error.what());
    }
    try {
        co_await db.execute(sql("INSERT INTO cities(name, people) VALUES(?, ?)"), "Oslo", 1);
    } catch (const aio::db::UniqueViolationError&) {
        fmt::print("Oslo is there already\n");
    }
    const auto large = co_await db.template fetch_as<City>(
        sql("SELECT name, people FROM cities WHERE people > ? ORDER BY people DESC"), 500'000);
    for (const City& city : large) fmt::print("{} {}\n", city.name, city.people);
    co_await db.execute(sql("DROP TABLE cities"));
    co_await db.close();
}

aio::Coro<> async_main(std::string where) {
    if (where.starts_with("postgresql://") || where.find("host=") != where.npos) {
        co_await run_on(co_await aio::pg::connect(where), true);
    } else if (where.starts_with("mysql://")) {
        co_await run_on(co_await aio::mysql::connect(where), false);
    } else {
        co_await run_on(co_await aio::sqlite::connect(where), false);
    }
}

int main(int argc, char** argv) { aio::run(async_main(argc > 1 ? argv[1] : ":memory:")); }
