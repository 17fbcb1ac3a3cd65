// The operations of File that write, move and end. Internal to src/io/files.
#pragma once

#include "io/files/file_core.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aio::detail {

// Hands over to the kernel what is buffered, by one who has the turn. Errors: OSError, and the rest stays.
Coro<> write_out(FileCore* file);

Coro<std::size_t> write_view(FileRef file, std::string_view data);
Coro<std::size_t> write_string(FileRef file, std::string data);
Coro<> flush_file(FileRef file);
Coro<> sync_file(FileRef file);
Coro<std::int64_t> truncate_file(FileRef file, std::optional<std::int64_t> size);
Coro<std::int64_t> seek_file(FileRef file, std::int64_t offset, int whence);
Coro<std::int64_t> tell_file(FileRef file);
Coro<> close_file(FileRef file);

}  // namespace aio::detail
