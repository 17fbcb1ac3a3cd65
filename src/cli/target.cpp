// Renaming where that changes nothing but content, copying where it would.
#include "cli/target.hpp"

#include <aio/base/error.hpp>

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

namespace aio::cli {

namespace {

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// The target of a link, relative to the directory of the path; nothing if it is not a link.
std::optional<std::string> link_target(const std::string& path) {
    std::array<char, PATH_MAX> text;
    const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
    if (size <= 0) return std::nullopt;
    const std::string target(text.data(), static_cast<std::size_t>(size));
    return target.starts_with('/') ? target : directory_of(path) + "/" + target;
}

// /dev/stdout is a link to /proc/self/fd/1. Such links name an open file, not a path: nothing can be created beside it.
bool names_descriptor(std::string path) {
    constexpr int kMostLinks = 40;  // as the kernel
    for (int i = 0; i < kMostLinks; ++i) {
        const std::optional<std::string> next = link_target(path);
        if (!next) return false;
        struct statfs system;
        if (::statfs(directory_of(path).c_str(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC) return true;
        path = *next;
    }
    return false;
}

// Whether a rename from or to this path changes nothing for others. `like`: whose file comes in its place.
bool replaceable(const std::string& path, const struct stat& like) {
    struct stat info;
    if (::lstat(path.c_str(), &info) != 0) return errno == ENOENT;
    return S_ISREG(info.st_mode) && info.st_nlink == 1 && info.st_uid == like.st_uid && info.st_gid == like.st_gid;
}

struct stat info_of(const std::string& path) {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) throw_os_error(errno, "stat '" + path + "'");
    return info;
}

aio::detail::UniqueFd opened(const std::string& path, int flags) {
    aio::detail::UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, 0666));
    if (!file) throw_os_error(errno, "open '" + path + "'");
    return file;
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_os_error(errno, "write '" + path + "'");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void copy(const std::string& from, const std::string& to) {
    const aio::detail::UniqueFd source = opened(from, O_RDONLY);
    const aio::detail::UniqueFd target = opened(to, O_WRONLY | O_CREAT | O_TRUNC);
    std::string room(256 * 1024, '\0');
    while (true) {
        const ssize_t count = ::read(source.get(), room.data(), room.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_os_error(errno, "read '" + from + "'");
        if (count == 0) return;
        write_all(target.get(), std::string_view(room.data(), static_cast<std::size_t>(count)), to);
    }
}

void rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) throw_os_error(errno, "store '" + to + "'");
}

}  // namespace

bool is_stream(const std::string& path) {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) return false;
    return !S_ISREG(info.st_mode) || names_descriptor(path);
}

std::optional<mode_t> permissions_of(const std::string& path) {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    return info.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
}

void store(const std::string& from, const std::string& to) {
    if (replaceable(to, info_of(from))) {
        const std::optional<mode_t> permissions = permissions_of(to);
        if (permissions && ::chmod(from.c_str(), *permissions) != 0) throw_os_error(errno, "chmod '" + from + "'");
        return rename(from, to);
    }
    copy(from, to);
    if (::unlink(from.c_str()) != 0) throw_os_error(errno, "remove '" + from + "'");
}

void store_new(const std::string& from, const std::string& to) {
    int error = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
    if (error == EINVAL || error == ENOSYS) {  // a file system that cannot: a second name does not replace either
        error = ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
        if (error == 0) ::unlink(from.c_str());
    }
    if (error != 0) throw_os_error(error, "store '" + to + "'");
}

void take(const std::string& from, const std::string& to) {
    if (replaceable(from, info_of(to))) return rename(from, to);
    copy(from, to);
}

}  // namespace aio::cli
