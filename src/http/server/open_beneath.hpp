// A path below a directory, whatever symbolic links there are, where the kernel cannot be asked for it: openat2 with
// RESOLVE_BENEATH is unknown before Linux 5.6, in gVisor and to old filters of system calls (ENOSYS, EPERM).
#pragma once

#include <string>

namespace aio::http::detail {

// openat(folder, path, flags), each component on its own: links are followed here, as far as they stay below `folder`.
// A descriptor, or a negative errno: -EXDEV for a path that leads out. Blocks. Errors: std::bad_alloc.
// Nobody can turn a component into a link between looking and opening: each is opened with O_NOFOLLOW, from a descriptor
// of the one before it.
int open_beneath(int folder, const std::string& path, int flags);

}  // namespace aio::http::detail
