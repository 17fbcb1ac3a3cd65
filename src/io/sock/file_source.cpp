// FileSource: read-ahead hints for the kernel's copy, reads on a thread for the fallback, the file's final position.
// Nothing is sent here: sendfile.cpp. Files that a program reads and writes itself are in io/files.
#include "io/sock/file_source.hpp"

#include <aio/base/error.hpp>
#include <aio/sync/threads.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace aio::detail {

namespace {

// Blocks. `fd` is the thread's own.
std::string read_block(int fd, std::uint64_t offset, std::size_t size) {
    struct Closing {
        int fd;
        ~Closing() { ::close(fd); }
    } closing{fd};
    std::string data(size, '\0');
    ssize_t count = 0;
    do {
        count = ::pread(fd, data.data(), size, static_cast<off_t>(offset));
        if (count < 0 && errno == ESPIPE) count = ::read(fd, data.data(), size);  // a pipe has no offsets
    } while (count < 0 && errno == EINTR);
    if (count < 0) throw_os_error(errno, "read the file to be sent");
    data.resize(static_cast<std::size_t>(count));
    return data;
}

}  // namespace

FileSource::FileSource(int fd, std::uint64_t offset, std::optional<std::size_t> count, std::size_t* progress)
    : fd_(fd), offset_(offset), count_(count), progress_(progress) {
    if (count == std::size_t{0}) throw ValueError("sendfile: the count must be positive");
}

FileSource::~FileSource() {
    if (sent_ > 0) ::lseek(fd_, static_cast<off_t>(offset()), SEEK_SET);
}

std::size_t FileSource::next_piece(std::size_t most) const noexcept {
    return count_ ? std::min(most, *count_ - sent_) : most;
}

void FileSource::read_ahead() noexcept {
    const std::uint64_t wanted = offset() + kSendfilePiece;
    if (wanted <= announced_) return;
    const std::uint64_t begin = std::max(announced_, offset());
    announced_ = wanted + kSendfilePiece;
    ::posix_fadvise(fd_, static_cast<off_t>(begin), static_cast<off_t>(announced_ - begin), POSIX_FADV_WILLNEED);
}

Future<std::string> FileSource::read(std::size_t most) const {
    const int own = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (own < 0) throw_os_error(errno, "read the file to be sent");
    try {
        return get_running_loop().run_in_executor(nullptr, read_block, own, offset(), most);
    } catch (...) {
        ::close(own);
        throw;
    }
}

bool not_for_sendfile(int result) noexcept {
    return result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP || result == -ESPIPE;
}

}  // namespace aio::detail
