// A copy of a database that is being made, and the thread of its target, which waits meanwhile. Internal.
#pragma once

#include <aio/sqlite/backup.hpp>

#include "db/sqlite/engine/database.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

struct sqlite3;
struct sqlite3_backup;

namespace aio::sqlite::detail {

// Where the target's thread waits while the source's thread uses its database: a handle of SQLite belongs to one thread at a time.
class ParkingPlace {
public:
    // The target's thread. Returns when it is released.
    void park(Database& target);
    // The source's thread: waits until it is parked. Null: it never will be.
    sqlite3* wait() noexcept;
    // Any thread.
    void release() noexcept;
    // Whether the target's connection is being terminated.
    bool is_wanted_back() noexcept;

private:
    std::mutex mutex_;  // of all below
    std::condition_variable changed_;
    Database* parked_ = nullptr;
    bool was_released_ = false;
};

// All functions but the destructor: on the thread of the source, whose Database holds it until it is finished.
class BackupCopy {
public:
    // Into a file.
    explicit BackupCopy(std::string path) : path_(std::move(path)), name_("backup(\"" + path_ + "\")") {}
    // Into an open database.
    explicit BackupCopy(std::shared_ptr<ParkingPlace> place) : place_(std::move(place)), name_("backup()") {}
    BackupCopy(const BackupCopy&) = delete;
    // finish() was called, or it never began.
    ~BackupCopy() {
        if (place_) place_->release();
    }

    enum class Step : std::uint8_t { more, locked, done };

    // Errors of both: the database's.
    void begin(Database& source);
    // Copies some pages. `locked`: the source is being written by its own connection.
    Step step(Database& source, int pages);
    BackupProgress progress() const noexcept { return progress_; }
    // Ends it: if it is not complete, the target is rolled back.
    void finish() noexcept;

private:
    std::string path_;
    std::shared_ptr<ParkingPlace> place_;
    std::string name_;  // for messages
    sqlite3_backup* handle_ = nullptr;
    sqlite3* target_ = nullptr;
    sqlite3* opened_ = nullptr;  // the target, if it is ours
    BackupProgress progress_{};
    std::optional<std::chrono::steady_clock::time_point> locked_since_;
};

}  // namespace aio::sqlite::detail
