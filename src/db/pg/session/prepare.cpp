// Parse and Describe for a statement that is new, and what the server says of it. Types of the database that are met for the
// first time are asked for as well (learn_types.cpp), before anybody runs the statement.
#include "db/pg/session/prepare.hpp"

#include <aio/db/errors.hpp>

#include "db/pg/session/learn_types.hpp"
#include "db/pg/session/outdated_types.hpp"
#include "db/pg/session/script.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/row.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace aio::pg::detail {

void take_parameters(Statement& statement, const wire::Message& message) {
    const auto types = wire::parse_parameter_description(message);
    for (std::size_t i = 0; i < types.size(); ++i) statement.parameters.push_back(types[i]);
}

void take_columns(Statement& statement, const wire::Message& message) {
    for (const wire::Field& field : wire::parse_row_description(message)) {
        statement.columns.push_back({field.type, Format::text});
        statement.names.add(std::string(field.name));
    }
}

void forget_description(Statement& statement) noexcept {
    statement.parameters.clear();
    statement.columns.clear();
    statement.names.clear();
    statement.result_formats.clear();
}

void choose_formats(Statement& statement, std::shared_ptr<const TypeCatalog> types) {
    bool all_binary = true;
    statement.result_formats.clear();
    statement.has_records = false;
    for (Column& column : statement.columns) {
        column.format = types->format(column.type);
        column.resolved = &types->resolve(column.type);
        const bool is_binary = column.format == Format::binary;
        all_binary &= is_binary;
        statement.has_records |= is_binary && may_hold_records(column.type, *types);
        statement.result_formats.push_back(is_binary ? wire::Format::binary : wire::Format::text);
    }
    if (all_binary && !statement.columns.empty()) statement.result_formats.resize(1);
    statement.types = std::move(types);
}

std::vector<Oid> unknown_types(const Statement& statement, const Session& session) {
    std::vector<Oid> unknown;
    const auto look_at = [&](Oid oid) {
        if (!session.knows(oid) && std::ranges::find(unknown, oid) == unknown.end()) unknown.push_back(oid);
    };
    for (const Oid parameter : statement.parameters) look_at(parameter);
    for (const Column& column : statement.columns) look_at(column.type);
    return unknown;
}

namespace {

// It takes place whoever waits for it.
class PrepareExchange final : public Exchange {
public:
    PrepareExchange(Session& session, std::shared_ptr<Statement> statement, std::vector<std::string> closed)
        : Exchange(Dropped::stays), session_(session), statement_(std::move(statement)), closed_(std::move(closed)) {}

private:
    void write(std::string& output) override {
        for (const std::string& name : closed_) wire::append_close_statement(output, name);
        if (is_repeated_) wire::append_close_statement(output, statement_->name);  // in case that it was parsed
        wire::append_parse(output, statement_->name, statement_->sql);
        wire::append_describe_statement(output, statement_->name);
        wire::append_sync(output);
    }

    void received(const wire::Message& message) override {
        switch (message.type) {
            case wire::MessageType::parameter_description:
                if (std::exchange(has_parameters_, true))
                    throw wire::ProtocolError("a statement was described twice");
                return take_parameters(*statement_, message);
            case wire::MessageType::row_description:
            case wire::MessageType::no_data:
                if (std::exchange(has_columns_, true)) throw wire::ProtocolError("a statement was described twice");
                if (message.type == wire::MessageType::row_description) take_columns(*statement_, message);
                return;
            case wire::MessageType::parse_complete:
            case wire::MessageType::close_complete: return wire::parse_empty(message);
            default: throw wire::unexpected(wire::name_of(message.type), " in place of a statement's description");
        }
    }
    bool is_complete() const noexcept override { return has_parameters_ && has_columns_; }

    void restart() noexcept override {
        forget_description(*statement_);
        has_parameters_ = has_columns_ = false;
        is_repeated_ = true;
    }

    void ended() noexcept override {
        try {
            if (error()) std::rethrow_exception(error());
            statement_->schema = session_.schema();
            choose_formats(*statement_, session_.types());
            const std::vector<Oid> unknown = unknown_types(*statement_, session_);
            if (!unknown.empty() && session_.is_open()) {
                const auto done = [&session = session_, statement = statement_](bool learnt) {
                    try {
                        choose_formats(*statement, session.types());
                    } catch (...) {
                        statement->error = std::current_exception();  // no memory
                        learnt = false;
                    }
                    if (!learnt) session.statements().drop(*statement);  // the next one asks again
                    statement->described.set();
                };
                return learn_types(session_, unknown, done);
            }
        } catch (...) {
            statement_->error = std::current_exception();
            session_.statements().remove(*statement_);
        }
        statement_->described.set();
    }
    std::string_view statement() const noexcept override { return statement_->sql; }

    Session& session_;
    std::shared_ptr<Statement> statement_;
    std::vector<std::string> closed_;  // on the server, to make room
    bool is_repeated_ = false;
    bool has_parameters_ = false, has_columns_ = false;
};

}  // namespace

// Another client's statement has the name, or the server has none of the name: a pooler shares servers between clients.
void rethrow_with_hint(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const db::DatabaseError& refusal) {
        if (refusal.sqlstate() != "42P05" && refusal.sqlstate() != "26000") throw;
        db::ErrorReport report = refusal.report();
        report.hint += report.hint.empty() ? "" : "; ";
        report.hint +=
            "behind PgBouncer in transaction mode set statement_cache_size to 0, or use PgBouncer 1.21 or later "
            "with max_prepared_statements above 0";
        std::rethrow_exception(db::make_database_error(std::move(report)));
    }
}

namespace {

// One of the cache, or a new one, which is being prepared.
std::shared_ptr<Statement> find_or_begin(Session& session, std::string_view sql) {
    session.follow_alterations();
    std::shared_ptr<Statement> statement = session.statements().find(sql);
    if (statement) return statement;
    statement = std::make_shared<Statement>();
    statement->name = session.new_name('s');
    statement->sql = std::string(sql);
    statement->may_want_data = may_want_data(sql);
    try {
        std::vector<std::string> closed;
        session.statements().insert(statement, closed);
        const ExchangeRef<PrepareExchange> exchange(new PrepareExchange(session, statement, std::move(closed)));
        session.submit(*exchange);
    } catch (...) {
        session.statements().remove(*statement);
        throw;
    }
    return statement;
}

}  // namespace

std::shared_ptr<const Statement> find_prepared(Session& session, std::string_view sql) {
    session.follow_alterations();
    std::shared_ptr<const Statement> statement = session.statements().find(sql);
    const bool is_ready = statement && statement->described.is_set() && !statement->error;
    return is_ready && statement->schema == session.schema() ? statement : nullptr;
}

Coro<std::shared_ptr<const Statement>> prepare(Session& session, std::string_view sql) {
    while (true) {
        std::shared_ptr<Statement> statement = find_or_begin(session, sql);
        if (!statement->described.is_set()) co_await statement->described.wait();
        if (statement->error) rethrow_with_hint(statement->error);
        if (statement->schema == session.schema()) co_return statement;
        session.statements().drop(*statement);  // its types were forgotten meanwhile
    }
}

}  // namespace aio::pg::detail
