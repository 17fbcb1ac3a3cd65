// File's write, flush, sync, truncate, seek, tell and close; text is checked and its newlines are translated on the
// way. A file that is dropped without close() is written out and closed by file_core.cpp.
#include "io/files/writing.hpp"

#include "io/files/fairness.hpp"
#include "io/files/in_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace aio::detail {

Coro<> write_out(FileCore* file) {
    while (file->unwritten() > 0) {
        const std::size_t before = file->unwritten();
        int count = file->write_out_now();
        if (count == -EAGAIN) {
            count = co_await file->transfer(file->write_request());
        } else if (count > 0 && turn_is_over(before)) {
            co_await Pass();
        }
        if (count < 0 && count != -EAGAIN) file->throw_failed(FileCall::write, count);
        if (count == 0) file->throw_failed(FileCall::write, -EIO);
    }
}

namespace {

void check_text(const FileCore& file, std::string_view text) {
    const BadBytes bad = find_bad_utf8(text);
    if (!bad) return;
    char reason[128];
    const auto byte = static_cast<unsigned char>(text[bad.begin]);
    std::snprintf(reason, sizeof reason, "byte 0x%02x at offset %zu is not UTF-8 (%s)", byte, bad.begin, bad.reason);
    throw UnicodeEncodeError("write to " + quoted(file.name()) + ": " + reason);
}

// What text becomes: checked, or mended, with the ends of lines that the file wants.
std::string_view encoded(const FileCore& file, std::string_view text, std::string& storage) {
    if (file.mode().binary) return text;
    const TextRules& rules = file.text();
    if (rules.errors == DecodeErrors::strict) {
        check_text(file, text);
    } else if (find_bad_utf8(text)) {
        const std::string mended = decode(text, rules.errors, Newlines::any);
        storage.clear();
        if (encode_newlines(mended, rules.newlines, storage).data() != storage.data()) storage = mended;
        return storage;
    }
    return encode_newlines(text, rules.newlines, storage);
}

// Through the buffer, a slice at a time: a cancelled write leaves it there, and calls that still run use it.
Coro<> write_through(FileCore* file, std::string_view data) {
    if (data.size() <= file->buffer_size()) {  // all or nothing: a cancelled write tears no line
        co_await write_out(file);
        file->out().append(data);
        co_return;
    }
    const std::size_t most = std::max(file->buffer_size(), std::min(data.size(), kFileSlice));
    while (!data.empty()) {
        if (file->unwritten() >= most) co_await write_out(file);
        const std::string_view piece = data.substr(0, most - file->unwritten());
        file->out().append(piece);
        data.remove_prefix(piece.size());
    }
    if (file->unwritten() > file->buffer_size()) co_await write_out(file);
}

// One call, as a raw file's write() is. What it did not take is the caller's.
Coro<std::size_t> write_once(FileCore* file, std::string_view data) {
    file->out().assign(data.substr(0, kFileSlice));
    int count = file->write_out_now();
    if (count == -EAGAIN) count = co_await file->transfer(file->write_request());
    file->forget_unwritten();
    if (count < 0) file->throw_failed(FileCall::write, count);
    co_return static_cast<std::size_t>(count);
}

bool ends_line(std::string_view text) noexcept { return text.find_first_of("\n\r") != std::string_view::npos; }

}  // namespace

Coro<std::size_t> write_view(FileRef file, std::string_view data) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin_writing();
    std::string storage;
    const std::string_view bytes = encoded(*file, data, storage);
    if (file->unbuffered()) co_return co_await write_once(file.get(), bytes);
    if (file->unwritten() + bytes.size() <= file->buffer_size()) {
        file->out().append(bytes);
    } else {
        co_await write_through(file.get(), bytes);
    }
    if (file->line_buffered() && ends_line(data)) co_await write_out(file.get());
    co_return data.size();
}

Coro<std::size_t> write_string(FileRef file, std::string data) {
    const std::string_view view(data);
    co_return co_await write_view(std::move(file), view);
}

Coro<> flush_file(FileRef file) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin();
    co_await write_out(file.get());
}

Coro<> sync_file(FileRef file) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin();
    co_await write_out(file.get());
    const FileRequest request{.call = FileCall::sync};
    const int result = co_await file->transfer(request);
    if (result < 0) file->throw_failed(FileCall::sync, result);
}

Coro<std::int64_t> truncate_file(FileRef file, std::optional<std::int64_t> size) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    if (size && *size < 0) throw ValueError("truncate: the size is negative");
    file->begin_writing();
    co_await write_out(file.get());
    const std::int64_t wanted = size ? *size : file->position();
    if (wanted < 0) file->throw_failed(FileCall::truncate, static_cast<int>(wanted));
    const FileRequest request{.call = FileCall::truncate, .size = static_cast<std::size_t>(wanted)};
    const int result = co_await file->transfer(request);
    if (result < 0) file->throw_failed(FileCall::truncate, result);
    co_return wanted;
}

// --- position ------------------------------------------------------------------------------------------------

namespace {

void check_seek(const FileCore& file, std::int64_t offset, int whence) {
    if (!file.seekable()) throw UnsupportedOperation("File or stream is not seekable: " + quoted(file.name()));
    if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) {
        throw ValueError("invalid whence (" + std::to_string(whence) + ", should be 0, 1 or 2)");
    }
    if (whence == SEEK_SET && offset < 0) throw ValueError("negative seek position " + std::to_string(offset));
    if (!file.mode().binary && whence != SEEK_SET && offset != 0) {
        throw UnsupportedOperation(whence == SEEK_CUR ? "can't do nonzero cur-relative seeks in a text file"
                                                      : "can't do nonzero end-relative seeks in a text file");
    }
}

}  // namespace

Coro<std::int64_t> seek_file(FileRef file, std::int64_t offset, int whence) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin();
    check_seek(*file, offset, whence);
    co_await write_out(file.get());
    const std::int64_t position = file->seek(offset, whence);
    if (position < 0) throw_os_error(static_cast<int>(-position), "seek in " + quoted(file->name()));
    co_return position;
}

Coro<std::int64_t> tell_file(FileRef file) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin();
    if (!file->seekable()) throw UnsupportedOperation("underlying stream is not seekable: " + quoted(file->name()));
    if (file->mode().appending) co_await write_out(file.get());  // where that ends, the kernel knows
    const std::int64_t position = file->position();
    if (position < 0) throw_os_error(static_cast<int>(-position), "tell the position in " + quoted(file->name()));
    co_return position;
}

// --- the end -------------------------------------------------------------------------------------------------

// Written out and closed in one call on a thread, if there is anything that could take time. A pipe's reader may
// take its time too: that is waited for here, and a cancelled close leaves the rest to the last handle.
Coro<> close_file(FileRef file) {
    if (file->closed()) co_return;
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    if (file->closed()) co_return;
    const FileRequest request = file->close_request();
    if (request.call == FileCall::finish) {
        const int result = co_await file->transfer(request);
        if (result < 0) throw_os_error(-result, "flush and close " + quoted(file->name()));
        co_return;
    }
    std::exception_ptr failed;
    try {
        co_await write_out(file.get());
    } catch (const Error&) {
        failed = std::current_exception();
        file->forget_unwritten();
    }
    const int result = file->close_now();
    if (failed) std::rethrow_exception(failed);
    if (result < 0) file->throw_failed(FileCall::finish, result);
}

}  // namespace aio::detail
