// aiocpp: fetches URLs and serves directories.
#include "cli/fetch.hpp"
#include "cli/serve.hpp"

#include "cli/exit_status.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <exception>

namespace {

// Help and version are no errors; all else is one status.
int exit_of(CLI::App& app, const CLI::ParseError& error) {
    return app.exit(error) == 0 ? aio::cli::kDone : aio::cli::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Fetches URLs and serves directories, over HTTP.", "aiocpp");
    app.set_version_flag("--version", "aiocpp " AIOCPP_VERSION);
    app.require_subcommand(1);

    aio::cli::FetchOptions fetch_options;
    CLI::App* const fetch = app.add_subcommand("fetch", "Fetch URLs, several at a time");
    aio::cli::add_fetch_options(*fetch, fetch_options);

    aio::cli::ServeOptions serve_options;
    CLI::App* const serve = app.add_subcommand("serve", "Serve the files of a directory");
    aio::cli::add_serve_options(*serve, serve_options);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return exit_of(app, error);
    }
    std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is a write error
    try {
        return *fetch ? aio::cli::fetch(fetch_options) : aio::cli::serve(serve_options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "aiocpp: %s\n", error.what());
        return aio::cli::kFailed;
    }
}
