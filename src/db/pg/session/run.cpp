// The exchanges of statements: Bind and Execute for each run, with Parse and Describe in front for statements that are not kept.
// prepare.cpp makes those that are; script.cpp has the simple protocol.
#include <aio/db/errors.hpp>
#include <aio/pg/execution.hpp>
#include <aio/pg/parameters.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/session/learn_types.hpp"
#include "db/pg/session/logged.hpp"
#include "db/pg/session/outdated_types.hpp"
#include "db/pg/session/prepare.hpp"
#include "db/pg/session/result_data.hpp"
#include "db/pg/session/script.hpp"
#include "db/pg/session/session.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/row.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::pg::detail {

namespace {

void append_bind(std::string& output, std::string_view portal, const Statement& statement,
                 const Parameters& parameters) {
    constexpr wire::Format kBinary = wire::Format::binary;
    const std::span<const Format> formats = parameters.formats();
    std::vector<wire::Format> each;
    std::span<const wire::Format> sent;
    if (std::ranges::all_of(formats, [](Format format) { return format == Format::binary; })) {
        if (!formats.empty()) sent = {&kBinary, 1};
    } else {
        for (const Format format : formats) each.push_back(static_cast<wire::Format>(format));
        sent = each;
    }
    wire::BindMessage bind(output, portal, statement.name, sent);
    const char* at = parameters.values().data();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const wire::Value value = wire::decode_value(at);
        if (value) {
            bind.add(*value);
        } else {
            bind.add_null();
        }
    }
    bind.finish(statement.result_formats);
}

class RunExchange : public Exchange {
public:
    RunExchange(std::shared_ptr<const Statement> statement, const Execution& execution)
        : Exchange(Dropped::stops), result(std::make_shared<ResultData>()), execution_(execution) {
        result->statement = std::move(statement);
    }

    std::shared_ptr<ResultData> result;

    // One Bind and Execute for each set of arguments. Result: how many there are. Errors: those of the conversions.
    std::size_t encode(Parameters& scratch, const EncodeArguments& arguments) {
        std::size_t count = 0;
        const Statement& statement = *result->statement;
        for (; arguments(scratch, *statement.types, statement.parameters, count); ++count) {
            if (count == 0) requests_.reserve(size_of(statement, scratch));
            append_bind(requests_, execution_.portal, statement, scratch);
            if (!execution_.binds_only) wire::append_execute(requests_, execution_.portal, execution_.max_rows);
        }
        runs_ = count;
        return count;
    }

protected:
    void write(std::string& output) override {
        output += requests_;
        wire::append_sync(output);
    }

    // BindComplete, rows and an end, for each run.
    void received(const wire::Message& message) override {
        using wire::MessageType;
        const bool is_running = begun_ == ended_ + 1;
        switch (message.type) {
            case MessageType::bind_complete:
                wire::parse_empty(message);
                if (is_running) throw unexpected(message);
                ++begun_;
                if (execution_.binds_only) ++ended_;
                return;
            case MessageType::data_row: return take_row(message, is_running);
            case MessageType::command_complete:
                result->tag = std::string(wire::parse_command_complete(message).tag);
                break;
            case MessageType::portal_suspended:
                if (execution_.max_rows == 0) throw unexpected(message);
                wire::parse_empty(message);
                result->has_more = true;
                break;
            case MessageType::empty_query_response: wire::parse_empty(message); break;
            case MessageType::copy_out_response:
            case MessageType::copy_data:
            case MessageType::copy_done: return;
            default: throw unexpected(message);
        }
        if (!is_running) throw unexpected(message);
        ++ended_;
    }
    bool is_complete() const noexcept override { return ended_ == runs_ && begun_ == runs_; }
    static wire::ProtocolError unexpected(const wire::Message& message) {
        return wire::unexpected(wire::name_of(message.type), " where it does not belong");
    }

    bool is_alone() const noexcept override { return in_two_parts() || result->statement->may_want_data; }
    bool may_repeat() const noexcept override { return leaves_nothing(result->statement->sql); }
    void restart() noexcept override {
        result->clear_rows();
        result->tag.clear();
        result->has_more = false;
        begun_ = ended_ = 0;
    }
    std::string_view statement() const noexcept override { return result->statement->sql; }

