// Two looks at a process, an interval apart, and what happened between them. The numbers are there anyway: the loops' counters of
// polls and passes, and the processor time that the kernel counts for each thread. In between the loops are looked at each millisecond,
// for their longest steps.
#include "cli/top.hpp"

#include <aio/base/error.hpp>

#include "cli/connections.hpp"
#include "cli/exit_status.hpp"
#include "cli/keys.hpp"
#include "cli/printable.hpp"
#include "debug/render.hpp"
#include "debug/step_watch.hpp"
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
#include <utility>
#include <vector>

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
    std::optional<std::size_t> connections;
    std::vector<debug::LongStep> longest;  // since the look before

    Look(debug::WindowReader& reader, int pid) {
        debug::LookOptions how;
        how.frames = how.awaiters = false;
        how.now_ns = Clock::now().time_since_epoch().count();
        when = Clock::now();
        snapshot = reader.look(how);
        for (const debug::LoopInfo& loop : snapshot.loops) ran[loop.thread] = processor_time(pid, loop.thread);
        connections = count_connections(pid);
    }
};

struct LoopRow {
    const debug::LoopInfo* loop;
    double busy = 0, polls = 0, passes = 0;  // a share of the time; per second
    std::array<std::size_t, 5> tasks{};      // by TaskState
    std::size_t in_state(debug::TaskState state) const noexcept { return tasks[static_cast<std::size_t>(state)]; }
};

// What comes first: the most of it, or the lowest number.
double rank(const LoopRow& row, SortKey key) noexcept {
    switch (key) {
        case SortKey::number: return -static_cast<double>(row.loop->number);
        case SortKey::busy: return row.busy;
        case SortKey::passes: return row.passes;
        case SortKey::tasks: return row.loop->task_count;
        case SortKey::longest: return static_cast<double>(row.loop->longest_busy_ns);
    }
    return 0;
}

