// The operations of File that read. Internal to src/io/files.
#pragma once

#include "io/files/file_core.hpp"

#include <span>
#include <string>
#include <vector>

namespace aio::detail {

// Begins an operation: its turn, and no call left behind by a cancelled one.
//
//     auto turn = co_await file->turn().scoped();
//     if (file->busy()) co_await file->settled();

Coro<std::string> read_bytes(FileRef file, std::ptrdiff_t size);
Coro<std::string> read_text(FileRef file, std::ptrdiff_t size);
Coro<std::string> read_once(FileRef file, std::ptrdiff_t size, bool consume);
Coro<std::size_t> read_into(FileRef file, char* data, std::size_t size);
Coro<std::string> read_line(FileRef file, std::ptrdiff_t size);
Coro<std::vector<std::string>> read_lines(FileRef file, std::ptrdiff_t hint);

// A line that is in the buffer, or nothing: then it takes a call, or throws. Never waits.
bool take_buffered_line(FileCore& file, std::string& line);

}  // namespace aio::detail
