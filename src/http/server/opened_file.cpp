// Names and descriptors in memory are opened at once: openat2 with RESOLVE_CACHED (Linux 5.12) says EAGAIN where the
// disk would have to be asked, and then a thread asks it.
#include "http/server/opened_file.hpp"

#include <aio/base/error.hpp>
#include <aio/http/http_exceptions.hpp>
#include <aio/sync/threads.hpp>

#include "io/files/system_calls.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace aio::http::detail {

namespace {

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

void look_at(OpenedFile& file) {
    struct stat info;
    if (::fstat(file.fd.get(), &info) != 0) return;
    file.is_file = S_ISREG(info.st_mode);
    file.is_directory = S_ISDIR(info.st_mode);
    file.size = static_cast<std::uint64_t>(info.st_size);
    file.mtime = info.st_mtim.tv_sec;
    file.mtime_ns = static_cast<std::uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
                    static_cast<std::uint64_t>(info.st_mtim.tv_nsec);
}

OpenedFile open_below(int folder, const std::string& path, bool follow, std::uint64_t resolve) {
    struct open_how how{};
    // Non-blocking: a FIFO in the directory must not hold the loop up.
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
    if (folder >= 0 && !follow) how.resolve |= RESOLVE_BENEATH;
    OpenedFile file;
    const int at = folder < 0 ? AT_FDCWD : folder;
    const auto open = [&] { return ::syscall(SYS_openat2, at, path.c_str(), &how, sizeof how); };
    const int fd = static_cast<int>(aio::detail::uninterrupted(open));
    if (fd < 0) {
        file.error = -fd;
    } else {
        file.fd = aio::detail::UniqueFd(fd);
        look_at(file);
    }
    return file;
}

}  // namespace

wire::EntityTag OpenedFile::etag() const {
    char text[48];
    std::snprintf(text, sizeof text, "%llx-%llx", static_cast<unsigned long long>(mtime_ns),
                  static_cast<unsigned long long>(size));
    return wire::EntityTag(text);
}

Coro<OpenedFile> open_file(int folder, std::string path, bool follow) {
    OpenedFile file = open_below(folder, path, follow, RESOLVE_CACHED);
    // EAGAIN: not in memory. EINVAL: a kernel that does not know RESOLVE_CACHED.
    if (file.error == EAGAIN || file.error == EINVAL) {
        auto opening = [folder, path = std::move(path), follow] { return open_below(folder, path, follow, 0); };
        file = co_await to_thread(opening);
    }
    co_return file;
}

void throw_not_there(const OpenedFile& file) {
    if (file.error == EACCES || file.error == EPERM) throw HTTPForbidden();
    throw HTTPNotFound();
}

std::string read_part(int fd, std::uint64_t offset, std::uint64_t size, const char* attempted) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const auto read = [&] {
            return ::pread(fd, bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have));
        };
        const ssize_t got = aio::detail::uninterrupted(read);
        if (got < 0) throw_os_error(static_cast<int>(-got), attempted);
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

}  // namespace aio::http::detail
