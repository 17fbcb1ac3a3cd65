// What RESOLVE_BENEATH does, by hand: a stack of directories, of which the folder is the lowest, and what is left of the
// path. Source: openat2(2); path_resolution(7).
#include "http/server/open_beneath.hpp"

#include "base/unique_fd.hpp"
#include "http/wire/syntax.hpp"
#include "io/files/system_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>
#include <vector>

namespace aio::http::detail {

namespace {

using aio::detail::UniqueFd;

constexpr int kMostLinks = 40;  // as the kernel's

// What O_PATH and O_NOFOLLOW open.
bool is_link(int fd) noexcept {
    struct stat info;
    return fd >= 0 && ::fstat(fd, &info) == 0 && S_ISLNK(info.st_mode);
}

class Walk {
public:
    Walk(int folder, const std::string& path) : folder_(folder), rest_(path) {}
    int open(int flags);

private:
    int here() const noexcept { return above_.empty() ? folder_ : above_.back().get(); }
    // 0, or a negative errno.
    int step(const std::string& name);
    int follow(int link);

    int folder_;
    std::vector<UniqueFd> above_;
    std::string rest_;  // of the path, from here()
    int links_ = 0;
};

// The link's target goes in front of what is left.
int Walk::follow(int link) {
    if (++links_ > kMostLinks) return -ELOOP;
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlinkat(link, "", target.data(), target.size());
    if (size < 0) return -errno;
    if (size == 0 || target[0] == '/') return -EXDEV;
    if (!rest_.empty() && rest_.front() != '/') rest_.insert(0, "/");
    rest_.insert(0, target.data(), static_cast<std::size_t>(size));
    return 0;
}

int Walk::step(const std::string& name) {
    if (name == "..") {
        if (above_.empty()) return -EXDEV;
        above_.pop_back();
        return 0;
    }
    UniqueFd next(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info;
    if (!next || ::fstat(next.get(), &info) != 0) return -errno;
    if (S_ISLNK(info.st_mode)) return follow(next.get());
    if (!S_ISDIR(info.st_mode)) return -ENOTDIR;
    above_.push_back(std::move(next));
    return 0;
}

int Walk::open(int flags) {
    if (rest_.empty()) return -ENOENT;
    if (rest_.front() == '/') return -EXDEV;
    while (true) {
        std::string_view text = rest_;
        const std::string name(wire::take_until(text, '/'));
        const bool is_last = text.find_first_not_of('/') == std::string_view::npos;
        const bool needs_directory = is_last && name.size() < rest_.size();
        rest_ = needs_directory ? "/" : std::string(text);
        const bool stays = name.empty() || name == ".";
        if (!stays && is_last && !needs_directory && name != "..") {
            const auto open = [&] { return ::openat(here(), name.c_str(), flags | O_NOFOLLOW); };
            const int fd = aio::detail::uninterrupted(open);
            if (fd != -ELOOP && !is_link(fd)) return fd;
            if (fd >= 0) ::close(fd);
        }
        if (const int error = stays ? 0 : step(name); error < 0) return error;
        if (rest_.find_first_not_of('/') != std::string::npos) continue;
        // A directory: the last component, or what a link or ".." led to.
        return aio::detail::uninterrupted([&] { return ::openat(here(), ".", flags | O_DIRECTORY); });
    }
}

}  // namespace

int open_beneath(int folder, const std::string& path, int flags) { return Walk(folder, path).open(flags); }

}  // namespace aio::http::detail
