// Cursors: the commands that read a query's rows in parts.
#include <aio/mysql/cursor.hpp>

#include <aio/db/errors.hpp>

#include "db/mysql/session/run.hpp"
#include "db/mysql/wire/client_packets.hpp"

#include <algorithm>
#include <utility>

namespace aio::mysql::detail {

namespace {

constexpr std::size_t kBatchBytes = 65'536, kMostRows = 10'000;

class OpenExchange final : public ResultExchange {
public:
    OpenExchange(Session& session, std::shared_ptr<const Statement> statement)
        : ResultExchange(session, Format::binary, RowsWanted::all, Dropped::stops, Effect::none),
          statement_(std::move(statement)) {}

    void encode(Parameters& scratch, const EncodeArguments& arguments) {
        arguments(scratch, 0);
        check_argument_count(statement_->parameters, scratch.size());
        sequence_ = wire::append_execute(request_, statement_->id,
                                         {scratch.nulls(), scratch.types(), scratch.values()}, true);
    }

private:
    void write(std::string& output) override {
        output += request_;
        expects(sequence_);
    }
    bool may_repeat() const noexcept override { return leaves_nothing(statement_->sql); }
    std::shared_ptr<const Columns> known_columns() const override { return statement_->columns; }
    std::string_view statement() const noexcept override { return statement_->sql; }

    std::shared_ptr<const Statement> statement_;
    std::string request_;
    std::uint8_t sequence_ = 0;
};

// More rows of a cursor that is open.
class FetchExchange final : public ResultExchange {
public:
    FetchExchange(Session& session, std::shared_ptr<const Statement> statement, std::uint32_t rows,
                  const ResultData& like)
        : ResultExchange(session, Format::binary, RowsWanted::all, Dropped::stops, Effect::none),
          statement_(std::move(statement)),
          rows_(rows) {
        auto result = std::make_shared<ResultData>();
        result->format = Format::binary;
        result->columns = like.columns;
        reader().begin_rows(like.columns->list.size());
        set_current(std::move(result));
    }

private:
    void write(std::string& output) override { expects(wire::append_fetch(output, statement_->id, rows_)); }
    bool may_repeat() const noexcept override { return false; }  // the rows are gone
    std::string_view statement() const noexcept override { return statement_->sql; }

    std::shared_ptr<const Statement> statement_;
    std::uint32_t rows_;
};

}  // namespace

Portal::Portal(SharedSession session) noexcept : session_(std::move(session)), lease_(session_->lease()) {}

Portal::~Portal() {
    if (!statement_) return;
    try {
        session_->close_statement(*statement_);
    } catch (...) {
        // No memory: the statement stays until the session ends.
    }
}

Coro<SharedResult> Portal::first(std::string_view sql, EncodeArguments arguments) {
    const Session::Running running(*session_);
    statement_ = co_await prepare_alone(*session_, sql);
    const ExchangeRef<OpenExchange> exchange(new OpenExchange(*session_, statement_));
    exchange->encode(session_->scratch(), arguments);
    session_->submit(*exchange);
    co_await session_->finished(*exchange);
    last_ = exchange->main_result();
    measure(*last_);
    co_return last_;
}

Coro<SharedResult> Portal::next() {
    lease_.check("cursor");
    const Session::Running running(*session_);
    if (statement_->generation != session_->generation()) {
        throw db::InterfaceError("cursor: the connection was reset, and its cursors were closed");
    }
    const ExchangeRef<FetchExchange> exchange(new FetchExchange(*session_, statement_, batch_, *last_));
    session_->submit(*exchange);
    co_await session_->finished(*exchange);
    last_ = exchange->main_result();
    measure(*last_);
    co_return last_;
}

void Portal::measure(const ResultData& batch) noexcept {
    at_end_ = !batch.has_more;
    if (batch.rows() == 0) return;
    const std::size_t row = batch.bytes() / batch.rows() + 1;
    batch_ = static_cast<std::uint32_t>(std::clamp<std::size_t>(kBatchBytes / row, 1, kMostRows));
}

}  // namespace aio::mysql::detail
