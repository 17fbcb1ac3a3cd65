// AF_UNIX sockets in the file system.
#pragma once

#include <string>

namespace aio::detail {

// Removes a socket that stands at `path`, left behind by a process that has gone: bind() would not work (semantics 47).
// What cannot be removed is logged.
void remove_stale_socket(const std::string& path);

}  // namespace aio::detail
