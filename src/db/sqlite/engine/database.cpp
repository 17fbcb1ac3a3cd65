// Opening and closing, waiting for locks, being interrupted.
//
// Cancellation. SQLite's own sqlite3_interrupt() sets a flag of the connection, which stops whatever runs until no statement is
// active; an open cursor is active. So a statement is stopped by the progress handler, which SQLite calls every 1,000 of its
// instructions, and which asks about the statement that runs and no other. Only where nothing else is active does the session call
// sqlite3_interrupt() as well, for the few long instructions without a progress handler, such as PRAGMA integrity_check.
#include "db/sqlite/engine/database.hpp"

#include "db/sqlite/engine/backup.hpp"
#include "db/sqlite/engine/errors.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace aio::sqlite::detail {

namespace {

constexpr int kInstructions = 1'000;  // between two calls of the progress handler: some 20 µs

bool is_in_memory(sqlite3* db) noexcept {
    const char* const file = sqlite3_db_filename(db, "main");
    return !file || *file == '\0';
}

}  // namespace

Database::Database(StopSignal& stop, std::size_t statement_cache_size) noexcept
    : stop_(stop), statements_(statement_cache_size) {}

Database::~Database() { close(); }

void Database::open(const std::string& name, const ConnectOptions& options) {
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (options.readonly) {
        flags |= SQLITE_OPEN_READONLY;
    } else {
        flags |= SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0);
    }
    const int code = sqlite3_open_v2(name.c_str(), &db_, flags, nullptr);
    if (code != SQLITE_OK) fail(code, "opening \"" + name + "\"");
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options.busy_timeout);
    busy_timeout_ = std::max(timeout, std::chrono::milliseconds(options.busy_timeout > Duration(0) ? 1 : 0));
    sqlite3_busy_handler(db_, on_busy, this);
    sqlite3_progress_handler(db_, kInstructions, on_progress, this);
    is_readonly_ = sqlite3_db_readonly(db_, "main") == 1;
    // The first of these reads the file's header: a file that is no database is reported here.
    if (options.wal && !is_readonly_ && !is_in_memory(db_)) {
        execute("PRAGMA journal_mode = WAL");
    } else {
        execute("PRAGMA schema_version");
    }
    execute(options.foreign_keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
}

void Database::close() noexcept {
    if (!db_) return;
    for (const auto& copy : backups_) copy->finish();
    backups_.clear();
    for (const auto& cursor : cursors_) cursor->statement.reset();
    cursors_.clear();
    for (const auto& blob : blobs_) {
        sqlite3_blob_close(blob->handle);
        blob->handle = nullptr;
    }
    blobs_.clear();
    statements_.clear();
    // A transaction is rolled back by it. It cannot fail: all statements are finalized.
    sqlite3_close_v2(db_);
    db_ = nullptr;
}

bool Database::is_in_transaction() const noexcept { return db_ && sqlite3_get_autocommit(db_) == 0; }

void Database::fail(int code, std::string_view sql) const { throw_error(db_, code, sql); }

void Database::check_wanted(std::string_view sql) const {
    if (stop_.is_stopped()) throw_error("57014", SQLITE_INTERRUPT, "interrupted", sql);
}

void Database::execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, sql);
}

int Database::on_progress(void* self) noexcept { return static_cast<Database*>(self)->stop_.is_stopped() ? 1 : 0; }

// SQLite asks it again and again for a lock that is not given. 0: it shall give up.
int Database::on_busy(void* self, int count) noexcept {
    static constexpr int kPauses[] = {1,  2,  5,  10, 15, 20,
                                      25, 25, 25, 50, 50, 100};  // ms; those of sqlite3_busy_timeout()
    auto& database = *static_cast<Database*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (count == 0) database.busy_since_ = now;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - database.busy_since_);
    if (waited >= database.busy_timeout_ || database.stop_.is_stopped()) return 0;
    const std::size_t last = std::size(kPauses) - 1;
    const std::chrono::milliseconds pause(kPauses[std::min(static_cast<std::size_t>(count), last)]);
    database.stop_.sleep(std::min(pause, database.busy_timeout_ - waited));
    return database.stop_.is_stopped() ? 0 : 1;
}

int Database::limit(int which, int value) noexcept { return sqlite3_limit(db_, which, value); }

}  // namespace aio::sqlite::detail
