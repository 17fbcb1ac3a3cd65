// Statements: binding, stepping, rows.
#include <aio/db/conversion_error.hpp>

#include "db/sqlite/engine/database.hpp"
#include "db/sqlite/engine/errors.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::sqlite::detail {

namespace {

constexpr std::size_t kBatch = 64 * 1024;  // bytes of rows that a cursor reads at a time

// SQLite accepts three signs in front of a name, the caller none.
int index_of(sqlite3_stmt* statement, const std::string& name) {
    if (!name.empty() && (name[0] == ':' || name[0] == '@' || name[0] == '$')) {
        return sqlite3_bind_parameter_index(statement, name.c_str());
    }
    for (const char sign : {':', '@', '$'}) {
        if (const int index = sqlite3_bind_parameter_index(statement, (sign + name).c_str())) return index;
    }
    return 0;
}

[[noreturn]] void throw_argument_count(int parameters, std::size_t arguments, const std::string& sql) {
    throw db::ArgumentCountError("the statement has " + std::to_string(parameters) + " parameters, but " +
                                 std::to_string(arguments) + " arguments were passed: " + sql);
}

void append_cell(ResultData& into, sqlite3_stmt* statement, int column) {
    Cell& cell = into.cells.emplace_back();
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
            cell.type = Type::integer;
            cell.integer = sqlite3_column_int64(statement, column);
            return;
        case SQLITE_FLOAT:
            cell.type = Type::real;
            cell.real = sqlite3_column_double(statement, column);
            return;
        case SQLITE_NULL: return;
        default: break;
    }
    const bool is_text = sqlite3_column_type(statement, column) == SQLITE_TEXT;
    const void* const data =
        is_text ? sqlite3_column_text(statement, column) : sqlite3_column_blob(statement, column);
    const int size = sqlite3_column_bytes(statement, column);
    if (!data && size > 0) throw std::bad_alloc();
    cell.type = is_text ? Type::text : Type::blob;
    cell.offset = into.bytes.size();
    cell.size = static_cast<std::uint32_t>(size);
    if (size > 0) into.bytes.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

void append_row(ResultData& into, Statement& statement) {
    const auto& columns = statement.current_columns();
    if (into.columns != columns) {
        if (into.rows > 0 && into.columns->size() != columns->size()) {
            throw_error("0A000", SQLITE_SCHEMA, "the table was altered between two runs of the statement",
                        statement.sql);
        }
        into.columns = columns;
    }
    const int count = static_cast<int>(columns->size());
    for (int i = 0; i < count; ++i) append_cell(into, statement.handle, i);
    ++into.rows;
}

}  // namespace

void Database::bind(Statement& statement, const Request& request, std::size_t set) {
    const Parameters& parameters = request.parameters;
    const std::size_t count = parameters.per_set();
    const Cell* const cells = parameters.cells().data() + set * count;
    for (std::size_t i = 0; i < count; ++i) {
        int index = static_cast<int>(i) + 1;
        if (!parameters.names().empty() && !parameters.names()[i].empty()) {
            index = index_of(statement.handle, parameters.names()[i]);
            if (index == 0) {
                throw db::ArgumentCountError("the statement has no parameter named \"" + parameters.names()[i] +
                                             "\": " + statement.sql);
            }
        }
        const Cell& cell = cells[i];
        const char* const data = parameters.bytes().data() + (cell.type >= Type::text ? cell.offset : 0);
        int code = SQLITE_OK;
        switch (cell.type) {
            case Type::null: code = sqlite3_bind_null(statement.handle, index); break;
            case Type::integer: code = sqlite3_bind_int64(statement.handle, index, cell.integer); break;
            case Type::real: code = sqlite3_bind_double(statement.handle, index, cell.real); break;
            case Type::text:
                code = sqlite3_bind_text64(statement.handle, index, data, cell.size, SQLITE_STATIC, SQLITE_UTF8);
                break;
            case Type::blob:
                code = cell.size == 0 ? sqlite3_bind_zeroblob(statement.handle, index, 0)
                                      : sqlite3_bind_blob64(statement.handle, index, data, cell.size, SQLITE_STATIC);
                break;
        }
        if (code != SQLITE_OK) fail(code, statement.sql);
    }
}

// Whether there is a row.
bool Database::step(Statement& statement) {
    const int code = sqlite3_step(statement.handle);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(code, statement.sql);
    return false;
}

void Database::run_set(Statement& statement, const Request& request, std::size_t set, ResultData& into) {
    if (set == 0) {
        const int count = sqlite3_bind_parameter_count(statement.handle);
        const std::size_t given = request.parameters.per_set();
        if (std::cmp_not_equal(count, given)) throw_argument_count(count, given, statement.sql);
    }
    if (!statement.handle) return;
    bind(statement, request, set);
    bool has_enough = request.wanted == RowsWanted::none;
    while (step(statement)) {
        if (has_enough) continue;
        append_row(into, statement);
        if (request.wanted != RowsWanted::first) continue;
        // One that writes is committed at its end, which may fail.
        if (sqlite3_stmt_readonly(statement.handle)) return;
        has_enough = true;
    }
}

