// The file of a sendfile: what is left of it, and its position in the end.
#pragma once

#include <aio/core/future.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace aio::detail {

class FileSource {
public:
    // Errors: ValueError for a count of 0.
    FileSource(int fd, std::uint64_t offset, std::optional<std::size_t> count, std::size_t* progress = nullptr);
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    // Leaves the file's position where sending ended, if anything was sent.
    ~FileSource();

    int fd() const noexcept { return fd_; }
    std::uint64_t offset() const noexcept { return offset_ + sent_; }
    std::size_t sent() const noexcept { return sent_; }
    // How much may be asked for at a time; 0: all that was wanted is sent.
    std::size_t next_piece(std::size_t most) const noexcept;
    void advance(std::size_t count) noexcept {
        sent_ += count;
        if (progress_) *progress_ = sent_;
    }
    // Tells the kernel what will be needed soon, each part of the file once: the kernel looks at every page of it.
    void read_ahead() noexcept;

    // The next piece of at most `most` bytes, empty at the end, read on a thread of the default executor.
    // Cancel: the thread goes on with a descriptor of its own. Errors: OSError.
    Future<std::string> read(std::size_t most) const;

private:
    int fd_;
    std::uint64_t offset_;
    std::optional<std::size_t> count_;
    std::size_t* progress_;
    std::size_t sent_ = 0;
    std::uint64_t announced_ = 0;  // to the kernel, up to there
};

// Whether a send_file() of the backend failed because this file or socket does not go with it.
bool not_for_sendfile(int result) noexcept;

// What one call of the kernel may send: others have their turn in between.
inline constexpr std::size_t kSendfilePiece = 1024 * 1024;
inline constexpr std::size_t kSendfileBlock = 256 * 1024;  // SENDFILE_FALLBACK_READBUFFER_SIZE

}  // namespace aio::detail
