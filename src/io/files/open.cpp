// open(), by path or by descriptor: on the loop's thread where the kernel need not wait, else on a pool thread, retried
// while a FIFO has no reader. adopt() makes a File of any open descriptor, for tempfile.cpp and standard.cpp too.
#include "io/files/open.hpp"

#include <aio/core/sleep.hpp>

#include "base/unique_fd.hpp"
#include "io/files/fairness.hpp"
#include "io/files/file_core.hpp"
#include "io/files/in_thread.hpp"
#include "io/files/system_calls.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>

namespace aio {

namespace detail {

namespace {

using namespace std::chrono_literals;

struct Opened {
    UniqueFd fd;
    int error = 0;           // negative errno
    bool no_reader = false;  // a FIFO, to be written to
};

Opened open_on_thread(const std::string& path, int flags, unsigned permissions) noexcept {
    Opened opened;
    const int fd = open_waiting(path.c_str(), flags, permissions);
    if (fd >= 0) {
        opened.fd = UniqueFd(fd);
        return opened;
    }
    opened.error = fd;
    struct stat status;
    opened.no_reader = fd == -ENXIO && ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    return opened;
}

// It was opened non-blocking. A pipe or a terminal may be passed to other processes, which do not expect that.
void make_blocking(const FileCore& file) noexcept {
    if (!file.pollable()) return;
    const int flags = ::fcntl(file.fd(), F_GETFL);
    if (flags >= 0) ::fcntl(file.fd(), F_SETFL, flags & ~O_NONBLOCK);
}

std::string attempt(const std::string& path, const FileMode& mode) {
    return "open " + quoted(path) + " for " + mode.purpose();
}

std::size_t buffer_of(const FileMode& mode, const files::OpenOptions& options) noexcept {
    if (options.buffering < 0 || options.buffering == 1) return kFileBuffer;
    return mode.binary || options.buffering > 0 ? static_cast<std::size_t>(options.buffering) : kFileBuffer;
}

// The reader of a FIFO may open it at any time, and no event reports that.
constexpr Duration kFirstPause = 1ms;
constexpr Duration kLongestPause = 20ms;

Coro<UniqueFd> open_path(std::string path, FileMode mode, files::OpenOptions options) {
    for (Duration pause = kFirstPause;; pause = std::min<Duration>(2 * pause, kLongestPause)) {
        auto call = [path, flags = mode.flags(), permissions = options.permissions] {
            return open_on_thread(path, flags, permissions);
        };
        Opened opened = co_await in_thread(std::move(call), options.executor);
        if (opened.fd) co_return std::move(opened.fd);
        if (!opened.no_reader) throw_os_error(-opened.error, attempt(path, mode));
        co_await sleep(pause);
    }
}

// -EAGAIN: it may wait.
int open_at_once(const std::string& path, const FileMode& mode, const files::OpenOptions& options) noexcept {
    return mode.flags() == O_RDONLY ? open_now(path.c_str(), O_RDONLY)
                                    : open_in_memory(path, mode.flags(), options.permissions);
}

Coro<files::File> open_file(std::string path, std::string mode_text, std::string errors, files::OpenOptions options) {
    options.errors = errors;
    const FileMode mode = parse_mode(mode_text);
    check_buffering(mode, options);
    parse_text_rules(mode, options);
    if (!options.closefd) throw ValueError("open '" + path + "': cannot use closefd = false with a file name");
    check_path(path);
    UniqueFd fd;
    fd = UniqueFd(open_at_once(path, mode, options));
    if (!fd) {
        fd = co_await open_path(path, mode, options);
    } else if (turn_is_over(0)) {
        co_await Pass();
    }
    files::File file = adopt(fd.get(), std::move(path), mode, options, true);
    make_blocking(*file.core());
    fd.take();
    co_return file;
}

Coro<files::File> open_descriptor(int number, std::string mode_text, std::string errors, files::OpenOptions options) {
    options.errors = errors;
    const FileMode mode = parse_mode(mode_text);
    check_buffering(mode, options);
    parse_text_rules(mode, options);
    if (number < 0) throw ValueError("open: negative file descriptor");
    co_return adopt(number, std::to_string(number), mode, options, false);
}

}  // namespace

files::File adopt(int fd, std::string name, const FileMode& mode, const files::OpenOptions& options,
                  bool opened_here) {
    LoopState& loop = LoopState::of(require_loop());
    struct stat status;
    if (::fstat(fd, &status) != 0) throw_os_error(errno, attempt(name, mode));
    if (S_ISDIR(status.st_mode)) throw_os_error(EISDIR, attempt(name, mode));
    FileCore::Setup setup{.fd = fd, .kind = kind_of(fd, status)};
    setup.close_fd = options.closefd;
    setup.own_position = opened_here;
    setup.mode = mode;
    setup.text = parse_text_rules(mode, options);
    setup.buffer = buffer_of(mode, options);
    setup.terminal = setup.kind == RawFile::Kind::device && ::isatty(fd) == 1;
    setup.line_buffered = !mode.binary && (options.buffering == 1 || (options.buffering < 0 && setup.terminal));
    setup.executor = options.executor;
    if (mode.appending) ::lseek(fd, 0, SEEK_END);
    return files::File(FileCore::open(loop, std::move(name), setup));
}

}  // namespace detail

namespace files {

Coro<File> open(std::string path, std::string_view mode, OpenOptions options) {
    return detail::open_file(std::move(path), std::string(mode), std::string(options.errors), options);
}
Coro<File> open(int fd, std::string_view mode, OpenOptions options) {
    return detail::open_descriptor(fd, std::string(mode), std::string(options.errors), options);
}

}  // namespace files

}  // namespace aio
