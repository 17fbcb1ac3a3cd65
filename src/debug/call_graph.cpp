// The call graph inside the program. It looks through the same window as the tool does, at its own memory: on the loop's thread
// nothing changes meanwhile.
#include <aio/debug/call_graph.hpp>

#include <aio/core/log.hpp>

#include "debug/render.hpp"
#include "debug/window_reader.hpp"

#include <unistd.h>

#include <chrono>

namespace aio::debug {

namespace {

// Of steady_clock, which is the clock of loops that are not simulated.
std::int64_t now_ns() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

CallGraph graph_of(aio::detail::TaskBase* task, std::optional<std::size_t> limit) {
    CallGraph graph;
    if (task->done()) return graph;
    ProcessMemory memory(::getpid());
    WindowReader reader(memory, "this process");
    LookOptions options;
    options.now_ns = now_ns();
    const Snapshot snapshot = reader.look_at(reinterpret_cast<Address>(task), options);
    for (const TaskInfo& info : snapshot.tasks) {
        FutureCallGraph future;
        future.name = info.name;
        future.state = to_string(info.state);
        future.waits_for = info.waits_for;
        for (const std::uint32_t at : snapshot.frames_of(info)) {
            if (limit && future.call_stack.size() >= *limit) break;
            const Place& place = snapshot.places[at];
            future.call_stack.push_back({place.function, place.file, place.line});
        }
        for (const TaskInfo::Awaiter& awaiter : info.awaited_by) future.awaited_by.push_back(awaiter.task);
        graph.futures.push_back(std::move(future));
    }
    return graph;
}

aio::detail::TaskBase* running_task() {
    aio::detail::TaskBase* const task = aio::detail::current.task;
    if (!task) throw RuntimeError("capture_call_graph: no task runs here: name one");
    return task;
}

// Lines that belong to one task, in the order of a walk along awaited_by.
void add_task(std::string& text, const FutureCallGraph& future, const std::string& margin, bool again) {
    text += margin + "* Task(name='" + future.name + "', " + future.state + ")" + (again ? ", see above" : "") + "\n";
    if (again) return;
    text += margin + "  + Call stack:\n";
    for (std::size_t i = 0; i < future.call_stack.size(); ++i) {
        const FrameCallGraphEntry& frame = future.call_stack[i];
        std::size_t times = 1;
        while (i + 1 < future.call_stack.size() && future.call_stack[i + 1].line == frame.line &&
               future.call_stack[i + 1].function == frame.function && future.call_stack[i + 1].file == frame.file) {
            ++times;
            ++i;
        }
        text += margin + "  |   File '" + frame.file + "'";
        if (frame.line != 0) text += ", line " + std::to_string(frame.line);
        text += ", in async " + frame.function + "()";
        if (times > 1) text += " (" + std::to_string(times) + " times)";
        text += "\n";
    }
    if (!future.waits_for.empty()) text += margin + "  + Waits for: " + future.waits_for + "\n";
    if (!future.awaited_by.empty()) text += margin + "  + Awaited by:\n";
}

}  // namespace

CallGraph capture_call_graph(const AnyTask& task, std::optional<std::size_t> limit) {
    return graph_of(static_cast<aio::detail::TaskBase*>(task.base()), limit);
}
CallGraph capture_call_graph(std::optional<std::size_t> limit) { return graph_of(running_task(), limit); }

std::string format_call_graph(const CallGraph& graph) {
    struct Item {
        std::size_t future, depth;
    };
    constexpr std::size_t kMostMargin = 64;
    std::string text;
    std::vector<bool> seen(graph.futures.size());
    std::vector<Item> left;
    if (!graph.futures.empty()) left.push_back({0, 0});
    while (!left.empty()) {
        const Item item = left.back();
        left.pop_back();
        const FutureCallGraph& future = graph.futures[item.future];
        add_task(text, future, std::string(4 * std::min(item.depth, kMostMargin), ' '), seen[item.future]);
        if (seen[item.future]) continue;
        seen[item.future] = true;
        for (std::size_t i = future.awaited_by.size(); i-- > 0;)
            left.push_back({future.awaited_by[i], item.depth + 1});
    }
    return text;
}
std::string format_call_graph(const AnyTask& task, std::optional<std::size_t> limit) {
    return format_call_graph(capture_call_graph(task, limit));
}
std::string format_call_graph(std::optional<std::size_t> limit) {
    return format_call_graph(capture_call_graph(limit));
}

void print_call_graph(const AnyTask& task, std::optional<std::size_t> limit) {
    aio::detail::log(LogLevel::info, format_call_graph(task, limit));
}
void print_call_graph(std::optional<std::size_t> limit) {
    aio::detail::log(LogLevel::info, format_call_graph(limit));
}

std::string format_all_tasks() {
    ProcessMemory memory(::getpid());
    WindowReader reader(memory, "this process");
    LookOptions options;
    options.now_ns = now_ns();
    return render_tree(reader.look(options));
}

}  // namespace aio::debug
