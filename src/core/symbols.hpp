// Which line of source an address in this process's code comes from. For reports: it reads debug information.
#pragma once

#include <string>

namespace aio::detail {

// Where the call stands that returns to `return_address`: `file.cpp:12`, or `program+0x1a2b` when the program has
// no debug information or libdw is not installed. Errors: std::bad_alloc.
std::string describe_call(const void* return_address);

}  // namespace aio::detail
