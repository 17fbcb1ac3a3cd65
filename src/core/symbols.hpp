// Which line of source an address in this process's code comes from. For reports: it reads debug information.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aio::detail {

// Where the call stands that returns to `return_address`: `file.cpp:12`, or `program+0x1a2b` when the program has
// no debug information or libdw is not installed. Errors: std::bad_alloc.
std::string describe_call(const void* return_address);

// Of each address in code: `function() at file.cpp:12`, without the line if there is no debug information, and without the
// function (`program+0x1a2b`) if the program is stripped. Errors: std::bad_alloc.
std::vector<std::string> describe_code(std::span<const std::uintptr_t> addresses);

}  // namespace aio::detail
