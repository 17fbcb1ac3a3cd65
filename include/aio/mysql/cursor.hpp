// Cursors: the rows of a large result one by one, in bounded memory.
//
//     auto numbers = connection.cursor("SELECT id FROM orders WHERE cents > ?", 1000);
//     while (auto row = co_await numbers.next()) use(row->get<int>(0));
//
// The server keeps the result, and is asked for about 64 KiB of rows at a time; other statements may be run between two rows.
//
// Source: MySQL 8.0 source documentation, "COM_STMT_FETCH"; aiomysql 0.2 SSCursor, whose rows come without being asked for.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/db/lease.hpp>
#include <aio/mysql/execution.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::mysql::detail {

struct Statement;

// A query of which the server has sent a part of the rows.
class Portal {
public:
    explicit Portal(SharedSession session) noexcept;
    Portal(const Portal&) = delete;
    ~Portal();  // closed on the server, which nobody waits for

    // The next rows; the first time perhaps none. Once `at_end()`, there are no more.
    Coro<SharedResult> first(std::string_view sql, EncodeArguments arguments);
    Coro<SharedResult> next();
    bool at_end() const noexcept { return at_end_; }

private:
    void measure(const ResultData& batch) noexcept;

    SharedSession session_;
    db::detail::Lease lease_;
    std::shared_ptr<const Statement> statement_;
    SharedResult last_;  // what its rows look like
    std::uint32_t batch_ = 50;
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

}  // namespace aio::mysql::detail
