// "All tasks are blocked": the error that ends a simulation which would otherwise wait for ever.
#include "core/blocked.hpp"

#include <aio/core/task.hpp>

#include "core/observe.hpp"

#include <dirent.h>
#include <algorithm>

namespace aio::detail {

namespace {

// SIZE_MAX when they cannot be counted.
std::size_t threads_of_this_process() noexcept {
    DIR* folder = ::opendir("/proc/self/task");
    if (!folder) return SIZE_MAX;
    std::size_t count = 0;
    while (const dirent* entry = ::readdir(folder)) count += entry->d_name[0] != '.';
    ::closedir(folder);
    return count;
}

}  // namespace

// Idle threads first: one that becomes idle in between is taken for a working one, and not overlooked.
bool others_work() noexcept {
    const std::size_t idle = idle_threads.load();
    return threads_of_this_process() - idle > 1;
}

void check_not_blocked(LoopState& state) {
    for (const auto& [signal, call] : state.signal_calls) {
        if (std::find(state.exit_calls.begin(), state.exit_calls.end(), call) == state.exit_calls.end()) return;
    }
    if (others_work() || state.wakeup.pending()) return;
    std::string text =
        "EventLoop: all tasks are blocked: no callback is ready, no timer is set, and nothing can arrive from "
        "outside, since time and network are simulated and no other thread is running";
    for (const AnyTask& task : all_tasks(*state.owner)) text += "\n  " + describe_task(*task.base());
    throw RuntimeError(text);
}

}  // namespace aio::detail
