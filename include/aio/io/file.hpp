// Files: open() and File, as in aiofiles.
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
// and newlines are those of Python's open(). Text is UTF-8 in a std::string, validated when it is read and written;
// binary files return the bytes.
//
// Data in the page cache are read on the loop's thread, without waiting; a task that reads a lot lets others run about
// every 100 µs. Other operations use io_uring or a thread. For pipes, FIFOs and terminals
// the loop waits as for sockets.
//
// Of all operations: *Resumes* without suspending when there is nothing to wait for; else in the pass after the
// operation has completed. Several tasks may use one file: its operations run one after the other, in the order of the
// calls. *Cancel*: a read consumes nothing; for a write see there. *Errors*: ValueError when the file is closed;
// UnsupportedOperation when it is not open for the operation; OSError and below, naming the operation and the file.
//
// When the last handle is dropped, a file that is still open is closed: buffered data are written on a thread, and an
// error is only logged (debug mode also reports the file). Await close() to get the error.
//
// Thread rule: a file belongs to the thread of the loop that opened it.
// Source: aiofiles 23; open() and io, CPython 3.13 Lib/_pyio.py.
#pragma once

#include <aio/base/error.hpp>
#include <aio/base/unicode.hpp>
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

// The file is not open for this operation: io.UnsupportedOperation.
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

// Awaits the next line. For a line that is buffered no coroutine is made.
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

// The options of open(). Trivially destructible, so that `{.buffering = 0}` is safe inside a
// co_await expression on g++ 12.
struct OpenOptions {
    std::ptrdiff_t buffering = -1;  // 0: none (binary only); 1: by lines (text); else bytes. Default: 64 KiB
    std::string_view errors = {};   // invalid text: "strict" (the default), "replace", "ignore"
    const char* newline = nullptr;  // of text: null, "", "\n", "\r" or "\r\n", as in Python
    bool closefd = true;            // close() closes the descriptor; false only for open(fd) (else ValueError)
    unsigned permissions = 0666;    // of a file that is created, less the umask
    Executor* executor = nullptr;   // makes the calls that block; must outlive the file. Default: threads for files
};

// An open file: aiofiles' AsyncTextIOWrapper, AsyncBufferedReader and the like. open() makes one.
class File {
public:
    File() noexcept = default;  // names no file: assign one before any other call
    explicit File(detail::FileRef file) noexcept : file_(std::move(file)) {}

    // --- reading -----------------------------------------------------------------------------------------

    // `size` bytes (of text: characters), fewer only at the end of the file; without a size, or with a negative one,
    // all up to the end. Empty at the end. Unbuffered: the result of one read(2).
    // Errors: UnicodeDecodeError, and the position stays.
    Coro<std::string> read(std::ptrdiff_t size = -1) const;
    // read() without a size.
    Coro<std::string> readall() const { return read(); }
    // Up to `size` bytes, with at most one read(2). Binary files.
    Coro<std::string> read1(std::ptrdiff_t size = -1) const;
    // The buffered bytes, at least one unless at the end, without consuming them. Binary files.
    Coro<std::string> peek() const;
    // Fills `buffer`, which must outlive the call, as far as the file reaches. Result: the number of bytes. Binary
    // files. Cancel: the bytes that were read before are in `buffer`, and are consumed.
    Coro<std::size_t> readinto(std::span<char> buffer) const;

    // A line with its end ("\n", with universal newlines); empty at the end of the file. With a size: at most that many
    // bytes (characters) of it. There is no limit to the length of a line.
    Coro<std::string> readline(std::ptrdiff_t size = -1) const;
    // All lines; with a hint, lines until their total length reaches it.
    Coro<std::vector<std::string>> readlines(std::ptrdiff_t hint = -1) const;

    // The result of lines().
    class Lines {
    public:
        explicit Lines(detail::FileRef file) noexcept : file_(std::move(file)) {}
        // The next line with its end; nullopt at the end of the file. Errors: as readline().
        detail::NextFileLine next() const noexcept { return detail::NextFileLine(file_); }

