// RawFile: a descriptor, and one system call at a time on it: now, through the backend, or on a thread.
//
// Where a call goes:
//
//     read_now, write_now     what does not wait is made at once, on the loop's thread
//     a pipe, FIFO, terminal  waits for readiness (poll_in, poll_out), then again now: no thread is ever stuck in it
//     a regular file          the backend's file operation, if it has one; else, or if the file cannot, a thread
//     truncate, finish        a thread
//
// A call that has begun goes on when the task that wanted it is cancelled. Its memory is the owner's, which stays
// until then; what it brought is the owner's too (call_done), so that nothing is lost or done twice. When the loop
// closes, a call on a thread is waited for.
//
// Thread rule: the loop's thread, but for perform().
#pragma once

#include <aio/sync/executor.hpp>

#include "core/loop_state.hpp"

#include <sys/stat.h>

#include <cstdint>

namespace aio::detail {

enum class FileCall : std::uint8_t { none, read, write, sync, truncate, task, finish };
const char* name_of(FileCall call) noexcept;

// Something to do with the descriptor, on a thread.
class FileTask {
public:
    virtual ~FileTask() = default;
    virtual int perform(int fd) noexcept = 0;  // 0, or a negative errno
    // Whether the descriptor names another file when that has succeeded.
    virtual bool replaces_file() const noexcept { return false; }
};

struct FileRequest {
    FileCall call = FileCall::none;
    void* room = nullptr;          // read
    const void* data = nullptr;    // write; finish: what is to be written before
    std::size_t size = 0;          // of these; truncate: the new size
    const char* remove = nullptr;  // finish: a name to remove afterwards
    FileTask* task = nullptr;
};

class TransferAwaiter;

class RawFile : public LoopResource {
public:
    enum class Kind : std::uint8_t { regular, memory, fifo, device, socket };
    // memory: a file system without a device, whose calls do not wait.

    bool busy() const noexcept { return stage_ != Stage::idle; }
    int fd() const noexcept { return fd_; }
    Kind kind() const noexcept { return kind_; }
    // It is waited for with poll, and has no position.
    bool pollable() const noexcept { return kind_ >= Kind::fifo; }

    // A count, 0 at the end; -EAGAIN when it must be waited for: transfer().
    int read_now(void* to, std::size_t size) noexcept;
    int write_now(const void* from, std::size_t size) noexcept;

    class Transfer {
    public:
        using native_awaitable = void;
        Transfer(RawFile& file, const FileRequest& request) noexcept : file_(file), request_(request) {}
        TransferAwaiter operator co_await() const noexcept;

    private:
        RawFile& file_;
        FileRequest request_;
    };
    // Makes the call and gives what call_done() was told. Cancel: it goes on, unless it waits for a pipe.
    // Errors: what an executor throws that takes no job.
    Transfer transfer(const FileRequest& request) noexcept { return Transfer(*this, request); }
    // Waits for a call that another task left behind.
    Transfer settled() noexcept { return Transfer(*this, {}); }

protected:
    RawFile(LoopState& loop, int fd, Kind kind, bool own_position, Executor* executor) noexcept;
    ~RawFile() = default;

    // Begins the call. Precondition: not busy.
    void start(const FileRequest& request);
    // It has ended: with a count, 0, or a negative errno. A finish: the descriptor is gone.
    virtual void call_done(const FileRequest& request, int result) noexcept = 0;
    // After call_done(), and after whoever waited was woken. May destroy this.
    virtual void call_settled() noexcept = 0;

    // Whether a task waits for the call.
    bool awaited() const noexcept { return waiter_ != nullptr; }

    // Asks a call that waits for a pipe to end.
    void interrupt() noexcept;
    // The descriptor names another file now.
    void look_again() noexcept;
    // While the loop closes: waits for a thread.
    void join_thread() noexcept;
    Backend& backend() noexcept { return *loop_.backend; }

    LoopState& loop_;
    int fd_;

private:
    friend class TransferAwaiter;
    enum class Stage : std::uint8_t { idle, polling, in_backend, on_thread };

    class KernelCall final : public Operation {
    public:
        KernelCall(RawFile& file, int fd) noexcept : Operation(OpKind::file_read, fd), file_(file) {}
        void completed(int result, const char*, bool) noexcept override { file_.completed(result); }

    private:
        RawFile& file_;
    };
    class ThreadCall final : public Job {
    public:
        explicit ThreadCall(RawFile& file) noexcept : file_(file) {}
        void run() noexcept override { file_.perform(); }
        // What is to be written is written.
        void discard() noexcept override { file_.perform(); }
        void fail(const std::exception_ptr&) noexcept override { file_.perform(); }

    private:
        RawFile& file_;
    };
    class Arrival final : public Callback {
    public:
        explicit Arrival(RawFile& file) noexcept : file_(file) {}
        void run() override { file_.thread_arrived(); }
        const char* name() const noexcept override { return "end of a call on a file"; }

    private:
        RawFile& file_;
    };

    int write_quietly(const void* from, std::size_t size) noexcept;
    bool start_in_backend() noexcept;
    void start_polling() noexcept;
    void start_on_thread();
    void start_on_thread_or_fail() noexcept;
    void completed(int result) noexcept;
    void polled(int result) noexcept;
    void perform() noexcept;  // on the thread
    int make_call() noexcept;
    void thread_arrived() noexcept;
    void done(int result) noexcept;

    Executor* executor_;
    TransferAwaiter* waiter_ = nullptr;
    FileRequest request_;
    Kind kind_;
    Stage stage_ = Stage::idle;
    bool reads_now_ = true;  // the file system can tell
    bool writes_now_ = true;
    bool own_position_;  // nobody else moves it
    bool poll_first_;    // a FIFO that may not have had a writer yet: it looks like its end
    bool thread_done_ = false;
    int thread_result_ = 0;
    KernelCall kernel_call_;
    ThreadCall thread_call_{*this};
    Arrival arrival_{*this};
};

class TransferAwaiter final : public Waiter {
public:
    TransferAwaiter(RawFile& file, const FileRequest& request) noexcept : file_(file), request_(request) {}
    TransferAwaiter(const TransferAwaiter&) = delete;
    ~TransferAwaiter() {
        if (file_.waiter_ == this) file_.waiter_ = nullptr;
    }

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> frame);
    int await_resume() {
        check_cancelled();
        return result_;
    }
    bool cancel_wait(std::string_view message) noexcept override;
    const char* name() const noexcept override { return "a file"; }

    void ended(int result) noexcept {
        result_ = result;
        wake();
    }

private:
    RawFile& file_;
    FileRequest request_;
    int result_ = 0;
};

inline TransferAwaiter RawFile::Transfer::operator co_await() const noexcept { return {file_, request_}; }

// What a descriptor is. Errors of fstat: regular.
RawFile::Kind kind_of(int fd, const struct stat& status) noexcept;

}  // namespace aio::detail
