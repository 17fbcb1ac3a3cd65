// Cursors: a statement that the thread keeps active between two batches of rows.
#include <aio/sqlite/cursor.hpp>

#include "db/sqlite/session/session.hpp"

#include <memory>
#include <utility>

namespace aio::sqlite::detail {

AsyncGenerator<Row> read_cursor(SharedSession session, Request request) {
    if (request.error) std::rethrow_exception(request.error);
    const auto cursor = std::make_shared<OpenCursor>(std::move(request));
    const db::detail::Lease lease = session->lease();
    auto close = [cursor](Database& database) { database.close_cursor(cursor); };
    const FinalJob guard(session, std::move(close));
    auto open = [cursor](Database& database) { return database.open_cursor(cursor); };
    auto read = [cursor](Database& database) { return database.read_cursor(cursor); };
    SharedResult batch = co_await perform(session, open);
    while (true) {
        for (std::size_t i = 0; i < Result::rows_of(*batch); ++i) co_yield Row(batch, i);
        if (!batch->has_more) co_return;
        lease.check("cursor");
        batch = co_await perform(session, read);
    }
}

}  // namespace aio::sqlite::detail
