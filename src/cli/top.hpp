// `aiocpp top`: what the loops of a process are doing, again and again.
#pragma once

namespace CLI {
class App;
}

namespace aio::cli {

enum class SortKey { number, busy, passes, tasks, longest };

struct TopOptions {
    int pid = 0;
    double interval = 1;  // in seconds
    SortKey sort = SortKey::number;
    bool once = false;
    bool json = false;  // once
};

void add_top_options(CLI::App& command, TopOptions& options);
// Writes to standard output until the process ends, or once. Result: an ExitStatus. Errors: those of debug::WindowReader.
int top(const TopOptions& options);

}  // namespace aio::cli
