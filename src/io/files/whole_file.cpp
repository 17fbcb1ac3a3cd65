// aio::files: whole files at once.
#include <aio/io/file_system.hpp>

#include "base/no_sigpipe.hpp"
#include "base/per_thread.hpp"
#include "base/unique_fd.hpp"
#include "io/files/fairness.hpp"
#include "io/files/paths.hpp"
#include "io/files/system_calls.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace aio {

namespace detail {

namespace {

constexpr std::size_t kFirstPiece = 64 * 1024;
constexpr std::size_t kMostAtOnce = 1024 * 1024;  // of a file, on the loop's thread

char* first_piece() {
    constinit thread_local static PerThread<std::unique_ptr<char[]>> memory;
    std::unique_ptr<char[]>& bytes = memory.get();
    if (!bytes) bytes.reset(new char[kFirstPiece]);
    return bytes.get();
}

// The rest of a file with `read(fd, to, size)`: 0, or a negative errno. The first piece goes through memory that is
// in the processor's cache, and tells whether there is more.
template <class Read>
int read_all(int fd, std::size_t most, Read&& read, std::string& text) {
    struct stat status;
    while (text.size() <= most) {
        const int count = read(fd, first_piece(), kFirstPiece);
        if (count <= 0) return count;
        const auto got = static_cast<std::size_t>(count);
        if (text.empty() && got == kFirstPiece && ::fstat(fd, &status) == 0 && status.st_size > 0) {
            if (static_cast<std::size_t>(status.st_size) > most) return -EAGAIN;
            if (static_cast<std::size_t>(status.st_size) >= text.max_size()) throw std::bad_alloc();
            text.reserve(static_cast<std::size_t>(status.st_size) + 1);
        }
        text.append(first_piece(), got);
    }
    return -EAGAIN;
}

// 0 when the whole file could be read without waiting. Anything else is left to a thread, which also reports errors.
// What is no regular file stays open, with what was read: a pipe that is closed again has lost its writer's bytes.
int read_file_now(const std::string& path, std::string& text, UniqueFd& fd) {
    fd = UniqueFd(open_now(path.c_str(), O_RDONLY));
    if (!fd) return -EAGAIN;
    int result = read_all(fd.get(), kMostAtOnce, read_now, text);
    if (result == -EAGAIN && text.empty() && errno == EOPNOTSUPP && is_in_memory(fd.get())) {
        result = read_all(fd.get(), kMostAtOnce, read_waiting, text);
    }
    if (result == 0 && !text.empty()) return 0;
    // Empty, or a FIFO without a writer.
    struct stat status;
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return -EAGAIN;
    fd = UniqueFd();
    text = std::string();
    return result;
}

Answer<std::string> read_file_waiting(const std::string& path, UniqueFd fd, std::string begun) {
    Answer<std::string> answer;
    answer.value = std::move(begun);
    if (fd) {
        wait_until_ready(fd.get(), POLLIN);  // a FIFO without a writer would be at its end
    } else {
        fd = UniqueFd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }));
    }
    answer.error = fd ? read_all(fd.get(), answer.value.max_size(), read_waiting, answer.value) : -errno;
    return answer;
}

// --- writing -------------------------------------------------------------------------------------------------

int write_and_close(UniqueFd fd, const std::string& data, bool sync) noexcept {
    std::size_t written = 0;
    int result = write_all_waiting(fd.get(), data.data(), data.size(), written);
    if (result == 0 && sync) result = uninterrupted([&] { return ::fsync(fd.get()); });
    const int closed = close_fd(fd.take());
    return result < 0 ? result : closed;
}

// -EAGAIN: nothing was done.
int write_file_now(const std::string& path, const std::string& data,
                   const files::WriteFileOptions& options) noexcept {
    if (options.atomic || options.sync || data.size() > kMostAtOnce) return -EAGAIN;
    const int flags = O_WRONLY | O_CREAT | (options.append ? O_APPEND : O_TRUNC);
    UniqueFd fd(open_in_memory(path, flags, options.permissions));
    return fd ? write_and_close(std::move(fd), data, false) : -EAGAIN;
}

// A name in a directory is on the device when the directory is.
int sync_directory_of(const std::string& path) {
    const std::string parent = parent_of(path);
    const UniqueFd fd(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd && ::fsync(fd.get()) == 0 ? 0 : -errno;
}

int replace_file(const std::string& path, const std::string& data, const files::WriteFileOptions& options) {
    const std::string beside = path + "." + random_letters();
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    UniqueFd fd(::open(beside.c_str(), flags, options.permissions));
    if (!fd) return -errno;
    struct stat old;
    if (::stat(path.c_str(), &old) == 0) ::fchmod(fd.get(), old.st_mode & 07777);
    int result = write_and_close(std::move(fd), data, options.sync);
    if (result == 0 && ::rename(beside.c_str(), path.c_str()) != 0) result = -errno;
    if (result < 0) {
        ::unlink(beside.c_str());
    } else if (options.sync) {
        result = sync_directory_of(path);
    }
    return result;
}

int write_file_waiting(const std::string& path, const std::string& data, const files::WriteFileOptions& options) {
    if (options.atomic) return replace_file(path, data, options);
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (options.append ? O_APPEND : O_TRUNC);
    UniqueFd fd(uninterrupted([&] { return ::open(path.c_str(), flags, options.permissions); }));
    if (!fd) return -errno;
    const NoSigpipe quiet;
    return write_and_close(std::move(fd), data, options.sync);
}

}  // namespace

}  // namespace detail

namespace files {

Coro<std::string> read_file(std::string path) {
    detail::check_path(path);
    std::string text;
    detail::UniqueFd fd;
    if (detail::read_file_now(path, text, fd) == 0) {
        if (detail::turn_is_over(text.size())) co_await detail::Pass();
        co_return text;
    }
    auto kept = std::make_shared<detail::UniqueFd>(std::move(fd));
    auto call = [path, kept, begun = std::move(text)]() mutable {
        return detail::read_file_waiting(path, std::move(*kept), std::move(begun));
    };
    detail::Answer<std::string> answer = co_await detail::in_thread(std::move(call));
    if (answer.error < 0) throw_os_error(-answer.error, "read the file " + detail::quoted(path));
    co_return std::move(answer.value);
}

Coro<> write_file(std::string path, std::string data, WriteFileOptions options) {
    detail::check_path(path);
    if (options.append && options.atomic) throw ValueError("write_file: append and atomic exclude each other");
    int result = detail::write_file_now(path, data, options);
    if (result != -EAGAIN) {
        if (detail::turn_is_over(data.size())) co_await detail::Pass();
    } else {
        auto call = [path, data = std::move(data), options] {
            return detail::write_file_waiting(path, data, options);
        };
        result = co_await detail::in_thread(std::move(call));
    }
    if (result < 0) throw_os_error(-result, "write the file " + detail::quoted(path));
}

}  // namespace files

}  // namespace aio
