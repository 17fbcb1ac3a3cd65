// The program itself shows its events: on request, for a slow request, and before an exception ends it.
#include <aio/debug/recorder.hpp>

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "core/loop_state.hpp"
#include "core/recorder.hpp"
#include "debug/memory.hpp"
#include "debug/recording.hpp"
#include "debug/window_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>

namespace aio::debug {

namespace {

constexpr std::size_t kEventsOfDump = 40;
constexpr std::size_t kReadEvents =
    4096;  // at least: the names of tasks are in older events than those that are shown
constexpr Duration kBetweenReports = std::chrono::seconds(1);

constinit thread_local TimePoint next_report{};

Recording recording_of_this_process(std::size_t most) {
    ProcessMemory memory(::getpid());
    LookOptions how;
    how.frames = how.awaiters = how.tasks = false;
    how.most_events = std::max(most, kReadEvents);
    return WindowReader(memory, "this process").read_recording(how);
}

void report_slow_request(Duration taken, std::string_view method, std::string_view target) {
    try {
        const TimePoint now = std::chrono::steady_clock::now();
        if (now < next_report) return;
        next_report = now + kBetweenReports;
        const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(taken).count();
        std::string text = "the request " + std::string(method) + " " + std::string(target) + " took " +
                           std::to_string(milliseconds) + " ms\n";
        const std::uint64_t number = aio::detail::LoopState::of(*aio::detail::current.loop).number.load();
        const Recording recording = recording_of_this_process(kEventsOfDump);
        for (const LoopRecording& loop : recording.loops) {
            if (loop.number == number) text += render_events(recording, loop, kEventsOfDump);
        }
        text.pop_back();  // the end of its line
        aio::detail::log(LogLevel::warning, text);
    } catch (const std::exception& error) {
        aio::detail::log(LogLevel::warning, error.what());
    }
}

void report_before_the_end() noexcept {
    try {
        std::string text = "before the exception that ends the program:\n" + format_recorded_events(kEventsOfDump);
        text.pop_back();
        aio::detail::log(LogLevel::error, text);
    } catch (const std::exception& error) {
        aio::detail::log(LogLevel::error, error.what());
    }
}

}  // namespace

std::string format_recorded_events(std::size_t most) {
    return render_recording(recording_of_this_process(most), most);
}

void record_events(std::size_t events) noexcept { aio::detail::set_recorder_events(events); }

void on_slow_request(Duration threshold) {
    if (threshold < Duration(0)) throw ValueError("on_slow_request: the threshold must not be negative");
    if (aio::detail::recorder_events() == 0) record_events();
    aio::detail::on_slow_request.store(report_slow_request, std::memory_order_release);
    aio::detail::slow_request_ns.store(threshold.count(), std::memory_order_relaxed);
}

void dump_on_unhandled_exception() noexcept {
    if (aio::detail::recorder_events() == 0) record_events();
    aio::detail::before_unhandled_report.store(report_before_the_end, std::memory_order_release);
}

}  // namespace aio::debug
