// Copies of a database that is in use.
//
//     co_await db.backup("copy.db", {.pages = 500}, show);
//
// The copy is made a number of pages at a time; other statements on the source run in between. If another connection writes to the
// source meanwhile, the copy begins anew, unseen. It is complete and consistent when backup() returns. Source:
// https://www.sqlite.org/backup.html.
#pragma once

#include <cstdint>

namespace aio::sqlite {

// How far a backup is, in pages of the source.
struct BackupProgress {
    std::int64_t remaining;
    std::int64_t total;
};

// The options of backup(). Trivially destructible, like ConnectOptions.
struct BackupOptions {
    int pages = 1'000;  // copied at a time; 0 or less: all at once
};

}  // namespace aio::sqlite
