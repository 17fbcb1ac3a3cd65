// aio::files: what changes names and directories.
#include <aio/io/file_system.hpp>

#include "io/files/paths.hpp"
#include "io/files/system_calls.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>

namespace aio {

namespace detail {

namespace {

int result_of(int result) noexcept { return result < 0 ? -errno : 0; }

bool is_directory(const std::string& path) noexcept {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::string parent_of(const std::string& path) {
    const std::size_t last = path.find_last_not_of('/');
    if (last == std::string::npos) return {};
    const std::size_t slash = path.rfind('/', last);
    if (slash == std::string::npos) return {};
    const std::size_t end = path.find_last_not_of('/', slash);
    return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

// Source: os.makedirs, CPython 3.13: those above may always exist, made by others meanwhile.
int make_directories(const std::string& path, unsigned mode, bool exist_ok) noexcept {
    try {
        const std::string parent = parent_of(path);
        if (!parent.empty() && parent != "/" && !is_directory(parent)) {
            const int above = make_directories(parent, 0777, true);
            if (above < 0) return above;
        }
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
    if (::mkdir(path.c_str(), mode) == 0) return 0;
    const int error = -errno;
    return exist_ok && is_directory(path) ? 0 : error;
}

void remove_empty_parents(const std::string& path) noexcept {
    try {
        for (std::string above = parent_of(path); !above.empty() && above != "/"; above = parent_of(above)) {
            if (::rmdir(above.c_str()) != 0) return;
        }
    } catch (const std::bad_alloc&) {}  // they may as well stay
}

}  // namespace detail

namespace files {

using detail::attempt_on;
using detail::quoted;
using detail::result_of;

Coro<> rename(std::string from, std::string to) {
    auto call = [from, to] { return result_of(::rename(from.c_str(), to.c_str())); };
    return attempt_on(from, to, "rename " + quoted(from) + " to " + quoted(to), std::move(call));
}
Coro<> replace(std::string from, std::string to) { return rename(std::move(from), std::move(to)); }

Coro<> renames(std::string from, std::string to) {
    auto call = [from, to] {
        const std::string parent = detail::parent_of(to);
        if (!parent.empty()) {
            const int made = detail::make_directories(parent, 0777, true);
            if (made < 0) return made;
        }
        if (::rename(from.c_str(), to.c_str()) != 0) return -errno;
        detail::remove_empty_parents(from);
        return 0;
    };
    return attempt_on(from, to, "rename " + quoted(from) + " to " + quoted(to), std::move(call));
}

Coro<> remove(std::string path) {
    return attempt_on(path, "remove", [path] { return result_of(::unlink(path.c_str())); });
}
Coro<> unlink(std::string path) { return remove(std::move(path)); }

Coro<> mkdir(std::string path, unsigned mode) {
    return attempt_on(path, "make the directory", [path, mode] { return result_of(::mkdir(path.c_str(), mode)); });
}
Coro<> makedirs(std::string path, MakeDirsOptions options) {
    return attempt_on(path, "make the directories down to",
                      [path, options] { return detail::make_directories(path, options.mode, options.exist_ok); });
}
Coro<> rmdir(std::string path) {
    return attempt_on(path, "remove the directory", [path] { return result_of(::rmdir(path.c_str())); });
}
Coro<> removedirs(std::string path) {
    return attempt_on(path, "remove the directory", [path] {
        if (::rmdir(path.c_str()) != 0) return -errno;
        detail::remove_empty_parents(path);
        return 0;
    });
}

Coro<> link(std::string existing, std::string name) {
    auto call = [existing, name] { return result_of(::link(existing.c_str(), name.c_str())); };
    return attempt_on(existing, name, "link " + quoted(existing) + " as " + quoted(name), std::move(call));
}
Coro<> symlink(std::string target, std::string name) {
    auto call = [target, name] { return result_of(::symlink(target.c_str(), name.c_str())); };
    return attempt_on(target, name, "make " + quoted(name) + " a link to " + quoted(target), std::move(call));
}

Coro<std::string> readlink(std::string path) {
    detail::check_path(path);
    auto call = [path] {
        detail::Answer<std::string> answer;
        for (std::size_t size = 256;; size *= 2) {
            answer.value.resize(size);
            const ssize_t length = ::readlink(path.c_str(), answer.value.data(), size);
            if (length < 0) answer.error = -errno;
            if (length >= 0 && static_cast<std::size_t>(length) == size) continue;  // there may be more
            answer.value.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
            return answer;
        }
    };
    detail::Answer<std::string> answer = co_await detail::in_thread(std::move(call));
    if (answer.error < 0) throw_os_error(-answer.error, "read the link " + quoted(path));
    co_return std::move(answer.value);
}

}  // namespace files

}  // namespace aio
