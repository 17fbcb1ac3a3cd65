// A trace is a time from which on the recorders' events are written to a file when it ends.
#include <aio/debug/trace.hpp>

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "base/per_thread.hpp"
#include "core/recorder.hpp"
#include "debug/memory.hpp"
#include "debug/recording.hpp"
#include "debug/window_reader.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace aio::trace {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

// The trace that is under way.
struct Trace {
    std::mutex mutex;
    std::unique_ptr<std::FILE, CloseFile> file;  // null: none is
    std::string path;
    std::int64_t from_ns = 0;
    pid_t process = 0;  // which began it: a child that was forked does not write it

    static Trace& instance() {
        static aio::detail::NeverDestroyed<Trace> trace;
        return *trace;
    }

    // With the mutex held.
    void finish() {
        if (!file) return;
        const std::unique_ptr<std::FILE, CloseFile> out = std::move(file);
        if (process != ::getpid()) return;
        debug::ProcessMemory memory(::getpid());
        debug::LookOptions how;
        how.frames = how.awaiters = false;
        const debug::Recording recording = debug::WindowReader(memory, "this process").read_recording(how);
        const std::string text = debug::render_trace(recording, from_ns, static_cast<std::uint64_t>(process));
        if (std::fwrite(text.data(), 1, text.size(), out.get()) != text.size() || std::fflush(out.get()) != 0)
            throw_os_error(errno, "write the trace '" + path + "'");
    }
};

void finish_at_exit() {
    try {
        stop();
    } catch (const std::exception& error) {
        aio::detail::log(LogLevel::error, error.what());
    }
}

}  // namespace

void start(const std::string& path, Options options) {
    if (options.events == 0) throw ValueError("trace::start: a trace needs at least one event");
    Trace& trace = Trace::instance();
    const std::lock_guard lock(trace.mutex);
    trace.finish();
    std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "we"));
    if (!file) throw_os_error(errno, "create the trace '" + path + "'");
    [[maybe_unused]] static const bool registered = std::atexit(finish_at_exit) == 0;
    aio::detail::set_recorder_events(options.events);
    trace.path = path;
    trace.file = std::move(file);
    trace.process = ::getpid();
    trace.from_ns = std::chrono::steady_clock::now().time_since_epoch().count();
}

void stop() {
    Trace& trace = Trace::instance();
    const std::lock_guard lock(trace.mutex);
    trace.finish();
}

}  // namespace aio::trace

namespace aio::detail {

void start_trace_as_asked(const char* path) { trace::start(path); }

}  // namespace aio::detail
