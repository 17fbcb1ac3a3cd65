// Temporary files (named, nameless, or spooled: a memfd until it is copied to a disk), and TemporaryDirectory(), which
// creates the directory. tempdir.cpp removes it; FileCore unlinks a named file when it closes (file_core.cpp).
#include <aio/io/tempfile.hpp>

#include "base/unique_fd.hpp"
#include "io/files/copy.hpp"
#include "io/files/file_core.hpp"
#include "io/files/open.hpp"
#include "io/files/paths.hpp"
#include "io/files/system_calls.hpp"
#include "io/files/writing.hpp"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace aio {

namespace detail {

// Source: tempfile._RandomNameSequence, CPython 3.13: eight letters of these.
std::string random_letters() {
    static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    unsigned char bytes[8] = {};
    if (::getrandom(bytes, sizeof bytes, 0) < 0) throw_os_error(errno, "getrandom");
    std::string result;
    for (const unsigned char byte : bytes) result += kLetters[byte % (sizeof kLetters - 1)];
    return result;
}

namespace {

constexpr int kTries = 100;  // names that others have

// TempOptions with what a coroutine can keep.
struct TempPlan {
    TempPlan(const files::TempOptions& from)
        : mode(from.mode),
          dir(from.dir.empty() ? files::gettempdir() : std::string(from.dir)),
          prefix(from.prefix),
          suffix(from.suffix),
          errors(from.errors),
          options(from) {}

    // Errors: ValueError, as open().
    FileMode check() {
        const FileMode parsed = parse_mode(mode);
        check_buffering(parsed, open_options());
        parse_text_rules(parsed, open_options());
        check_path(dir);
        if ((prefix + suffix).find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
            throw ValueError("a temporary file's prefix and suffix may not contain '/' or null bytes");
        }
        return parsed;
    }
    files::OpenOptions open_options() const {
        files::OpenOptions result;
        result.buffering = options.buffering;
        result.errors = errors;
        result.newline = options.newline;
        return result;
    }

    std::string mode, dir, prefix, suffix, errors;
    files::TempOptions options;
};

// Tries names until `make(path)` is not refused because somebody has it: 0 or a negative errno.
template <class Make>
int with_free_name(const TempPlan& plan, std::string& path, Make&& make) {
    for (int i = 0; i < kTries; ++i) {
        path = plan.dir + (plan.dir.ends_with('/') ? "" : "/") + plan.prefix + random_letters() + plan.suffix;
        const int result = make(path.c_str());
        if (result != -EEXIST) return result;
    }
    return -EEXIST;
}

// What a thread made. A named one is removed unless somebody keeps it: its task may have been cancelled meanwhile.
class Made {
public:
    Made() = default;
    Made(Made&& other) noexcept
        : fd(std::move(other.fd)), error(other.error), path_(std::exchange(other.path_, std::string())) {}
    Made& operator=(Made&&) = delete;
    ~Made() {
        if (!path_.empty()) ::remove(path_.c_str());
    }

    void made(std::string path) noexcept { path_ = std::move(path); }
    const std::string& path() const noexcept { return path_; }
    // The path is the caller's to remove, or nobody's.
    std::string keep() noexcept { return std::exchange(path_, std::string()); }

