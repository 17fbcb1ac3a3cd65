// The open connections of a process, as the kernel counts them.
#pragma once

#include <cstddef>
#include <optional>

namespace aio::cli {

// Connected TCP and AF_UNIX stream sockets. nullopt: its descriptors may not be read.
std::optional<std::size_t> count_connections(int pid);

}  // namespace aio::cli
