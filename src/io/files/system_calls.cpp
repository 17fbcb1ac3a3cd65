// System calls on files, in the two ways: without waiting, or on a thread.
#include "io/files/system_calls.hpp"

#include "base/unique_fd.hpp"

#include <linux/magic.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace aio::detail {

namespace {

static_assert(EINTR == 4);

std::atomic<FileRoute> forced_route{FileRoute::usual};
// A kernel, or a sandbox, that does not know openat2 says ENOSYS: it is not asked again. Sandboxes also say EPERM; but so
// does openat2 itself of some files.
std::atomic<bool> openat2_refused{false};

constexpr std::size_t kMost = INT_MAX & ~4095;  // what one call of the kernel takes, rounded down as it does

bool must_wait() noexcept {
    if (forced_route.load(std::memory_order_relaxed) == FileRoute::usual) return false;
    errno = EAGAIN;
    return true;
}

// What the kernel does not do without waiting, on this file system, or a sandbox forbids, is for those who may wait.
int or_again(int error) noexcept {
    return error == -EOPNOTSUPP || error == -ENOSYS || error == -EPERM ? -EAGAIN : error;
}

}  // namespace

void wait_until_ready(int fd, short events) noexcept {
    pollfd ready{fd, events, 0};
    static_cast<void>(uninterrupted([&] { return ::poll(&ready, 1, -1); }));
}

int negative_errno() noexcept { return -errno; }

void force_file_route(FileRoute route) noexcept { forced_route.store(route); }
FileRoute file_route() noexcept { return forced_route.load(std::memory_order_relaxed); }

int open_now(const char* path, int flags) noexcept {
    if (must_wait() || openat2_refused.load(std::memory_order_relaxed)) return -EAGAIN;
    open_how how = {};
    // Not to wait for the other end of a FIFO, for a terminal's line, or for the holder of a lease.
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    if (flags & O_PATH) how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_CACHED;
    const long fd = uninterrupted([&] { return ::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how); });
    if (fd == -ENOSYS || fd == -EPERM || fd == -EINVAL) {
        if (fd == -ENOSYS) openat2_refused.store(true, std::memory_order_relaxed);
        return -EAGAIN;
    }
    return static_cast<int>(fd);
}

int read_now(int fd, void* to, std::size_t size) noexcept {
    if (must_wait()) return -EAGAIN;
    const iovec piece{to, std::min(size, kMost)};
    return or_again(static_cast<int>(uninterrupted([&] { return ::preadv2(fd, &piece, 1, -1, RWF_NOWAIT); })));
}

int write_now(int fd, const void* from, std::size_t size) noexcept {
    if (must_wait()) return -EAGAIN;
    const iovec piece{const_cast<void*>(from), std::min(size, kMost)};
    return or_again(static_cast<int>(uninterrupted([&] { return ::pwritev2(fd, &piece, 1, -1, RWF_NOWAIT); })));
}

bool is_in_memory(int fd) noexcept {
    struct statfs system;
    if (file_route() != FileRoute::usual || ::fstatfs(fd, &system) != 0) return false;
    return system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
}

int open_in_memory(const std::string& path, int flags, mode_t permissions) noexcept {
    constexpr off_t kSoonEmptied = 1 << 20;
    const std::size_t slash = path.rfind('/');
    const char* const name = path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
    char folder[PATH_MAX] = ".";
    if (slash != std::string::npos) {
        if (slash + 2 > sizeof folder) return -EAGAIN;
        std::memcpy(folder, path.data(), slash + 1);  // with the slash: "/" of "/a"
        folder[slash + 1] = '\0';
    }
    const UniqueFd above(open_now(folder, O_PATH | O_DIRECTORY));
    if (!above || !is_in_memory(above.get())) return -EAGAIN;
    // Opening a pipe or a device may do something already.
    struct stat status;
    if (::fstatat(above.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(status.st_mode) || status.st_size > kSoonEmptied) return -EAGAIN;
    } else if (errno != ENOENT) {
        return -EAGAIN;
    }
    open_how how = {};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.mode = flags & O_CREAT ? permissions & 07777 : 0;
    how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
    const long fd = uninterrupted([&] { return ::syscall(SYS_openat2, above.get(), name, &how, sizeof how); });
    return fd >= 0 ? static_cast<int>(fd) : -EAGAIN;  // the thread will get the same error, and report it
}

int open_waiting(const char* path, int flags, mode_t permissions) noexcept {
    const int all = flags | O_CLOEXEC | O_NOCTTY;
    int fd = uninterrupted([&] { return ::open(path, all | O_NONBLOCK, permissions); });
    // Somebody holds a lease, and was asked to give it up.
    if (fd == -EWOULDBLOCK) fd = uninterrupted([&] { return ::open(path, all, permissions); });
    return fd;
}

int read_waiting(int fd, void* to, std::size_t size) noexcept {
    while (true) {
        const auto result = uninterrupted([&] { return ::read(fd, to, std::min(size, kMost)); });
        if (result != -EAGAIN) return static_cast<int>(result);
        wait_until_ready(fd, POLLIN);
    }
}

int write_waiting(int fd, const void* from, std::size_t size) noexcept {
    while (true) {
        const auto result = uninterrupted([&] { return ::write(fd, from, std::min(size, kMost)); });
        if (result != -EAGAIN) return static_cast<int>(result);
        wait_until_ready(fd, POLLOUT);
    }
}

int write_all_waiting(int fd, const void* from, std::size_t size, std::size_t& written) noexcept {
    written = 0;
    while (written < size) {
        const int result = write_waiting(fd, static_cast<const char*>(from) + written, size - written);
        if (result < 0) return result;
        if (result == 0) return -EIO;
        written += static_cast<std::size_t>(result);
    }
    return 0;
}

int open_nameless(const std::string& folder, int flags) {
    const int fd = ::open(folder.c_str(), flags | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    std::string path = folder + "/aiocpp-XXXXXX";  // not every file system can: it has a name for a moment
    const int named = ::mkostemp(path.data(), (flags & O_APPEND) | O_CLOEXEC);
    if (named < 0) return -errno;
    ::unlink(path.c_str());
    return named;
}

// EINTR leaves the descriptor closed, on Linux.
int close_fd(int fd) noexcept {
    if (::close(fd) == 0 || errno == EINTR) return 0;
    return -errno;
}

}  // namespace aio::detail