    UniqueFd fd;
    int error = 0;

private:
    std::string path_;
};

Made make_named(const TempPlan& plan, int flags) {
    Made made;
    std::string free;
    made.error = with_free_name(plan, free, [&](const char* path) {
        const int fd = ::open(path, flags | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return -errno;
        made.fd = UniqueFd(fd);
        return 0;
    });
    if (made.fd) made.made(std::move(free));
    return made;
}

Made make_nameless(const TempPlan& plan, int flags) {
    Made made;
    const int result = open_nameless(plan.dir, flags);
    if (result < 0) {
        made.error = result;
    } else {
        made.fd = UniqueFd(result);
    }
    return made;
}

// Both ways, whatever the mode says: a file that can only be written is of no use, and costs nothing to read.
int flags_of(const FileMode& mode) noexcept { return O_RDWR | (mode.appending ? O_APPEND : 0); }

Coro<files::File> open_temporary(TempPlan plan, bool named) {
    const FileMode mode = plan.check();
    auto call = [plan, named, flags = flags_of(mode)] {
        return named ? make_named(plan, flags) : make_nameless(plan, flags);
    };
    Made made = co_await in_thread(std::move(call));
    if (!made.fd) throw_os_error(-made.error, "make a temporary file in " + quoted(plan.dir));
    files::File file =
        adopt(made.fd.get(), named ? made.path() : std::to_string(made.fd.get()), mode, plan.open_options(), true);
    made.fd.take();
    if (named && plan.options.delete_) file.core()->remove_at_close(made.path());
    made.keep();
    co_return file;
}

// --- spooled files -------------------------------------------------------------------------------------------

Coro<files::SpooledFile> open_spooled(TempPlan plan) {
    const FileMode mode = plan.check();
    UniqueFd fd(::memfd_create("aio-spooled", MFD_CLOEXEC));
    if (!fd) throw_os_error(errno, "make a file in memory");
    if (mode.appending) ::fcntl(fd.get(), F_SETFL, O_APPEND);
    files::File file = adopt(fd.get(), std::to_string(fd.get()), mode, plan.open_options(), true);
    fd.take();
    co_return files::SpooledFile(std::move(file), std::move(plan.dir), plan.options.max_size);
}

// Puts a file on a disk in the place of one in memory, under the same descriptor: 0 or a negative errno.
int move_to_disk(int memory, const TempPlan& plan) {
    const int flags = ::fcntl(memory, F_GETFL) & O_APPEND;
    Made made = make_nameless(plan, O_RDWR);
    if (!made.fd) return made.error ? made.error : -errno;
    const off_t position = ::lseek(memory, 0, SEEK_CUR);
    ::lseek(memory, 0, SEEK_SET);
    std::int64_t count = 1;
    while (count > 0) count = copy_some(memory, made.fd.get(), std::size_t{1} << 30);
    ::lseek(memory, position, SEEK_SET);
    if (count < 0) return static_cast<int>(count);
    if (flags) ::fcntl(made.fd.get(), F_SETFL, flags);
    if (::lseek(made.fd.get(), position, SEEK_SET) < 0) return -errno;
    return ::dup3(made.fd.get(), memory, O_CLOEXEC) < 0 ? -errno : 0;
}

class MoveToDisk final : public FileTask {
public:
    explicit MoveToDisk(TempPlan plan) : plan_(std::move(plan)) {}
    int perform(int fd) noexcept override {
        try {
            return move_to_disk(fd, plan_);
        } catch (...) {
            return -ENOMEM;
        }
    }
    bool replaces_file() const noexcept override { return true; }

private:
    TempPlan plan_;
};

Coro<> spool_out(FileRef file, std::string directory) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    if (file->moved()) co_return;
    file->begin();
    co_await write_out(file.get());
    file->sync_position();
    files::TempOptions options;
    options.dir = directory;
    const FileRequest request = file->task_request(std::make_unique<MoveToDisk>(TempPlan(options)));
    const int result = co_await file->transfer(request);
    if (result < 0) throw_os_error(-result, "move a temporary file to " + quoted(directory));
}

}  // namespace

}  // namespace detail

namespace files {

using detail::Made;
using detail::TempPlan;
using detail::with_free_name;

std::string gettempdir() {
    for (const char* name : {"TMPDIR", "TEMP", "TMP"}) {
        const char* value = std::getenv(name);
        if (value && *value) return value;
    }
    return "/tmp";
}

Coro<File> TemporaryFile(TempOptions options) { return detail::open_temporary(TempPlan(options), false); }
Coro<File> NamedTemporaryFile(TempOptions options) { return detail::open_temporary(TempPlan(options), true); }
Coro<SpooledFile> SpooledTemporaryFile(TempOptions options) { return detail::open_spooled(TempPlan(options)); }

Coro<std::size_t> SpooledFile::write_spooled(SpooledFile file, std::string data) {
    const std::string_view view(data);
    const std::size_t written = co_await file.File::write(view);
    if (file.max_size_ == 0 || file.rolled()) co_return written;
    const std::int64_t position = co_await file.tell();
    if (position > 0 && static_cast<std::uint64_t>(position) > file.max_size_) co_await file.rollover();
    co_return written;
}

Coro<> SpooledFile::roll_over(SpooledFile file) { co_await detail::spool_out(file.core(), file.directory_); }

bool SpooledFile::rolled() const noexcept { return core()->moved(); }

// --- directories -----------------------------------------------------------------------------------------------

static Coro<TempDirectory> make_directory(TempPlan plan) {
    plan.check();
    auto call = [plan] {
        Made directory;
        std::string free;
        directory.error =
            with_free_name(plan, free, [](const char* path) { return ::mkdir(path, 0700) == 0 ? 0 : -errno; });
        if (directory.error == 0) directory.made(std::move(free));
        return directory;
    };
    Made directory = co_await detail::in_thread(std::move(call));
    if (directory.error < 0) {
        throw_os_error(-directory.error, "make a temporary directory in " + detail::quoted(plan.dir));
    }
    TempDirectory result(directory.path());
    directory.keep();
    co_return result;
}

Coro<TempDirectory> TemporaryDirectory(TempOptions options) { return make_directory(TempPlan(options)); }

}  // namespace files

}  // namespace aio
