// What aiofiles.os and aiofiles.ospath have, and whole files at once.
//
//     std::string text = co_await aio::files::read_file("notes.txt");
//     co_await aio::files::write_file("notes.txt", text, {.atomic = true});
//     auto entries = aio::files::scandir("/etc");
//     while (auto entry = co_await entries.next()) use(entry->name, entry->is_dir());
//
// Each call is one visit to a thread, however many system calls it takes; what only looks at a path that the kernel
// has cached (stat, exists, read_file...) is done at once.
//
// Of all of them: *Cancel*: what has begun goes on, unless said otherwise. *Errors*: FileNotFoundError,
// FileExistsError, PermissionError, NotADirectoryError, IsADirectoryError and other OSErrors, naming what was
// attempted on what; ValueError for a path with a null byte.
//
// Thread rule: a loop's thread. Source: os, os.path and shutil, CPython 3.13; aiofiles 23 os.py, ospath.py.
#pragma once

#include <aio/base/error.hpp>
#include <aio/base/function.hpp>
#include <aio/core/async_generator.hpp>
#include <aio/core/awaitable.hpp>
#include <aio/io/file_stat.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio {

namespace detail {
using CopyProgress = Function<void(std::uint64_t copied, std::uint64_t total)>;
Coro<std::uint64_t> copy_file(std::string from, std::string to, CopyProgress progress);
}  // namespace detail

namespace files {

// --- what is there -----------------------------------------------------------------------------------------

// os.statvfs_result.
struct StatVfs {
    std::uint64_t f_bsize = 0, f_frsize = 0;                // bytes
    std::uint64_t f_blocks = 0, f_bfree = 0, f_bavail = 0;  // of f_frsize
    std::uint64_t f_files = 0, f_ffree = 0, f_favail = 0;
    std::uint64_t f_flag = 0, f_namemax = 0;
};

struct StatOptions {
    bool follow_symlinks = true;
};

Coro<Stat> stat(std::string path, StatOptions options = {});
Coro<Stat> lstat(std::string path);
Coro<StatVfs> statvfs(std::string path);
// Whether this process may: `mode` is F_OK or any of R_OK, W_OK, X_OK of unistd.h.
Coro<bool> access(std::string path, int mode);

// Of what is not there, or cannot be looked at, these are false.
Coro<bool> exists(std::string path);
Coro<bool> lexists(std::string path);
Coro<bool> isfile(std::string path);
Coro<bool> isdir(std::string path);
Coro<bool> islink(std::string path);
Coro<bool> ismount(std::string path);

Coro<std::int64_t> getsize(std::string path);
// Seconds since 1970.
Coro<double> getatime(std::string path);
Coro<double> getmtime(std::string path);
Coro<double> getctime(std::string path);
Coro<bool> samefile(std::string path, std::string other);
Coro<bool> sameopenfile(int fd, int other);

Coro<std::string> getcwd();
// Absolute, without "." and ".." (by the letters: links are not followed) and doubled slashes.
Coro<std::string> abspath(std::string path);

// --- changes -----------------------------------------------------------------------------------------------

// Replaces a file at `to`. A directory is replaced only if it is empty, and by a directory.
Coro<> rename(std::string from, std::string to);
Coro<> replace(std::string from, std::string to);
// Makes the directories above `to` first, and removes those above `from` that got empty.
Coro<> renames(std::string from, std::string to);

Coro<> remove(std::string path);  // of a file or a link
Coro<> unlink(std::string path);

Coro<> mkdir(std::string path, unsigned mode = 0777);
struct MakeDirsOptions {
    unsigned mode = 0777;   // of the last one
    bool exist_ok = false;  // it may be there already
};
// And those above it.
Coro<> makedirs(std::string path, MakeDirsOptions options = {});
Coro<> rmdir(std::string path);
// And those above it that got empty.
Coro<> removedirs(std::string path);
// A directory with all there is in it; links are removed and not followed.
// Cancel: stops; what is gone is gone.
struct RemoveTreeOptions {
    bool ignore_errors = false;
};
Coro<> rmtree(std::string path, RemoveTreeOptions options = {});

// A new name for a file.
Coro<> link(std::string existing, std::string name);
// A link that says `target`.
Coro<> symlink(std::string target, std::string name);
Coro<std::string> readlink(std::string path);

// --- directories -------------------------------------------------------------------------------------------

// The names in it, in any order, without "." and "..".
Coro<std::vector<std::string>> listdir(std::string path = ".");

struct DirEntry {
    enum class Type : std::uint8_t { unknown, file, dir, symlink, other };

    std::string name;
    std::string path;  // the directory's path / name
    Type type = Type::unknown;
    std::uint64_t inode = 0;

    // Of the entry itself: a link to a directory is a symlink.
    bool is_file() const noexcept { return type == Type::file; }
    bool is_dir() const noexcept { return type == Type::dir; }
    bool is_symlink() const noexcept { return type == Type::symlink; }
};

// The entries one by one, some hundred a visit to a thread. Cancel: next() may be called again.
AsyncGenerator<DirEntry> scandir(std::string path = ".");

struct WalkStep {
    std::string root;
    std::vector<std::string> dirs, files;  // names; links to directories are among the dirs
};

// Every directory from `top` down, itself first; links are not followed, and what cannot be listed is left out.
AsyncGenerator<WalkStep> walk(std::string top);

// --- whole files -------------------------------------------------------------------------------------------

// All bytes of a file. Any number may be read at once: not more of them are open than there are threads for files.
Coro<std::string> read_file(std::string path);

struct WriteFileOptions {
    bool append = false;
    bool atomic = false;          // readers see the old file or all of the new one: written beside it, and renamed
    bool sync = false;            // reaches the device before this ends; if atomic, before the name does
    unsigned permissions = 0666;  // of a new file, less the umask
};
// Makes `data` what the file has in it. Errors: an atomic one leaves the old file as it was; else there may be a part.
Coro<> write_file(std::string path, std::string data, WriteFileOptions options = {});

// --- copying -----------------------------------------------------------------------------------------------

// Copies what is in a file, some MiB a visit to a thread, in the kernel where it can; gives the bytes copied.
// `progress(copied, total)` is called on the loop's thread after each visit.
// Cancel, and errors, those of `progress` too: a target that was made here is removed; one that was there holds a
// part. Errors: ValueError when both are the same file.
Coro<std::uint64_t> copyfile(std::string from, std::string to);
template <class F>
    requires std::invocable<F&, std::uint64_t, std::uint64_t>
Coro<std::uint64_t> copyfile(std::string from, std::string to, F&& progress) {
    AIO_CHECK_LAMBDA(F);
    return detail::copy_file(std::move(from), std::move(to), detail::CopyProgress(std::forward<F>(progress)));
}

// Copies `count` bytes between descriptors in the kernel, from `offset` on or, without one, from where `in` is; gives
// how many it was. Both must be files, or `out` a blocking socket or pipe.
Coro<std::size_t> sendfile(int out, int in, std::optional<std::int64_t> offset, std::size_t count);

}  // namespace files

}  // namespace aio
