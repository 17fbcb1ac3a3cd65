// Cursors: the rows of a large result one by one, in bounded memory. A cursor is read inside a transaction:
//
//     co_await connection.transaction([&]() -> aio::Coro<> {
//         auto numbers = connection.cursor("SELECT generate_series(1, $1::int)", 1'000'000);
//         while (auto row = co_await numbers.next()) use(row->get<int>(0));
//     });
//
// A Cursor is positioned by hand: `co_await connection.open_cursor(...)`, then fetch(n), fetchrow() and forward(n).
//
// Source: asyncpg 0.30 cursor.py; PostgreSQL 17 manual, 53.2.3 (portals), MOVE.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/db/lease.hpp>
#include <aio/pg/execution.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::pg {

namespace detail {

// A portal: a query of which the server has sent a part of the rows.
class Portal {
public:
    // Errors: db::InterfaceError outside of a transaction, where portals do not outlive a statement.
    explicit Portal(SharedSession session);
    Portal(const Portal&) = delete;
    ~Portal();  // closed on the server, which nobody waits for

    // The next rows: about as many as fit into 64 KiB. Once `at_end()`, there are no more.
    Coro<SharedResult> first(std::string_view sql, EncodeArguments arguments);
    Coro<SharedResult> next();
    bool at_end() const noexcept { return at_end_; }

    // The same by hand: no row is asked for yet. Then rows, at most as many as that; or over them.
    Coro<> open(std::string_view sql, EncodeArguments arguments);
    Coro<SharedResult> fetch(std::int32_t rows);
    Coro<std::size_t> move(std::int32_t rows);

private:
    Coro<SharedResult> read_on();
    void measure(const ResultData& batch) noexcept;

    SharedSession session_;
    db::detail::Lease lease_;
    std::string name_;
    std::shared_ptr<const ResultData> last_;  // what its rows look like
    std::int32_t batch_;                      // rows
    bool is_open_ = false;
    bool at_end_ = false;
};

template <class... Args>
AsyncGenerator<Row> read_cursor(SharedSession session, std::string sql, Args... args) {
    auto encode = encoder_of(args...);
    const EncodeArguments arguments(encode);
    Portal portal(std::move(session));
    SharedResult batch = co_await portal.first(sql, arguments);
    while (true) {
        for (std::size_t i = 0; i < Result::rows_of(*batch); ++i) co_yield Row(batch, i);
        if (portal.at_end()) co_return;
        batch = co_await portal.next();
    }
}

}  // namespace detail

// Rows of a query, from a position that moves forward. It belongs to the transaction in which it was opened, and is closed on the
// server when it is destroyed. One call at a time. *Cancel*: the statement is stopped, which fails the transaction. *Errors*: the
// server's, also when its transaction has ended; ValueError for a number of rows that is 0 or above 2,147,483,647.
class Cursor {
public:
    // For the library.
    explicit Cursor(std::unique_ptr<detail::Portal> portal) noexcept : portal_(std::move(portal)) {}

    // The next `rows` rows; fewer at the end.
    Coro<Rows> fetch(std::size_t rows);
    // The next row; nothing at the end.
    Coro<std::optional<Row>> fetchrow();
    // Skips as many rows. Result: how many there were.
    Coro<std::size_t> forward(std::size_t rows);

private:
    std::unique_ptr<detail::Portal> portal_;
};

namespace detail {

template <class Text, class... Args>
Coro<Cursor> open_cursor(SharedSession session, Text sql, Args... args) {
    auto encode = encoder_of(args...);
    const EncodeArguments arguments(encode);
    auto portal = std::make_unique<Portal>(std::move(session));
    co_await portal->open(sql, arguments);
    co_return Cursor(std::move(portal));
}

}  // namespace detail

}  // namespace aio::pg
