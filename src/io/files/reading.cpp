// File's reads: bytes, text, lines, and the awaiter of a loop over lines. A cancelled read() puts its bytes back.
// The UTF-8 and newline rules are in base/utf8.cpp; the read-ahead buffer is Window (window.hpp), filled by FileCore.
#include "io/files/reading.hpp"

#include "base/per_thread.hpp"
#include "io/files/fairness.hpp"
#include "io/files/in_thread.hpp"
#include "io/files/writing.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace aio::detail {

namespace {

constexpr std::size_t kAll = static_cast<std::size_t>(-1);
constexpr std::size_t kNone = std::string_view::npos;
// Read through, on the way to a string: it stays in the processor's cache, which a string of a mebibyte does not.
constexpr std::size_t kScratch = 128 * 1024;

char* scratch() {
    constinit thread_local static PerThread<std::unique_ptr<char[]>> memory;
    std::unique_ptr<char[]>& bytes = memory.get();
    if (!bytes) bytes.reset(new char[kScratch]);
    return bytes.get();
}

std::size_t limit_of(std::ptrdiff_t size) noexcept { return size < 0 ? kAll : static_cast<std::size_t>(size); }

// What a read has taken so far. Unless it is kept, it goes back: the read was cancelled, or failed.
class Taken {
public:
    explicit Taken(FileCore& file) noexcept : file_(file) {}
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    ~Taken() {
        if (!kept_ && !bytes.empty()) file_.give_back(std::move(bytes));
    }
    std::string keep() noexcept {
        kept_ = true;
        return std::move(bytes);
    }
    void take_buffered(std::size_t most) {
        const std::string_view buffered = file_.in().view().substr(0, most);
        bytes.append(buffered);
        file_.in().consume(buffered.size());
    }
    // Where they begin in the file.
    std::int64_t begin() const noexcept { return file_.position() - static_cast<std::int64_t>(bytes.size()); }
    // More than one slice follows: room for all of the file, once.
    void expect_rest_of_file() {
        struct stat status;
        if (file_.pollable() || ::fstat(file_.fd(), &status) != 0) return;
        const std::int64_t left = status.st_size - file_.position();
        if (left <= 0) return;
        if (static_cast<std::size_t>(left) >= bytes.max_size() - bytes.size()) throw std::bad_alloc();
        bytes.reserve(bytes.size() + static_cast<std::size_t>(left) + 1);
    }

    std::string bytes;

private:
    FileCore& file_;
    bool kept_ = false;
};

// Reads at least a byte behind what is buffered: the count, 0 at the end of the file.
Coro<std::size_t> fill(FileCore* file, std::size_t size) {
    while (true) {
        int count = file->fill_now(size);
        if (count == -EAGAIN) {
            count = co_await file->transfer(file->fill_request(size));
        } else if (count > 0 && turn_is_over(static_cast<std::size_t>(count))) {
            co_await Pass();
        }
        if (count >= 0) co_return static_cast<std::size_t>(count);
        if (count != -EAGAIN) file->throw_failed(FileCall::read, count);
    }
}

// Reads `size` bytes, or all, into `taken`: without the buffer, as long as no read has to wait.
Coro<> read_to(FileCore* file, Taken* taken, std::size_t size) {
    taken->take_buffered(size);
    bool first = true;
    while (taken->bytes.size() < size) {
        const std::size_t left = size - taken->bytes.size();
        const std::size_t asked = std::min(left, kScratch);
        const int count = file->read_now(scratch(), asked);
        if (count > 0) {
            const auto got = static_cast<std::size_t>(count);
            if (first && size == kAll && got == asked) taken->expect_rest_of_file();
            first = false;
            taken->bytes.append(scratch(), got);
            if (file->unbuffered() && size != kAll) co_return;
            if (turn_is_over(got)) co_await Pass();
        } else if (count == 0) {
            co_return;
        } else if (count != -EAGAIN) {
            file->throw_failed(FileCall::read, count);
        } else {
            const std::size_t slice = left == kAll || left > kFileSlice ? kFileSlice / 4 : left;
            const int later = co_await file->transfer(file->fill_request(slice));
            if (later < 0) file->throw_failed(FileCall::read, later);
            taken->take_buffered(left);
            if (later == 0 || (file->unbuffered() && size != kAll)) co_return;
        }
    }
}

[[noreturn]] void throw_undecodable(FileCore& file, std::string_view bytes, const BadBytes& bad,
                                    std::int64_t position) {
    char text[160];
    const auto first = static_cast<unsigned char>(bytes[bad.begin]);
    const std::int64_t start = std::max<std::int64_t>(position, 0) + static_cast<std::int64_t>(bad.begin);
    std::snprintf(text, sizeof text, "'utf-8' codec can't decode byte 0x%02x in position %lld: %s", first,
                  static_cast<long long>(start), bad.reason);
    throw UnicodeDecodeError("read " + quoted(file.name()) + ": " + text, start,
                             start + static_cast<std::int64_t>(bad.length));
}

// The text of `bytes`. `position` returns where they begin in the file, if that is needed.
// Errors: UnicodeDecodeError.
template <class Position>
std::string decoded(FileCore& file, std::string_view bytes, Position&& position) {
    const TextRules& rules = file.text();
    const BadBytes bad = find_bad_utf8(bytes);
    if (bad && rules.errors == DecodeErrors::strict) throw_undecodable(file, bytes, bad, position());
    if (!bad && is_plain(bytes, rules.newlines)) return std::string(bytes);
    return decode(bytes, rules.errors, rules.newlines);
}

// Takes `length` bytes of the buffer as a result.
std::string take(FileCore& file, std::size_t length) {
    const std::string_view bytes = file.in().view().substr(0, length);
    std::string result =
        file.mode().binary ? std::string(bytes) : decoded(file, bytes, [&] { return file.position(); });
    file.in().consume(length);
    return result;
}

}  // namespace

