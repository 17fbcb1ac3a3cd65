// Pages that need nothing but themselves: HTML with its data in it.
#pragma once

#include <string>

namespace aio::cli {

extern const char* const kTracePage;  // trace_page.cpp
extern const char* const kFlamePage;  // flame_page.cpp

// `page`, with `json` in the place of its "@DATA@". JSON in a script element must not end it: HTML, section 4.12.1.3.
std::string fill_page(const char* page, const std::string& json);

// Writes to the file `path`, or to standard output if it is empty or "-". Result: an ExitStatus. Errors: OSError.
int write_output(const std::string& path, const std::string& text);

}  // namespace aio::cli
