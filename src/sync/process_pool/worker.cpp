// A worker process: receives a call, executes it, and sends its result.
#include "sync/process_pool/worker.hpp"

#include <aio/sync/process_pool.hpp>

#include "sync/process_pool/remote_error.hpp"
#include "sync/process_pool/wire.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace aio::detail {

namespace {

constexpr int kNoPidfd = -1;  // this process does not outlive the one that it works for

// A call's output is flushed before its result is sent.
void flush_output() noexcept {
    std::fflush(stdout);
    std::fflush(stderr);
}

// Not exit(): destructors of static objects and atexit() handlers are the parent's to run.
[[noreturn]] void end() noexcept {
    flush_output();
    ::_exit(0);
}

// A library that the parent loaded after it made the pool is not loaded here: a call into it would crash.
ProcessThunk check_thunk(ProcessThunk thunk) {
    Dl_info info;
    if (::dladdr(reinterpret_cast<void*>(thunk), &info) != 0) return thunk;
    throw RuntimeError(
        "ProcessPoolExecutor: the function is in a library that was loaded after the pool was made; load it before");
}

std::string call(const std::string& message, std::size_t max_message) {
    Unpickler in(message);
    Pickler out;
    ProcessThunk thunk;
    in.read(&thunk, sizeof thunk);
    check_thunk(thunk)(in, out);
    if (out.bytes().size() > max_message) {
        throw ValueError("ProcessPoolExecutor: the result has " + std::to_string(out.bytes().size()) +
                         " bytes, more than max_message, " + std::to_string(max_message));
    }
    return out.take();
}

// Sends what `function` returns, or its error. False when the other end is gone. If the call forked, and the child too
// returned from it, the child ends here: only its parent sends the answer.
template <class F>
bool answer(int fd, F&& function) noexcept {
    const pid_t self = ::getpid();
    std::string bytes;
    MessageKind kind = MessageKind::result;
    try {
        bytes = function();
    } catch (...) {
        bytes = pickle_current_exception();
        kind = MessageKind::error;
    }
    if (::getpid() != self) end();
    flush_output();
    return send_message(fd, kNoPidfd, kind, {}, bytes);
}

}  // namespace

void work(int fd, const void* data) noexcept {
    const auto& options = *static_cast<const WorkerOptions*>(data);
    const std::size_t most = options.max_message + std::min(sizeof(ProcessThunk), SIZE_MAX - options.max_message);
    bool going = answer(fd, [&options] {
        if (options.initializer) options.initializer();
        return std::string();
    });
    while (going) {
        MessageKind kind;
        std::string message;
        Received received = Received::end;
        going = answer(fd, [&] {
            received = receive_message(fd, kNoPidfd, most, kind, message);
            if (received != Received::message) end();
            return call(message, options.max_message);
        });
    }
    end();
}

}  // namespace aio::detail
