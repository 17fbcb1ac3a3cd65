// The system calls on files that are tried on the loop's thread, because they cannot block there, and those for a
// thread, which may. Results are counts or descriptors, or a negative errno. EINTR is never one of them.
//
// What can be done without waiting is done at once: a page that is in the cache is copied in less time than it
// takes to tell a thread, or the ring, about it. The kernel is asked in a way that makes it refuse where it would
// wait: RWF_NOWAIT for what is in the file, RESOLVE_CACHED for the way to it. On file systems in memory nothing waits.
// Source: preadv2(2), openat2(2); Linux 6.12 fs/namei.c, mm/filemap.c, fs/pipe.c.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <string>
#include <utility>

namespace aio::detail {

// --- without waiting ---------------------------------------------------------------------------------------

// -EAGAIN: it would wait, or may; or the kernel cannot tell (read and write: errno says which: EAGAIN, or another).
int open_now(const char* path, int flags) noexcept;
int read_now(int fd, void* to, std::size_t size) noexcept;
int write_now(int fd, const void* from, std::size_t size) noexcept;

// Whether the file is on a file system in memory, where no call waits, and the kernel does not know RWF_NOWAIT (6.12).
bool is_in_memory(int fd) noexcept;
// Opens for writing, or makes, a regular file in a directory that is in memory and known to the cache: what RESOLVE_CACHED
// itself refuses to do. A file that would take long to empty is left to threads. -EAGAIN: nothing was done.
int open_in_memory(const std::string& path, int flags, mode_t permissions) noexcept;

// Where calls that would wait go: what tests choose, so that both ways are taken, and what would not wait does.
enum class FileRoute { usual, backend, thread };
void force_file_route(FileRoute route) noexcept;
FileRoute file_route() noexcept;

// --- on a thread -------------------------------------------------------------------------------------------

// Never waits for the other end of a FIFO: opened for writing without a reader, that gives -ENXIO.
int open_waiting(const char* path, int flags, mode_t permissions) noexcept;
// Until `fd` has one of poll(2)'s `events`, or an error to tell.
void wait_until_ready(int fd, short events) noexcept;
int read_waiting(int fd, void* to, std::size_t size) noexcept;
int write_waiting(int fd, const void* from, std::size_t size) noexcept;
// All of it: 0, or a negative errno; `written` tells how far it came.
int write_all_waiting(int fd, const void* from, std::size_t size, std::size_t& written) noexcept;
int close_fd(int fd) noexcept;
// A file in `folder` that has no name and goes when it is closed: a descriptor that this program's children do not
// get, or a negative errno. `flags`: O_RDWR, and O_APPEND at will. Errors: std::bad_alloc.
int open_nameless(const std::string& folder, int flags);

// A call again while it is interrupted: its result or a negative errno.
template <class Call>
auto uninterrupted(Call&& call) noexcept -> decltype(call());

// ---------------------------------------------------------------------------------------------------------

int negative_errno() noexcept;

template <class Call>
auto uninterrupted(Call&& call) noexcept -> decltype(call()) {
    constexpr int kInterrupted = -4;  // -EINTR
    while (true) {
        const auto result = call();
        if (result >= 0) return result;
        if (const int error = negative_errno(); error != kInterrupted) return error;
    }
}

}  // namespace aio::detail
