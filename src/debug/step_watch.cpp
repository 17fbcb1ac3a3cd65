// The looks, and the name of a step that is the longest so far: it is read while the step lasts.
#include "debug/step_watch.hpp"

#include "debug/render.hpp"

namespace aio::debug {

StepWatch::StepWatch(WindowReader& reader, const Snapshot& snapshot) : reader_(reader) {
    for (const LoopInfo& loop : snapshot.loops) {
        Watched watched;
        watched.loop = loop;
        watched_.push_back(std::move(watched));
    }
}

void StepWatch::look(std::int64_t now_ns) {
    for (Watched& watched : watched_) {
        const WindowReader::Probe now = reader_.probe(watched.loop);
        const WindowReader::Probe last = watched.last;
        watched.last = now;
        if (!now.busy || !last.busy || now.polls != last.polls || now.task != last.task) {
            watched.since = now_ns;
            watched.named = false;
        } else if (const std::int64_t took = now_ns - watched.since;
                   watched.longest == SIZE_MAX || took > longest_[watched.longest].nanoseconds) {
            note(watched, took);
        }
    }
}

void StepWatch::note(Watched& watched, std::int64_t nanoseconds) {
    if (watched.longest == SIZE_MAX) {
        watched.longest = longest_.size();
        longest_.push_back({watched.loop.number, 0, "", ""});
    }
    LongStep& step = longest_[watched.longest];
    step.nanoseconds = nanoseconds;
    if (watched.named) return;
    watched.named = true;
    step.task = "a callback";
    step.place.clear();
    if (watched.last.task == 0) return;
    LookOptions how;
    how.frames = how.awaiters = false;
    const Snapshot snapshot = reader_.look_at(watched.last.task, how);
    if (snapshot.tasks.empty()) return;
    const TaskInfo& task = snapshot.tasks.front();
    step.task = "task '" + task.name + "'";
    if (!task.frames.empty()) step.place = render_place(snapshot.places[task.frames.front()]);
}

}  // namespace aio::debug
