// Result codes to SQLSTATE, whose classes db/errors.cpp knows. SQLite has one code, SQLITE_ERROR, for most faults of a statement;
// its message tells them apart, and these messages have been the same since its first versions.
#include "db/sqlite/engine/errors.hpp"

#include <aio/db/errors.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace aio::sqlite::detail {

namespace {

constexpr std::size_t kLongestStatement = 1'000;  // bytes of it in a report

struct CodeState {
    int code;
    const char* sqlstate;
};

// An extended code is looked for first, then its lowest byte.
constexpr CodeState kStates[] = {
    {SQLITE_CONSTRAINT_CHECK, "23514"},
    {SQLITE_CONSTRAINT_FOREIGNKEY, "23503"},
    {SQLITE_CONSTRAINT_NOTNULL, "23502"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, "23505"},
    {SQLITE_CONSTRAINT_ROWID, "23505"},
    {SQLITE_CONSTRAINT_UNIQUE, "23505"},
    {SQLITE_CONSTRAINT_DATATYPE, "22000"},
    {SQLITE_CONSTRAINT, "23000"},
    {SQLITE_BUSY_SNAPSHOT, "40001"},
    {SQLITE_BUSY, "55P03"},
    {SQLITE_LOCKED, "55006"},
    {SQLITE_LOCKED_SHAREDCACHE, "55P03"},
    {SQLITE_READONLY, "25006"},
    {SQLITE_INTERRUPT, "57014"},
    {SQLITE_ABORT, "40000"},
    {SQLITE_FULL, "53100"},
    {SQLITE_IOERR, "58030"},
    {SQLITE_CANTOPEN, "58P01"},
    {SQLITE_NOTADB, "08004"},
    {SQLITE_CORRUPT, "XX001"},
    {SQLITE_INTERNAL, "XX000"},
    {SQLITE_MISUSE, "XX000"},
    {SQLITE_PROTOCOL, "58000"},
    {SQLITE_NOLFS, "58000"},
    {SQLITE_TOOBIG, "54000"},
    {SQLITE_MISMATCH, "22000"},
    {SQLITE_RANGE, "22000"},
    {SQLITE_PERM, "42501"},
    {SQLITE_AUTH, "42501"},
    {SQLITE_EMPTY, "42000"},
    {SQLITE_SCHEMA, "42000"},
    {SQLITE_NOTFOUND, "42000"},
    {SQLITE_FORMAT, "08004"},
};

struct MessageState {
    std::string_view part;
    const char* sqlstate;
};

// Of SQLITE_ERROR.
constexpr MessageState kMessages[] = {
    {"syntax error", "42601"},
    {"incomplete input", "42601"},
    {"unrecognized token", "42601"},
    {"no such table", "42P01"},
    {"no such view", "42P01"},
    {"no such column", "42703"},
    {"has no column named", "42703"},
    {"ambiguous column name", "42702"},
    {"no such function", "42883"},
    {"wrong number of arguments to function", "42883"},
    {"no such collation sequence", "42704"},
    {"no such index", "42704"},
    {"already exists", "42P07"},
    {"already another table or index", "42P07"},
    {"there is already", "42P07"},
    {"duplicate column name", "42701"},
    {"may not be", "42501"},
    {"cannot start a transaction within", "25001"},
    {"no transaction is active", "25P01"},
    {"no such savepoint", "3B001"},
    {"cannot commit transaction", "25001"},
    {"cannot rollback", "25P01"},
    {"integer overflow", "22003"},
    {"malformed JSON", "22032"},
    {"string or blob too big", "54000"},
    {"too many", "54000"},
    {"blob handle", "55000"},
    {"values were supplied", "42601"},
    {"values for", "42601"},
    {"incomplete", "42601"},
};

const char* state_of(int code, std::string_view message) noexcept {
    for (const int wanted : {code, code & 0xFF}) {
        for (const CodeState& each : kStates) {
            if (each.code == wanted) return each.sqlstate;
        }
    }
    for (const MessageState& each : kMessages) {
        if (message.find(each.part) != message.npos) return each.sqlstate;
    }
    return "42000";
}

// "UNIQUE constraint failed: users.name, users.born", "CHECK constraint failed: age > 0".
void name_constraint(db::ErrorReport& report) {
    static constexpr std::string_view kBefore = " constraint failed: ";
    const std::size_t at = report.message.find(kBefore);
    if (at == report.message.npos) return;
    const std::string what = report.message.substr(at + kBefore.size());
    if (report.sqlstate == "23514") {
        report.constraint = what;
        return;
    }
    const std::string first = what.substr(0, what.find(','));
    const std::size_t dot = first.find('.');
    if (dot == first.npos) return;
    report.table = first.substr(0, dot);
    if (first.size() == what.size()) report.column = first.substr(dot + 1);
}

const char* hint_for(int code) noexcept {
    switch (code & 0xFF) {
        case SQLITE_BUSY:
            if (code == SQLITE_BUSY_SNAPSHOT) {
                return "another connection wrote since this transaction first read: run it again, or begin it as "
                       "immediate";
            }
            return "another connection or process holds the lock: raise busy_timeout, or keep its transactions "
                   "shorter";
        case SQLITE_LOCKED: return "a cursor or another statement is using it: finish that one first";
        case SQLITE_FULL: return "free space on the disk, or raise max_page_count";
        default: return "";
    }
}

// Characters in front of the byte `offset`, from 1 on.
std::int32_t position_of(std::string_view sql, int offset) noexcept {
    const std::string_view before = sql.substr(0, static_cast<std::size_t>(offset));
    const auto is_begin = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return static_cast<std::int32_t>(std::count_if(before.begin(), before.end(), is_begin)) + 1;
}

db::ErrorReport report_of(std::string_view sqlstate, int code, std::string message, std::string_view sql) {
    db::ErrorReport report;
    report.severity = "ERROR";
    report.sqlstate = sqlstate;
    report.code = code;
    report.message = std::move(message);
    report.hint = hint_for(code);
    report.statement = sql.substr(0, kLongestStatement);
    return report;
}

}  // namespace

std::exception_ptr make_error(sqlite3* db, int code, std::string_view sql) {
    if ((code & 0xFF) == SQLITE_NOMEM) return std::make_exception_ptr(std::bad_alloc());
    // Not the connection's when it was not its last call that failed.
    const bool is_last = db && (sqlite3_extended_errcode(db) & 0xFF) == (code & 0xFF);
    std::string message = is_last ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    const char* const sqlstate = state_of(code, message);
    const int system_error = db ? sqlite3_system_errno(db) : 0;
    const bool is_file = (code & 0xFF) == SQLITE_CANTOPEN || (code & 0xFF) == SQLITE_IOERR;
    if (is_file && is_last && system_error != 0) {
        message += ": ";
        message += std::strerror(system_error);
    }
    db::ErrorReport report = report_of(sqlstate, code, std::move(message), sql);
    const int offset = is_last ? sqlite3_error_offset(db) : -1;
    if (offset >= 0 && static_cast<std::size_t>(offset) <= sql.size()) report.position = position_of(sql, offset);
    name_constraint(report);
    return db::make_database_error(std::move(report));
}

void throw_error(sqlite3* db, int code, std::string_view sql) { std::rethrow_exception(make_error(db, code, sql)); }

void throw_error(std::string_view sqlstate, int code, std::string message, std::string_view sql) {
    std::rethrow_exception(db::make_database_error(report_of(sqlstate, code, std::move(message), sql)));
}

}  // namespace aio::sqlite::detail
