// Temporary files and directories: aiofiles.tempfile.
//
//     auto scratch = co_await aio::files::NamedTemporaryFile({.suffix = ".txt"});
//     co_await scratch.write("...");                  // scratch.name() is a path that others can open
//     co_await scratch.close();                       // and it is gone
//
// They are opened "w+b" by default, with permissions for their owner only, in the first of dir, $TMPDIR, $TEMP, $TMP
// and /tmp that is set. They are removed when they are closed, or when the last handle is dropped.
//
// Errors: FileNotFoundError when there is no such directory; OSError; ValueError as open(), and for a prefix or suffix
// with a '/' or a null byte.
// Source: tempfile, CPython 3.13; open(2) O_TMPFILE, memfd_create(2).
#pragma once

#include <aio/io/file.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace aio {

namespace files {

// The options of all functions below. Trivially destructible, so that `{.suffix = ".txt"}` is safe inside a co_await
// expression on g++ 12.
struct TempOptions {
    std::string_view mode = "w+b";    // as open()'s
    std::string_view dir = {};        // default: gettempdir()
    std::string_view prefix = "tmp";  // the name is <prefix><8 random characters><suffix>
    std::string_view suffix = {};     // the end of the name
    std::ptrdiff_t buffering = -1;    // as open()'s
    std::string_view errors = {};     // as open()'s
    const char* newline = nullptr;    // as open()'s
    bool delete_ = true;              // NamedTemporaryFile: the file is removed at its close
    std::size_t max_size = 0;         // SpooledTemporaryFile: the most bytes in memory; 0: no limit
};

// Opens a file without a name: aiofiles.tempfile.TemporaryFile.
Coro<File> TemporaryFile(TempOptions options = {});
// Opens a file whose name() is its path: aiofiles.tempfile.NamedTemporaryFile.
Coro<File> NamedTemporaryFile(TempOptions options = {});

// A file that is in memory until it is larger than max_size, or rollover() is called.
class SpooledFile : public File {
public:
    SpooledFile() noexcept = default;
    SpooledFile(File file, std::string directory, std::size_t max_size)
        : File(std::move(file)), directory_(std::move(directory)), max_size_(max_size) {}

    // As File's. A write that exceeds max_size also moves the file to a disk. *Cancel*: the move is completed all the
    // same. *Errors*: OSError of the move; the file then stays in memory.
    Coro<std::size_t> write(std::string_view data) const { return write_spooled(*this, std::string(data)); }
    template <class Pieces>
    Coro<> writelines(Pieces pieces) const {
        return write_pieces(*this, std::move(pieces));
    }
    // Moves the file to a disk now. No effect the second time. *Cancel*, *errors*: as write().
    Coro<> rollover() const { return roll_over(*this); }
    // Whether it was moved to a disk.
    bool rolled() const noexcept;

private:
    static Coro<std::size_t> write_spooled(SpooledFile file, std::string data);
    static Coro<> roll_over(SpooledFile file);
    template <class Pieces>
    static Coro<> write_pieces(SpooledFile file, Pieces pieces) {
        for (const auto& piece : pieces) {
            const std::string_view data(piece);
            co_await file.write(data);
        }
    }

    std::string directory_;
    std::size_t max_size_ = 0;
};
// Opens a SpooledFile: aiofiles.tempfile.SpooledTemporaryFile.
Coro<SpooledFile> SpooledTemporaryFile(TempOptions options = {});

// A directory, which is removed with its contents by cleanup(), or on a thread when the last handle is dropped (in
// debug mode with a warning); a loop that closes waits for that.
class TempDirectory {
public:
    TempDirectory() noexcept = default;
    // Owns the directory at `path`.
    explicit TempDirectory(std::string path);

    // Its path; empty for a default-constructed object.
    const std::string& name() const noexcept;
    // Removes the directory and its contents. No effect the second time. Errors: OSError; the rest is left.
    Coro<> cleanup() const;
    Coro<> close() const { return cleanup(); }

private:
    class State;
    static Coro<> clean_up(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};
// Makes a directory: aiofiles.tempfile.TemporaryDirectory.
Coro<TempDirectory> TemporaryDirectory(TempOptions options = {});

// The directory for temporary files: the first of $TMPDIR, $TEMP and $TMP that is set, else /tmp. tempfile.gettempdir.
std::string gettempdir();

}  // namespace files

}  // namespace aio
