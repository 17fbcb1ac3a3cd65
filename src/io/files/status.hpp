// What there is to know about an open file. Internal to src/io/files.
#pragma once

#include <aio/io/file.hpp>

namespace aio::detail {

Coro<files::Stat> stat_file(FileRef file);

}  // namespace aio::detail
