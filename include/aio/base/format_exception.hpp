// what(): the message of an error. format_exception(): an error as Python prints it, a group as a tree.
#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <vector>

namespace aio {

// The message of `error`, as Python's str(error): its what(), or the name of its type if it has no message. Null: "".
std::string what(const std::exception_ptr& error);

// The text of `error`, several lines without a newline at the end: its type and message, above them the frames of
// `traceback`, innermost first, as AnyTask::get_stack() gives them for a task that failed:
//
//     Traceback (most recent call last):
//       File "shop.cpp", line 31, in serve
//       File "shop.cpp", line 12, in load (its last await)
//     std::runtime_error: no such article
//
// The line in the innermost function is that of the last await before the throw; the line of the throw itself is not
// known. An ExceptionGroup is printed as a tree of its errors with their tracebacks: up to 15 errors of each group, 10
// levels deep. Causes (std::throw_with_nested) follow as "caused by: ...", up to 10. Null: "no exception". Source: traceback.format_exception, CPython 3.13.
std::string format_exception(const std::exception_ptr& error,
                             const std::vector<std::source_location>& traceback = {});

}  // namespace aio