    std::string requests_;

private:
    // At least that of a Bind and an Execute.
    std::size_t size_of(const Statement& statement, const Parameters& parameters) const noexcept {
        constexpr std::size_t kFixed = 64;  // headers, counts, NULs
        return kFixed + 2 * execution_.portal.size() + statement.name.size() + parameters.values().size() +
               2 * (parameters.size() + statement.result_formats.size());
    }

    void take_row(const wire::Message& message, bool is_running) {
        if (!is_running) throw unexpected(message);
        const RowsWanted wanted = execution_.wanted;
        if (wanted == RowsWanted::none || (wanted == RowsWanted::first && result->rows() > 0)) {
            wire::parse_data_row(message, result->statement->columns.size());
        } else {
            result->add_row(message);
        }
    }

    Execution execution_;
    std::size_t runs_ = 0;               // that were sent
    std::size_t begun_ = 0, ended_ = 0;  // of which the server has told
};

// A statement that the server forgets: without a cache, or behind a pooler that gives each transaction another server. It is
// described first, and run when that is known; in between there is no Sync, so that the pooler cannot change the server. One
// with types that are not known ends after its description.
class UnnamedExchange final : public RunExchange {
public:
    UnnamedExchange(std::shared_ptr<Statement> statement, Session& session, EncodeArguments arguments,
                    const Execution& execution, bool learns)
        : RunExchange(statement, execution),
          types_(session.types()),
          described_(std::move(statement)),
          arguments_(arguments),
          session_(session),
          learns_(learns) {}

    // Once it has ended: what must be learnt before it can run.
    const std::vector<Oid>& unknown() const noexcept { return unknown_; }

private:
    void write(std::string& output) override {
        wire::append_parse(output, "", described_->sql);
        wire::append_describe_statement(output, "");
        wire::append_flush(output);
    }
    bool in_two_parts() const noexcept override { return true; }
    bool rest_is_due() const noexcept override { return is_described_; }
    void write_rest(std::string& output) override {
        is_described_ = false;
        choose_formats(*described_, types_);
        if (learns_) unknown_ = unknown_types(*described_, session_);
        if (!unknown_.empty()) return;
        encode(session_.scratch(), arguments_);
        RunExchange::write(output);
    }

    void received(const wire::Message& message) override {
        if (stage_ == Stage::described) return RunExchange::received(message);
        switch (message.type) {
            case wire::MessageType::parse_complete: return wire::parse_empty(message);
            case wire::MessageType::parameter_description:
                if (stage_ != Stage::parsed) break;
                stage_ = Stage::has_parameters;
                return take_parameters(*described_, message);
            case wire::MessageType::row_description:
            case wire::MessageType::no_data:
                if (stage_ != Stage::has_parameters) break;
                if (message.type == wire::MessageType::row_description) take_columns(*described_, message);
                stage_ = Stage::described;
                is_described_ = true;
                return;
            default: break;
        }
        throw unexpected(message);
    }
    bool is_complete() const noexcept override {
        return stage_ == Stage::described && (!unknown_.empty() || RunExchange::is_complete());
    }
    void restart() noexcept override {
        RunExchange::restart();
        forget_description(*described_);
        unknown_.clear();
        requests_.clear();
        stage_ = Stage::parsed;
        is_described_ = false;
    }

    enum class Stage : std::uint8_t { parsed, has_parameters, described };

    std::shared_ptr<const TypeCatalog> types_;
    std::shared_ptr<Statement> described_;  // result->statement
    EncodeArguments arguments_;             // refers to the frame of who waits: not used once it is abandoned
    Session& session_;
    std::vector<Oid> unknown_;
    bool learns_;
    Stage stage_ = Stage::parsed;
    bool is_described_ = false;  // and the rest was not written yet
};

// A table was altered since the statement was prepared, or the session's statements were dropped: DISCARD ALL.
bool is_outdated(const db::DatabaseError& error) {
    return (error.sqlstate() == "0A000" && error.report().routine == "RevalidateCachedQuery") ||
           error.sqlstate() == "26000";
}

// An argument has the fields that a composite type had when it was learnt, and the server knows better.
bool has_outdated_fields(const db::DatabaseError& error) {
    return error.sqlstate() == "42804" && error.report().routine == "record_recv";
}