// --- bytes ---------------------------------------------------------------------------------------------------

Coro<std::string> read_bytes(FileRef file, std::ptrdiff_t size) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin_reading();
    if (file->unwritten() > 0 && file->seekable()) co_await write_out(file.get());
    Taken taken(*file);
    co_await read_to(file.get(), &taken, limit_of(size));
    co_return taken.keep();
}

Coro<std::string> read_once(FileRef file, std::ptrdiff_t size, bool consume) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin_reading();
    if (!file->mode().binary)
        throw UnsupportedOperation(std::string(consume ? "read1: " : "peek: ") + quoted(file->name()) +
                                   " is a text file");
    if (file->unwritten() > 0 && file->seekable()) co_await write_out(file.get());
    if (size == 0) co_return std::string();
    if (file->in().empty()) {
        const std::size_t most = size < 0 || !consume ? file->buffer_size() : static_cast<std::size_t>(size);
        co_await fill(file.get(), std::min(most, kFileSlice));
    }
    std::string result(file->in().view().substr(0, limit_of(size)));
    if (consume) file->in().consume(result.size());
    co_return result;
}

Coro<std::size_t> read_into(FileRef file, char* data, std::size_t size) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin_reading();
    if (!file->mode().binary) throw UnsupportedOperation("readinto: " + quoted(file->name()) + " is a text file");
    if (file->unwritten() > 0 && file->seekable()) co_await write_out(file.get());
    std::size_t got = 0;
    while (got < size) {
        const std::string_view buffered = file->in().view().substr(0, size - got);
        std::copy(buffered.begin(), buffered.end(), data + got);
        file->in().consume(buffered.size());
        got += buffered.size();
        if (got == size || (file->unbuffered() && got > 0)) break;
        const std::size_t left = std::min(size - got, kFileSlice);
        if (left < file->buffer_size() && !file->unbuffered()) {
            if (co_await fill(file.get(), file->buffer_size()) == 0) break;
            continue;
        }
        const int count = file->read_now(data + got, left);  // straight to where it is wanted
        if (count == 0) break;
        if (count > 0) {
            got += static_cast<std::size_t>(count);
            if (turn_is_over(static_cast<std::size_t>(count))) co_await Pass();
        } else if (count != -EAGAIN) {
            file->throw_failed(FileCall::read, count);
        } else if (co_await fill(file.get(), left) == 0) {
            break;
        }
    }
    co_return got;
}

// --- text ----------------------------------------------------------------------------------------------------