    private:
        detail::FileRef file_;
    };
    // The lines from here on: `while (auto line = co_await lines.next()) ...`. The position is
    // behind the last line returned.
    Lines lines() const noexcept { return Lines(file_); }

    // --- writing -----------------------------------------------------------------------------------------

    // Writes all of `data` (unbuffered: as much as one write(2) takes). Result: its size. With a buffer, data that fit
    // stay there until flush(), close(), or the buffer is full. A view must be valid until the write
    // ends; a temporary string is kept.
    // Cancel: data that fit into the buffer are taken whole or not at all; of larger data an unknown part is written.
    // Errors: UnicodeEncodeError from a text file; OSError: unwritten data stay in the buffer.
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
    // Writes the buffered data to the kernel. Cancel: the write is completed all the same.
    Coro<> flush() const;
    // flush(), and waits until the file has reached its device: os.fsync. Cancel: it is completed all the same.
    Coro<> sync() const;
    // Cuts the file (or extends it with zeros) to `size`; without one, to the position, which does not
    // change. Result: the new size.
    Coro<std::int64_t> truncate(std::optional<std::int64_t> size = std::nullopt) const;

    // --- position ----------------------------------------------------------------------------------------

    // Sets the position, in bytes, also of text: any result of tell() may be passed. Result: the new position.
    // Errors: UnsupportedOperation from a pipe, and from a text file for an offset from SEEK_CUR or SEEK_END that is
    // not 0; ValueError for a negative position.
    Coro<std::int64_t> seek(std::int64_t offset, int whence = SEEK_SET) const;
    // The position in bytes. Errors: UnsupportedOperation from a pipe.
    Coro<std::int64_t> tell() const;

    // Size, times, owner... of the open file, even if its name was removed or reused: os.fstat. Buffered data do not
    // count in the size: flush() first.
    Coro<Stat> stat() const;

    // --- the end -----------------------------------------------------------------------------------------

    // Writes the buffered data and closes. No effect the second time. The file is closed even after an error.
    // Cancel: it is completed all the same; an error is then logged. Errors: OSError when data could not be written.
    Coro<> close() const;

    // Whether close() was called; true for a default-constructed File.
    bool closed() const noexcept;

    // --- observers ---------------------------------------------------------------------------------------

    // Python's methods of these names. Errors: ValueError when the file is closed.
    int fileno() const;
    bool isatty() const;
    bool readable() const;
    bool writable() const;
    bool seekable() const;
    // The path given to open(), or "3" for a descriptor.
    const std::string& name() const noexcept;
    // The mode in Python's spelling: "rb+".
    std::string mode() const;

    // For the library: the state behind the handle.
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

// Opens `path`: aiofiles.open. Modes: one of r (the default), w (truncates or creates), a (writes at the end), x (must
// not exist yet); + for both directions; b for bytes, t for text (the default).
// Opening a FIFO for writing waits until it has a reader; for reading, the first read waits for a writer.
// Cancel: nothing stays open; a file that was to be created may exist.
// Errors: FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, other OSErrors; ValueError for an
// invalid mode or option, or a path with a null byte.
Coro<File> open(std::string path, std::string_view mode = "r", OpenOptions options = {});
// The same for a descriptor that is open already. A pipe may be blocking or not.
Coro<File> open(int fd, std::string_view mode = "r", OpenOptions options = {});

// The process's standard streams, as text or bytes: aiofiles.stdin, stdin_bytes... Closing one writes its buffered data
// and leaves the descriptor open. While a handle exists, all handles of one loop share a buffer. (stdin itself is a
// macro.) Waiting for input does not keep a program from ending.
File stdin_();
File stdout_();
File stderr_();
File stdin_bytes();
File stdout_bytes();
File stderr_bytes();

}  // namespace files

}  // namespace aio
