// The exchanges of statements with arguments, and the preparation of those that are new. many.cpp has many executions at once,
// script.cpp the text protocol.
#include "db/mysql/session/run.hpp"

#include <aio/db/errors.hpp>

#include "db/mysql/session/error_report.hpp"
#include "db/mysql/wire/client_packets.hpp"
#include "db/mysql/wire/result_reader.hpp"

#include <exception>
#include <new>
#include <utility>

namespace aio::mysql::detail {

namespace {

// It takes place whoever waits for it.
class PrepareExchange final : public Exchange {
public:
    PrepareExchange(Session& session, std::shared_ptr<Statement> statement)
        : Exchange(Dropped::stays),
          session_(session),
          statement_(std::move(statement)),
          reader_(session.has_no_eof()) {}

private:
    void write(std::string& output) override {
        expects(wire::append_command(output, wire::Command::prepare, statement_->sql));
    }

    bool received(Session& session, std::string_view payload) override {
        const wire::PrepareReader::Event event = reader_.read(payload);
        try {
            take(session, event, payload);
        } catch (const std::bad_alloc&) {
            fail(std::current_exception());
        }
        return reader_.is_over();
    }
    void restart() noexcept override {
        reader_ = wire::PrepareReader(session_.has_no_eof());
        types_.clear();
        columns_->clear();
    }
    void ended() noexcept override {
        if (error()) {
            statement_->error = error();
            session_.statements().remove(*statement_);
        } else {
            statement_->parameter_types = std::move(types_);
            statement_->columns = std::move(columns_);
        }
        statement_->described.set();
    }
    std::string_view statement() const noexcept override { return statement_->sql; }

    void take(Session& session, wire::PrepareReader::Event event, std::string_view payload) {
        using Event = wire::PrepareReader::Event;
        switch (event) {
            case Event::head:
                statement_->id = reader_.head().id;
                statement_->parameters = reader_.head().parameters;
                break;
            case Event::parameter:
                parameter_.clear();
                parameter_.add(payload);
                types_.push_back(parameter_.list.front().type);
                break;
            case Event::column: columns_->add(payload); break;
            case Event::error: fail(session, payload); break;
            case Event::separator: break;
        }
    }

    Session& session_;
    std::shared_ptr<Statement> statement_;
    wire::PrepareReader reader_;
    Columns parameter_;  // the last one that was described
    std::vector<ColumnType> types_;
    std::shared_ptr<Columns> columns_ = std::make_shared<Columns>();
};

std::shared_ptr<Statement> new_statement(const Session& session, std::string_view sql) {
    auto statement = std::make_shared<Statement>();
    statement->sql = std::string(sql);
    statement->generation = session.generation();
    return statement;
}

Coro<> described(const Statement& statement) {
    if (!statement.described.is_set()) co_await const_cast<Statement&>(statement).described.wait();
    if (statement.error) std::rethrow_exception(statement.error);
}

// One execution of a prepared statement.
class RunExchange final : public ResultExchange {
public:
    RunExchange(Session& session, std::shared_ptr<const Statement> statement, RowsWanted wanted)
        : ResultExchange(session, Format::binary, wanted, Dropped::stops, Effect::none),
          statement_(std::move(statement)) {}

    // Errors: those of the conversions; db::ArgumentCountError.
    void encode(Parameters& scratch, const EncodeArguments& arguments) {
        arguments(scratch, 0);
        check_argument_count(statement_->parameters, scratch.size());
        sequence_ = wire::append_execute(request_, statement_->id,
                                         {scratch.nulls(), scratch.types(), scratch.values()}, false);
    }

private:
    void write(std::string& output) override {
        output += request_;
        expects(sequence_);
    }
    std::shared_ptr<const Columns> known_columns() const override { return statement_->columns; }
    void note_columns(const std::shared_ptr<const Columns>& columns) override { statement_->columns = columns; }
    bool may_repeat() const noexcept override { return leaves_nothing(statement_->sql); }
    std::string_view statement() const noexcept override { return statement_->sql; }

    std::shared_ptr<const Statement> statement_;
    std::string request_;
    std::uint8_t sequence_ = 0;
};

// The server has dropped the statement, or cannot prepare it anew by itself.
bool is_outdated(const db::DatabaseError& error) {
    return error.report().code == kUnknownStatement || error.report().code == kNeedsReprepare;
}

Coro<ExchangeRef<RunExchange>> run(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                   RowsWanted wanted) {
    const Session::Running running(*session);
    bool prepared_anew = false;
    while (true) {
        const std::shared_ptr<const Statement> statement = co_await prepare(*session, sql);
        if (statement->generation != session->generation()) continue;  // a reset came in between
        const ExchangeRef<RunExchange> exchange(new RunExchange(*session, statement, wanted));
        exchange->encode(session->scratch(), arguments);
        if (session->options().statement_cache_size == 0) session->statements().drop(*statement);
        session->submit(*exchange);
        try {
            co_await session->finished(*exchange);
            co_return exchange;
        } catch (const db::DatabaseError& error) {
            if (!is_outdated(error) || prepared_anew) throw;
            session->statements().drop(*statement);
        }
        prepared_anew = true;
    }
}

}  // namespace

Coro<std::shared_ptr<const Statement>> prepare(Session& session, std::string_view sql) {
    std::shared_ptr<Statement> statement = session.statements().find(sql);
    if (!statement) {
        statement = new_statement(session, sql);
        try {
            session.statements().insert(statement, [&](const Statement& each) { session.close_statement(each); });
            const ExchangeRef<PrepareExchange> exchange(new PrepareExchange(session, statement));
            session.submit(*exchange);
        } catch (...) {
            session.statements().remove(*statement);
            throw;
        }
    }
    co_await described(*statement);
    co_return statement;
}

Coro<std::shared_ptr<const Statement>> prepare_alone(Session& session, std::string_view sql) {
    const std::shared_ptr<Statement> statement = new_statement(session, sql);
    const ExchangeRef<PrepareExchange> exchange(new PrepareExchange(session, statement));
    session.submit(*exchange);
    co_await described(*statement);
    co_return statement;
}

Coro<SharedResult> run_statement(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                 RowsWanted wanted) {
    const ExchangeRef<RunExchange> exchange = co_await run(std::move(session), sql, arguments, wanted);
    co_return wanted == RowsWanted::none ? exchange->results.back() : exchange->main_result();
}

Coro<std::vector<SharedResult>> run_for_sets(SharedSession session, std::string_view sql, EncodeArguments arguments) {
    const ExchangeRef<RunExchange> exchange = co_await run(std::move(session), sql, arguments, RowsWanted::all);
    std::vector<SharedResult> results(exchange->results.begin(), exchange->results.end());
    co_return results;
}

}  // namespace aio::mysql::detail
