// `aiocpp top`: what the loops of a process are doing, again and again.
#pragma once

#include <string>

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
    bool sample = false;
    double duration = 5;  // of sampling, in seconds
    std::string output;   // the page; empty: text to standard output
};

void add_top_options(CLI::App& command, TopOptions& options);
void add_sample_options(CLI::App& command, TopOptions& options);  // among them
// With `sample`: counts for that long, `interval` apart, where loops and tasks are (sample.cpp).
int sample(const TopOptions& options);
// Writes to standard output until the process ends, or once. Result: an ExitStatus. Errors: those of debug::WindowReader.
int top(const TopOptions& options);

}  // namespace aio::cli
