// The part of an event loop that coroutines touch at every step: the ready queue, the tasks, the counters.
// The rest (timers, backend, handlers) is in src/core. It outlives its EventLoop: see `external`.
#pragma once

#include <aio/core/ready_queue.hpp>

#include <atomic>
#include <cstdint>

namespace aio {
class EventLoop;
}

namespace aio::detail {

class TaskBase;

// A circular list of a loop's unfinished tasks, linked through the tasks: those whose first step did not end them. The
// others come and go without it; all_tasks() finds them in the ready queue.
struct TaskLink {
    TaskLink* previous;
    TaskLink* next;  // of a task: null while it is not linked

    TaskLink() noexcept {}  // most coroutines never become tasks
    TaskLink(TaskLink* p, TaskLink* n) noexcept : previous(p), next(n) {}

    void link_before(TaskLink& head) noexcept {
        previous = head.previous;
        next = &head;
        previous->next = this;
        head.previous = this;
    }
    void unlink() noexcept {
        previous->next = next;
        next->previous = previous;
    }
};

struct LoopCore {
    ReadyQueue ready;
    EventLoop* owner = nullptr;
    std::uint64_t next_task_id = 0;
    TaskLink tasks{&tasks, &tasks};
    Ready* rest_of_pass = nullptr;  // what this pass has not come to yet

    bool closed = false;
    bool running = false;
    bool debug = false;
    // create_task must look at the loop's task factory; the pass must look at observers (src/core/observe.hpp).
    bool custom_task_factory = false;
    bool observed = false;

    // EventLoop itself and everything another thread may use to reach it. At zero the core is recycled: its
    // memory is never unmapped, so that a future which outlived its loop can still be asked and destroyed.
    std::atomic<std::uint32_t> external{0};
    // Of this loop among all there ever were, from 1; 0 once it is closed. A recycled core gets a new one.
    std::atomic<std::uint64_t> number{0};
};

}  // namespace aio::detail
