// `aiocpp top --sample`: many looks at a process, and how often each chain of awaits was seen. From outside: the process is not
// stopped, and runs nothing for it. A chain begins with the task that nobody awaits, and goes through the frames of each task to
// the task that it waits for; its end is the call that waits, or the step that runs.
#include <aio/base/error.hpp>

#include "cli/exit_status.hpp"
#include "cli/page.hpp"
#include "cli/printable.hpp"
#include "cli/top.hpp"
#include "debug/render.hpp"
#include "debug/window_reader.hpp"

#include <nlohmann/json.hpp>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aio::cli {

namespace {

using Clock = std::chrono::steady_clock;
using Chain = std::vector<std::string>;  // the outermost first

constexpr std::size_t kDeepest = 200;  // frames of a chain
constexpr std::size_t kShownChains = 10;
constexpr double kSampleInterval = 0.01;

struct Counts {
    std::map<Chain, std::size_t> loops, tasks;
    std::size_t looks = 0;
};

// "sleep, 1.500 s left" and "Lock.acquire() of <Lock locked, 2 waiters>" without what changes from look to look.
std::string call_of(const std::string& waits_for) {
    const std::string_view call = std::string_view(waits_for).substr(0, waits_for.find(", "));
    return std::string(call.substr(0, call.find(" of <")));
}

void append_frames(const debug::Snapshot& snapshot, const debug::TaskInfo& task, Chain& chain) {
    const std::vector<std::uint32_t> frames = snapshot.frames_of(task);
    for (std::size_t i = frames.size(); i-- > 0 && chain.size() < kDeepest;)
        chain.push_back(printable_line(render_place(snapshot.places[frames[i]])));
}

// A task that several await is counted below the first of them.
Chain chain_of(const debug::Snapshot& snapshot, std::uint32_t task) {
    std::vector<std::uint32_t> path{task};
    while (path.size() < kDeepest) {
        const auto& awaiters = snapshot.tasks[path.back()].awaited_by;
        const auto next = std::find_if(awaiters.begin(), awaiters.end(), [](const auto& each) { return each.waits; });
        if (next == awaiters.end() || std::find(path.begin(), path.end(), next->task) != path.end()) break;
        path.push_back(next->task);
    }
    Chain chain;
    for (auto each = path.rbegin(); each != path.rend(); ++each)
        append_frames(snapshot, snapshot.tasks[*each], chain);
    return chain;
}

void count(const debug::Snapshot& snapshot, Counts& counts) {
    ++counts.looks;
    std::vector<bool> holds(snapshot.tasks.size());  // waits for a task, whose chain has it
    for (const debug::TaskInfo& task : snapshot.tasks) {
        for (const auto& awaiter : task.awaited_by) holds[awaiter.task] = holds[awaiter.task] || awaiter.waits;
    }
    for (const debug::LoopInfo& loop : snapshot.loops) {
        const std::string name = "loop " + std::to_string(loop.number);
        Chain spent{name};
        if (loop.state != debug::LoopInfo::State::busy) spent.push_back(to_string(loop.state));
        for (std::uint32_t i = loop.first_task; i < loop.first_task + loop.task_count; ++i) {
            const debug::TaskInfo& task = snapshot.tasks[i];
            Chain chain = chain_of(snapshot, i);
            if (task.state == debug::TaskState::running) {
                // Its frames are those of its last suspension.
                spent.insert(spent.end(), chain.begin(), chain.end());
            } else if (task.state == debug::TaskState::waiting && !holds[i]) {
                chain.push_back("waits for " + printable_line(call_of(task.waits_for)));
                ++counts.tasks[chain];
            }
        }
        if (spent.size() == 1) spent.push_back("callbacks, polls and what is between steps");
        ++counts.loops[spent];
    }
}

nlohmann::json json_of(const std::map<Chain, std::size_t>& chains) {
    nlohmann::json json = nlohmann::json::array();
    for (const auto& [chain, times] : chains) json.push_back({{"chain", chain}, {"count", times}});
    return json;
}

std::string json_of(const Counts& counts, int pid) {
    return nlohmann::json{
        {"pid", pid}, {"looks", counts.looks}, {"loops", json_of(counts.loops)}, {"tasks", json_of(counts.tasks)}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append_text(const std::map<Chain, std::size_t>& chains, std::size_t looks, bool share, std::string& text) {
    std::vector<std::pair<const Chain*, std::size_t>> sorted;
    for (const auto& [chain, times] : chains) sorted.emplace_back(&chain, times);
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : *a.first < *b.first;
    });
    if (sorted.size() > kShownChains) sorted.resize(kShownChains);
    for (const auto& [chain, times] : sorted) {
        const double mean = static_cast<double>(times) / static_cast<double>(looks);
        char number[48];
        std::snprintf(number, sizeof number, share ? "%7.1f %%  " : "%7.1f    ", share ? mean * 100 : mean);
        text += number + chain->front() + "\n";
        for (std::size_t i = 1; i < chain->size(); ++i) text += std::string(13, ' ') + (*chain)[i] + "\n";
    }
}

std::string text_of(const Counts& counts) {
    std::string text = std::to_string(counts.looks) + " looks\n\nWhere loops spend their time\n";
    append_text(counts.loops, counts.looks, true, text);
    text += "\nWhere tasks wait, and how many of them on average\n";
    append_text(counts.tasks, counts.looks, false, text);
    return text;
}

}  // namespace

void add_sample_options(CLI::App& command, TopOptions& options) {
    auto* const sample = command.add_flag(
        "--sample", options.sample, "Count where loops spend their time and where tasks wait, by chains of awaits");
    command.add_option("--duration", options.duration, "With --sample: for so long")
        ->capture_default_str()
        ->type_name("SECONDS")
        ->check(CLI::Range(0.01, 86400.0))
        ->needs(sample);
    command.add_option("-o,--output", options.output, "With --sample: a page with flame graphs")
        ->type_name("FILE")
        ->needs(sample);
}

int sample(const TopOptions& options) {
    debug::ProcessMemory memory(options.pid);
    debug::WindowReader reader(memory, "the process " + std::to_string(options.pid));
    Counts counts;
    const auto end = Clock::now() + std::chrono::duration<double>(options.duration);
    while (true) {
        const auto begun = Clock::now();
        try {
            count(reader.look(), counts);
        } catch (const RuntimeError&) {
            if (counts.looks == 0) throw;
            break;  // it has ended
        }
        // A look at very many tasks takes long: then half of the time is left to other programs.
        const auto took = Clock::now() - begun;
        const auto pause =
            std::max<std::chrono::duration<double>>(std::chrono::duration<double>(kSampleInterval), took);
        if (Clock::now() + pause >= end) break;
        std::this_thread::sleep_for(pause);
    }
    if (options.json) return write_output(options.output, json_of(counts, options.pid) + "\n");
    if (options.output.empty()) return write_output("", text_of(counts));
    return write_output(options.output, fill_page(kFlamePage, json_of(counts, options.pid)));
}

}  // namespace aio::cli
