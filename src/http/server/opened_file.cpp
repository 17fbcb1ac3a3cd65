// Names and descriptors in memory are opened at once: openat2 with RESOLVE_CACHED (Linux 5.12) says EAGAIN where the
// disk would have to be asked, and then a thread asks it.
#include "http/server/opened_file.hpp"

#include <aio/base/error.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/sync/threads.hpp>

#include "http/server/open_beneath.hpp"
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
    if (::fstat(file.fd.get(), &info) != 0) {
        file.error = errno;
        return file.fd.close();
    }
    file.is_file = S_ISREG(info.st_mode);
    file.is_directory = S_ISDIR(info.st_mode);
    file.size = static_cast<std::uint64_t>(info.st_size);
    file.mtime = info.st_mtim.tv_sec;
    file.mtime_ns = static_cast<std::uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
                    static_cast<std::uint64_t>(info.st_mtim.tv_nsec);
}

// Non-blocking: a FIFO in the directory must not hold the loop up.
constexpr int kRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

int open_by_openat2(int at, const std::string& path, int flags, std::uint64_t resolve) {
    struct open_how how{};
    how.flags = static_cast<std::uint64_t>(flags);
    how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
    const auto open = [&] { return ::syscall(SYS_openat2, at, path.c_str(), &how, sizeof how); };
    return static_cast<int>(aio::detail::uninterrupted(open));
}

// This kernel, sandbox or filter may not know openat2. Of EPERM other calls tell what is really forbidden.
bool may_be_unknown(int error) noexcept { return error == -ENOSYS || error == -EPERM; }

OpenedFile open_below(int folder, const std::string& path, bool follow, int flags, std::uint64_t resolve) {
    const bool stays_below = folder >= 0 && !follow;
    const int at = folder < 0 ? AT_FDCWD : folder;
    int fd = open_by_openat2(at, path, flags, resolve | (stays_below ? RESOLVE_BENEATH : 0));
    if (may_be_unknown(fd) && resolve & RESOLVE_CACHED) {
        fd = -EAGAIN;
    } else if (may_be_unknown(fd)) {
        const auto open = [&] { return ::openat(at, path.c_str(), flags); };
        fd = stays_below ? open_beneath(folder, path, flags) : aio::detail::uninterrupted(open);
    }
    OpenedFile file;
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
    OpenedFile file = open_below(folder, path, follow, kRead, RESOLVE_CACHED);
    // EAGAIN: not in memory. EINVAL: a kernel that does not know RESOLVE_CACHED.
    if (file.error == EAGAIN || file.error == EINVAL) {
        auto opening = [folder, path = std::move(path), follow] {
            return open_below(folder, path, follow, kRead, 0);
        };
        file = co_await to_thread(opening);
    }
    co_return file;
}

OpenedFile look_at_file(int folder, const std::string& path, bool follow) {
    return open_below(folder, path, follow, O_PATH | O_CLOEXEC, 0);
}

void throw_not_there(const OpenedFile& file, const std::string& path) {
    switch (file.error) {
        case ENOENT:
        case ENOTDIR:
        case ENAMETOOLONG:
        case ELOOP:
        case EXDEV:   // a link out of the directory
        case EINVAL:  // a name that this file system cannot have
        case EILSEQ:
        case ENXIO:  // a socket, a device without a driver
        case ENODEV: throw HTTPNotFound();
        case EACCES:
        case EPERM: throw HTTPForbidden();
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EAGAIN: throw HTTPServiceUnavailable();          // the directory changes all the time
        default: throw_os_error(file.error, "open " + path);  // reported, and answered with 500
    }
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
