// Transactions: what is begun, committed, rolled back.
//
// SQLite ends a transaction by itself when a statement in it fails badly: the disk is full, an interrupted statement had written.
// What follows would then be committed one by one. So each statement is refused as long as a block is open whose transaction is not.
#include "db/sqlite/engine/database.hpp"
#include "db/sqlite/engine/errors.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string>

namespace aio::sqlite::detail {

namespace {

[[noreturn]] void throw_rolled_back(std::string_view sql) {
    throw_error("25P02", SQLITE_ABORT_ROLLBACK,
                "the transaction was rolled back, because a statement in it was cancelled or failed badly, or ended "
                "it; nothing is "
                "run until transaction() has ended",
                sql);
}

std::string savepoint_name(std::uint64_t number) { return "aio_" + std::to_string(number); }

}  // namespace

void Database::check_block(std::string_view sql) const {
    if (!blocks_.empty() && !is_in_transaction()) throw_rolled_back(sql);
}

void Database::begin_block(std::uint64_t number, bool is_savepoint, const TransactionOptions& options) {
    if (is_savepoint) {
        check_block("SAVEPOINT");
        // What it was to be inside of may have ended meanwhile: a savepoint alone begins a transaction.
        blocks_.reserve(blocks_.size() + 1);
        execute(("SAVEPOINT " + savepoint_name(number)).c_str());
    } else {
        blocks_.reserve(blocks_.size() + 1);
        TransactionMode mode = options.mode;
        if (mode == TransactionMode::automatic) {
            mode = is_readonly_ || options.readonly ? TransactionMode::deferred : TransactionMode::immediate;
        }
        execute(mode == TransactionMode::deferred    ? "BEGIN"
                : mode == TransactionMode::immediate ? "BEGIN IMMEDIATE"
                                                     : "BEGIN EXCLUSIVE");
    }
    blocks_.push_back(number);
    if (!options.readonly || readonly_block_ != 0) return;
    try {
        execute("PRAGMA query_only = 1");
    } catch (...) {
        roll_back_block(number, is_savepoint);
        throw;
    }
    readonly_block_ = number;
}

// This one and those inside of it.
void Database::end_blocks(std::uint64_t first) noexcept {
    const auto found = std::find(blocks_.begin(), blocks_.end(), first);
    if (std::find(found, blocks_.end(), readonly_block_) != blocks_.end()) {
        sqlite3_exec(db_, "PRAGMA query_only = 0", nullptr, nullptr, nullptr);  // which sets a flag
        readonly_block_ = 0;
    }
    blocks_.erase(found, blocks_.end());
}

void Database::commit_block(std::uint64_t number, bool is_savepoint) {
    const std::string command = is_savepoint ? "RELEASE " + savepoint_name(number) : "COMMIT";
    check_block(command);
    execute(command.c_str());
    end_blocks(number);
}

void Database::roll_back_block(std::uint64_t number, bool is_savepoint) noexcept {
    if (std::find(blocks_.begin(), blocks_.end(), number) == blocks_.end()) return;
    end_blocks(number);
    if (!is_in_transaction()) return;
    char command[100] = "ROLLBACK";
    if (is_savepoint) {
        const auto name = static_cast<unsigned long long>(number);
        sqlite3_snprintf(sizeof command, command, "ROLLBACK TO aio_%llu; RELEASE aio_%llu", name, name);
    }
    // A rollback does what it can even when it fails, and whoever asked for it has another error to report.
    sqlite3_exec(db_, command, nullptr, nullptr, nullptr);
}

void Database::roll_back_all() noexcept {
    if (!blocks_.empty()) end_blocks(blocks_.front());
    if (is_in_transaction()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace aio::sqlite::detail