Coro<std::string> read_text(FileRef file, std::ptrdiff_t size) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin_reading();
    if (file->unwritten() > 0 && file->seekable()) co_await write_out(file.get());
    if (size < 0) {
        Taken taken(*file);
        co_await read_to(file.get(), &taken, kAll);
        const bool plain = !find_bad_utf8(taken.bytes) && is_plain(taken.bytes, file->text().newlines);
        if (plain) co_return taken.keep();
        std::string text = decoded(*file, taken.bytes, [&] { return taken.begin(); });
        taken.keep();
        co_return text;
    }
    const auto wanted = static_cast<std::size_t>(size);
    Prefix prefix;
    bool more = true;
    while (true) {
        prefix = take_characters(file->in().view(), wanted, file->text().errors, file->text().newlines, more, prefix);
        if (prefix.characters == wanted || !more) break;
        more = co_await fill(file.get(), file->buffer_size()) > 0;
    }
    co_return take(*file, prefix.bytes);
}

// --- lines ---------------------------------------------------------------------------------------------------

namespace {

// From where to look for the end of a line once more bytes are there: what stands last may be half of one.
std::size_t resume_from(const FileCore& file, std::size_t size) noexcept {
    const Newlines newlines = file.text().newlines;
    return newlines == Newlines::bytes || newlines == Newlines::lf || size == 0 ? size : size - 1;
}

// The bytes of a buffered line of at most `most` bytes or characters; kNone when more have to be read.
std::size_t line_length(FileCore& file, std::size_t most, bool more, std::size_t from) {
    const std::string_view buffered = file.in().view();
    std::size_t end = find_line_end(buffered, file.text().newlines, more, from);
    if (most == kAll) return end == kNone && !more ? buffered.size() : end;
    const std::string_view line = buffered.substr(0, end);
    if (file.mode().binary) {
        if (line.size() >= most) return most;
    } else {
        const bool open = more && end == kNone;
        const Prefix prefix = take_characters(line, most, file.text().errors, file.text().newlines, open);
        if (prefix.characters == most) return prefix.bytes;
    }
    return end == kNone && !more ? buffered.size() : end;
}

// Waits until a line is buffered; its length.
Coro<std::size_t> buffer_line(FileCore* file, std::size_t most) {
    std::size_t from = 0;
    bool more = true;
    while (true) {
        const std::size_t length = line_length(*file, most, more, from);
        if (length != kNone) co_return length;
        from = resume_from(*file, file->in().size());
        more = co_await fill(file, std::max(file->buffer_size(), file->in().size() / 2)) > 0;
    }
}

std::vector<std::string> split_lines(FileCore& file, const Taken& taken) {
    std::vector<std::string> lines;
    std::string_view left = taken.bytes;
    while (!left.empty()) {
        const std::string_view line = left.substr(0, find_line_end(left, file.text().newlines, false));
        const auto begin = [&] { return taken.begin() + (line.data() - taken.bytes.data()); };
        lines.push_back(file.mode().binary ? std::string(line) : decoded(file, line, begin));
        left.remove_prefix(line.size());
    }
    return lines;
}

}  // namespace

Coro<std::string> read_line(FileRef file, std::ptrdiff_t size) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin_reading();
    if (file->unwritten() > 0 && file->seekable()) co_await write_out(file.get());
    const std::size_t length = co_await buffer_line(file.get(), limit_of(size));
    co_return take(*file, length);
}

Coro<std::vector<std::string>> read_lines(FileRef file, std::ptrdiff_t hint) {
    auto turn = co_await file->turn().scoped();
    if (file->busy()) co_await file->settled();
    file->begin_reading();
    if (file->unwritten() > 0 && file->seekable()) co_await write_out(file.get());
    Taken taken(*file);
    if (hint <= 0) {
        co_await read_to(file.get(), &taken, kAll);
    } else {
        while (taken.bytes.size() < static_cast<std::size_t>(hint)) {
            const std::size_t length = co_await buffer_line(file.get(), kAll);
            if (length == 0) break;
            taken.take_buffered(length);
        }
    }
    std::vector<std::string> lines = split_lines(*file, taken);
    taken.keep();
    co_return lines;
}

bool take_buffered_line(FileCore& file, std::string& line) {
    if (file.turn().locked() || file.busy() || file.closed() || file.in().empty() || file.unwritten() > 0)
        return false;
    file.begin_reading();
    const std::size_t length = line_length(file, kAll, true, 0);
    if (length == kNone) return false;
    line = take(file, length);
    return true;
}

// --- NextFileLine --------------------------------------------------------------------------------------------------

bool FileLineAwaiter::await_ready() { return take_buffered_line(*file_, line_); }

bool FileLineAwaiter::await_suspend(std::coroutine_handle<> frame) {
    reading_.emplace(read_line(file_, -1));
    reading_->awaited_by(TaskBase::of(frame));
    return !reading_->start();
}

}  // namespace aio::detail
