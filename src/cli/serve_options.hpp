// What may stand behind `aiocpp serve`.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace aio::cli {

struct ServeOptions {
    std::string directory = ".";
    std::string host = "127.0.0.1";
    int port = 8000;
    int workers = 1;
    bool quiet = false;
    bool no_listing = false;
    bool follow_symlinks = false;
};

// Adds the options to `command`, to be parsed into `options`, which outlives it.
void add_serve_options(CLI::App& command, ServeOptions& options);

}  // namespace aio::cli
