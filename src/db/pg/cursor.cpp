// Portals: the messages that read a query's rows in parts.
#include <aio/pg/cursor.hpp>

#include <aio/db/errors.hpp>

#include "db/pg/session/outdated_types.hpp"
#include "db/pg/session/result_data.hpp"
#include "db/pg/session/script.hpp"
#include "db/pg/session/session.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/row.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace aio::pg::detail {

namespace {

constexpr std::int32_t kFirstBatch = 50;  // as asyncpg
constexpr std::size_t kBatchBytes = 65'536, kMostRows = 10'000;

// More rows of a portal that is open.
class FetchExchange final : public Exchange {
public:
    FetchExchange(std::string_view portal, std::int32_t rows, const ResultData& like)
        : Exchange(Dropped::stops), result(std::make_shared<ResultData>()), portal_(portal), rows_(rows) {
        result->statement = like.statement;
    }

    std::shared_ptr<ResultData> result;

private:
    void write(std::string& output) override {
        wire::append_execute(output, portal_, rows_);
        wire::append_sync(output);
    }
    void received(const wire::Message& message) override {
        switch (message.type) {
            case wire::MessageType::data_row: result->add_row(message); break;
            case wire::MessageType::command_complete: has_ended_ = true; break;
            case wire::MessageType::portal_suspended: has_ended_ = result->has_more = true; break;
            default: wire::parse_empty(message);
        }
    }
    bool is_complete() const noexcept override { return has_ended_; }
    bool may_repeat() const noexcept override { return false; }  // in a transaction nothing is
    void restart() noexcept override {}
    std::string_view statement() const noexcept override { return result->statement->sql; }

    std::string portal_;
    std::int32_t rows_;
    bool has_ended_ = false;
};

class ClosePortal final : public Exchange {
public:
    explicit ClosePortal(std::string portal) : Exchange(Dropped::stays), portal_(std::move(portal)) {}

private:
    void write(std::string& output) override {
        wire::append_close_portal(output, portal_);
        wire::append_sync(output);
    }
    void received(const wire::Message& message) override {
        wire::parse_empty(message);
        is_closed_ = true;
    }
    bool is_complete() const noexcept override { return is_closed_; }
    void restart() noexcept override {}

    std::string portal_;
    bool is_closed_ = false;
};

}  // namespace

Portal::Portal(SharedSession session)
    : session_(std::move(session)), lease_(session_->lease()), name_(session_->new_name('c')), batch_(kFirstBatch) {
    if (session_->is_in_transaction()) return;
    throw db::InterfaceError(
        "cursor: it needs a transaction, which its rows belong to: read it inside of connection.transaction()");
}

// A transaction that has ended took it along; to close it once more does no harm.
Portal::~Portal() {
    if (!is_open_ || !session_->is_in_transaction()) return;
    try {
        const ExchangeRef<ClosePortal> exchange(new ClosePortal(std::move(name_)));
        session_->submit(*exchange);
    } catch (...) {
        // Lost, or no memory: it goes with its transaction.
    }
}

Coro<SharedResult> Portal::first(std::string_view sql, EncodeArguments arguments) {
    is_open_ = true;
    const SharedResult batch = co_await run_statement(session_, sql, arguments, {RowsWanted::all, name_, batch_});
    last_ = batch;
    measure(*batch);
    co_return batch;
}

Coro<SharedResult> Portal::next() {
    SharedResult batch = co_await read_on();
    measure(*batch);
    co_return batch;
}

Coro<SharedResult> Portal::read_on() {
    lease_.check("cursor");
    const Session::Running running(*session_);
    const ExchangeRef<FetchExchange> exchange(new FetchExchange(name_, batch_, *last_));
    session_->submit(*exchange);
    co_await session_->finished(*exchange);
    std::vector<Oid> outdated = outdated_types(*exchange->result);
    if (!outdated.empty()) co_await learn_anew(*session_, std::move(outdated), *exchange->result);
    last_ = exchange->result;
    co_return exchange->result;
}

Coro<> Portal::open(std::string_view sql, EncodeArguments arguments) {
    is_open_ = true;
    last_ = co_await run_statement(session_, sql, arguments,
                                   {.wanted = RowsWanted::all, .portal = name_, .binds_only = true});
}

Coro<SharedResult> Portal::fetch(std::int32_t rows) {
    batch_ = rows;
    co_return co_await read_on();
}

Coro<std::size_t> Portal::move(std::int32_t rows) {
    lease_.check("cursor");
    const std::string sql = "MOVE FORWARD " + std::to_string(rows) + " IN " + name_;
    const std::string tag = co_await run_script(session_, sql);  // "MOVE 7"
    std::size_t moved = 0;
    const char* const end = tag.data() + tag.size();
    const char* const begin = tag.starts_with("MOVE ") ? tag.data() + 5 : end;
    if (std::from_chars(begin, end, moved).ec != std::errc()) {
        throw db::InterfaceError("forward: the server answered MOVE with \"" + tag + "\"");
    }
    co_return moved;
}

void Portal::measure(const ResultData& batch) noexcept {
    at_end_ = !batch.has_more;
    if (at_end_) is_open_ = false;
    const std::size_t row = batch.bytes() / std::max<std::size_t>(batch.rows(), 1) + 1;
    batch_ = static_cast<std::int32_t>(std::clamp<std::size_t>(kBatchBytes / row, 1, kMostRows));
}

}  // namespace aio::pg::detail

namespace aio::pg {

namespace {

// What the protocol and MOVE can say.
std::int32_t checked_rows(std::size_t rows, const char* function) {
    if (rows >= 1 && std::in_range<std::int32_t>(rows)) return static_cast<std::int32_t>(rows);
    throw ValueError(std::string("Cursor::") + function + ": the number of rows must be from 1 to 2147483647, not " +
                     std::to_string(rows));
}

}  // namespace

Coro<Rows> Cursor::fetch(std::size_t rows) {
    return db::detail::rows_after<detail::Result>(portal_->fetch(checked_rows(rows, "fetch")));
}
Coro<std::optional<Row>> Cursor::fetchrow() { return db::detail::first_row_after<detail::Result>(portal_->fetch(1)); }
Coro<std::size_t> Cursor::forward(std::size_t rows) { return portal_->move(checked_rows(rows, "forward")); }

}  // namespace aio::pg
