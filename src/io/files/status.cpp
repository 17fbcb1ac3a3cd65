// aio::files: what is there, by path or of an open file.
#include <aio/io/file_system.hpp>

#include "base/unique_fd.hpp"
#include "io/files/fairness.hpp"
#include "io/files/file_core.hpp"
#include "io/files/paths.hpp"
#include "io/files/status.hpp"
#include "io/files/system_calls.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <memory>

namespace aio {

namespace detail {

namespace {

using files::Stat;

std::int64_t nanoseconds(const timespec& time) noexcept {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Stat stat_of(const struct stat& status) noexcept {
    Stat result;
    result.st_mode = status.st_mode;
    result.st_ino = status.st_ino;
    result.st_dev = status.st_dev;
    result.st_nlink = status.st_nlink;
    result.st_uid = status.st_uid;
    result.st_gid = status.st_gid;
    result.st_size = status.st_size;
    result.st_blocks = status.st_blocks;
    result.st_blksize = status.st_blksize;
    result.st_atime_ns = nanoseconds(status.st_atim);
    result.st_mtime_ns = nanoseconds(status.st_mtim);
    result.st_ctime_ns = nanoseconds(status.st_ctim);
    return result;
}

// Through an O_PATH descriptor, and only if the path is cached: 0, a negative errno, or -EAGAIN if it is not.
int stat_now(const std::string& path, bool follow, struct stat& status) noexcept {
    const int number = open_now(path.c_str(), O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (number == -ENOENT || number == -ENOTDIR) return number;  // the cache knows that, too
    const UniqueFd fd(number);
    if (!fd) return -EAGAIN;
    return ::fstat(fd.get(), &status) == 0 ? 0 : -EAGAIN;
}

Coro<Answer<Stat>> look_at(std::string path, bool follow) {
    check_path(path);
    struct stat now;
    Answer<Stat> answer;
    answer.error = stat_now(path, follow, now);
    if (answer.error != -EAGAIN) {
        if (answer.error == 0) answer.value = stat_of(now);
        if (turn_is_over(0)) co_await Pass();
        co_return answer;
    }
    auto call = [path, follow] {
        struct stat status;
        Answer<Stat> found;
        if (::fstatat(AT_FDCWD, path.c_str(), &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
            found.error = -errno;
        } else {
            found.value = stat_of(status);
        }
        return found;
    };
    co_return co_await in_thread(std::move(call));
}

Coro<Stat> require_stat(std::string path, bool follow, const char* verb) {
    const Answer<Stat> answer = co_await look_at(path, follow);
    if (answer.error < 0) throw_os_error(-answer.error, std::string(verb) + " " + quoted(path));
    co_return answer.value;
}

Coro<bool> has_type(std::string path, bool follow, unsigned type) {
    const Answer<Stat> answer = co_await look_at(std::move(path), follow);
    co_return answer.error == 0 && (type == 0 || (answer.value.st_mode & S_IFMT) == type);
}

bool same(const Stat& a, const Stat& b) noexcept { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// fstat(2), on a thread: on a network the server is asked.
class StatTask final : public FileTask {
public:
    explicit StatTask(std::shared_ptr<Stat> result) noexcept : result_(std::move(result)) {}
    int perform(int fd) noexcept override {
        struct stat status;
        if (::fstat(fd, &status) != 0) return -errno;
        *result_ = stat_of(status);
        return 0;
    }

private:
    std::shared_ptr<Stat> result_;
};

}  // namespace

Coro<Stat> stat_file(FileRef file) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin();
    // Behind a pipe or a file in memory there is nothing that could be slow.
    if (file->pollable() || (file->kind() == RawFile::Kind::memory && file_route() == FileRoute::usual)) {
        struct stat status;
        if (::fstat(file->fd(), &status) != 0) throw_os_error(errno, "stat the open file " + quoted(file->name()));
        co_return stat_of(status);
    }
    auto result = std::make_shared<Stat>();
    const FileRequest request = file->task_request(std::make_unique<StatTask>(result));
    const int error = co_await file->transfer(request);
    if (error < 0) throw_os_error(-error, "stat the open file " + quoted(file->name()));
    co_return *result;
}

}  // namespace detail

namespace files {

using detail::has_type;
using detail::quoted;
using detail::require_stat;

bool Stat::is_file() const noexcept { return S_ISREG(st_mode); }
bool Stat::is_dir() const noexcept { return S_ISDIR(st_mode); }
bool Stat::is_symlink() const noexcept { return S_ISLNK(st_mode); }

Coro<Stat> stat(std::string path, StatOptions options) {
    return require_stat(std::move(path), options.follow_symlinks, "stat");
}
Coro<Stat> lstat(std::string path) { return require_stat(std::move(path), false, "stat"); }

Coro<StatVfs> statvfs(std::string path) {
    detail::check_path(path);
    auto call = [path] {
        struct ::statvfs found;
        detail::Answer<StatVfs> answer;
        if (::statvfs(path.c_str(), &found) != 0) {
            answer.error = -errno;
            return answer;
        }
        answer.value = {found.f_bsize, found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail,
                        found.f_files, found.f_ffree,  found.f_favail, found.f_flag,  found.f_namemax};
        return answer;
    };
    const detail::Answer<StatVfs> answer = co_await detail::in_thread(std::move(call));
    if (answer.error < 0) throw_os_error(-answer.error, "get the file system of " + quoted(path));
    co_return answer.value;
}

Coro<bool> access(std::string path, int mode) {
    detail::check_path(path);
    auto call = [path, mode] { return ::access(path.c_str(), mode) == 0; };
    co_return co_await detail::in_thread(std::move(call));
}

Coro<bool> exists(std::string path) { return has_type(std::move(path), true, 0); }
Coro<bool> lexists(std::string path) { return has_type(std::move(path), false, 0); }
Coro<bool> isfile(std::string path) { return has_type(std::move(path), true, S_IFREG); }
Coro<bool> isdir(std::string path) { return has_type(std::move(path), true, S_IFDIR); }
Coro<bool> islink(std::string path) { return has_type(std::move(path), false, S_IFLNK); }

// Source: posixpath.ismount, CPython 3.13: another device than the directory above, or the root of all.
Coro<bool> ismount(std::string path) {
    const detail::Answer<Stat> here = co_await detail::look_at(path, false);
    if (here.error < 0 || !here.value.is_dir()) co_return false;
    const detail::Answer<Stat> above = co_await detail::look_at(path + "/..", false);
    if (above.error < 0) co_return false;
    co_return here.value.st_dev != above.value.st_dev || here.value.st_ino == above.value.st_ino;
}

Coro<std::int64_t> getsize(std::string path) {
    const Stat found = co_await require_stat(std::move(path), true, "get the size of");
    co_return found.st_size;
}
Coro<double> getatime(std::string path) {
    const Stat found = co_await require_stat(std::move(path), true, "get the time of");
    co_return found.atime();
}
Coro<double> getmtime(std::string path) {
    const Stat found = co_await require_stat(std::move(path), true, "get the time of");
    co_return found.mtime();
}
Coro<double> getctime(std::string path) {
    const Stat found = co_await require_stat(std::move(path), true, "get the time of");
    co_return found.ctime();
}

Coro<bool> samefile(std::string path, std::string other) {
    const Stat a = co_await require_stat(std::move(path), true, "stat");
    const Stat b = co_await require_stat(std::move(other), true, "stat");
    co_return detail::same(a, b);
}
Coro<bool> sameopenfile(int fd, int other) {
    struct stat a, b;
    if (::fstat(fd, &a) != 0 || ::fstat(other, &b) != 0) throw_os_error(errno, "stat a descriptor");
    co_return a.st_dev == b.st_dev&& a.st_ino == b.st_ino;
}

Coro<std::string> getcwd() {
    std::string path(256, '\0');
    while (!::getcwd(path.data(), path.size())) {
        if (errno != ERANGE) throw_os_error(errno, "get the current directory");
        path.resize(2 * path.size());
    }
    path.resize(path.find('\0'));
    co_return path;
}

// Source: posixpath.normpath, CPython 3.13: two slashes at the beginning are kept, as POSIX wants it.
Coro<std::string> abspath(std::string path) {
    if (path.empty() || path[0] != '/') path = (co_await getcwd()) + "/" + path;
    const bool two = path.starts_with("//") && !path.starts_with("///");
    std::vector<std::string> parts;
    std::string part;
    for (const char letter : path + "/") {
        if (letter != '/') {
            part += letter;
            continue;
        }
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        part.clear();
    }
    std::string result = two ? "/" : "";
    for (const std::string& each : parts) result += "/" + each;
    co_return parts.empty() ? result + "/" : result;
}

}  // namespace files

}  // namespace aio
