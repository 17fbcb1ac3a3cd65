// Cursors: the rows of a large result one by one, in bounded memory.
//
//     auto numbers = db.cursor("SELECT n FROM numbers WHERE n > ?", 0);
//     while (auto row = co_await numbers.next()) use(row->get<int>(0));
//
// The thread reads about 64 KiB of rows at a time, and the next ones when these were taken. Other statements on the connection may run
// in between; as long as a cursor is open it keeps its view of the database, and a WAL file cannot be shortened beyond it. It needs
// no transaction. A rollback ends it: next() then throws db::TransactionError. Rows that the same connection changes meanwhile may
// be read as they were or as they are.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/sqlite/execution.hpp>

namespace aio::sqlite::detail {

AsyncGenerator<Row> read_cursor(SharedSession session, Request request);

}  // namespace aio::sqlite::detail
