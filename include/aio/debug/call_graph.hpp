// Who waits for whom: the call graph of a task, and all tasks of the process.
//
//     aio::debug::print_call_graph(task);             // its frames, what it waits for, who awaits it
//     aio::debug::dump_on_signal(SIGUSR1);            // `kill -USR1 PID` writes all loops and tasks to stderr
//
// The same from outside, without any preparation: `aiocpp pstree PID`.
//
// A task is shown with its frames, each with function, file and line of its present await; with the call in which it is
// suspended, and the object behind that ("Queue.get() of <Queue maxsize 5, 0 items, 3 getters>"); and with the tasks that
// await it: directly, through gather(), shield() or wait(), or as the parent of its TaskGroup. Of a running task only the frames
// of its last suspension are known. Who holds a Lock is not recorded.
//
// Source: asyncio.capture_call_graph, CPython 3.14 graph.py. C++ has a flat list of futures where Python nests them: chains of
// awaits may be a million long, and they may be rings.
#pragma once

#include <aio/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aio::debug {

// One coroutine of a task's stack.
struct FrameCallGraphEntry {
    std::string function, file;
    std::uint32_t line;  // of its present await; 0: not known, since it has not awaited yet
};

// One task of a call graph.
struct FutureCallGraph {
    std::string name;
    std::string state;                            // "waiting", "ready", "running", "not started", "changing"
    std::string waits_for;                        // empty if it does not wait
    std::vector<FrameCallGraphEntry> call_stack;  // the innermost frame first
    std::vector<std::size_t> awaited_by;          // indexes of CallGraph::futures
};

// The result of capture_call_graph(): the task that was asked about, first, and all tasks that directly or indirectly wait
// for it. Each is there once.
struct CallGraph {
    std::vector<FutureCallGraph> futures;
};

// Result: the call graph of `task`, or of the current one. With a limit: only so many innermost frames of each task. Empty for a
// task that has ended. Thread rule: the thread of the task's loop. Errors: RuntimeError when no task runs and none was given, or
// when the kernel forbids a process to read its own memory with process_vm_readv(2).
CallGraph capture_call_graph(const AnyTask& task, std::optional<std::size_t> limit = std::nullopt);
CallGraph capture_call_graph(std::optional<std::size_t> limit = std::nullopt);

// Result: the same as text, in the form of Python's. Empty for a task that has ended. Errors: as capture_call_graph().
std::string format_call_graph(const AnyTask& task, std::optional<std::size_t> limit = std::nullopt);
std::string format_call_graph(std::optional<std::size_t> limit = std::nullopt);
std::string format_call_graph(const CallGraph& graph);

// Writes that text to the logger. Errors: as capture_call_graph().
void print_call_graph(const AnyTask& task, std::optional<std::size_t> limit = std::nullopt);
void print_call_graph(std::optional<std::size_t> limit = std::nullopt);

// Result: all loops of this process with their tasks, as `aiocpp pstree` shows them. From any thread, also while loops run: a
// task that changes at the moment is read again. Errors: RuntimeError as capture_call_graph().
std::string format_all_tasks();

// From now on `signal` makes a thread of its own write format_all_tasks() to the descriptor `fd`, standard error by
// default: it works while every loop hangs. Once for each signal that arrives; several at once may become one. A later call
// replaces the descriptor. Errors: OSError, for a signal that cannot be handled too.
void dump_on_signal(int signal, int fd = 2);

}  // namespace aio::debug
