// Stat: what there is to know about a file, for files::stat() and File::stat().
#pragma once

#include <cstdint>

namespace aio::files {

// os.stat_result. Times in nanoseconds since 1970.
struct Stat {
    unsigned st_mode = 0;
    std::uint64_t st_ino = 0, st_dev = 0, st_nlink = 0;
    unsigned st_uid = 0, st_gid = 0;
    std::int64_t st_size = 0;    // bytes
    std::int64_t st_blocks = 0;  // of 512 bytes
    std::int64_t st_blksize = 0;
    std::int64_t st_atime_ns = 0, st_mtime_ns = 0, st_ctime_ns = 0;

    double atime() const noexcept { return static_cast<double>(st_atime_ns) / 1e9; }
    double mtime() const noexcept { return static_cast<double>(st_mtime_ns) / 1e9; }
    double ctime() const noexcept { return static_cast<double>(st_ctime_ns) / 1e9; }
    bool is_file() const noexcept;
    bool is_dir() const noexcept;
    bool is_symlink() const noexcept;
};

}  // namespace aio::files
