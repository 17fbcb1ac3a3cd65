// Stat: the status of a file, the result of files::stat() and File::stat().
#pragma once

#include <cstdint>

namespace aio::files {

// os.stat_result.
struct Stat {
    unsigned st_mode = 0;                                            // type and permissions, as in stat(2)
    std::uint64_t st_ino = 0, st_dev = 0, st_nlink = 0;              // st_ino and st_dev together identify the file
    unsigned st_uid = 0, st_gid = 0;                                 // the owner
    std::int64_t st_size = 0;                                        // bytes
    std::int64_t st_blocks = 0;                                      // of 512 bytes
    std::int64_t st_blksize = 0;                                     // bytes: a good size for reads and writes
    std::int64_t st_atime_ns = 0, st_mtime_ns = 0, st_ctime_ns = 0;  // nanoseconds since 1970

    // The same in seconds since 1970, as Python's st_atime, st_mtime, st_ctime: of access, of content, of status.
    double atime() const noexcept { return static_cast<double>(st_atime_ns) / 1e9; }
    double mtime() const noexcept { return static_cast<double>(st_mtime_ns) / 1e9; }
    double ctime() const noexcept { return static_cast<double>(st_ctime_ns) / 1e9; }
    // By st_mode: a regular file, a directory, a symbolic link (from lstat() only).
    bool is_file() const noexcept;
    bool is_dir() const noexcept;
    bool is_symlink() const noexcept;
};

}  // namespace aio::files
