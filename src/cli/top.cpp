// Two looks at a process, an interval apart, and what happened between them. The numbers are there anyway: the loops' counters of
// polls and passes, and the processor time that the kernel counts for each thread.
#include "cli/top.hpp"

#include <aio/base/error.hpp>

#include "cli/exit_status.hpp"
#include "cli/printable.hpp"
#include "debug/render.hpp"
#include "debug/window_reader.hpp"

#include <nlohmann/json.hpp>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <thread>

namespace aio::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kShownPlaces = 15;

// Nanoseconds that the thread has run so far; 0 if the kernel does not say. Source: Linux Documentation/scheduler/sched-stats.rst.
std::uint64_t processor_time(int pid, std::uint64_t thread) {
    const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) + "/schedstat";
    std::FILE* const file = std::fopen(path.c_str(), "re");
    if (!file) return 0;
    unsigned long long ran = 0;
    const int found = std::fscanf(file, "%llu", &ran);
    std::fclose(file);
    return found == 1 ? ran : 0;
}

struct Look {
    debug::Snapshot snapshot;
    std::map<std::uint64_t, std::uint64_t> ran;  // by thread
    Clock::time_point when;

    Look(debug::WindowReader& reader, int pid) {
        debug::LookOptions how;
        how.frames = how.awaiters = false;
        how.now_ns = Clock::now().time_since_epoch().count();
        when = Clock::now();
        snapshot = reader.look(how);
        for (const debug::LoopInfo& loop : snapshot.loops) ran[loop.thread] = processor_time(pid, loop.thread);
    }
};

struct LoopRow {
    const debug::LoopInfo* loop;
    double busy = 0, polls = 0, passes = 0;  // a share of the time; per second
    std::array<std::size_t, 5> tasks{};      // by TaskState
};

std::vector<LoopRow> rows_of(const Look& before, const Look& now) {
    const double seconds = std::chrono::duration<double>(now.when - before.when).count();
    std::vector<LoopRow> rows;
    for (const debug::LoopInfo& loop : now.snapshot.loops) {
        LoopRow row{&loop};
        for (std::uint32_t i = 0; i < loop.task_count; ++i)
            ++row.tasks[static_cast<std::size_t>(now.snapshot.tasks[loop.first_task + i].state)];
        const auto same = std::find_if(before.snapshot.loops.begin(), before.snapshot.loops.end(),
                                       [&](const debug::LoopInfo& other) { return other.number == loop.number; });
        if (same != before.snapshot.loops.end() && seconds > 0) {
            row.polls = static_cast<double>(loop.polls - same->polls) / seconds;
            row.passes = static_cast<double>(loop.passes - same->passes) / seconds;
            const auto ran = before.ran.find(loop.thread);
            if (loop.thread && ran != before.ran.end())
                row.busy = static_cast<double>(now.ran.at(loop.thread) - ran->second) / 1e9 / seconds;
        }
        rows.push_back(row);
    }
    return rows;
}

// Where tasks wait, and how many of them: the most first.
std::vector<std::pair<std::string, std::size_t>> places_of(const debug::Snapshot& snapshot) {
    std::map<std::pair<std::uint32_t, std::string_view>, std::size_t> counts;
    for (const debug::TaskInfo& task : snapshot.tasks) {
        // "sleep, 1.500 s left": what is left differs from task to task.
        const std::string_view call = std::string_view(task.waits_for).substr(0, task.waits_for.find(", "));
        if (!task.frames.empty()) ++counts[{task.frames.front(), call.substr(0, call.find(" of <"))}];
    }
    std::vector<std::pair<std::string, std::size_t>> places;
    for (const auto& [place, count] : counts) {
        std::string text = render_place(snapshot.places[place.first]);
        if (!place.second.empty()) text += ", waits for " + std::string(place.second);
        places.emplace_back(printable_line(text), count);
    }
    std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    if (places.size() > kShownPlaces) places.resize(kShownPlaces);
    return places;
}

