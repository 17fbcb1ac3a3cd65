// Tasks that wait for each other: the strongly connected components of "waits for". Source: R. Tarjan, Depth-first search and
// linear graph algorithms, 1972; with a stack of its own, since chains of awaits may be a million long.
#include "debug/snapshot.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace aio::debug {

namespace {

class Components {
public:
    explicit Components(const Snapshot& snapshot) : tasks_(snapshot.tasks), nodes_(tasks_.size()) {}

    std::vector<std::vector<std::uint32_t>> find() {
        for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
            if (nodes_[i].number == 0) visit(i);
        }
        return std::move(found_);
    }

private:
    struct Node {
        std::uint32_t number = 0, lowest = 0;
        bool on_stack = false;
    };
    struct Step {
        std::uint32_t task;
        std::size_t next;  // of its awaiters
    };

    void enter(std::uint32_t task) {
        nodes_[task] = {++count_, count_, true};
        stack_.push_back(task);
        steps_.push_back({task, 0});
    }
    void visit(std::uint32_t start) {
        enter(start);
        while (!steps_.empty()) {
            const std::uint32_t task = steps_.back().task;
            Node& node = nodes_[task];
            if (steps_.back().next < tasks_[task].awaited_by.size()) {
                const TaskInfo::Awaiter awaiter = tasks_[task].awaited_by[steps_.back().next++];
                if (!awaiter.waits) continue;
                const Node& other = nodes_[awaiter.task];
                if (other.number == 0) {
                    enter(awaiter.task);
                } else if (other.on_stack) {
                    node.lowest = std::min(node.lowest, other.number);
                }
                continue;
            }
            steps_.pop_back();
            if (!steps_.empty()) {
                Node& outer = nodes_[steps_.back().task];
                outer.lowest = std::min(outer.lowest, node.lowest);
            }
            if (node.lowest == node.number) leave(task);
        }
    }
    void leave(std::uint32_t root) {
        std::vector<std::uint32_t> component;
        std::uint32_t task = 0;
        do {
            task = stack_.back();
            stack_.pop_back();
            nodes_[task].on_stack = false;
            component.push_back(task);
        } while (task != root);
        if (component.size() > 1) found_.push_back(std::move(component));
    }

    const std::vector<TaskInfo>& tasks_;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> stack_;
    std::vector<Step> steps_;
    std::vector<std::vector<std::uint32_t>> found_;
    std::uint32_t count_ = 0;
};

// One ring in the component, from its oldest task on: each waits for the next.
std::vector<std::uint32_t> ring_in(const Snapshot& snapshot, const std::vector<std::uint32_t>& component) {
    const std::uint32_t first = *std::min_element(component.begin(), component.end());
    const std::unordered_set<std::uint32_t> members(component.begin(), component.end());
    std::unordered_map<std::uint32_t, std::uint32_t> came_from;
    std::vector<std::uint32_t> queue{first};
    for (std::size_t at = 0; at < queue.size(); ++at) {
        for (const TaskInfo::Awaiter& awaiter : snapshot.tasks[queue[at]].awaited_by) {
            if (!awaiter.waits || !members.contains(awaiter.task)) continue;
            if (awaiter.task == first) {
                // queue[at] is what `first` waits for, and so on back to it.
                std::vector<std::uint32_t> ring{first};
                for (std::uint32_t task = queue[at]; task != first; task = came_from[task]) ring.push_back(task);
                return ring;
            }
            if (came_from.emplace(awaiter.task, queue[at]).second) queue.push_back(awaiter.task);
        }
    }
    return component;
}

}  // namespace

void find_deadlocks(Snapshot& snapshot) {
    snapshot.deadlocks.clear();
    for (const std::vector<std::uint32_t>& component : Components(snapshot).find())
        snapshot.deadlocks.push_back(ring_in(snapshot, component));
    std::sort(snapshot.deadlocks.begin(), snapshot.deadlocks.end());
}

}  // namespace aio::debug