// SQLite's count is that of the last INSERT, UPDATE or DELETE, which need not be this statement.
void Database::note_changes(const Statement& statement, std::int64_t total_before, ResultData& into) const noexcept {
    const bool reads = !statement.handle || sqlite3_stmt_readonly(statement.handle);
    const bool changed = !reads && sqlite3_total_changes64(db_) != total_before;
    into.changes = changed ? sqlite3_changes64(db_) : 0;
    into.last_insert_rowid = sqlite3_last_insert_rowid(db_);
}

std::shared_ptr<const ResultData> Database::run(const Request& request) {
    check_block(request.sql);
    auto result = std::make_shared<ResultData>();
    if (request.parameters.sets() == 0) return result;  // executemany() of nothing
    StatementUse statement(statements_, db_, request.sql);
    const std::int64_t changes_before = sqlite3_total_changes64(db_);
    if (request.is_many) {
        run_sets(*statement, request, *result);
    } else {
        run_set(*statement, request, 0, *result);
    }
    // Where there are no rows, the columns still have names.
    if (request.wanted != RowsWanted::none && !result->columns) result->columns = statement->current_columns();
    note_changes(*statement, changes_before, *result);
    return result;
}

// All or none.
void Database::run_sets(Statement& statement, const Request& request, ResultData& into) {
    const bool is_inside = is_in_transaction();
    const bool writes = statement.handle && !sqlite3_stmt_readonly(statement.handle);
    execute(is_inside ? "SAVEPOINT aio_many" : writes ? "BEGIN IMMEDIATE" : "BEGIN");
    try {
        for (std::size_t set = 0; set < request.parameters.sets(); ++set) {
            check_wanted(statement.sql);
            run_set(statement, request, set, into);
            if (statement.handle) static_cast<void>(sqlite3_reset(statement.handle));
        }
        execute(is_inside ? "RELEASE aio_many" : "COMMIT");
    } catch (...) {
        statement.reset();
        if (is_in_transaction()) {  // or SQLite has rolled it back already
            const char* const undo = is_inside ? "ROLLBACK TO aio_many; RELEASE aio_many" : "ROLLBACK";
            sqlite3_exec(db_, undo, nullptr, nullptr, nullptr);
        }
        throw;
    }
}

std::shared_ptr<const ResultData> Database::run_script(std::string_view sql) {
    // A single statement is kept compiled, as any other.
    if (sql.find(';') >= sql.size() - 1) {
        Request request(sql, RowsWanted::none);
        request.parameters.add_set();
        return run(request);
    }
    auto result = std::make_shared<ResultData>();
    do {
        check_wanted(sql);
        check_block(sql);
        Statement statement;
        const std::string_view rest = compile(db_, sql, false, statement);
        statement.sql = sql.substr(0, sql.size() - rest.size());
        sql = rest;
        if (!statement.handle) continue;
        if (const int count = sqlite3_bind_parameter_count(statement.handle)) {
            throw_argument_count(count, 0, statement.sql);
        }
        const std::int64_t changes_before = sqlite3_total_changes64(db_);
        while (step(statement)) {}
        note_changes(statement, changes_before, *result);
    } while (!sql.empty());
    return result;
}

std::shared_ptr<const Description> Database::describe(std::string_view sql) {
    const StatementUse statement(statements_, db_, sql);
    auto description = std::make_shared<Description>();
    description->sql = sql;
    sqlite3_stmt* const handle = statement->handle;
    for (int i = 1; i <= sqlite3_bind_parameter_count(handle); ++i) {
        const char* const name = sqlite3_bind_parameter_name(handle, i);
        description->parameters.emplace_back(name ? name : "");
    }
    const auto names = statement->current_columns();
    for (std::size_t i = 0; i < names->size(); ++i) {
        const char* const type = sqlite3_column_decltype(handle, static_cast<int>(i));
        description->columns.push_back({std::string((*names)[i]), type ? type : ""});
    }
    description->is_readonly = !handle || sqlite3_stmt_readonly(handle);
    statement->description = description;
    return description;
}

// --- cursors -----------------------------------------------------------------------------------------------------

std::shared_ptr<const ResultData> Database::open_cursor(const std::shared_ptr<OpenCursor>& cursor) {
    check_block(cursor->request.sql);
    cursor->statement.emplace(statements_, db_, cursor->request.sql);
    Statement& statement = **cursor->statement;
    try {
        const int count = sqlite3_bind_parameter_count(statement.handle);
        const std::size_t given = cursor->request.parameters.per_set();
        if (std::cmp_not_equal(count, given)) throw_argument_count(count, given, statement.sql);
        if (statement.handle) bind(statement, cursor->request, 0);
        cursors_.push_back(cursor);
    } catch (...) {
        cursor->statement.reset();
        throw;
    }
    return read_cursor(cursor);
}

std::shared_ptr<const ResultData> Database::read_cursor(const std::shared_ptr<OpenCursor>& cursor) {
    auto result = std::make_shared<ResultData>();
    if (!cursor->statement) return result;
    Statement& statement = **cursor->statement;
    try {
        result->has_more = true;
        while (result->memory() < kBatch) {
            result->has_more = statement.handle && step(statement);
            if (!result->has_more) break;
            append_row(*result, statement);
        }
    } catch (...) {
        close_cursor(cursor);
        throw;
    }
    if (!result->has_more) close_cursor(cursor);
    return result;
}

void Database::close_cursor(const std::shared_ptr<OpenCursor>& cursor) noexcept {
    cursor->statement.reset();
    std::erase(cursors_, cursor);
}

}  // namespace aio::sqlite::detail