std::string text_of(const Look& before, const Look& now) {
    std::string text = "LOOP    THREAD  BACKEND   BUSY   PASSES/s    POLLS/s  TIMERS   TASKS    READY  STATE\n";
    for (const LoopRow& row : rows_of(before, now)) {
        char line[200];
        std::snprintf(line, sizeof line, "%4llu %9llu  %-8.8s %4.0f %% %10.0f %10.0f %7llu %7u %8zu  %s\n",
                      static_cast<unsigned long long>(row.loop->number),
                      static_cast<unsigned long long>(row.loop->thread), row.loop->backend.c_str(), row.busy * 100,
                      row.passes, row.polls, static_cast<unsigned long long>(row.loop->timers), row.loop->task_count,
                      row.tasks[static_cast<std::size_t>(debug::TaskState::ready)] +
                          row.tasks[static_cast<std::size_t>(debug::TaskState::unstarted)],
                      to_string(row.loop->state));
        text += line;
    }
    text += "\n  TASKS  WHERE\n";
    for (const auto& [place, count] : places_of(now.snapshot)) {
        char number[32];
        std::snprintf(number, sizeof number, "%7zu  ", count);
        text += number + place + "\n";
    }
    return text;
}

std::string json_of(const Look& before, const Look& now) {
    nlohmann::json loops = nlohmann::json::array();
    for (const LoopRow& row : rows_of(before, now)) {
        nlohmann::json tasks;
        for (std::size_t i = 0; i < row.tasks.size(); ++i)
            tasks[to_string(static_cast<debug::TaskState>(i))] = row.tasks[i];
        loops.push_back({{"number", row.loop->number},
                         {"thread", row.loop->thread},
                         {"backend", row.loop->backend},
                         {"state", to_string(row.loop->state)},
                         {"busy", row.busy},
                         {"passes_per_second", row.passes},
                         {"polls_per_second", row.polls},
                         {"timers", row.loop->timers},
                         {"tasks", std::move(tasks)}});
    }
    nlohmann::json places = nlohmann::json::array();
    for (const auto& [place, count] : places_of(now.snapshot)) places.push_back({{"where", place}, {"tasks", count}});
    return nlohmann::json{{"loops", std::move(loops)}, {"places", std::move(places)}}.dump(
               2, ' ', false, nlohmann::json::error_handler_t::replace) +
           "\n";
}

bool write_all(const std::string& text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

}  // namespace

void add_top_options(CLI::App& command, TopOptions& options) {
    command.add_option("PID", options.pid, "The process to look into; it is not stopped")
        ->required()
        ->check(CLI::PositiveNumber);
    command.add_option("-d,--delay", options.interval, "Seconds between two looks")
        ->capture_default_str()
        ->type_name("SECONDS")
        ->check(CLI::Range(0.01, 3600.0));
    command.add_flag("--once", options.once, "Show one interval and end");
    command.add_flag("--json", options.json, "As JSON, for other programs: one interval");
}

int top(const TopOptions& options) {
    debug::ProcessMemory memory(options.pid);
    debug::WindowReader reader(memory, "the process " + std::to_string(options.pid));
    const bool once = options.once || options.json;
    Look before(reader, options.pid);
    while (true) {
        std::this_thread::sleep_for(std::chrono::duration<double>(options.interval));
        std::optional<Look> now;
        try {
            now.emplace(reader, options.pid);
        } catch (const RuntimeError&) {
            if (once) throw;
            return kDone;  // it has ended
        }
        std::string text = options.json ? json_of(before, *now) : text_of(before, *now);
        if (!once) text.insert(0, "\x1b[H\x1b[J");  // from the upper left corner, on an empty screen
        if (!write_all(text)) return kWriteError;
        if (once) return kDone;
        before = std::move(*now);
    }
}

}  // namespace aio::cli
