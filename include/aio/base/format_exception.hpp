// what(): what an error says. format_exception(): an error as Python prints it, a group as a tree.
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
// Where an error was thrown in the innermost function is not known: its line is that of the last await before. An
// ExceptionGroup is a tree with the errors in it, each with the traceback that the group knows; 15 of a group, 10 levels.
// Null: "no exception". Source: traceback.format_exception, CPython 3.13.
std::string format_exception(const std::exception_ptr& error,
                             const std::vector<std::source_location>& traceback = {});

}  // namespace aio
