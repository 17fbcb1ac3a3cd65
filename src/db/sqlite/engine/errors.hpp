// SQLite's result codes as exceptions. Internal.
#pragma once

#include <exception>
#include <string>
#include <string_view>

struct sqlite3;

namespace aio::sqlite::detail {

// The connection's thread. The exception for the failure `code` that `db` had last; `sql`: what it ran, or "".
std::exception_ptr make_error(sqlite3* db, int code, std::string_view sql);
[[noreturn]] void throw_error(sqlite3* db, int code, std::string_view sql);
// Likewise, for a message of the driver's.
[[noreturn]] void throw_error(std::string_view sqlstate, int code, std::string message, std::string_view sql);

}  // namespace aio::sqlite::detail
