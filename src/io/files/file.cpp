// File's members, which forward: reads to reading.cpp, writes, seeks and close() to writing.cpp, stat() to status.cpp.
// open() is in open.cpp; buffers and the position are in file_core.cpp.
#include <aio/io/file.hpp>

#include "io/files/file_core.hpp"
#include "io/files/in_thread.hpp"
#include "io/files/reading.hpp"
#include "io/files/status.hpp"
#include "io/files/writing.hpp"

namespace aio::files {

using detail::FileCore;

namespace {

const FileCore& open_core(const detail::FileRef& file) {
    if (file->closed()) throw ValueError("I/O operation on closed file " + detail::quoted(file->name()));
    return *file;
}

}  // namespace

Coro<std::string> File::read(std::ptrdiff_t size) const {
    return file_->mode().binary ? detail::read_bytes(file_, size) : detail::read_text(file_, size);
}
Coro<std::string> File::read1(std::ptrdiff_t size) const { return detail::read_once(file_, size, true); }
Coro<std::string> File::peek() const { return detail::read_once(file_, -1, false); }
Coro<std::size_t> File::readinto(std::span<char> buffer) const {
    return detail::read_into(file_, buffer.data(), buffer.size());
}
Coro<std::string> File::readline(std::ptrdiff_t size) const { return detail::read_line(file_, size); }
Coro<std::vector<std::string>> File::readlines(std::ptrdiff_t hint) const { return detail::read_lines(file_, hint); }

Coro<std::size_t> File::write(std::string_view data) const { return detail::write_view(file_, data); }
Coro<std::size_t> File::write_kept(std::string data) const { return detail::write_string(file_, std::move(data)); }
Coro<> File::flush() const { return detail::flush_file(file_); }
Coro<> File::sync() const { return detail::sync_file(file_); }
Coro<std::int64_t> File::truncate(std::optional<std::int64_t> size) const {
    return detail::truncate_file(file_, size);
}

Coro<std::int64_t> File::seek(std::int64_t offset, int whence) const {
    return detail::seek_file(file_, offset, whence);
}
Coro<std::int64_t> File::tell() const { return detail::tell_file(file_); }
Coro<Stat> File::stat() const { return detail::stat_file(file_); }
Coro<> File::close() const { return detail::close_file(file_); }

bool File::closed() const noexcept { return !file_.get() || file_->closed(); }
int File::fileno() const { return open_core(file_).fd(); }
bool File::isatty() const { return open_core(file_).terminal(); }
bool File::readable() const { return open_core(file_).mode().reading; }
bool File::writable() const { return open_core(file_).mode().writing; }
bool File::seekable() const { return open_core(file_).seekable(); }
const std::string& File::name() const noexcept { return file_->name(); }
std::string File::mode() const { return file_->mode().name(); }

}  // namespace aio::files
