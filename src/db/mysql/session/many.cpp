// Many executions of a statement, all or none: in a transaction of their own, or behind a savepoint. They are sent together.
// MariaDB takes them in one command, COM_STMT_BULK_EXECUTE.
#include <aio/db/errors.hpp>

#include "db/mysql/session/atomic_exchange.hpp"
#include "db/mysql/session/error_report.hpp"
#include "db/mysql/session/run.hpp"
#include "db/mysql/wire/client_packets.hpp"

#include <utility>

namespace aio::mysql::detail {

namespace {

// One command has at most about so many bytes: the server's max_allowed_packet, which is larger, is not known.
constexpr std::size_t kMostBulkBytes = 1 << 20;

// The sets of arguments as COM_STMT_BULK_EXECUTE has them. All must have the same types; NULL has any.
class BulkCommands {
public:
    explicit BulkCommands(std::uint32_t statement) noexcept : statement_(statement) {}

    // False: its types are others, or it has none.
    bool add(const Parameters& set) {
        if (set.size() == 0 || !unify(set)) return false;
        for (std::size_t i = 0; i < set.size(); ++i) {
            constexpr char kHasValue = 0, kIsNull = 1;
            values_ += set.is_null(i) ? kIsNull : kHasValue;
            if (!set.is_null(i)) values_ += set.value(i);
        }
        ++count_;
        if (values_.size() >= kMostBulkBytes) flush();
        return true;
    }
    void flush() {
        if (count_ == 0) return;
        sequences += static_cast<char>(wire::append_bulk_execute(commands, statement_, types_, values_));
        values_.clear();
        types_.clear();
        count_ = 0;
    }

    std::string commands;
    std::string sequences;  // that their answers begin with

private:
    bool unify(const Parameters& set) {
        if (types_.empty()) types_ = set.types();
        constexpr auto kNull = static_cast<char>(FieldType::null);
        for (std::size_t i = 0; i < set.types().size(); i += 2) {
            const bool is_same = types_[i] == set.types()[i] && types_[i + 1] == set.types()[i + 1];
            if (is_same || set.types()[i] == kNull) continue;
            if (types_[i] != kNull) return false;
            types_[i] = set.types()[i];
            types_[i + 1] = set.types()[i + 1];
        }
        return true;
    }

    std::uint32_t statement_;
    std::string types_, values_;
    std::size_t count_ = 0;
};

class ManyExchange final : public AtomicExchange {
public:
    ManyExchange(Session& session, std::shared_ptr<const Statement> statement, RowsWanted wanted)
        : AtomicExchange(session, Format::binary, wanted), statement_(std::move(statement)) {}

    // Result: how many there are.
    std::size_t encode(Session& session, const EncodeArguments& arguments, RowsWanted wanted, bool tries_bulk) {
        const bool may_be_bulk = tries_bulk && (session.identity().capabilities & wire::kBulkStatements) != 0 &&
                                 wanted == RowsWanted::none && statement_->parameters > 0;
        std::size_t count = 0;
        if (may_be_bulk) {
            BulkCommands bulk(statement_->id);
            bool fits = true;
            for (; fits && next_set(session.scratch(), arguments, count); ++count) fits = bulk.add(session.scratch());
            if (fits) {
                bulk.flush();
                commands_ = std::move(bulk.commands);
                starts_ = std::move(bulk.sequences);
                is_bulk_ = count > 0;
                return count;
            }
        }
        for (count = 0; next_set(session.scratch(), arguments, count); ++count) {
            const Parameters& set = session.scratch();
            starts_ += static_cast<char>(
                wire::append_execute(commands_, statement_->id, {set.nulls(), set.types(), set.values()}, false));
        }
        return count;
    }

    bool is_bulk() const noexcept { return is_bulk_; }

    // What all executions did and returned.
    std::shared_ptr<ResultData> merged() const {
        auto all = std::make_shared<ResultData>();
        all->format = Format::binary;
        for (const auto& each : results) {
            all->done.affected_rows += each->done.affected_rows;
            if (all->done.insert_id == 0) all->done.insert_id = each->done.insert_id;
            all->done.warnings = static_cast<std::uint16_t>(all->done.warnings + each->done.warnings);
            if (!each->columns) continue;
            if (!all->columns) all->columns = each->columns;
            if (each->columns->widths != all->columns->widths) {
                throw db::InterfaceError("fetchmany: the table was altered between two executions of the statement");
            }
            all->add_rows(*each);
        }
        return all;
    }

private:
    bool next_set(Parameters& scratch, const EncodeArguments& arguments, std::size_t set) const {
        if (!arguments(scratch, set)) return false;
        check_argument_count(statement_->parameters, scratch.size());
        return true;
    }

    void write_commands(std::string& output) override {
        output += commands_;
        for (const char sequence : starts_) expects(static_cast<std::uint8_t>(sequence));
    }
    std::shared_ptr<const Columns> known_columns() const override { return statement_->columns; }
    void note_columns(const std::shared_ptr<const Columns>& columns) override { statement_->columns = columns; }
    std::string_view statement() const noexcept override { return statement_->sql; }

    std::shared_ptr<const Statement> statement_;
    std::string commands_, starts_;
    bool is_bulk_ = false;
};

// Not each statement can be executed in bulk: INSERT … SELECT cannot.
bool is_no_bulk_statement(const db::DatabaseError& error) { return error.report().code == kNotPrepared; }

}  // namespace

Coro<SharedResult> run_statements(SharedSession session, std::string_view sql, EncodeArguments arguments,
                                  RowsWanted wanted) {
    const Session::Running running(*session);
    bool tries_bulk = true;
    while (true) {
        const std::shared_ptr<const Statement> statement = co_await prepare(*session, sql);
        if (statement->generation != session->generation()) continue;  // a reset came in between
        const ExchangeRef<ManyExchange> exchange(new ManyExchange(*session, statement, wanted));
        if (exchange->encode(*session, arguments, wanted, tries_bulk) == 0) co_return exchange->merged();
        session->submit(*exchange);
        try {
            co_await session->finished(*exchange);
            co_return exchange->merged();
        } catch (const db::DatabaseError& error) {
            if (!exchange->is_bulk() || !is_no_bulk_statement(error)) throw;
        }
        tries_bulk = false;
    }
}

}  // namespace aio::mysql::detail
