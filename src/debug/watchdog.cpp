// The watchdog's thread. It reads what the window shows of each loop (core/window.hpp), as the tool does: nothing that it looks at
// is locked, and nothing that it needs is written by the loops for its sake.
#include <aio/debug/watchdog.hpp>

#include <aio/core/log.hpp>
#include <aio/core/watchdog_option.hpp>

#include "base/per_thread.hpp"
#include "core/blocked.hpp"
#include "core/symbols.hpp"
#include "core/window.hpp"
#include "debug/native_stack.hpp"
#include "debug/recording.hpp"
#include "debug/render.hpp"
#include "debug/window_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

namespace aio::debug {

namespace {

using aio::detail::WindowLoop;

constexpr Duration kLeastThreshold = std::chrono::milliseconds(4);
constexpr Duration kBetweenReports = std::chrono::seconds(1);  // of one loop
constexpr std::size_t kMostShownFrames = 24;
constexpr std::size_t kShownEvents = 8;
constexpr std::size_t kReadEvents = 1024;  // for the names of the tasks in those

std::string in_milliseconds(Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

// How long the thread was ready and had no processor; 0 where the kernel does not say.
Duration waited_for_processor(std::uint64_t thread) {
    const std::string path = "/proc/self/task/" + std::to_string(thread) + "/schedstat";
    std::FILE* const file = std::fopen(path.c_str(), "re");
    if (!file) return Duration(0);
    unsigned long long ran = 0, waited = 0;
    const int found = std::fscanf(file, "%llu %llu", &ran, &waited);
    std::fclose(file);
    return Duration(found == 2 ? static_cast<Duration::rep>(waited) : 0);
}

class Watchdog {
public:
    static Watchdog& instance() {
        static aio::detail::NeverDestroyed<Watchdog> watchdog;
        return *watchdog;
    }

    void start(Duration threshold) {
        const std::lock_guard calls(calls_);
        begin(threshold);
    }
    // Debug mode asks without having been told to: whoever did tell decides.
    void start_unless_decided(Duration threshold) {
        const std::lock_guard calls(calls_);
        if (!decided_) begin(threshold);
    }
    void stop() {
        const std::lock_guard calls(calls_);
        decided_ = true;
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

private:
    void begin(Duration threshold) {
        prepare_native_stacks();
        decided_ = true;
        {
            const std::lock_guard lock(mutex_);
            threshold_ = std::max(threshold, kLeastThreshold);
            stopping_ = false;
        }
        if (thread_.joinable()) return;
        // Signals are for the program's own threads.
        sigset_t all, before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        try {
            thread_ = std::thread([this] { run(); });
        } catch (...) {
            ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
            throw;
        }
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    // One loop, as it was when it last did something.
    struct Seen {
        std::uint64_t polls = 0;
        Address task = 0;
        TimePoint since{};
        Duration waited{0};
        bool reported = false;
        bool held_back = false;  // its report, since the one before was just made
        std::string what, who;   // of the report
        TimePoint last_report = TimePoint::min();
        unsigned unreported = 0;  // steps whose reports were held back until they ended
    };

    void run() noexcept {
        // It posts nothing to any loop: a simulated one may find that all is blocked.
        aio::detail::idle_threads.fetch_add(1);
        std::unique_lock lock(mutex_);
        TimePoint last = std::chrono::steady_clock::now();
        while (!stopping_) {
            const Duration threshold = threshold_, tick = threshold / 4;
            wake_.wait_for(lock, std::min<Duration>(tick, std::chrono::seconds(1)));
            if (stopping_) break;
            lock.unlock();
            const TimePoint now = std::chrono::steady_clock::now();
            // Late itself, the machine was busy, or stopped: that is nobody's fault either.
            if (const Duration late = now - last - tick; late > threshold / 2) discount(late);
            try {
                look(now, threshold);
            } catch (const std::exception& error) {
                aio::detail::log(LogLevel::warning,
                                 std::string("the watchdog cannot look at the loops: ") + error.what());
            }
            last = std::chrono::steady_clock::now();  // a report takes longer than a tick
            lock.lock();
        }
        seen_.clear();
        aio::detail::idle_threads.fetch_sub(1);
    }

    // The time that a loop's own thread waited meanwhile is a part of this, and not discounted twice: on a machine that is always
    // busy, nothing would be reported otherwise.
    void discount(Duration late) {
        for (auto& [record, seen] : seen_) {
            if (seen.reported) continue;
            seen.since += late;
            const Duration waited = waited_for_processor(record->thread.load(std::memory_order_relaxed));
            seen.waited = std::min<Duration>(waited, seen.waited + late);
        }
    }
    void look(TimePoint now, Duration threshold) {
        for (const WindowLoop* record = aio_window.loops.load(std::memory_order_acquire); record;
             record = record->next)
            look_at(*record, now, threshold);
    }
    void look_at(const WindowLoop& record, TimePoint now, Duration threshold) {
        const auto current = reinterpret_cast<Address>(record.current.load(std::memory_order_acquire));
        const std::uint64_t polls = record.polls.load(std::memory_order_relaxed);
        // In another thread's memory, which may be gone by now.
        Address task = 0;
        const Address place = current + aio_window.offsets[static_cast<std::size_t>(WindowField::current_task)];
        const bool there = current && memory_.read(place, &task, sizeof task) == sizeof task;
        const Address asleep_at = reinterpret_cast<Address>(record.state) +
                                  aio_window.offsets[static_cast<std::size_t>(WindowField::loop_asleep)];
        const bool asleep = reinterpret_cast<const std::atomic<bool>*>(asleep_at)->load(std::memory_order_relaxed);
        Seen& seen = seen_[&record];
        const std::uint64_t thread = record.thread.load(std::memory_order_relaxed);
        if (!there || asleep || polls != seen.polls || task != seen.task) {
            if (seen.reported) report_end(seen, now);
            seen.unreported += seen.held_back;
            seen.polls = polls;
            seen.task = task;
            seen.since = now;
            seen.waited = there && !asleep ? waited_for_processor(thread) : Duration(0);
            seen.reported = seen.held_back = false;
            return;
        }
        if (seen.reported || now - seen.since < threshold) return;
        const Duration blocked = now - seen.since - (waited_for_processor(thread) - seen.waited);
        if (blocked < threshold) return;
        // Later, if it is still blocked then: a loop that hangs is reported, whatever came before.
        seen.held_back = seen.last_report != TimePoint::min() && now - seen.last_report < kBetweenReports;
        if (seen.held_back) return;
        seen.reported = true;
        seen.what.clear();
        seen.last_report = now;
        report(record, seen, thread, blocked);
    }

    void report(const WindowLoop& record, Seen& seen, std::uint64_t thread, Duration blocked) {
        const std::vector<std::uintptr_t> stack = stack_of(static_cast<pid_t>(thread));
        std::string frames;
        std::string who = "a callback";
        if (seen.task) {
            WindowReader reader(memory_, "this process");
            const Snapshot snapshot = reader.look_at(seen.task);
            if (!snapshot.tasks.empty()) {
                const TaskInfo& task = snapshot.tasks.front();
                who = "task '" + task.name + "'";
                const std::vector<std::uint32_t> places = snapshot.frames_of(task);
                for (std::size_t i = 0; i < std::min(places.size(), kMostShownFrames); ++i)
                    frames += "\n  " + render_place(snapshot.places[places[i]]);
            }
        }
        // While the report was being made the loop may have gone on: then the stack shows nothing.
        if (record.polls.load(std::memory_order_relaxed) != seen.polls) return;
        const std::string loop = "loop " + std::to_string(record.state->number.load());
        seen.what = loop + " was blocked for ";
        std::string text = loop + " has been blocked for " + in_milliseconds(blocked) + " in a step of " + who +
                           ": none of its other tasks can run" + frames;
        text += "\nthe call that blocks, in thread " + std::to_string(thread) + ":";
        for (const std::string& place : shown(stack)) text += "\n  " + place;
        if (stack.empty()) text += " not known, the thread did not answer";
        if (seen.unreported > 0)
            text += "\nit was blocked " + std::to_string(seen.unreported) + " more times since the last report";
        text += events_before(record.state->number.load());
        seen.unreported = 0;
        seen.who = who;
        aio::detail::log(LogLevel::warning, text);
    }
    // What the loop did before, if it records that.
    std::string events_before(std::uint64_t number) {
        LookOptions how;
        how.tasks = false;
        how.most_events = kReadEvents;
        const Recording recording = WindowReader(memory_, "this process").read_recording(how);
        std::string text;
        for (const LoopRecording& loop : recording.loops) {
            if (loop.number == number) text = "\n" + render_events(recording, loop, kShownEvents);
        }
        if (!text.empty()) text.pop_back();
        return text;
    }
    static void report_end(const Seen& seen, TimePoint now) {
        if (seen.what.empty()) return;  // its beginning was not reported
        aio::detail::log(LogLevel::warning,
                         seen.what + in_milliseconds(now - seen.since) + " in a step of " + seen.who);
    }
    // Down to the loop, which is always there.
    static std::vector<std::string> shown(const std::vector<std::uintptr_t>& stack) {
        std::vector<std::string> places = aio::detail::describe_code(stack);
        const auto loop = std::find_if(places.begin(), places.end(), [](const std::string& place) {
            return place.starts_with("step_handing_over()") || place.starts_with("run_ready()") ||
                   place.starts_with("run_item()") || place.starts_with("run_forever()");
        });
        places.erase(loop, places.end());
        if (places.size() > kMostShownFrames) places.resize(kMostShownFrames);
        return places;
    }

    std::mutex calls_;      // one start() or stop() at a time
    bool decided_ = false;  // whether there was one
    std::mutex mutex_;      // of the next two
    Duration threshold_{0};
    bool stopping_ = false;
    std::condition_variable wake_;
    std::thread thread_;
    // The thread's:
    ProcessMemory memory_{::getpid()};
    std::unordered_map<const WindowLoop*, Seen> seen_;
};

}  // namespace

void start_watchdog(Duration threshold) {
    if (threshold <= Duration(0)) throw ValueError("start_watchdog: the threshold must be positive");
    Watchdog::instance().start(threshold);
}

void stop_watchdog() { Watchdog::instance().stop(); }

}  // namespace aio::debug

// What a linker is told to look for, to have the watchdog in a program that does not name it.
extern "C" {
extern const char aio_watchdog;
const char aio_watchdog = 1;
}

namespace aio::detail {

void start_watchdog(Duration threshold) { debug::start_watchdog(threshold); }

void start_watchdog_of_debug_mode(Duration threshold) { debug::Watchdog::instance().start_unless_decided(threshold); }

void start_watchdog_as_asked(const char* value) {
    char* end = nullptr;
    const double number = std::strtod(value, &end);
    const std::string_view unit = end;
    const double nanoseconds = unit == "us" ? 1e3 : unit == "s" ? 1e9 : unit == "ms" || unit.empty() ? 1e6 : 0;
    if (end == value || !(number > 0 && number * nanoseconds > 0 && number * nanoseconds < 1e18))
        throw ValueError(std::string("AIO_WATCHDOG=") + value + " is no duration: set it to one such as 50ms or 1s");
    debug::start_watchdog(Duration(static_cast<Duration::rep>(number * nanoseconds)));
}

}  // namespace aio::detail
