// Statements are compiled once and found by their text.
#include "db/sqlite/engine/statement_cache.hpp"

#include "db/sqlite/engine/errors.hpp"

#include <sqlite3.h>

#include <climits>
#include <new>

namespace aio::sqlite::detail {

Statement::~Statement() { sqlite3_finalize(handle); }

const std::shared_ptr<const db::detail::ColumnNames>& Statement::current_columns() {
    const int now = handle ? sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_REPREPARE, 0) : 0;
    if (columns && now == compiled) return columns;
    auto names = std::make_shared<db::detail::ColumnNames>();
    for (int i = 0; i < sqlite3_column_count(handle); ++i) {
        const char* const name = sqlite3_column_name(handle, i);
        if (!name) throw std::bad_alloc();
        names->add(name);
    }
    columns = std::move(names);
    compiled = now;
    return columns;
}

void Statement::reset() noexcept {
    if (!handle) return;
    static_cast<void>(sqlite3_reset(handle));  // it repeats the error of the run
    sqlite3_clear_bindings(handle);            // which refer to the arguments
}

std::string_view compile(sqlite3* db, std::string_view sql, bool is_kept, Statement& into) {
    if (sql.size() >= INT_MAX) {
        throw_error("54000", SQLITE_TOOBIG, "a statement has at most 2 GiB", sql);
    }
    const char* tail = nullptr;
    const unsigned flags = is_kept ? SQLITE_PREPARE_PERSISTENT : 0;
    const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), flags, &into.handle, &tail);
    if (code != SQLITE_OK) throw_error(db, code, sql);
    return sql.substr(static_cast<std::size_t>(tail - sql.data()));
}

namespace {

// What follows a statement must be nothing: an argument cannot belong to two of them.
void expect_no_more(sqlite3* db, std::string_view sql, std::string_view rest) {
    while (!rest.empty()) {
        Statement more;
        rest = compile(db, rest, false, more);
        if (!more.handle) continue;
        throw_error("42601", SQLITE_ERROR,
                    "the text has several statements; execute() without arguments runs them one after the other",
                    sql);
    }
}

}  // namespace

Statement& StatementCache::take(sqlite3* db, std::string_view sql) {
    const auto found = by_sql_.find(sql);
    if (found != by_sql_.end() && !found->second->is_used) {
        entries_.splice(entries_.begin(), entries_, found->second);
        found->second->is_used = true;
        return *found->second;
    }
    const bool is_extra = size_ == 0 || found != by_sql_.end();
    Entries made;
    Statement& statement = made.emplace_front();
    statement.sql = sql;
    expect_no_more(db, statement.sql, compile(db, statement.sql, !is_extra, statement));
    if (!is_extra) by_sql_.emplace(statement.sql, made.begin());
    statement.is_used = true;
    Entries& entries = is_extra ? extra_ : entries_;
    entries.splice(entries.begin(), made);
    if (!is_extra) evict();
    return statement;
}

void StatementCache::evict() noexcept {
    for (auto at = entries_.end(); entries_.size() > size_ && at != entries_.begin();) {
        --at;
        // Whoever holds the description wants it to stay.
        if (at->is_used || (at->description && at->description.use_count() > 1)) continue;
        by_sql_.erase(at->sql);
        at = entries_.erase(at);
    }
}

void StatementCache::release(Statement& statement) noexcept {
    statement.reset();
    statement.is_used = false;
    const auto is_it = [&](const Statement& each) { return &each == &statement; };
    if (!extra_.empty()) extra_.remove_if(is_it);
}

void StatementCache::clear() noexcept {
    by_sql_.clear();
    entries_.clear();
    extra_.clear();
}

}  // namespace aio::sqlite::detail
