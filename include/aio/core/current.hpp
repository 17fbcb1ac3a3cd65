// The present state of this thread: the running loop, its task, and the task's context.
#pragma once

#include <coroutine>

namespace aio::detail {

struct ContextSlot;
struct LoopCore;
class TaskBase;

struct Current {
    LoopCore* loop = nullptr;        // the loop that runs on this thread
    TaskBase* task = nullptr;        // the task inside its step
    ContextSlot* context = nullptr;  // a callback's, or of Context::run; null: the task's, or the thread's own

    // The trampoline of TaskBase::step: the coroutine to resume when the running one suspends (task_base.hpp).
    std::coroutine_handle<> next = nullptr;
    unsigned inline_depth = 0;
};

// initial-exec: one instruction to reach it, also from a shared library.
extern constinit thread_local Current current [[gnu::tls_model("initial-exec")]];

}  // namespace aio::detail
