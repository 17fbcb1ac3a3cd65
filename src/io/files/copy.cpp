// copyfile() runs on threads, 8 MiB per call; copy_some() tries copy_file_range(2), sendfile(2), then read and write.
// files::sendfile(), between descriptors, is here too; aio::sendfile(), for streams, is in io/sock/sendfile.cpp.
#include "io/files/copy.hpp"

#include <aio/io/file_system.hpp>

#include "base/no_sigpipe.hpp"
#include "base/unique_fd.hpp"
#include "io/files/paths.hpp"
#include "io/files/system_calls.hpp"

#include <sys/sendfile.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>

namespace aio {

namespace detail {

namespace {

constexpr std::size_t kBytesPerVisit = 8 * 1024 * 1024;

bool is_not_for_these(std::int64_t error) noexcept {
    return error == -EXDEV || error == -EINVAL || error == -ENOSYS || error == -EOPNOTSUPP || error == -EPERM ||
           error == -EBADF;  // of copy_file_range: the target is open for appending
}

std::int64_t copy_by_hand(int in, int out, std::size_t most) noexcept {
    constexpr std::size_t kPiece = 128 * 1024;
    thread_local char piece[kPiece];
    const int got = read_waiting(in, piece, std::min(most, kPiece));
    if (got <= 0) return got;
    std::size_t written = 0;
    const int failed = write_all_waiting(out, piece, static_cast<std::size_t>(got), written);
    return failed < 0 ? failed : got;
}

// Both ends of a copy, and what becomes of the target.
struct Copy {
    UniqueFd in, out;
    bool made = false;  // the target is ours
    std::uint64_t total = 0;
};

struct CopyStep {
    int error = 0;
    bool same = false;
    std::int64_t copied = 0;
};

CopyStep begin_copy(Copy& copy, const std::string& from, const std::string& to) noexcept {
    struct stat source, target;
    copy.in = UniqueFd(open_waiting(from.c_str(), O_RDONLY, 0));
    if (!copy.in) return {-errno};
    if (::fstat(copy.in.get(), &source) != 0) return {-errno};
    if (S_ISDIR(source.st_mode)) return {-EISDIR};
    const mode_t permissions = source.st_mode & 0777;
    const int flags = O_WRONLY | O_CREAT;
    copy.out = UniqueFd(open_waiting(to.c_str(), flags | O_EXCL, permissions));
    copy.made = bool(copy.out);
    if (!copy.out && errno == EEXIST) copy.out = UniqueFd(open_waiting(to.c_str(), flags, permissions));
    if (!copy.out) return {-errno};
    if (::fstat(copy.out.get(), &target) != 0) return {-errno};
    if (source.st_dev == target.st_dev && source.st_ino == target.st_ino) return {0, true};
    if (S_ISREG(target.st_mode) && ::ftruncate(copy.out.get(), 0) != 0) return {-errno};
    copy.total = static_cast<std::uint64_t>(source.st_size);
    return {};
}

CopyStep continue_copy(const Copy& copy) noexcept {
    CopyStep step;
    while (static_cast<std::size_t>(step.copied) < kBytesPerVisit) {
        const std::int64_t count =
            copy_some(copy.in.get(), copy.out.get(), kBytesPerVisit - static_cast<std::size_t>(step.copied));
        if (count < 0) step.error = static_cast<int>(count);
        if (count <= 0) break;
        step.copied += count;
    }
    return step;
}

CopyStep end_copy(Copy& copy) noexcept { return {close_fd(copy.out.take())}; }

// Removes the target it made, unless the copy is complete: once no thread works on it any more.
class Target {
public:
    explicit Target(std::string path) : path_(std::move(path)) {}
    ~Target() {
        if (copy.made && !complete.load()) ::unlink(path_.c_str());
    }
    Copy copy;
    std::atomic<bool> complete{false};

private:
    std::string path_;
};

}  // namespace

std::int64_t copy_some(int in, int out, std::size_t most) noexcept {
    std::int64_t count = uninterrupted([&] { return ::copy_file_range(in, nullptr, out, nullptr, most, 0); });
    // 0 also from files in /proc, which look empty.
    if (is_not_for_these(count) || count == 0) {
        count = uninterrupted([&] { return ::sendfile(out, in, nullptr, most); });
    }
    return is_not_for_these(count) || count == 0 ? copy_by_hand(in, out, most) : count;
}

Coro<std::uint64_t> copy_file(std::string from, std::string to, CopyProgress progress) {
    check_path(from);
    check_path(to);
    const std::string attempted = "copy " + quoted(from) + " to " + quoted(to);
    // Shared with the thread: a cancelled copy must not free what that works on.
    const auto target = std::make_shared<Target>(to);
    auto begin = [target, from, to] { return begin_copy(target->copy, from, to); };
    CopyStep step = co_await in_thread(std::move(begin));
    if (step.same) throw ValueError(attempted + ": both are the same file");
    if (step.error < 0) throw_os_error(-step.error, attempted);
    std::uint64_t copied = 0;
    do {
        auto more = [target] { return continue_copy(target->copy); };
        step = co_await in_thread(std::move(more));
        if (step.error < 0) throw_os_error(-step.error, attempted);
        copied += static_cast<std::uint64_t>(step.copied);
        if (progress && step.copied > 0) progress(copied, std::max(copied, target->copy.total));
    } while (step.copied > 0);
    auto end = [target] { return end_copy(target->copy); };
    step = co_await in_thread(std::move(end));
    if (step.error < 0) throw_os_error(-step.error, attempted);
    target->complete.store(true);
    co_return copied;
}

}  // namespace detail

namespace files {

Coro<std::uint64_t> copyfile(std::string from, std::string to) {
    return detail::copy_file(std::move(from), std::move(to), nullptr);
}

Coro<std::size_t> sendfile(int out, int in, std::optional<std::int64_t> offset, std::size_t count) {
    count = std::min<std::size_t>(
        count, INT32_MAX);  // the kernel copies no more at once, and refuses what is negative to it
    auto call = [out, in, offset, count]() -> std::int64_t {
        off_t position = static_cast<off_t>(offset.value_or(0));
        const detail::NoSigpipe quiet;
        return detail::uninterrupted([&] { return ::sendfile(out, in, offset ? &position : nullptr, count); });
    };
    const std::int64_t sent = co_await detail::in_thread(std::move(call));
    if (sent < 0) throw_os_error(static_cast<int>(-sent), "sendfile");
    co_return static_cast<std::size_t>(sent);
}

}  // namespace files

}  // namespace aio
