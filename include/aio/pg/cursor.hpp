// Cursors: the rows of a large result one by one, in bounded memory. A cursor is read inside a transaction:
//
//     co_await connection.transaction([&]() -> aio::Coro<> {
//         auto numbers = connection.cursor("SELECT generate_series(1, $1::int)", 1'000'000);
//         while (auto row = co_await numbers.next()) use(row->get<int>(0));
//     });
//
// Source: asyncpg 0.30 cursor.py; PostgreSQL 17 manual, 53.2.3 (portals).
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/pg/execution.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aio::pg::detail {

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

private:
    void measure(const ResultData& batch) noexcept;

    SharedSession session_;
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
        for (std::size_t i = 0; i < rows_of(*batch); ++i) co_yield Row(batch, i);
        if (portal.at_end()) co_return;
        batch = co_await portal.next();
    }
}

}  // namespace aio::pg::detail
