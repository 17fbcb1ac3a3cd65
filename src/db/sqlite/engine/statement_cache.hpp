// Compiled statements of a connection, by their SQL: the ones that were used last are kept. The connection's thread. Internal.
#pragma once

#include <aio/sqlite/prepared_statement.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace aio::sqlite::detail {

// A compiled statement. `handle` is null for a text without a statement, such as a comment.
struct Statement {
    std::string sql;
    sqlite3_stmt* handle = nullptr;
    std::shared_ptr<const db::detail::ColumnNames> columns;  // names; those of `compiled` compilations
    int compiled = 0;
    bool is_used = false;                            // by a run or a cursor
    std::shared_ptr<const Description> description;  // if it was asked for; who holds it keeps the statement here

    Statement() = default;
    Statement(const Statement&) = delete;
    ~Statement();

    // The names of its columns now: SQLite compiles it again when the schema has changed.
    const std::shared_ptr<const db::detail::ColumnNames>& current_columns();
    // After a run. What it returned is what the run returned, and was handled.
    void reset() noexcept;
};

// Compiles the first statement of `sql`. Result: what is behind it. Errors: the database's.
std::string_view compile(sqlite3* db, std::string_view sql, bool is_kept, Statement& into);

class StatementCache {
public:
    explicit StatementCache(std::size_t size) noexcept : size_(size) {}

    // A statement for one user, who gives it back by release(). Errors: the database's; db::SyntaxError for more than one.
    Statement& take(sqlite3* db, std::string_view sql);
    void release(Statement& statement) noexcept;
    // Finalizes all of them.
    void clear() noexcept;

private:
    using Entries = std::list<Statement>;

    void evict() noexcept;

    std::size_t size_;
    Entries entries_;  // the one that was used last is the first
    Entries extra_;    // the same SQL as one that is in use, or too many
    std::unordered_map<std::string_view, Entries::iterator> by_sql_;
};

// A statement that is in use.
class StatementUse {
public:
    StatementUse(StatementCache& cache, sqlite3* db, std::string_view sql)
        : cache_(&cache), statement_(&cache.take(db, sql)) {}
    StatementUse(StatementUse&& other) noexcept
        : cache_(other.cache_), statement_(std::exchange(other.statement_, nullptr)) {}
    StatementUse& operator=(StatementUse&&) = delete;
    ~StatementUse() {
        if (statement_) cache_->release(*statement_);
    }
    Statement& operator*() const noexcept { return *statement_; }
    Statement* operator->() const noexcept { return statement_; }

private:
    StatementCache* cache_;
    Statement* statement_;
};

}  // namespace aio::sqlite::detail