// Parameters that may hold composites are learnt anew when the next statement is prepared. Result: whether there are any.
bool doubt_parameters(Session& session, const Statement& statement) {
    bool any = false;
    for (const Oid oid : statement.parameters) {
        if (!may_hold_records(oid, *session.types())) continue;
        session.doubt(oid);
        any = true;
    }
    if (any) session.statements().drop_all();
    return any;
}

// What a run that has failed does about types that were altered. Result: whether it is worth another attempt.
bool doubt_types_after(const std::exception_ptr& failure, Session& session, const Statement& statement) {
    try {
        std::rethrow_exception(failure);
    } catch (const db::DatabaseError& error) {
        return has_outdated_fields(error) && doubt_parameters(session, statement) && !session.is_in_transaction();
    } catch (const db::TypeMismatchError&) {
        return doubt_parameters(session, statement);  // nothing was sent
    } catch (const db::ColumnError&) {
        return doubt_parameters(session, statement);  // the same
    } catch (...) {
        return false;
    }
}

// The result of an exchange that has ended, with types that fit its rows.
Coro<SharedResult> up_to_date(Session& session, std::shared_ptr<ResultData> result) {
    std::vector<Oid> outdated = outdated_types(*result);
    if (!outdated.empty()) co_await learn_anew(session, std::move(outdated), *result);
    co_return result;
}

Coro<SharedResult> run_unnamed(Session& session, std::string_view sql, const EncodeArguments& arguments,
                               const Execution& execution) {
    bool learns = true, has_doubted = false;
    while (true) {
        auto statement = std::make_shared<Statement>();
        statement->sql = std::string(sql);
        const ExchangeRef<UnnamedExchange> exchange(
            new UnnamedExchange(std::move(statement), session, arguments, execution, learns));
        session.submit(*exchange);
        std::exception_ptr failure;
        try {
            co_await session.finished(*exchange);
        } catch (const Error&) {
            failure = std::current_exception();
        }
        if (failure) {
            if (has_doubted || !doubt_types_after(failure, session, *exchange->result->statement)) {
                std::rethrow_exception(failure);
            }
            has_doubted = learns = true;
            continue;
        }
        if (exchange->unknown().empty()) {
            if (!exchange->result->statement->has_records) co_return exchange->result;
            co_return co_await up_to_date(session, exchange->result);
        }
        const auto learnt = std::make_shared<Event>();  // which may be set when nobody waits any more
        const std::uint64_t schema = session.schema();
        learn_types(session, exchange->unknown(), [learnt](bool) { learnt->set(); });
        co_await learnt->wait();
        learns = schema != session.schema();  // they were to be forgotten meanwhile
    }
}

Coro<SharedResult> run_unlogged(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                Execution execution) {
    const Session::Running running(*session);
    if (session->options().statement_cache_size == 0) {
        co_return co_await run_unnamed(*session, sql, arguments, execution);
    }
    bool prepared_anew = false, has_doubted = false;
    while (true) {
        std::shared_ptr<const Statement> statement = find_prepared(*session, sql);
        if (!statement) statement = co_await prepare(*session, sql);
        const ExchangeRef<RunExchange> exchange(new RunExchange(statement, execution));
        try {
            if (exchange->encode(session->scratch(), arguments) == 0)
                co_return exchange->result;  // executemany of nothing
            session->submit(*exchange);
            co_await session->finished(*exchange);
            if (!statement->has_records) co_return std::move(exchange->result);
            co_return co_await up_to_date(*session, exchange->result);
        } catch (const db::DatabaseError& error) {
            if (!is_outdated(error)) {
                const bool repeats = doubt_types_after(std::current_exception(), *session, *statement);
                if (has_doubted || !repeats) throw;
                has_doubted = true;
                continue;
            }
            // In a transaction, which has failed, the next one finds them prepared anew.
            session->statements().retire(*statement);
            if (error.sqlstate() == "0A000") session->note_alteration();
            const bool may_repeat = !session->is_in_transaction();
            if (prepared_anew || !may_repeat) rethrow_with_hint(std::current_exception());
        } catch (const db::ConversionError&) {
            const bool repeats = doubt_types_after(std::current_exception(), *session, *statement);
            if (has_doubted || !repeats) throw;
            has_doubted = true;
            continue;
        }
        prepared_anew = true;
    }
}

}  // namespace

Coro<SharedResult> run_statement(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                 Execution execution) {
    return logged(session, sql, run_unlogged(session, sql, arguments, execution));
}

}  // namespace aio::pg::detail
