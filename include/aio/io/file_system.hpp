// The functions of aiofiles.os and aiofiles.ospath, and functions for whole files.
//
//     std::string text = co_await aio::files::read_file("notes.txt");
//     co_await aio::files::write_file("notes.txt", text, {.atomic = true});
//     auto entries = aio::files::scandir("/etc");
//     while (auto entry = co_await entries.next()) use(entry->name, entry->is_dir());
//
// Each call is one job on a thread, however many system calls it makes; stat(), exists(), read_file() and the like need
// no thread if the kernel has the path and the data in its cache.
//
// Of all of them: *Cancel*: a call that has begun is completed all the same, unless noted otherwise. *Errors*:
// FileNotFoundError, FileExistsError, PermissionError, NotADirectoryError, IsADirectoryError and other OSErrors, whose
// message has the operation and the path; ValueError for a path with a null byte.
//
// Thread rule: a loop's thread. Source: `os`, `os.path`, `shutil`, CPython 3.13; aiofiles 23 os.py, ospath.py.
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

// --- status ------------------------------------------------------------------------------------------------

// os.statvfs_result.
struct StatVfs {
    std::uint64_t f_bsize = 0, f_frsize = 0;                // bytes
    std::uint64_t f_blocks = 0, f_bfree = 0, f_bavail = 0;  // of f_frsize
    std::uint64_t f_files = 0, f_ffree = 0, f_favail = 0;   // inodes
    std::uint64_t f_flag = 0, f_namemax = 0;                // ST_RDONLY...; the longest file name in bytes
};

// The options of stat().
struct StatOptions {
    bool follow_symlinks = true;  // false: of a symbolic link itself, as lstat()
};

// The status of a file: os.stat, os.lstat (of a symbolic link itself), and of its file system: os.statvfs.
Coro<Stat> stat(std::string path, StatOptions options = {});
Coro<Stat> lstat(std::string path);
Coro<StatVfs> statvfs(std::string path);
// Whether access(2) permits `mode`: F_OK, or a sum of R_OK, W_OK, X_OK of unistd.h. false for any error. os.access.
Coro<bool> access(std::string path, int mode);

// os.path's functions of these names: false when the path does not exist or its status cannot be read.
Coro<bool> exists(std::string path);
Coro<bool> lexists(std::string path);
Coro<bool> isfile(std::string path);
Coro<bool> isdir(std::string path);
Coro<bool> islink(std::string path);
Coro<bool> ismount(std::string path);

// The size in bytes: os.path.getsize.
Coro<std::int64_t> getsize(std::string path);
// The times of the last access, of the last change of the content, and of the status, in seconds since 1970: os.path.
Coro<double> getatime(std::string path);
Coro<double> getmtime(std::string path);
Coro<double> getctime(std::string path);
// Whether two paths, or two descriptors, name the same file: os.path.
Coro<bool> samefile(std::string path, std::string other);
Coro<bool> sameopenfile(int fd, int other);

// The current directory: os.getcwd.
Coro<std::string> getcwd();
// The absolute path without ".", ".." and doubled slashes, from the text alone: links are not followed.
// os.path.abspath.
Coro<std::string> abspath(std::string path);

// --- changes -----------------------------------------------------------------------------------------------

// Renames `from`, and replaces a file at `to`. An empty directory at `to` is replaced by a
// directory. os.rename, os.replace.
Coro<> rename(std::string from, std::string to);
Coro<> replace(std::string from, std::string to);
// The same: makes the directories above `to` first, and then removes those above `from` that became empty. os.renames.
Coro<> renames(std::string from, std::string to);

// Removes a file or a link, not a directory: os.remove, os.unlink.
Coro<> remove(std::string path);
Coro<> unlink(std::string path);

