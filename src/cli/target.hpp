// What a path is as the place for a download: a file that can be replaced, one whose content alone can, or something that
// bytes go through. As curl does with -o, nothing but the content changes: links stay links, modes and owners stay.
//
// Thread rule: these calls block; call them on a thread. Errors: OSError.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace aio::cli {

// Whether bytes go through it and do not stay: a FIFO, a device, a socket; an open descriptor, as /dev/stdout is. Also a
// directory, which cannot be opened for writing.
bool is_stream(const std::string& path);

// Permissions of the regular file that the path names, through links; nothing if there is none.
std::optional<mode_t> permissions_of(const std::string& path);

// What is called `from` is called `to` afterwards, or what is called `to` has its bytes: when that is a link, has other
// names or is somebody else's.
void store(const std::string& from, const std::string& to);
// An error if there is something called `to`.
void store_new(const std::string& from, const std::string& to);
// The same, but a `from` that cannot be taken away is copied, and stays.
void take(const std::string& from, const std::string& to);

}  // namespace aio::cli
