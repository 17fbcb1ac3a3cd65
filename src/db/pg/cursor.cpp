// Portals: the messages that read a query's rows in parts.
#include <aio/pg/cursor.hpp>

#include <aio/db/errors.hpp>

#include "db/pg/session/result_data.hpp"
#include "db/pg/session/session.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/row.hpp"

#include <algorithm>

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
            case wire::MessageType::data_row:
                wire::parse_data_row(message, result->statement->columns.size());
                result->add_row(message.body);
                break;
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
    : session_(std::move(session)), name_(session_->new_name('c')), batch_(kFirstBatch) {
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
    const Session::Running running(*session_);
    const ExchangeRef<FetchExchange> exchange(new FetchExchange(name_, batch_, *last_));
    session_->submit(*exchange);
    co_await session_->finished(*exchange);
    measure(*exchange->result);
    co_return exchange->result;
}

void Portal::measure(const ResultData& batch) noexcept {
    at_end_ = !batch.has_more;
    if (at_end_) is_open_ = false;
    const std::size_t row = batch.bytes.size() / std::max<std::size_t>(batch.starts.size(), 1) + 1;
    batch_ = static_cast<std::int32_t>(std::clamp<std::size_t>(kBatchBytes / row, 1, kMostRows));
}

}  // namespace aio::pg::detail