std::vector<LoopRow> rows_of(const Look& before, const Look& now, SortKey key) {
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
    std::sort(rows.begin(), rows.end(), [key](const LoopRow& a, const LoopRow& b) {
        const double of_a = rank(a, key), of_b = rank(b, key);
        return of_a != of_b ? of_a > of_b : a.loop->number < b.loop->number;
    });
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

std::string text_of(const Look& before, const Look& now, SortKey key) {
    using enum debug::TaskState;
    std::string text =
        "LOOP    THREAD  BACKEND   BUSY   PASSES/s    POLLS/s  LONGEST  TIMERS   TASKS  WAITING    READY      NEW  "
        "STATE\n";
    for (const LoopRow& row : rows_of(before, now, key)) {
        char line[250];
        std::snprintf(line, sizeof line,
                      "%4llu %9llu  %-8.8s %4.0f %% %10.0f %10.0f %5.0f ms %7llu %7u %8zu %8zu %8zu  %s\n",
                      static_cast<unsigned long long>(row.loop->number),
                      static_cast<unsigned long long>(row.loop->thread), row.loop->backend.c_str(), row.busy * 100,
                      row.passes, row.polls, static_cast<double>(row.loop->longest_busy_ns) / 1e6,
                      static_cast<unsigned long long>(row.loop->timers), row.loop->task_count, row.in_state(waiting),
                      row.in_state(ready), row.in_state(unstarted), to_string(row.loop->state));
        text += line;
    }
    if (now.connections) text += "\nconnections: " + std::to_string(*now.connections) + "\n";
    for (const debug::LongStep& step : now.longest) {
        char line[100];
        std::snprintf(line, sizeof line, "longest step of loop %llu: %.0f ms in ",
                      static_cast<unsigned long long>(step.loop), static_cast<double>(step.nanoseconds) / 1e6);
        text += line + printable_line(step.task + (step.place.empty() ? "" : ", last await in " + step.place)) + "\n";
    }
    text += "\n  TASKS  WHERE\n";
    for (const auto& [place, count] : places_of(now.snapshot)) {
        char number[32];
        std::snprintf(number, sizeof number, "%7zu  ", count);
        text += number + place + "\n";
    }
    return text;
}

std::string json_of(const Look& before, const Look& now, SortKey key) {
    nlohmann::json loops = nlohmann::json::array();
    for (const LoopRow& row : rows_of(before, now, key)) {
        nlohmann::json tasks;
        for (std::size_t i = 0; i < row.tasks.size(); ++i)
            tasks[to_string(static_cast<debug::TaskState>(i))] = row.tasks[i];
        nlohmann::json longest;
        for (const debug::LongStep& step : now.longest) {
            if (step.loop != row.loop->number) continue;
            longest = {{"seconds", static_cast<double>(step.nanoseconds) / 1e9},
                       {"task", step.task},
                       {"last_await", step.place}};
        }
        loops.push_back({{"number", row.loop->number},
                         {"thread", row.loop->thread},
                         {"backend", row.loop->backend},
                         {"state", to_string(row.loop->state)},
                         {"busy", row.busy},
                         {"passes_per_second", row.passes},
                         {"polls_per_second", row.polls},
                         {"longest_busy_seconds", static_cast<double>(row.loop->longest_busy_ns) / 1e9},
                         {"longest_step", std::move(longest)},
                         {"timers", row.loop->timers},
                         {"tasks", std::move(tasks)}});
    }
    nlohmann::json places = nlohmann::json::array();
    for (const auto& [place, count] : places_of(now.snapshot)) places.push_back({{"where", place}, {"tasks", count}});
    nlohmann::json json{{"loops", std::move(loops)}, {"places", std::move(places)}};
    json["connections"] = now.connections ? nlohmann::json(*now.connections) : nlohmann::json();
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

bool write_all(const std::string& text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

const std::map<std::string, SortKey> kSortKeys = {{"loop", SortKey::number},
                                                  {"busy", SortKey::busy},
                                                  {"passes", SortKey::passes},
                                                  {"tasks", SortKey::tasks},
                                                  {"step", SortKey::longest}};

// Watches the steps for so long, or until a key that matters. False: it is to end.
bool watch_steps(debug::StepWatch& steps, double seconds, Keys& keys, SortKey& key) {
    const auto end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    while (Clock::now() < end) {
        const char pressed = keys.wait(1);
        if (pressed == 'q') return false;
        for (const auto& [name, each] : kSortKeys) {
            if (pressed == name.front()) key = each;
        }
        steps.look(Clock::now().time_since_epoch().count());
    }
    return true;
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
    command.add_option("-s,--sort", options.sort, "Which loops come first; its first letter changes it, q ends")
        ->type_name("loop|busy|passes|tasks|step")
        ->transform(CLI::CheckedTransformer(kSortKeys));
    command.add_flag("--once", options.once, "Show one interval and end");
    command.add_flag("--json", options.json, "As JSON, for other programs: one interval");
    add_sample_options(command, options);
}

int top(const TopOptions& options) {
    if (options.sample) return sample(options);
    debug::ProcessMemory memory(options.pid);
    debug::WindowReader reader(memory, "the process " + std::to_string(options.pid));
    const bool once = options.once || options.json;
    SortKey key = options.sort;
    Keys keys;
    Look before(reader, options.pid);
    while (true) {
        debug::StepWatch steps(reader, before.snapshot);
        if (!watch_steps(steps, options.interval, keys, key)) return kDone;
        std::optional<Look> now;
        try {
            now.emplace(reader, options.pid);
        } catch (const RuntimeError&) {
            if (once) throw;
            return kDone;  // it has ended
        }
        now->longest = steps.longest();
        std::string text = options.json ? json_of(before, *now, key) : text_of(before, *now, key);
        if (!once) text.insert(0, "\x1b[H\x1b[J");  // from the upper left corner, on an empty screen
        if (!write_all(text)) return kWriteError;
        if (once) return kDone;
        before = std::move(*now);
    }
}

}  // namespace aio::cli
