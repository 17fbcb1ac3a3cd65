// NAME.part and its note: opening, writing, and how it ends.
#include "cli/partial_file.hpp"

#include "cli/target.hpp"

#include <aio/base/error.hpp>
#include <aio/sync/threads.hpp>

#include <nlohmann/json.hpp>

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <utility>

namespace aio::cli {

namespace {

// Less than this may still be in the file's buffer, and nothing of it on the disk.
constexpr std::uint64_t kBuffered = 64 * 1024;

// Whether `path` still names the open file.
bool names(const std::string& path, int fd) {
    struct stat by_name, by_fd;
    return ::stat(path.c_str(), &by_name) == 0 && ::fstat(fd, &by_fd) == 0 && by_name.st_ino == by_fd.st_ino &&
           by_name.st_dev == by_fd.st_dev;
}

// Others who may write to the directory could have put a link there, to make us write through it. permissions: those of
// the file that this one becomes, so that others cannot read it before.
aio::detail::UniqueFd open_own(const std::string& path, std::optional<mode_t> permissions) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    if (permissions) *permissions |= S_IRUSR | S_IWUSR;  // we do, meanwhile
    aio::detail::UniqueFd file(::open(path.c_str(), kFlags, permissions.value_or(0666)));
    struct stat info;
    const bool strange = file ? ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 1
                              : errno == ELOOP || errno == ENXIO;
    if (strange) throw RuntimeError("'" + path + "' is a link or not a regular file; remove it, or use -o");
    if (!file) throw_os_error(errno, "open '" + path + "'");
    if (permissions && ::fchmod(file.get(), *permissions) != 0) throw_os_error(errno, "chmod '" + path + "'");
    return file;
}

Coro<> remove_if_there(std::string path) {
    try {
        co_await files::remove(path);
    } catch (const FileNotFoundError&) {
        // That is what was wanted.
    }
}

}  // namespace

// --- validators --------------------------------------------------------------------------------------------------

std::string Validators::to_json() const {
    nlohmann::json note = {{"url", url}};
    if (!etag.empty()) note["etag"] = etag;
    if (!last_modified.empty()) note["last_modified"] = last_modified;
    if (!coding.empty()) note["coding"] = coding;
    if (size) note["size"] = *size;
    // What servers send need not be UTF-8.
    return note.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<Validators> Validators::from_json(std::string_view text) {
    const nlohmann::json note = nlohmann::json::parse(text, nullptr, false);
    if (!note.is_object()) return std::nullopt;
    const auto text_of = [&note](const char* name) {
        const auto found = note.find(name);
        return found != note.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    Validators result;
    result.url = text_of("url");
    result.etag = text_of("etag");
    result.last_modified = text_of("last_modified");
    result.coding = text_of("coding");
    const auto size = note.find("size");
    if (size != note.end() && size->is_number_unsigned()) result.size = size->get<std::uint64_t>();
    return result;
}

// --- opening -----------------------------------------------------------------------------------------------------

PartialFile::PartialFile(std::string target, std::string url)
    : target_(std::move(target)), part_(target_ + ".part"), note_(part_ + ".json") {
    validators_.url = std::move(url);
}

Coro<PartialFile> PartialFile::open(std::string target, std::string url, bool resume, bool adopt) {
    PartialFile partial(std::move(target), url);
    co_await partial.open_part();
    if (resume && partial.size_ > 0) co_await partial.load_note();
    // Of another URL, and without a validator: must not be resumed.
    const bool other = partial.validators_.url != url && !partial.validators_.usable();
    if (!resume || other) {
        Validators none;
        none.url = std::move(url);
        co_await partial.restart(std::move(none));
    }
    if (resume && adopt && partial.size_ == 0) {
        const bool there = co_await files::isfile(partial.target_);
        if (there) partial.adoptable_ = static_cast<std::uint64_t>(co_await files::getsize(partial.target_));
    }
    co_return partial;
}

Coro<> PartialFile::open_part() {
    do {  // another process may have just renamed the file that it had locked
        const auto open = [part = part_, target = target_] { return open_own(part, permissions_of(target)); };
        aio::detail::UniqueFd opened = co_await to_thread(open);
        file_ = co_await files::open(opened.get(), "ab");
        static_cast<void>(opened.take());
        if (::flock(file_.fileno(), LOCK_EX | LOCK_NB) != 0) {
            throw RuntimeError("'" + part_ + "' is being written by another process; wait for it, or use -o");
        }
    } while (!names(part_, file_.fileno()));
    const files::Stat info = co_await files::stat(part_);
    size_ = static_cast<std::uint64_t>(info.st_size);
}

Coro<> PartialFile::load_note() {
    std::string text;
    const bool is_file = co_await files::isfile(note_);
    if (!is_file) co_return;  // a FIFO would be waited for
    try {
        text = co_await files::read_file(note_);
    } catch (const FileNotFoundError&) {
        co_return;
    }
    if (auto found = Validators::from_json(text)) {
        validators_ = std::move(*found);
        noted_ = true;
    }
}

Coro<> PartialFile::save_note() {
    const std::string text = validators_.to_json();
    co_await files::write_file(note_, text, {.atomic = true});
    noted_ = true;
}

Coro<> PartialFile::remove_note() {
    co_await remove_if_there(note_);
    noted_ = false;
}

Coro<> PartialFile::adopt() {
    co_await file_.close();
    const auto work = [from = target_, to = part_] { take(from, to); };
    co_await to_thread(work);
    adoptable_ = 0;
    co_await open_part();
}

// --- writing -----------------------------------------------------------------------------------------------------

Coro<> PartialFile::restart(Validators validators) {
    if (size_ > 0) {
        co_await file_.truncate(0);
        co_await remove_note();
    }
    size_ = 0;
    go_on(std::move(validators));
}

void PartialFile::go_on(Validators validators) {
    if (validators != validators_) noted_ = false;
    validators_ = std::move(validators);
}

// Small files get no note: it is there before their bytes are.
Coro<> PartialFile::write(std::string_view bytes) {
    written_ += bytes.size();
    if (!noted_ && written_ > kBuffered) co_await save_note();
    co_await file_.write(bytes);
    size_ += bytes.size();
}

// --- the end -----------------------------------------------------------------------------------------------------

Coro<> PartialFile::finish(std::string name, bool unless_there) {
    co_await file_.flush();
    // Still locked: another process must not take it for a partial file, and truncate it.
    const auto work = [from = part_, name, unless_there] {
        unless_there ? store_new(from, name) : store(from, name);
    };
    co_await to_thread(work);
    co_await remove_note();
    co_await file_.close();
}

Coro<bool> PartialFile::keep() {
    if (!file_.closed()) {
        // An interrupted write may have written a part; only the file system knows how much.
        co_await file_.flush();
        const auto size = co_await files::getsize(part_);
        size_ = static_cast<std::uint64_t>(size);
    }
    if (size_ == 0) {
        co_await discard();
        co_return false;
    }
    co_await file_.close();
    if (!noted_) co_await save_note();
    co_return true;
}

Coro<> PartialFile::discard() {
    co_await remove_if_there(part_);
    co_await remove_note();
    size_ = 0;
    co_await file_.close();
}

}  // namespace aio::cli
