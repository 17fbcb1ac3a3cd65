// Backups: steps on the source's thread, with the target's thread parked. engine/backup.cpp has the calls.
//
// Two backups that cross, a into b and b into a, would each wait for a thread that the other one has parked. So a connection takes
// part in one backup at a time, and the locks of both are taken in the order of their addresses.
#include <aio/base/error.hpp>
#include <aio/core/sleep.hpp>
#include <aio/sqlite/connection.hpp>

#include "db/sqlite/engine/backup.hpp"
#include "db/sqlite/session/session.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace aio::sqlite {

namespace detail {

namespace {

// Runs in the target's thread. One that is never run lets the source know.
struct Park {
    std::shared_ptr<ParkingPlace> place;

    explicit Park(std::shared_ptr<ParkingPlace> the_place) noexcept : place(std::move(the_place)) {}
    Park(Park&& other) noexcept = default;
    Park& operator=(Park&&) = delete;
    ~Park() {
        if (place) place->release();
    }
    void operator()(Database& database) const { place->park(database); }
};

Coro<> copy_pages(SharedSession source, std::shared_ptr<BackupCopy> copy, int pages,
                  std::function<void(BackupProgress)> progress) {
    auto begin = [copy](Database& database) { database.begin_backup(copy); };
    auto step = [copy, pages](Database& database) {
        const BackupCopy::Step done = copy->step(database, pages);
        return std::pair(done, copy->progress());
    };
    auto end = [copy](Database& database) { database.end_backup(copy); };
    const FinalJob guard(source, std::move(end));
    co_await perform(source, std::move(begin));
    while (true) {
        const auto [done, how_far] = co_await perform(source, step);
        if (done == BackupCopy::Step::locked) {
            co_await sleep(std::chrono::milliseconds(2));
            continue;
        }
        if (progress) progress(how_far);
        if (done == BackupCopy::Step::done) co_return;
    }
}

Coro<> back_up_to_file(SharedSession source, std::string path, int pages,
                       std::function<void(BackupProgress)> progress) {
    if (path.find('\0') != path.npos) throw ValueError("backup: the path has a zero byte");
    const auto lock = co_await source->backup_lock.scoped();
    auto copy = std::make_shared<BackupCopy>(std::move(path));
    co_await copy_pages(source, std::move(copy), pages, std::move(progress));
}

Coro<> back_up_to_connection(SharedSession source, SharedSession target, int pages,
                             std::function<void(BackupProgress)> progress) {
    if (source == target) throw ValueError("backup: the target is the connection itself");
    const bool source_first = std::less<>()(source.get(), target.get());
    const auto first = co_await (source_first ? source : target)->backup_lock.scoped();
    const auto second = co_await (source_first ? target : source)->backup_lock.scoped();
    const auto place = std::make_shared<ParkingPlace>();
    // Released by its end, or when it cannot begin.
    auto copy = std::make_shared<BackupCopy>(place);
    // It arrives when the target has done all that was before it; the thread parks right behind.
    const auto ready = make_job([](Database&) {}, Job::Dropped::stays);
    target->submit(*ready);
    target->submit(*make_job(Park(place), Job::Dropped::stays));
    co_await target->finished(*ready);
    co_await copy_pages(source, std::move(copy), pages, std::move(progress));
}

}  // namespace

}  // namespace detail

Coro<> Connection::backup(std::string_view path, BackupOptions options,
                          std::function<void(BackupProgress)> progress) const {
    return detail::back_up_to_file(session_, std::string(path), options.pages, std::move(progress));
}

Coro<> Connection::backup(Connection target, BackupOptions options,
                          std::function<void(BackupProgress)> progress) const {
    return detail::back_up_to_connection(session_, target.session(), options.pages, std::move(progress));
}

}  // namespace aio::sqlite
