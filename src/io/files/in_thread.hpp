// Calls that block, on a thread for files.
#pragma once

#include <aio/sync/threads.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace aio::detail {

// The threads for calls on files, of the whole process. They are never joined: a disk that does not answer must not
// keep a program from ending.
Executor& file_threads();

// Gives what `call` returns on a thread of `executor` (null: file_threads()). What it needs it keeps by value.
// Cancel: a call that has begun goes on, and its result is dropped.
template <class F>
Coro<std::invoke_result_t<F>> in_thread(F call, Executor* executor = nullptr) {
    Executor* const threads = executor ? executor : &file_threads();
    Future<std::invoke_result_t<F>> result = get_running_loop().run_in_executor(threads, std::move(call));
    co_return co_await std::move(result);
}

// What a thread brings back: a value, or a negative errno.
template <class T>
struct Answer {
    int error = 0;
    T value{};
};

// Throws ValueError for a path that no system call can be given.
void check_path(const std::string& path);

// "'/some/path'", for messages.
std::string quoted(const std::string& path);

}  // namespace aio::detail
