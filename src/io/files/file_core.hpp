// FileCore: an open file: its buffers, its position, who may use it, and its end. What File points to.
//
// There is one buffer for reading and one for writing, and at most one of them holds something if the file can seek:
//
//     the kernel's position ─────────────────────────────┐
//     ... | unread_ | in_ (read ahead)                    ▼      or   out_ (to be written here) ▼ position
//         ▲ position
//
// Operations take turns (turn_, first come first served). What is read is consumed, and what is written is taken,
// when an operation ends: a cancelled read gives back what it took (unread_) or leaves it in in_, what a cancelled
// write had taken stays in out_. A call that was left behind (RawFile) works on in_ or out_, and the next operation
// waits for it first.
#pragma once

#include <aio/base/assert.hpp>
#include <aio/io/file.hpp>
#include <aio/sync/lock.hpp>

#include "io/files/mode.hpp"
#include "io/files/raw_file.hpp"
#include "io/files/window.hpp"

#include <memory>
#include <string>

namespace aio::detail {

inline constexpr std::size_t kFileBuffer = 64 * 1024;
inline constexpr std::size_t kFileSlice = 1024 * 1024;  // the most that one call moves

class FileCore final : public RawFile {
public:
    struct Setup {
        int fd;
        Kind kind;
        bool close_fd = true;
        bool own_position = true;  // no other process or descriptor has it too
        FileMode mode = {};
        TextRules text = {};
        std::size_t buffer = kFileBuffer;  // 0: none
        bool line_buffered = false;
        bool terminal = false;
        Executor* executor = nullptr;
    };
    // Errors: std::bad_alloc; the descriptor stays the caller's.
    static FileRef open(LoopState& loop, std::string name, const Setup& setup);

    // Where a pointer to it stands that is to be null when it is gone.
    void registered_at(FileCore** place) noexcept { registered_ = place; }
    bool belongs_to(const LoopState& loop) const noexcept { return &loop_ == &loop; }

    void retain() noexcept { ++references_; }
    void release() noexcept {
        AIO_ASSERT(references_ > 0);
        if (--references_ == 0) unreferenced();
    }
    void loop_closing() noexcept override;

    const std::string& name() const noexcept { return name_; }
    const FileMode& mode() const noexcept { return mode_; }
    const TextRules& text() const noexcept { return text_; }
    bool closed() const noexcept { return closed_; }
    bool terminal() const noexcept { return terminal_; }
    bool unbuffered() const noexcept { return buffer_ == 0; }
    bool line_buffered() const noexcept { return line_buffered_; }
    std::size_t buffer_size() const noexcept { return buffer_ == 0 ? kFileBuffer : buffer_; }

    Lock& turn() noexcept { return turn_; }
    // The beginning of an operation that has its turn, with no call left behind. Errors: ValueError when the file is
    // closed; RuntimeError in another loop.
    void begin();
    void begin_reading();  // UnsupportedOperation when it is not open for that
    void begin_writing();  // the same; the position is where the reader is

    // --- reading: what begin_reading() found ---------------------------------------------------------------

    Window& in() noexcept { return in_; }
    // Another `size` bytes behind in(), at once: a count, 0 at the end, -EAGAIN, or a negative errno.
    int fill_now(std::size_t size);
    // The request that brings them otherwise.
    FileRequest fill_request(std::size_t size);
    void give_back(std::string&& bytes) noexcept;

    // --- writing -------------------------------------------------------------------------------------------

    std::string& out() noexcept { return out_; }
    std::size_t unwritten() const noexcept { return out_.size() - out_begin_; }
    int write_out_now() noexcept;
    void forget_unwritten() noexcept {
        out_.clear();
        out_begin_ = 0;
    }
    FileRequest write_request() noexcept;

    // --- position ------------------------------------------------------------------------------------------

    bool seekable() const noexcept { return !pollable(); }
    // A position or a negative errno.
    std::int64_t position() const noexcept;
    // Forgets what was read ahead, so that the kernel's position is ours.
    void sync_position() noexcept;
    // lseek, inside what was read ahead if it can be. Precondition: nothing unwritten.
    std::int64_t seek(std::int64_t offset, int whence) noexcept;

    // --- work on the descriptor ------------------------------------------------------------------------------

    // On a thread, by one who has the turn; 0 or a negative errno. The descriptor stays open until then.
    FileRequest task_request(std::unique_ptr<FileTask> task) noexcept;
    // A task put another file in its place.
    bool moved() const noexcept { return moved_; }

    // --- the end -------------------------------------------------------------------------------------------

    // From here on the file counts as closed. The request for what is left to do; call none: it is done.
    FileRequest close_request() noexcept;
    int close_now() noexcept;
    // The name that goes with the descriptor: it is removed when the file is closed.
    void remove_at_close(std::string path) noexcept { remove_ = std::move(path); }
    const std::string& removed_at_close() const noexcept { return remove_; }

    [[noreturn]] void throw_failed(FileCall call, int error) const;

private:
    FileCore(LoopState& loop, std::string name, const Setup& setup);
    ~FileCore() {
        if (registered_) *registered_ = nullptr;
    }

    void call_done(const FileRequest& request, int result) noexcept override;
    void call_settled() noexcept override;
    void unreferenced() noexcept;
    void farewell() noexcept;
    void end_here() noexcept;
    void report_lost(int error) const noexcept;

    std::string name_;
    FileMode mode_;
    TextRules text_;
    std::size_t buffer_;
    bool close_fd_;
    bool line_buffered_;
    bool terminal_;
    bool closed_ = false;
    bool loop_closed_ = false;
    bool moved_ = false;
    bool written_ = false;  // closing it may take time
    int close_error_ = 0;
    unsigned references_ = 0;
    Lock turn_;
    Window in_;
    std::string unread_;
    std::string out_;
    std::size_t out_begin_ = 0;
    std::string remove_;
    std::unique_ptr<FileTask> task_;
    FileCore** registered_ = nullptr;
};

}  // namespace aio::detail
