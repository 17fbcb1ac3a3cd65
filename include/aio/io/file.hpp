// Files: open() and File, as aiofiles has them.
//
//     auto out = co_await aio::files::open("notes.txt", "w");
//     co_await out.write("first line\n");
//     co_await out.close();                                         // or an error, if the disk is full
//
//     auto in = co_await aio::files::open("notes.txt");
//     auto lines = in.lines();
//     while (auto line = co_await lines.next()) use(*line);         // async for line in f
//
// A File is a handle: cheap to copy, all copies name the same open file and its one position. Modes, buffering, text
// and newlines are those of Python's open(). Text is UTF-8 in a std::string, checked on its way in and out; binary
// files give the bytes.
//
// What is in the page cache is read on the loop's thread, without waiting; a task that reads a lot lets others run
// about every 100 µs. All else goes through io_uring or to a thread. Pipes, FIFOs and terminals are waited for as
// sockets are.
//
// Of all operations: *Resumes* at once, without suspending, when nothing has to be waited for; else in the pass
// after it came. Several tasks may use one file: its operations run one after the other, in the order of the calls.
// *Cancel*: a read consumes nothing; a write says itself. *Errors*: ValueError when the file is closed;
// UnsupportedOperation when it is not open for that; OSError and below, naming the operation and the file.
//
// When the last handle goes, a file that is still open is closed: what was written is written out, on a thread, and
// if that fails the logger is told (debug mode also reports the file). close() is the way to hear of it.
//
// Thread rule: a file belongs to the thread of the loop that opened it.
// Source: aiofiles 23; open() and io, CPython 3.13 Lib/_pyio.py.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/io/file_stat.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>  // SEEK_SET, SEEK_CUR, SEEK_END
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio {

class Executor;

// What a text file holds is not UTF-8. The position stays before the text that was to be read; seek(end()) skips the
// bytes that are wrong.
class UnicodeDecodeError : public ValueError {
public:
    UnicodeDecodeError(const std::string& message, std::int64_t start, std::int64_t end)
        : ValueError(message), start_(start), end_(end) {}

    // Offsets in the file, in bytes; of a pipe, in what this read looked at.
    std::int64_t start() const noexcept { return start_; }
    std::int64_t end() const noexcept { return end_; }

private:
    std::int64_t start_, end_;
};

// The text given to a text file is not UTF-8. Nothing of it was written.
class UnicodeEncodeError : public ValueError {
public:
    using ValueError::ValueError;
};

// The file is not open for that: io.UnsupportedOperation.
class UnsupportedOperation : public OSError {
public:
    explicit UnsupportedOperation(const std::string& message);
};

namespace detail {

class FileCore;

class FileRef {
public:
    FileRef() noexcept = default;
    explicit FileRef(FileCore* file) noexcept;
    FileRef(const FileRef& other) noexcept;
    FileRef(FileRef&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
    FileRef& operator=(FileRef other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~FileRef() {
        if (file_) release();
    }
    FileCore* get() const noexcept { return file_; }
    FileCore* operator->() const noexcept { return file_; }
    FileCore& operator*() const noexcept { return *file_; }

private:
    void release() noexcept;

    FileCore* file_ = nullptr;
};

// Awaits the next line. One that is buffered costs no coroutine.
class FileLineAwaiter {
public:
    explicit FileLineAwaiter(const FileRef& file) noexcept : file_(file) {}
    FileLineAwaiter(const FileLineAwaiter&) = delete;

    bool await_ready();
    bool await_suspend(std::coroutine_handle<> frame);
    std::optional<std::string> await_resume() {
        if (reading_) line_ = reading_->take_result();
        if (line_.empty()) return std::nullopt;
        return std::move(line_);
    }

private:
    const FileRef& file_;
    std::string line_;
    std::optional<Coro<std::string>> reading_;
};

class NextFileLine {
public:
    using native_awaitable = void;
    explicit NextFileLine(FileRef file) noexcept : file_(std::move(file)) {}
    FileLineAwaiter operator co_await() const noexcept { return FileLineAwaiter(file_); }

private:
    FileRef file_;
};

}  // namespace detail

namespace files {

// Trivially destructible, so that `{.buffering = 0}` is safe inside a co_await expression on g++ 12.
struct OpenOptions {
    std::ptrdiff_t buffering = -1;  // 0: none (binary only); 1: by lines (text); else bytes. Default: 64 KiB
    std::string_view errors = {};   // of text: "strict" (the default), "replace", "ignore"
    const char* newline = nullptr;  // of text: null, "", "\n", "\r" or "\r\n", as in Python
    bool closefd = true;            // of a descriptor: close() closes it
    unsigned permissions = 0666;    // of a file that is created, less the umask
    Executor* executor = nullptr;   // makes the calls that block; must outlive the file. Default: threads for files
};

class File {
public:
    File() noexcept = default;  // names no file: give it one before anything else
    explicit File(detail::FileRef file) noexcept : file_(std::move(file)) {}

    // --- reading -----------------------------------------------------------------------------------------

    // `size` bytes (characters, of text), fewer only at the end of the file; without a size, or with a negative one,
    // all there is. Empty at the end. Unbuffered: what one call gives.
    // Errors: UnicodeDecodeError, and the position stays.
    Coro<std::string> read(std::ptrdiff_t size = -1) const;
    Coro<std::string> readall() const { return read(); }
    // What one call at most gives, up to `size` bytes. Binary files.
    Coro<std::string> read1(std::ptrdiff_t size = -1) const;
    // What is buffered, at least one byte unless at the end, and consumes nothing. Binary files.
    Coro<std::string> peek() const;
    // Fills `buffer`, which must stay until then, but for the end of the file; gives the count. Binary files.
    // Cancel: what came before is in `buffer`, and is read.
    Coro<std::size_t> readinto(std::span<char> buffer) const;

    // A line with its end ("\n", where newlines are universal); empty at the end of the file. With a size: that many
    // bytes (characters) of it at most. A line may be as long as memory lasts.
    Coro<std::string> readline(std::ptrdiff_t size = -1) const;
    // All lines; with a hint, until the lines are that long in all.
    Coro<std::vector<std::string>> readlines(std::ptrdiff_t hint = -1) const;

    // The lines from here on: `while (auto line = co_await lines.next()) ...`. The position follows each.
    class Lines {
    public:
        explicit Lines(detail::FileRef file) noexcept : file_(std::move(file)) {}
        detail::NextFileLine next() const noexcept { return detail::NextFileLine(file_); }

    private:
        detail::FileRef file_;
    };
    Lines lines() const noexcept { return Lines(file_); }

    // --- writing -----------------------------------------------------------------------------------------

    // Writes all of `data` (unbuffered: what one call takes) and gives its size; with a buffer, what fits stays there
    // until flush(), close(), or the buffer is full. A view must stay until then; a temporary string is kept.
    // Cancel: data that fit into the buffer are taken; of larger ones a part that nobody tells.
    // Errors: UnicodeEncodeError from a text file; OSError: what was not written stays in the buffer.
    Coro<std::size_t> write(std::string_view data) const;
    template <class S>
        requires(std::is_same_v<S, std::string>)
    Coro<std::size_t> write(S&& data) const {
        return write_kept(std::move(data));
    }
    // The pieces one after the other, of any range of strings.
    template <class Pieces>
    Coro<> writelines(Pieces pieces) const {
        return write_pieces(*this, std::move(pieces));
    }
    // Hands over to the kernel what is buffered. Cancel: it goes on.
    Coro<> flush() const;
    // flush(), and waits until the file has reached its device: os.fsync. Cancel: it goes on.
    Coro<> sync() const;
    // Cuts (or extends with zeros) to `size`; without one, to the position, which stays where it is in any case.
    Coro<std::int64_t> truncate(std::optional<std::int64_t> size = std::nullopt) const;

    // --- position ----------------------------------------------------------------------------------------

    // In bytes, also of text: any position of tell() is one to seek to. Gives the new one.
    // Errors: UnsupportedOperation from a pipe, and from a text file for an offset from SEEK_CUR or SEEK_END that is
    // not 0; ValueError for a negative position.
    Coro<std::int64_t> seek(std::int64_t offset, int whence = SEEK_SET) const;
    Coro<std::int64_t> tell() const;

    // Size, times, owner... of the open file, whatever its name names by now: os.fstat. What is still buffered is not in the
    // size: flush() first.
    Coro<Stat> stat() const;

    // --- the end -----------------------------------------------------------------------------------------

    // Writes out what is buffered and closes. No effect the second time. The file is closed whatever happens.
    // Cancel: it goes on; an error is then logged. Errors: OSError when something could not be written.
    Coro<> close() const;

    bool closed() const noexcept;

    // --- observers ---------------------------------------------------------------------------------------

    // Errors of these: ValueError when the file is closed.
    int fileno() const;
    bool isatty() const;
    bool readable() const;
    bool writable() const;
    bool seekable() const;
    // As open() got it: a path, or "3" for a descriptor.
    const std::string& name() const noexcept;
    // "rb+"
    std::string mode() const;

    const detail::FileRef& core() const noexcept { return file_; }

private:
    Coro<std::size_t> write_kept(std::string data) const;
    template <class Pieces>
    static Coro<> write_pieces(File file, Pieces pieces) {
        for (const auto& piece : pieces) {
            const std::string_view data(piece);
            co_await file.write(data);
        }
    }

    detail::FileRef file_;
};

// Opens `path`. Modes: one of r (the default), w (empties or creates), a (writes at the end), x (must not exist yet);
// + for the other direction as well; b for bytes, t for text (the default).
// A FIFO for writing waits until it has a reader; for reading, the first read waits for a writer.
// Cancel: nothing stays open; a file that was to be created may be there.
// Errors: FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, other OSErrors; ValueError for a mode
// or an option that is none, or a path with a null byte.
Coro<File> open(std::string path, std::string_view mode = "r", OpenOptions options = {});
// The same of a descriptor that is open already. A pipe may be blocking or not.
Coro<File> open(int fd, std::string_view mode = "r", OpenOptions options = {});

// The process's own, as text; sys.stdin and its siblings. Closing them writes out what is buffered and leaves the
// descriptor open. All handles of one loop share a buffer, while there is one. (stdin itself is a macro.)
// Waiting for input does not keep a program from ending.
File stdin_();
File stdout_();
File stderr_();
File stdin_bytes();
File stdout_bytes();
File stderr_bytes();

}  // namespace files

}  // namespace aio
