// Names and descriptors in memory are opened at once: openat2 with RESOLVE_CACHED (Linux 5.12) says EAGAIN where the
// disk would have to be asked, and then a thread asks it.
#include "http/server/opened_file.hpp"

#include <aio/sync/threads.hpp>

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
    if (::fstat(file.fd, &info) != 0) return;
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
    do {
        file.fd =
            static_cast<int>(::syscall(SYS_openat2, folder < 0 ? AT_FDCWD : folder, path.c_str(), &how, sizeof how));
    } while (file.fd < 0 && errno == EINTR);
    if (file.fd < 0) {
        file.error = errno;
    } else {
        look_at(file);
    }
    return file;
}

}  // namespace

OpenedFile::~OpenedFile() {
    if (fd >= 0) ::close(fd);
}

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

}  // namespace aio::http::detail
