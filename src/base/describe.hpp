// How types, exceptions and places are written in reports.
#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <typeinfo>
#include <vector>

namespace aio::detail {

// "std::vector<int>"
std::string describe_type(const std::type_info& type);
// What it says; empty when it says nothing. Precondition: `error` is not null.
std::string message_of(const std::exception_ptr& error);
// "aio::ValueError: what it says", in one line.
std::string describe_exception(const std::exception_ptr& error);
// "bad_task" of "Coro<int> ns::bad_task(int)" and of g++'s spelling of a coroutine's frame function.
std::string function_name(const char* pretty);
// "file.cpp:12"
std::string describe_location(const std::source_location& where);
// `\n  File "file.cpp", line 12, in f` for each of `frames`, which begin with the innermost; that one stands last.
std::string describe_frames(const std::vector<std::source_location>& frames);
// The same of an exception: the innermost frame is where it was thrown, and `(its last await)` says what its line is.
std::string describe_traceback(const std::vector<std::source_location>& frames);

}  // namespace aio::detail
