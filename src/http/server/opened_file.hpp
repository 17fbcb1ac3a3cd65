// A file that is to be sent: open, and looked at. Opening does not wait for a disk on the loop's thread.
#pragma once

#include <aio/core/coro.hpp>

#include "http/wire/etag.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace aio::http::detail {

class OpenedFile {
public:
    OpenedFile() noexcept = default;
    OpenedFile(OpenedFile&& other) noexcept { *this = std::move(other); }
    OpenedFile& operator=(OpenedFile&& other) noexcept {
        std::swap(fd, other.fd);
        error = other.error;
        is_file = other.is_file;
        is_directory = other.is_directory;
        size = other.size;
        mtime = other.mtime;
        mtime_ns = other.mtime_ns;
        return *this;
    }
    ~OpenedFile();

    // ETag, as aiohttp makes it: the time of the last change and the size.
    wire::EntityTag etag() const;

    int fd = -1;
    int error = 0;  // an errno when fd is -1
    bool is_file = false, is_directory = false;
    std::uint64_t size = 0;
    std::int64_t mtime = 0;      // seconds since 1970
    std::uint64_t mtime_ns = 0;  // nanoseconds since 1970
};

// What `path` names; with a `folder`, a descriptor of a directory: below it, wherever symbolic links lead (openat2,
// RESOLVE_BENEATH), or out of it if `follow` says so. Errors are in the result.
Coro<OpenedFile> open_file(int folder, std::string path, bool follow = false);

}  // namespace aio::http::detail
