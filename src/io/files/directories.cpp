// aio::files: directories and what is in them.
#include <aio/io/file_system.hpp>

#include "io/files/paths.hpp"
#include "io/files/system_calls.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace aio {

namespace detail {

namespace {

using files::DirEntry;

constexpr std::size_t kEntriesPerVisit = 512;

struct CloseDir {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using UniqueDir = std::unique_ptr<DIR, CloseDir>;

bool is_dot(const char* name) noexcept { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

DirEntry::Type type_of_mode(unsigned mode) noexcept {
    if (S_ISREG(mode)) return DirEntry::Type::file;
    if (S_ISDIR(mode)) return DirEntry::Type::dir;
    return S_ISLNK(mode) ? DirEntry::Type::symlink : DirEntry::Type::other;
}

DirEntry::Type type_of(DIR* directory, const dirent& entry) noexcept {
    switch (entry.d_type) {
        case DT_REG: return DirEntry::Type::file;
        case DT_DIR: return DirEntry::Type::dir;
        case DT_LNK: return DirEntry::Type::symlink;
        case DT_UNKNOWN: break;
        default: return DirEntry::Type::other;
    }
    struct stat status;
    if (::fstatat(::dirfd(directory), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return DirEntry::Type::unknown;
    return type_of_mode(status.st_mode);
}

// A directory that is being read: by one thread at a time.
class Listing {
public:
    explicit Listing(std::string path) : path_(std::move(path)) {}

    // Some more entries, none at the end; or a negative errno.
    Answer<std::vector<DirEntry>> more(std::size_t most) {
        Answer<std::vector<DirEntry>> answer;
        while (answer.value.size() < most) {
            const dirent* entry = next(answer.error);
            if (!entry) break;
            DirEntry& found = answer.value.emplace_back();
            found.name = entry->d_name;
            found.path = path_.ends_with('/') ? path_ + found.name : path_ + "/" + found.name;
            found.type = type_of(directory_.get(), *entry);
            found.inode = entry->d_ino;
        }
        return answer;
    }
    // All of them.
    Answer<std::vector<std::string>> names() {
        Answer<std::vector<std::string>> answer;
        while (const dirent* entry = next(answer.error)) answer.value.emplace_back(entry->d_name);
        return answer;
    }

private:
    // Null at the end, or with a negative errno.
    const dirent* next(int& error) noexcept {
        errno = 0;
        if (!directory_ && !open()) {
            error = -errno;
            return nullptr;
        }
        while (true) {
            errno = 0;
            const dirent* entry = ::readdir(directory_.get());
            if (!entry) error = -errno;
            if (!entry || !is_dot(entry->d_name)) return entry;
        }
    }
    bool open() noexcept {
        directory_.reset(::opendir(path_.c_str()));
        return directory_ != nullptr;
    }

    std::string path_;
    UniqueDir directory_;
};

// One step of walk(): on the thread, since a directory may have any number of entries.
struct Visit {
    int error = 0;
    files::WalkStep step;
    std::vector<std::string> below;  // the paths of the directories in it, without links
};

Visit visit(const std::string& root) {
    Visit visited;
    visited.step.root = root;
    Answer<std::vector<DirEntry>> found = Listing(root).more(static_cast<std::size_t>(-1));
    visited.error = found.error;
    for (DirEntry& entry : found.value) {
        struct stat status;  // whether a link leads to a directory
        const bool leads_to_dir =
            entry.is_symlink() && ::stat(entry.path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
        const bool is_dir = entry.is_dir();
        if (is_dir) visited.below.push_back(std::move(entry.path));
        (is_dir || leads_to_dir ? visited.step.dirs : visited.step.files).push_back(std::move(entry.name));
    }
    return visited;
}

}  // namespace

}  // namespace detail

namespace files {

using detail::quoted;

Coro<std::vector<std::string>> listdir(std::string path) {
    detail::check_path(path);
    auto call = [path] { return detail::Listing(path).names(); };
    detail::Answer<std::vector<std::string>> answer = co_await detail::in_thread(std::move(call));
    if (answer.error < 0) throw_os_error(-answer.error, "list the directory " + quoted(path));
    co_return std::move(answer.value);
}

AsyncGenerator<DirEntry> scandir(std::string path) {
    detail::check_path(path);
    auto listing = std::make_shared<detail::Listing>(path);
    while (true) {
        auto call = [listing] { return listing->more(detail::kEntriesPerVisit); };
        detail::Answer<std::vector<DirEntry>> answer = co_await detail::in_thread(std::move(call));
        for (DirEntry& entry : answer.value) co_yield std::move(entry);
        if (answer.error < 0) throw_os_error(-answer.error, "list the directory " + quoted(path));
        if (answer.value.empty()) co_return;
    }
}

AsyncGenerator<WalkStep> walk(std::string top) {
    detail::check_path(top);
    std::vector<std::string> left(1, std::move(top));
    while (!left.empty()) {
        auto call = [root = std::move(left.back())] { return detail::visit(root); };
        left.pop_back();
        detail::Visit visited = co_await detail::in_thread(std::move(call));
        if (visited.error < 0) continue;
        std::vector<std::string>& below = visited.below;
        left.insert(left.end(), std::make_move_iterator(below.rbegin()), std::make_move_iterator(below.rend()));
        co_yield std::move(visited.step);
    }
}

}  // namespace files

// --- removing a tree -------------------------------------------------------------------------------------------

namespace detail {

namespace {

class TreeRemoval {
public:
    TreeRemoval(bool ignore_errors, const std::atomic<bool>& stop) noexcept : ignore_(ignore_errors), stop_(stop) {}

    // What is in the directory `name` of the directory `above`, and then itself. By descriptors, so that a directory
    // that becomes a link meanwhile leads nowhere else. Source: shutil._rmtree_safe_fd, CPython 3.13.
    void remove(int above, const char* name) {
        const int fd = ::openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) return note(-errno);
        const UniqueDir directory(::fdopendir(fd));
        if (!directory) {
            note(-errno);
            close_fd(fd);
            return;
        }
        while (true) {
            if (stop_.load(std::memory_order_relaxed)) return note(-ECANCELED);
            errno = 0;
            const dirent* entry = ::readdir(directory.get());
            if (!entry) break;
            if (is_dot(entry->d_name)) continue;
            if (type_of(directory.get(), *entry) == DirEntry::Type::dir) {
                remove(fd, entry->d_name);
            } else if (::unlinkat(fd, entry->d_name, 0) != 0) {
                note(-errno);
            }
            if (failed_ && !ignore_) return;
        }
        if (::unlinkat(above, name, AT_REMOVEDIR) != 0) note(-errno);
    }
    int result() const noexcept { return ignore_ ? 0 : failed_; }

private:
    void note(int error) noexcept {
        if (failed_ == 0) failed_ = error;
    }

    bool ignore_;
    const std::atomic<bool>& stop_;
    int failed_ = 0;
};

}  // namespace

int remove_tree(const std::string& path, bool ignore_errors, const std::atomic<bool>& stop) {
    TreeRemoval removal(ignore_errors, stop);
    removal.remove(AT_FDCWD, path.c_str());
    return removal.result();
}

}  // namespace detail

namespace files {

Coro<> rmtree(std::string path, RemoveTreeOptions options) {
    detail::check_path(path);
    // Set when this coroutine ends, in whatever way.
    struct Stop {
        std::shared_ptr<std::atomic<bool>> flag = std::make_shared<std::atomic<bool>>(false);
        ~Stop() { flag->store(true); }
    } stop;
    auto call = [path, ignore = options.ignore_errors, flag = stop.flag] {
        return detail::remove_tree(path, ignore, *flag);
    };
    const int result = co_await detail::in_thread(std::move(call));
    if (result < 0) throw_os_error(-result, "remove the directory " + quoted(path) + " and what is in it");
}

}  // namespace files

}  // namespace aio
