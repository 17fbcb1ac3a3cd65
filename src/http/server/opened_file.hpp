// A file that is to be sent: open, and looked at. Opening does not wait for a disk on the loop's thread.
#pragma once

#include <aio/core/coro.hpp>

#include "base/unique_fd.hpp"
#include "http/wire/etag.hpp"

#include <cstdint>
#include <string>

namespace aio::http::detail {

class OpenedFile {
public:
    // ETag, as aiohttp makes it: the time of the last change and the size.
    wire::EntityTag etag() const;

    aio::detail::UniqueFd fd;
    int error = 0;  // an errno when there is no descriptor
    bool is_file = false, is_directory = false;
    std::uint64_t size = 0;
    std::int64_t mtime = 0;      // seconds since 1970
    std::uint64_t mtime_ns = 0;  // nanoseconds since 1970
};

// What `path` names; with a `folder`, a descriptor of a directory: below it, wherever symbolic links lead (openat2 with
// RESOLVE_BENEATH, or open_beneath()), or out of it if `follow` says so. Errors are in the result.
Coro<OpenedFile> open_file(int folder, std::string path, bool follow = false);
// The same without opening it: what it is, and how large. Blocks.
OpenedFile look_at_file(int folder, const std::string& path, bool follow = false);

// Of a file that could not be opened: 404; 403; 503 when this process or system has run out of something.
// Errors: those, and OSError for a disk that fails.
[[noreturn]] void throw_not_there(const OpenedFile& file, const std::string& path);

// What a file has there; less, if it has become shorter. Blocks. Errors: OSError, which says what was attempted.
std::string read_part(int fd, std::uint64_t offset, std::uint64_t size, const char* attempted);

}  // namespace aio::http::detail
