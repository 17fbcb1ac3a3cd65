// `aiocpp trace dump` and `aiocpp trace view`: what the loops of a program did, out of its memory, and as a page.
#pragma once

#include "cli/subject.hpp"

#include <cstddef>
#include <string>

namespace CLI {
class App;
}

namespace aio::cli {

struct TraceOptions : Subject {
    // dump
    bool text = false;
    std::size_t last = 1000;  // events of each loop, as text
    // view
    std::string file;
    // both: empty: standard output; view: FILE.html
    std::string output;
};

void add_trace_dump_options(CLI::App& command, TraceOptions& options);
void add_trace_view_options(CLI::App& command, TraceOptions& options);
// Result: an ExitStatus. Errors: those of debug::WindowReader.
int trace_dump(const TraceOptions& options);
// Result: an ExitStatus. Errors: OSError of the files; RuntimeError when `file` is no trace.
int trace_view(const TraceOptions& options);

}  // namespace aio::cli
