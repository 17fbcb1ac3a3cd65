// Text for people. Chains of awaits may be very deep, and trees too: no function here calls itself.
#include "debug/render.hpp"

#include <algorithm>
#include <string_view>

namespace aio::debug {

namespace {

constexpr std::size_t kMostNamed = 8;      // in a ring
constexpr std::size_t kMostIndented = 32;  // levels; deeper ones are drawn at this depth

std::string counted_as(std::uint64_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The frames of a task, the outermost first; equal ones in a row are one line.
std::vector<std::string> frame_lines(const Snapshot& snapshot, const TaskInfo& task) {
    std::vector<std::string> lines;
    const std::vector<std::uint32_t> frames = snapshot.frames_of(task);
    for (std::size_t i = frames.size(); i-- > 0;) {
        std::size_t times = 1;
        while (i > 0 && frames[i - 1] == frames[i]) {
            ++times;
            --i;
        }
        std::string line = render_place(snapshot.places[frames[i]]);
        if (times > 1) line += "  (" + std::to_string(times) + " times)";
        lines.push_back(std::move(line));
    }
    return lines;
}

class Tree {
public:
    explicit Tree(const Snapshot& snapshot)
        : snapshot_(snapshot), awaited_(snapshot.tasks.size()), drawn_(snapshot.tasks.size()) {
        for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
            for (const TaskInfo::Awaiter& awaiter : snapshot.tasks[i].awaited_by) awaited_[awaiter.task].push_back(i);
        }
    }

    std::string draw() {
        for (const auto& ring : snapshot_.deadlocks) text_ += "deadlock: " + render_deadlock(snapshot_, ring) + "\n";
        for (const LoopInfo& loop : snapshot_.loops) draw_loop(loop);
        return std::move(text_);
    }

private:
    struct Item {
        std::uint32_t task;
        std::size_t depth;
        bool last;
    };

    void draw_loop(const LoopInfo& loop) {
        text_ += render_loop(loop) + "\n";
        std::vector<std::uint32_t> roots, others;
        for (std::uint32_t i = loop.first_task; i < loop.first_task + loop.task_count; ++i)
            (snapshot_.tasks[i].awaited_by.empty() ? roots : others).push_back(i);
        for (std::size_t i = 0; i < roots.size(); ++i) draw_from(roots[i], i + 1 == roots.size());
        // What no root leads to waits for itself, or is awaited from another loop.
        for (const std::uint32_t task : others) {
            if (!drawn_[task]) draw_from(task, true);
        }
    }
    void draw_from(std::uint32_t root, bool last) {
        std::vector<Item> left{{root, 0, last}};
        while (!left.empty()) {
            const Item item = left.back();
            left.pop_back();
            draw_task(item);
            if (drawn_[item.task]) continue;
            drawn_[item.task] = true;
            const std::vector<std::uint32_t>& below = awaited_[item.task];
            for (std::size_t i = below.size(); i-- > 0;)
                left.push_back({below[i], item.depth + 1, i + 1 == below.size()});
        }
    }
    void draw_task(const Item& item) {
        const TaskInfo& task = snapshot_.tasks[item.task];
        const std::size_t depth = std::min(item.depth, kMostIndented);
        last_.resize(depth + 1);
        last_[depth] = item.last;
        std::string margin;
        for (std::size_t i = 0; i < depth; ++i) margin += last_[i] ? "    " : "│   ";
        text_ += margin + (item.last ? "└── " : "├── ") + task.name + " (" + to_string(task.state);
        text_ += std::string(task.cancelling ? ", being cancelled" : "") + ")";
        if (drawn_[item.task]) {
            text_ += ", drawn above\n";
            return;
        }
        text_ += "\n";
        margin += item.last ? "    " : "│   ";
        margin += awaited_[item.task].empty() ? "  " : "│ ";
        for (const std::string& line : frame_lines(snapshot_, task)) text_ += margin + line + "\n";
        if (!task.waits_for.empty()) text_ += margin + "waits for " + task.waits_for + "\n";
    }

    const Snapshot& snapshot_;
    std::vector<std::vector<std::uint32_t>> awaited_;  // by each task
    std::vector<bool> drawn_;
    std::vector<bool> last_;  // on each level: whether the task that is drawn there is the last one
    std::string text_;
};

}  // namespace

std::string render_place(const Place& place) {
    std::string text = place.function + "()";
    if (place.file.empty()) return text;
    text += place.line == 0 ? " in " + place.file : " at " + place.file + ":" + std::to_string(place.line);
    return text;
}

std::vector<std::uint32_t> Snapshot::frames_of(const TaskInfo& task) const {
    std::vector<std::uint32_t> frames;
    for (const std::uint32_t at : task.frames) {
        if (!places[at].glue) frames.push_back(at);
    }
    return frames.empty() ? task.frames : frames;
}

std::string render_deadlock(const Snapshot& snapshot, const std::vector<std::uint32_t>& ring) {
    std::string text = std::to_string(ring.size()) + " tasks wait for each other: ";
    for (std::size_t i = 0; i < std::min(ring.size(), kMostNamed); ++i) text += snapshot.tasks[ring[i]].name + " -> ";
    if (ring.size() > kMostNamed) text += std::to_string(ring.size() - kMostNamed) + " more -> ";
    return text + snapshot.tasks[ring.front()].name;
}

std::string render_loop(const LoopInfo& loop) {
    std::string text = "loop " + std::to_string(loop.number) + ": ";
    if (loop.thread) text += "thread " + std::to_string(loop.thread) + ", ";
    text += loop.backend + ", " + to_string(loop.state) + "; " + counted_as(loop.task_count, "task");
    if (loop.timers) text += ", " + counted_as(loop.timers, "timer");
    if (!loop.complete) text += " (the list of tasks changed while it was read: some may be missing)";
    return text;
}

std::string render_tree(const Snapshot& snapshot) { return Tree(snapshot).draw(); }

std::string render_table(const Snapshot& snapshot) {
    std::string text;
    for (const auto& ring : snapshot.deadlocks) text += "deadlock: " + render_deadlock(snapshot, ring) + "\n";
    for (const LoopInfo& loop : snapshot.loops) {
        text += render_loop(loop) + "\n";
        std::size_t width = 4;
        for (std::uint32_t i = 0; i < loop.task_count; ++i)
            width = std::max(width, std::min<std::size_t>(snapshot.tasks[loop.first_task + i].name.size(), 32));
        for (std::uint32_t i = 0; i < loop.task_count; ++i) {
            const TaskInfo& task = snapshot.tasks[loop.first_task + i];
            const std::string_view state = task.cancelling ? "cancelling" : to_string(task.state);
            text += "  " + task.name + std::string(width - std::min(width, task.name.size()) + 2, ' ');
            text += state;
            text += std::string(13 - std::min<std::size_t>(state.size(), 12), ' ');
            const std::vector<std::uint32_t> frames = snapshot.frames_of(task);
            if (!frames.empty()) text += render_place(snapshot.places[frames.front()]);
            if (!task.waits_for.empty()) text += ", waits for " + task.waits_for;
            text += "\n";
        }
    }
    return text;
}

}  // namespace aio::debug
