// `aiocpp ps` and `aiocpp pstree`: the loops and tasks of another process, or of a core file.
#pragma once

#include "cli/subject.hpp"

namespace CLI {
class App;
}

namespace aio::cli {

struct LookOptions : Subject {
    bool json = false;
};

// The options of both commands.
void add_look_options(CLI::App& command, LookOptions& options);
// Write to standard output. Result: an ExitStatus. Errors: those of debug::WindowReader.
int ps(const LookOptions& options);
int pstree(const LookOptions& options);

}  // namespace aio::cli
