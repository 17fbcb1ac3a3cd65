// Temporary files and directories: aiofiles.tempfile.
//
//     auto scratch = co_await aio::files::NamedTemporaryFile({.suffix = ".txt"});
//     co_await scratch.write("...");                  // scratch.name() is a path that others can open
//     co_await scratch.close();                       // and it is gone
//
// They are opened "w+b" unless told otherwise, with permissions for their owner only, in the first of dir, $TMPDIR,
// $TEMP, $TMP and /tmp. They are removed when they are closed, or when the last handle goes.
//
// Errors: FileNotFoundError when there is no such directory; OSError; ValueError as open().
// Source: tempfile, CPython 3.13; open(2) O_TMPFILE, memfd_create(2).
#pragma once

#include <aio/io/file.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace aio {

namespace files {

// Trivially destructible, so that `{.suffix = ".txt"}` is safe inside a co_await expression on g++ 12.
struct TempOptions {
    std::string_view mode = "w+b";
    std::string_view dir = {};
    std::string_view prefix = "tmp";
    std::string_view suffix = {};
    std::ptrdiff_t buffering = -1;
    std::string_view errors = {};  // these two as open()'s
    const char* newline = nullptr;
    bool delete_ = true;       // NamedTemporaryFile: the file is removed
    std::size_t max_size = 0;  // SpooledTemporaryFile: bytes in memory; 0: no limit
};

// A file without a name.
Coro<File> TemporaryFile(TempOptions options = {});
// A file whose name() is its path.
Coro<File> NamedTemporaryFile(TempOptions options = {});

// A file that is in memory until it is larger than max_size, or rollover() is called.
class SpooledFile : public File {
public:
    SpooledFile() noexcept = default;
    SpooledFile(File file, std::string directory, std::size_t max_size)
        : File(std::move(file)), directory_(std::move(directory)), max_size_(max_size) {}

    // As File's. *Cancel* of what moves the file to a disk: it goes on. *Errors*: when it fails the file stays in memory.
    Coro<std::size_t> write(std::string_view data) const { return write_spooled(*this, std::string(data)); }
    template <class Pieces>
    Coro<> writelines(Pieces pieces) const {
        return write_pieces(*this, std::move(pieces));
    }
    Coro<> rollover() const { return roll_over(*this); }
    // Whether it is on a disk.
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
Coro<SpooledFile> SpooledTemporaryFile(TempOptions options = {});

// A directory, which is removed with all there is in it by cleanup(), or on a thread when the last handle goes (in debug
// mode with a warning); a loop that closes waits for that.
class TempDirectory {
public:
    TempDirectory() noexcept = default;
    explicit TempDirectory(std::string path);

    const std::string& name() const noexcept;
    // No effect the second time. Errors: OSError; the rest is left.
    Coro<> cleanup() const;
    Coro<> close() const { return cleanup(); }

private:
    class State;
    static Coro<> clean_up(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};
Coro<TempDirectory> TemporaryDirectory(TempOptions options = {});

// Where temporary files go.
std::string gettempdir();

}  // namespace files

}  // namespace aio