// Makes a directory with the permissions `mode`, less the umask: os.mkdir.
Coro<> mkdir(std::string path, unsigned mode = 0777);
// The options of makedirs().
struct MakeDirsOptions {
    unsigned mode = 0777;   // of the last directory, less the umask
    bool exist_ok = false;  // true: no error if the directory exists already
};
// Makes a directory, and first the missing ones above it: os.makedirs.
Coro<> makedirs(std::string path, MakeDirsOptions options = {});
// Removes an empty directory: os.rmdir.
Coro<> rmdir(std::string path);
// Removes an empty directory, and those above it that become empty: os.removedirs.
Coro<> removedirs(std::string path);
// The options of rmtree().
struct RemoveTreeOptions {
    bool ignore_errors = false;  // true: files that cannot be removed are left, without an error
};
// Removes a directory with all its contents: shutil.rmtree. Links are removed and not followed.
// Cancel: it stops, with a part of the tree removed.
Coro<> rmtree(std::string path, RemoveTreeOptions options = {});

// Makes `name` another name of a file, a hard link: os.link.
Coro<> link(std::string existing, std::string name);
// Makes `name` a symbolic link with the text `target`: os.symlink.
Coro<> symlink(std::string target, std::string name);
// The text of a symbolic link: os.readlink.
Coro<std::string> readlink(std::string path);

// --- directories -------------------------------------------------------------------------------------------

// The names in a directory, in any order, without "." and "..": os.listdir.
Coro<std::vector<std::string>> listdir(std::string path = ".");

// An entry of a directory: os.DirEntry.
struct DirEntry {
    enum class Type : std::uint8_t { unknown, file, dir, symlink, other };  // unknown: it could not be read

    std::string name;           // without the directory
    std::string path;           // the directory's path / name
    Type type = Type::unknown;  // of the entry itself: a link to a directory is a symlink
    std::uint64_t inode = 0;    // as Stat::st_ino

    // By `type`.
    bool is_file() const noexcept { return type == Type::file; }
    bool is_dir() const noexcept { return type == Type::dir; }
    bool is_symlink() const noexcept { return type == Type::symlink; }
};

// The entries of a directory one by one, without "." and "..", read by the hundred:
// os.scandir. Errors: thrown by next().
AsyncGenerator<DirEntry> scandir(std::string path = ".");

// One directory of walk().
struct WalkStep {
    std::string root;                      // its path
    std::vector<std::string> dirs, files;  // names; links to directories are among the dirs
};

// Every directory from `top` down, beginning with `top`: os.walk. Links are not followed; a directory that cannot be
// listed is left out.
AsyncGenerator<WalkStep> walk(std::string top);

// --- whole files -------------------------------------------------------------------------------------------

// All bytes of a file. Any number of files may be read at once: no more are open than there are threads for files.
Coro<std::string> read_file(std::string path);

// The options of write_file().
struct WriteFileOptions {
    bool append = false;          // adds to the file
    bool atomic = false;          // readers see the old file or all of the new one: written beside it, and renamed
    bool sync = false;            // waits until the data are on the device; if atomic, before the renaming
    unsigned permissions = 0666;  // of a new file, less the umask
};
// Replaces the contents of a file, or creates it. Errors: also ValueError for append and atomic together. After an
// error an atomic write has left the old file as it was; another may have written a part.
Coro<> write_file(std::string path, std::string data, WriteFileOptions options = {});

// --- copying -----------------------------------------------------------------------------------------------

// Copies the contents of a file, some MiB at a time on a thread, in the kernel where that is possible: shutil.copyfile.
// Result: the number of bytes. `progress(copied, total)` is called on the loop's thread after each part.
// Cancel, and errors, those of `progress` too: a target that was created here is removed; another one has a part of the
// data. Errors: ValueError when both are the same file.
Coro<std::uint64_t> copyfile(std::string from, std::string to);
template <class F>
    requires std::invocable<F&, std::uint64_t, std::uint64_t>
Coro<std::uint64_t> copyfile(std::string from, std::string to, F&& progress) {
    AIO_CHECK_LAMBDA(F);
    return detail::copy_file(std::move(from), std::move(to), detail::CopyProgress(std::forward<F>(progress)));
}

// Copies `count` bytes between descriptors in the kernel, from `offset` or, without one, from the position of `in`:
// os.sendfile. Result: the number of bytes copied. Both must be files, or `out` a blocking socket or pipe.
Coro<std::size_t> sendfile(int out, int in, std::optional<std::int64_t> offset, std::size_t count);

}  // namespace files

}  // namespace aio
