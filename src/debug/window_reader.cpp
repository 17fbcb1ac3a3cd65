// The loops, and which tasks they have: those in a loop's list, and those that have not begun, in its ready queue.
#include "debug/window_reader.hpp"

#include <algorithm>
#include <utility>

namespace aio::debug {

using aio::detail::Kind;
using aio::detail::State;
using aio::detail::WindowLoop;
using enum WindowField;

namespace {

constexpr std::size_t kMostLoops = 4096;
constexpr std::size_t kMostTasks = 50'000'000;
constexpr int kListTries = 3;
constexpr int kMostStepsBack = 1000;

}  // namespace

WindowReader::WindowReader(Memory& memory, const std::string& what)
    : memory_(memory), what_(what), layouts_(find_layouts(memory_, what)), types_(memory_) {}

void WindowReader::begin(const LookOptions& options) {
    options_ = options;
    memory_.forget();
    places_.clear();
    objects_.clear();
    // A loop may have been made since: the list begins with the newest one.
    if (std::exchange(looked_, true)) layouts_ = find_layouts(memory_, what_);
}

Snapshot WindowReader::look(const LookOptions& options) {
    begin(options);
    Snapshot snapshot;
    for (const Layout& layout : layouts_) {
        layout_ = &layout;
        std::vector<Address> records;
        for (Address at = layout.loops(); at != 0 && records.size() < kMostLoops;) {
            records.push_back(at);
            at = memory_.pointer(at + offsetof(WindowLoop, next));
        }
        for (auto record = records.rbegin(); record != records.rend(); ++record) read_loop(*record, snapshot);
    }
    if (options_.awaiters) {
        link(snapshot);
        find_deadlocks(snapshot);
    }
    return snapshot;
}

Snapshot WindowReader::look_at(Address task, const LookOptions& options) {
    begin(options);
    layout_ = &layouts_.front();
    Snapshot snapshot;
    const Address loop = memory_.pointer(task + offset(future_loop));
    Address running = 0;
    for (Address at = layout_->loops(); at != 0; at = memory_.pointer(at + offsetof(WindowLoop, next))) {
        if (memory_.pointer(at + offsetof(WindowLoop, state)) != loop) continue;
        const Address current = memory_.pointer(at + offsetof(WindowLoop, current));
        if (current) running = memory_.pointer(current + offset(current_task));
    }
    now_ns_ = options_.now_ns.value_or(memory_.get<std::int64_t>(loop + offset(loop_last_poll)).value_or(0));
    std::unordered_set<Address> seen{task};
    std::vector<Address> futures{task};
    for (std::size_t i = 0; i < futures.size(); ++i) {
        const bool is_task = byte(futures[i] + offset(ready_kind)) == static_cast<std::uint8_t>(Kind::task);
        if (is_task) snapshot.tasks.push_back(read_task(futures[i], running, snapshot));
        for (const Holder& holder : holders_of(futures[i])) {
            if (seen.insert(holder.address).second) futures.push_back(holder.address);
        }
    }
    link(snapshot);
    return snapshot;
}

WindowReader::Probe WindowReader::probe(const LoopInfo& loop) noexcept {
    const Layout& layout = layouts_[std::min(loop.layout, layouts_.size() - 1)];
    Probe probe;
    const auto current = now_at<Address>(loop.record + offsetof(WindowLoop, current));
    if (current == 0) return probe;
    const auto state = now_at<Address>(loop.record + offsetof(WindowLoop, state));
    probe.busy = now_at<std::uint8_t>(state + layout[loop_asleep]) == 0;
    probe.task = now_at<Address>(current + layout[current_task]);
    probe.polls = now_at<std::uint64_t>(loop.record + offsetof(WindowLoop, polls));
    return probe;
}

bool WindowReader::is_task_of(Address task, Address loop) {
    return byte(task + offset(ready_kind)) == static_cast<std::uint8_t>(Kind::task) &&
           (byte(task + offset(ready_flags)) & aio::detail::kTask) &&
           byte(task + offset(ready_state)) == static_cast<std::uint8_t>(State::pending) &&
           memory_.pointer(task + offset(future_loop)) == loop;
}

void WindowReader::list_ready(Address first, Address loop, std::unordered_set<Address>& seen,
                              std::vector<Address>& tasks) {
    // A ring among the items, which no queue is, ends the walk (Brent's algorithm).
    Address mark = 0;
    std::size_t steps = 0, power = 1;
    for (Address item = first; item != 0 && item != mark; item = memory_.pointer(item + offset(ready_next))) {
        if (++steps == power) {
            mark = item;
            power *= 2;
            steps = 0;
        }
        if (is_task_of(item, loop)) {
            if (!seen.insert(item).second) return;  // it moved from one queue to another meanwhile
            tasks.push_back(item);
        } else if (byte(item + offset(ready_kind)) > static_cast<std::uint8_t>(Kind::callback)) {
            return;
        }
    }
}

// The list is circular. If a link does not lead back, the task that it leads to left or entered just now: it is read again. If
// that does not help, the task that the walk stands on has left, and the walk goes back to the one before. If that does not help
// either, the list is walked from its other end, up to what the first walk reached.
std::vector<Address> WindowReader::list_tasks(Address loop, LoopInfo& info) {
    const Address head = loop + offset(loop_tasks);
    std::unordered_set<Address> seen;
    std::vector<Address> tasks;
    const auto walk = [&](WindowField forward, WindowField back) {
        const std::size_t first = tasks.size();
        Address from = head;
        int tries = 0, steps_back = 0;
        while (tasks.size() < kMostTasks) {
            const Address link = memory_.pointer(from + offset(forward));
            if (link == head) return true;
            const Address task = link - offset(task_link);
            if (link != 0 && memory_.pointer(link + offset(back)) == from && is_task_of(task, loop)) {
                if (!seen.insert(task).second) return false;
                tasks.push_back(task);
                from = link;
                tries = 0;
                continue;
            }
            if (!memory_.source().changes()) return false;
            memory_.forget();
            if (++tries < kListTries) continue;
            if (++steps_back > kMostStepsBack || tasks.size() == first) return false;
            seen.erase(tasks.back());
            tasks.pop_back();
            from = tasks.size() == first ? head : tasks.back() + offset(task_link);
            tries = 0;
        }
        return false;
    };
    info.complete = walk(link_next, link_previous) || walk(link_previous, link_next);
    // Those of the pass that is under way, then those of the next one.
    list_ready(memory_.pointer(loop + offset(loop_rest_of_pass)), loop, seen, tasks);
    list_ready(memory_.pointer(loop + offset(loop_ready)), loop, seen, tasks);
    return tasks;
}

void WindowReader::read_loop(Address record, Snapshot& snapshot) {
    const Address loop = memory_.pointer(record + offsetof(WindowLoop, state));
    if (loop == 0 || byte(loop + offset(loop_closed))) return;
    LoopInfo info;
    const auto number = [&](Address at) { return memory_.get<std::uint64_t>(at).value_or(0); };
    info.number = number(loop + offset(loop_number));
    info.polls = number(record + offsetof(WindowLoop, polls));
    info.passes = number(record + offsetof(WindowLoop, passes));
    info.backend = backend_name(loop);
    info.record = record;
    info.layout = static_cast<std::size_t>(layout_ - layouts_.data());
    // Of the second that is over, and of the one that has begun; while the loop is asleep nobody moves them on.
    const auto signed_number = [&](Address at) { return memory_.get<std::int64_t>(at).value_or(0); };
    const std::int64_t second = signed_number(record + offsetof(WindowLoop, second_began));
    if (!options_.now_ns || *options_.now_ns - second < 2'000'000'000)
        info.longest_busy_ns = std::max(signed_number(record + offsetof(WindowLoop, longest_busy)),
                                        signed_number(record + offsetof(WindowLoop, longest_busy_before)));
    info.last_poll_ns = static_cast<std::int64_t>(number(loop + offset(loop_last_poll)));
    const Address heap = loop + offset(loop_timers_in_heap);
    info.timers =
        number(loop + offset(loop_timers_in_run)) +
        (memory_.pointer(heap + sizeof(Address)) - memory_.pointer(heap)) / std::max(1u, offset(timer_bytes));
    Address running = 0;
    if (const Address current = memory_.pointer(record + offsetof(WindowLoop, current))) {
        info.thread = number(record + offsetof(WindowLoop, thread));
        info.state = byte(loop + offset(loop_asleep)) ? LoopInfo::State::polling : LoopInfo::State::busy;
        if (info.state == LoopInfo::State::busy) running = memory_.pointer(current + offset(current_task));
    }
    const bool real = info.backend != "sim";
    now_ns_ = real && options_.now_ns ? *options_.now_ns : info.last_poll_ns;
    std::vector<Address> tasks = list_tasks(loop, info);
    // One in its first step is in none of the lists.
    if (running && is_task_of(running, loop) && std::find(tasks.begin(), tasks.end(), running) == tasks.end())
        tasks.push_back(running);
    info.first_task = static_cast<std::uint32_t>(snapshot.tasks.size());
    for (const Address task : tasks) {
        TaskInfo read = read_task(task, running, snapshot);
        // It ended since the list was read: that is no damage.
        if (read.state == TaskState::changing && !is_task_of(task, loop)) continue;
        snapshot.tasks.push_back(std::move(read));
    }
    std::sort(snapshot.tasks.begin() + info.first_task, snapshot.tasks.end(),
              [](const TaskInfo& a, const TaskInfo& b) { return a.id < b.id; });
    info.task_count = static_cast<std::uint32_t>(snapshot.tasks.size()) - info.first_task;
    snapshot.loops.push_back(std::move(info));
}

const char* to_string(TaskState state) noexcept {
    switch (state) {
        case TaskState::unstarted: return "not started";
        case TaskState::ready: return "ready";
        case TaskState::running: return "running";
        case TaskState::waiting: return "waiting";
        case TaskState::changing: return "changing";
    }
    return "";
}

const char* to_string(LoopInfo::State state) noexcept {
    switch (state) {
        case LoopInfo::State::idle: return "not running";
        case LoopInfo::State::polling: return "asleep in its poll";
        case LoopInfo::State::busy: return "busy";
    }
    return "";
}

}  // namespace aio::debug
