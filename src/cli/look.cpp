// The commands themselves; what they show is read by debug/window_reader.hpp. As JSON: the same, for other programs.
#include "cli/look.hpp"

#include <aio/base/error.hpp>

#include "cli/page.hpp"
#include "cli/printable.hpp"
#include "debug/core_file.hpp"
#include "debug/render.hpp"
#include "debug/window_reader.hpp"

#include <nlohmann/json.hpp>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>

namespace aio::cli {

namespace {

// Nothing that could harm a terminal. (The reader has replaced control characters.)
void clean(std::string& text) {
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 128; }))
        text = printable_line(text);
}

debug::Snapshot look_into(const LookOptions& options, bool frames) {
    const OpenSubject subject = open_subject(options);
    debug::LookOptions how;
    how.frames = frames;
    if (options.core.empty()) how.now_ns = std::chrono::steady_clock::now().time_since_epoch().count();
    debug::Snapshot snapshot = debug::WindowReader(*subject.memory, subject.name).look(how);
    for (debug::Place& place : snapshot.places) {
        clean(place.function);
        clean(place.file);
    }
    for (debug::TaskInfo& task : snapshot.tasks) {
        clean(task.name);
        clean(task.waits_for);
    }
    return snapshot;
}

// Names come from foreign memory, and may be no UTF-8.
std::string text_of(const nlohmann::json& value) {
    return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

nlohmann::json json_of(const debug::Snapshot& snapshot, const debug::TaskInfo& task) {
    nlohmann::json json{{"id", task.id}, {"name", task.name}, {"state", to_string(task.state)}};
    if (task.cancelling) json["cancelling"] = true;
    if (!task.waits_for.empty()) json["waits_for"] = task.waits_for;
    nlohmann::json& frames = json["frames"] = nlohmann::json::array();
    for (const std::uint32_t at : task.frames) {
        const debug::Place& place = snapshot.places[at];
        frames.push_back({{"function", place.function}, {"file", place.file}, {"line", place.line}});
    }
    nlohmann::json& awaiters = json["awaited_by"] = nlohmann::json::array();
    for (const debug::TaskInfo::Awaiter& awaiter : task.awaited_by)
        awaiters.push_back(snapshot.tasks[awaiter.task].id);
    return json;
}

std::string json_of(const debug::Snapshot& snapshot) {
    nlohmann::json loops = nlohmann::json::array();
    for (const debug::LoopInfo& loop : snapshot.loops) {
        nlohmann::json json{{"number", loop.number},          {"thread", loop.thread},    {"backend", loop.backend},
                            {"state", to_string(loop.state)}, {"timers", loop.timers},    {"polls", loop.polls},
                            {"passes", loop.passes},          {"complete", loop.complete}};
        nlohmann::json& tasks = json["tasks"] = nlohmann::json::array();
        for (std::uint32_t i = 0; i < loop.task_count; ++i)
            tasks.push_back(json_of(snapshot, snapshot.tasks[loop.first_task + i]));
        loops.push_back(std::move(json));
    }
    nlohmann::json deadlocks = nlohmann::json::array();
    for (const auto& ring : snapshot.deadlocks) {
        nlohmann::json names = nlohmann::json::array();
        for (const std::uint32_t task : ring) names.push_back(snapshot.tasks[task].name);
        deadlocks.push_back(std::move(names));
    }
    return text_of({{"loops", std::move(loops)}, {"deadlocks", std::move(deadlocks)}});
}

}  // namespace

void add_look_options(CLI::App& command, LookOptions& options) {
    add_subject_options(command, options);
    command.add_flag("--json", options.json, "As JSON, for other programs");
}

int ps(const LookOptions& options) {
    const debug::Snapshot snapshot = look_into(options, options.json);
    return write_output("", options.json ? json_of(snapshot) : render_table(snapshot));
}

int pstree(const LookOptions& options) {
    const debug::Snapshot snapshot = look_into(options, true);
    return write_output("", options.json ? json_of(snapshot) : render_tree(snapshot));
}

}  // namespace aio::cli
