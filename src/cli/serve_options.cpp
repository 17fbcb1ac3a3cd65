// The options of `aiocpp serve` for CLI11: names, help texts, ranges. serve.cpp acts on them.
#include "cli/serve_options.hpp"

#include <CLI/CLI.hpp>

namespace aio::cli {

void add_serve_options(CLI::App& command, ServeOptions& options) {
    command.add_option("DIR", options.directory, "The directory to serve")->capture_default_str();
    command.add_option("-p,--port", options.port, "The port to listen on; 0: a free one")
        ->capture_default_str()
        ->type_name("PORT")
        ->check(CLI::Range(0, 65535));
    command
        .add_option("-b,--bind,--host", options.host,
                    "The address to listen on; 0.0.0.0 is all of IPv4, :: all of IPv6")
        ->capture_default_str()
        ->type_name("ADDRESS");
    command.add_option("-w,--workers", options.workers, "Event loops, each on its own thread; 0: one per processor")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(0, 1024));
    command.add_flag("-q,--quiet", options.quiet, "No access log");
    command.add_flag("--no-listing", options.no_listing, "Refuse directories without an index.html");
    command.add_flag("--follow-symlinks", options.follow_symlinks, "Follow symbolic links that lead out of DIR");
    command.footer(
        "The access log is written to standard error. After Ctrl-C or SIGTERM, requests have 10 seconds to finish.");
}

}  // namespace aio::cli
