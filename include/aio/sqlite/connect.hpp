// connect(): opens an SQLite database.
//
//     auto db = co_await aio::sqlite::connect("notes.db");
//     auto scratch = co_await aio::sqlite::connect(":memory:");
#pragma once

#include <aio/core/coro.hpp>
#include <aio/sqlite/connection.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace aio::sqlite {

// The options of connect(). Trivially destructible, so that `{.readonly = true}` is safe inside a co_await expression on g++ 12
// (docs/compilers.md).
struct ConnectOptions {
    bool readonly = false;  // the file must exist, and is not written
    bool create = true;     // creates the file if there is none
    bool wal = true;        // journal_mode = WAL for files: readers do not wait for a writer. It stays so in the file
    bool foreign_keys = true;  // foreign_keys = ON
    // How long a statement waits for a lock that another connection or process holds. 0 or less: it fails at once.
    Duration busy_timeout = std::chrono::seconds(5);
    std::size_t statement_cache_size = 100;  // compiled statements that are kept; 0: none
};

// Opens a database, in a thread of its own, which ends with the connection. The name is a path; a URI, "file:a.db?mode=ro"
// (https://www.sqlite.org/uri.html); ":memory:", a database of this connection alone; or "", one in a temporary file. *Cancel*: it is
// closed again. *Errors*: ValueError for a name with a zero byte; OSError if no thread can be started; db::OperationalError if the file
// cannot be opened or is no database, db::LockNotAvailableError.
Coro<Connection> connect(std::string_view name, ConnectOptions options = {});

}  // namespace aio::sqlite
