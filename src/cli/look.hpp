// `aiocpp ps` and `aiocpp pstree`: the loops and tasks of another process, or of a core file.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace aio::cli {

struct LookOptions {
    int pid = 0;       // 0: a core file
    std::string core;  // its path
    bool json = false;
};

// The options of both commands.
void add_look_options(CLI::App& command, LookOptions& options);
// Write to standard output. Result: an ExitStatus. Errors: those of debug::WindowReader.
int ps(const LookOptions& options);
int pstree(const LookOptions& options);

}  // namespace aio::cli
