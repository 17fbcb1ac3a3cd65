// An open database: what the connection's thread works on. All of it belongs to that thread, and every call may block. Internal.
//
//   database.cpp    opening and closing, waiting for locks, being interrupted
//   run.cpp         statements: binding, stepping, rows
//   blocks.cpp      transactions: what is begun, committed, rolled back
//   functions.cpp   the program's own functions, aggregates and collations
//   backup.cpp      copies
#pragma once

#include <aio/sqlite/connect.hpp>
#include <aio/sqlite/execution.hpp>
#include <aio/sqlite/functions.hpp>

#include "db/sqlite/engine/result_data.hpp"
#include "db/sqlite/engine/statement_cache.hpp"
#include "db/sqlite/engine/stop_signal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_blob;

namespace aio::sqlite::detail {

class BackupCopy;

// A statement of which a part of the rows was read. Held by the database until it is closed.
struct OpenCursor {
    Request request;  // the bound values refer to it
    std::optional<StatementUse> statement;

    explicit OpenCursor(Request the_request) : request(std::move(the_request)) {}
};

struct OpenBlob {
    sqlite3_blob* handle = nullptr;
    std::size_t size = 0;
};

class Database {
public:
    Database(StopSignal& stop, std::size_t statement_cache_size) noexcept;
    Database(const Database&) = delete;
    ~Database();

    // Errors: the database's.
    void open(const std::string& name, const ConnectOptions& options);
    void close() noexcept;
    // Null: it is not open.
    sqlite3* handle() const noexcept { return db_; }
    // Whether an interrupt can only hit what runs: no cursor and no blob is open.
    bool is_alone() const noexcept { return cursors_.empty() && blobs_.empty(); }
    bool is_in_transaction() const noexcept;
    bool is_readonly() const noexcept { return is_readonly_; }

    // --- statements -----------------------------------------------------------------------------------------------

    std::shared_ptr<const ResultData> run(const Request& request);
    std::shared_ptr<const ResultData> run_script(std::string_view sql);
    std::shared_ptr<const Description> describe(std::string_view sql);
    // The first rows; has_more if there are others.
    std::shared_ptr<const ResultData> open_cursor(const std::shared_ptr<OpenCursor>& cursor);
    std::shared_ptr<const ResultData> read_cursor(const std::shared_ptr<OpenCursor>& cursor);
    void close_cursor(const std::shared_ptr<OpenCursor>& cursor) noexcept;

    // --- transactions, by a number of the session's -----------------------------------------------------------------

    void begin_block(std::uint64_t number, bool is_savepoint, const TransactionOptions& options);
    // Errors: also db::TransactionError, if it was rolled back. It stays open when it fails.
    void commit_block(std::uint64_t number, bool is_savepoint);
    // Nothing, if it is not open.
    void roll_back_block(std::uint64_t number, bool is_savepoint) noexcept;
    void roll_back_all() noexcept;

    // --- the rest ---------------------------------------------------------------------------------------------------

    void open_blob(const std::shared_ptr<OpenBlob>& blob, const std::string& database, const std::string& table,
                   const std::string& column, std::int64_t rowid, bool writable);
    void reopen_blob(OpenBlob& blob, std::int64_t rowid);
    std::string read_blob(OpenBlob& blob, std::size_t offset, std::size_t size);
    void write_blob(OpenBlob& blob, std::size_t offset, std::string_view data);
    void close_blob(const std::shared_ptr<OpenBlob>& blob);

    void add_function(const std::string& name, const Scalar& function, const FunctionOptions& options);
    void add_aggregate(const std::string& name, const Aggregate& aggregate, const FunctionOptions& options);
    void add_collation(const std::string& name, const Collation& compare);
    int limit(int which, int value) noexcept;
    void begin_backup(const std::shared_ptr<BackupCopy>& copy);
    void end_backup(const std::shared_ptr<BackupCopy>& copy) noexcept;

    [[noreturn]] void fail(int code, std::string_view sql) const;
    bool is_stopped() const noexcept { return stop_.is_stopped(); }
    std::chrono::milliseconds busy_timeout() const noexcept { return busy_timeout_; }
    // Another handle waits for locks as this one does.
    void share_patience(sqlite3* other) noexcept;
    // Errors: db::QueryCanceledError if what runs was cancelled. For what does not reach the progress handler.
    void check_wanted(std::string_view sql) const;

private:
    static int on_busy(void* self, int count) noexcept;
    static int on_progress(void* self) noexcept;

    void execute(const char* sql);  // of the driver's own
    void check_block(std::string_view sql) const;
    void end_blocks(std::uint64_t first) noexcept;
    void bind(Statement& statement, const Request& request, std::size_t set);
    bool step(Statement& statement);
    void run_set(Statement& statement, const Request& request, std::size_t set, ResultData& into);
    void run_sets(Statement& statement, const Request& request, ResultData& into);
    void note_changes(const Statement& statement, std::int64_t total_before, ResultData& into) const noexcept;

    StopSignal& stop_;
    sqlite3* db_ = nullptr;
    StatementCache statements_;
    std::chrono::milliseconds busy_timeout_{0};
    std::chrono::steady_clock::time_point busy_since_;
    std::vector<std::shared_ptr<OpenCursor>> cursors_;
    std::vector<std::shared_ptr<OpenBlob>> blobs_;
    std::vector<std::shared_ptr<BackupCopy>> backups_;  // out of this one
    std::vector<std::uint64_t> blocks_;  // transaction()s that were begun and have not ended, the innermost last
    std::uint64_t readonly_block_ = 0;   // the outermost that may not write; 0: none
    bool is_readonly_ = false;
};

}  // namespace aio::sqlite::detail
