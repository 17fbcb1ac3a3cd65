// aiocpp: fetches URLs, serves directories, talks to WebSockets, and shows what the tasks of a program wait for.
#include "cli/fetch.hpp"
#include "cli/look.hpp"
#include "cli/serve.hpp"
#include "cli/top.hpp"
#include "cli/trace.hpp"
#include "cli/websocket.hpp"

#include "cli/exit_status.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace {

// Help and version are no errors; all else is one status.
int exit_of(CLI::App& app, const CLI::ParseError& error) {
    return app.exit(error) == 0 ? aio::cli::kDone : aio::cli::kUsage;
}

// If 0, 1 or 2 is closed when this starts, the next file that is opened, such as a download, would get its number, and
// text for standard error would end up in it. So /dev/null takes them: for the other direction, so that using them
// stays an error.
// Source: GNU coreutils' stdopen.
bool take_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        if (::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return false;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (!take_standard_descriptors()) return aio::cli::kFailed;
    CLI::App app(
        "Fetches URLs, serves directories over HTTP, talks to WebSockets, and shows what the tasks of a program wait "
        "for.",
        "aiocpp");
    app.set_version_flag("--version", "aiocpp " AIOCPP_VERSION);
    app.require_subcommand(1);

    aio::cli::FetchOptions fetch_options;
    CLI::App* const fetch = app.add_subcommand("fetch", "Fetch URLs, several concurrently");
    aio::cli::add_fetch_options(*fetch, fetch_options);

    aio::cli::ServeOptions serve_options;
    CLI::App* const serve = app.add_subcommand("serve", "Serve the files of a directory");
    aio::cli::add_serve_options(*serve, serve_options);

    aio::cli::WebSocketOptions websocket_options;
    CLI::App* const websocket = app.add_subcommand("ws", "Talk to a WebSocket server, or be one");
    aio::cli::add_websocket_options(*websocket, websocket_options);

    aio::cli::LookOptions look_options;
    CLI::App* const ps = app.add_subcommand("ps", "List the tasks of a running program or a core file");
    aio::cli::add_look_options(*ps, look_options);
    CLI::App* const pstree =
        app.add_subcommand("pstree", "Show which tasks of a program wait for which, with their stacks");
    aio::cli::add_look_options(*pstree, look_options);

    aio::cli::TopOptions top_options;
    CLI::App* const top = app.add_subcommand("top", "Show what the loops of a program are doing, again and again");
    aio::cli::add_top_options(*top, top_options);

    aio::cli::TraceOptions trace_options;
    CLI::App* const trace = app.add_subcommand("trace", "Show what the loops of a program did last");
    trace->require_subcommand(1);
    CLI::App* const dump = trace->add_subcommand("dump", "Read it out of a running program or a core file");
    aio::cli::add_trace_dump_options(*dump, trace_options);
    CLI::App* const view = trace->add_subcommand("view", "Make a page of a trace, which a browser shows");
    aio::cli::add_trace_view_options(*view, trace_options);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return exit_of(app, error);
    }
    std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is a write error
    try {
        if (*dump) return aio::cli::trace_dump(trace_options);
        if (*view) return aio::cli::trace_view(trace_options);
        if (*websocket) return aio::cli::websocket(websocket_options);
        if (*top) return aio::cli::top(top_options);
        if (*ps) return aio::cli::ps(look_options);
        if (*pstree) return aio::cli::pstree(look_options);
        return *fetch ? aio::cli::fetch(fetch_options) : aio::cli::serve(serve_options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "aiocpp: %s\n", error.what());
        return aio::cli::kFailed;
    }
}
