// Copies of a database.
#include "db/sqlite/engine/backup.hpp"

#include <aio/db/errors.hpp>

#include "db/sqlite/engine/errors.hpp"

#include <sqlite3.h>

#include <utility>

namespace aio::sqlite::detail {

// --- the target's thread ------------------------------------------------------------------------------------------

void ParkingPlace::park(Database& target) {
    std::unique_lock lock(mutex_);
    parked_ = &target;
    changed_.notify_all();
    changed_.wait(lock, [this] { return was_released_; });
    parked_ = nullptr;
}

sqlite3* ParkingPlace::wait() noexcept {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return parked_ || was_released_; });
    return parked_ ? parked_->handle() : nullptr;
}

void ParkingPlace::release() noexcept {
    const std::lock_guard lock(mutex_);
    was_released_ = true;
    changed_.notify_all();
}

bool ParkingPlace::is_wanted_back() noexcept {
    const std::lock_guard lock(mutex_);
    return parked_ && parked_->is_stopped();
}

// --- the source's thread --------------------------------------------------------------------------------------------

void BackupCopy::begin(Database& source) {
    if (place_) {
        target_ = place_->wait();
        if (!target_) throw db::InterfaceError("backup: the target's connection is closed");
    } else {
        constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
        const int code = sqlite3_open_v2(path_.c_str(), &opened_, kFlags, nullptr);
        if (code != SQLITE_OK) throw_error(opened_, code, name_);
        source.share_patience(opened_);
        target_ = opened_;
    }
    handle_ = sqlite3_backup_init(target_, "main", source.handle(), "main");
    if (!handle_) throw_error(target_, sqlite3_extended_errcode(target_), name_);
}

BackupCopy::Step BackupCopy::step(Database& source, int pages) {
    source.check_wanted(name_);
    if (place_ && place_->is_wanted_back()) {
        throw db::InterfaceError("backup: the target's connection is being terminated");
    }
    const int code = sqlite3_backup_step(handle_, pages > 0 ? pages : -1);
    progress_ = {sqlite3_backup_remaining(handle_), sqlite3_backup_pagecount(handle_)};
    if (code == SQLITE_DONE) {
        const int end = sqlite3_backup_finish(std::exchange(handle_, nullptr));
        if (end != SQLITE_OK) throw_error(target_, end, name_);
        return Step::done;
    }
    if ((code & 0xFF) == SQLITE_LOCKED) {
        const auto now = std::chrono::steady_clock::now();
        if (!locked_since_) locked_since_ = now;
        if (now - *locked_since_ < source.busy_timeout()) return Step::locked;
    }
    if (code != SQLITE_OK) throw_error(target_, code, name_);
    locked_since_.reset();
    return Step::more;
}

void BackupCopy::finish() noexcept {
    if (handle_) sqlite3_backup_finish(std::exchange(handle_, nullptr));
    if (opened_) sqlite3_close_v2(std::exchange(opened_, nullptr));
    if (place_) place_->release();
}

// --- of the source's database ---------------------------------------------------------------------------------------

void Database::begin_backup(const std::shared_ptr<BackupCopy>& copy) {
    backups_.push_back(copy);
    copy->begin(*this);
}

void Database::end_backup(const std::shared_ptr<BackupCopy>& copy) noexcept {
    copy->finish();
    std::erase(backups_, copy);
}

void Database::share_patience(sqlite3* other) noexcept { sqlite3_busy_handler(other, on_busy, this); }

}  // namespace aio::sqlite::detail
