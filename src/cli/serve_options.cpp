// The options of `aiocpp serve` for CLI11: names, help texts, ranges. serve.cpp acts on them.
#include "cli/serve_options.hpp"

#include <CLI/CLI.hpp>

namespace aio::cli {

void add_serve_options(CLI::App& command, ServeOptions& options) {
    command.add_option("DIR", options.directory, "What to serve")->capture_default_str();
    command.add_option("-p,--port", options.port, "0: one that is free")
        ->capture_default_str()
        ->type_name("PORT")
        ->check(CLI::Range(0, 65535));
    command.add_option("-b,--bind,--host", options.host, "Where to listen; 0.0.0.0 is everywhere, :: with IPv6")
        ->capture_default_str()
        ->type_name("ADDRESS");
    command.add_option("-w,--workers", options.workers, "Loops, each on a thread of its own; 0: one per processor")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(0, 1024));
    command.add_flag("-q,--quiet", options.quiet, "No access log");
    command.add_flag("--no-listing", options.no_listing, "Refuse directories without an index.html");
    command.add_flag("--follow-symlinks", options.follow_symlinks, "Symbolic links may lead out of DIR");
    command.footer("The access log goes to standard error. Ctrl-C and SIGTERM let requests end, for 10 seconds.");
}

}  // namespace aio::cli
