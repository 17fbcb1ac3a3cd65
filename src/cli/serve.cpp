// `aiocpp serve`: a folder over HTTP, with run_app(). serve_options.cpp reads the command line.
#include "cli/serve.hpp"

#include <aio/base/error.hpp>
#include <aio/http.hpp>

#include "cli/exit_status.hpp"
#include "cli/listening.hpp"
#include "cli/printable.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>

namespace aio::cli {

namespace {

// One write for each line: those of several workers do not mix.
void log_access_to_stderr(std::string_view line) {
    const std::string text = printable_line(line) + "\n";
    std::fwrite(text.data(), 1, text.size(), stderr);
}

Coro<http::Response> favicon(http::Request& request, http::Next next) {
    try {
        co_return co_await next(request);
    } catch (const http::HTTPNotFound&) {
        // answered below: it is no mistake of the page's
    }
    co_return http::Response(204);
}

// Browsers ask for an icon by themselves. Not a coroutine: other requests cost nothing more.
Coro<http::Response> answer_favicon(http::Request& request, http::Next next) {
    return request.raw_path() == "/favicon.ico" ? favicon(request, next) : next(request);
}

http::Application make_app(const ServeOptions& options) {
    http::StaticOptions how;
    how.show_index = !options.no_listing;
    how.index = "index.html";
    how.follow_symlinks = options.follow_symlinks;
    http::Application app;
    app.router().add_static("/", options.directory, how);
    app.add_middleware(answer_favicon);
    return app;
}

int complain(const std::string& text) {
    fmt::print(stderr, "aiocpp: {}\n", text);
    return kFailed;
}

}  // namespace

int serve(const ServeOptions& options) {
    http::RunAppOptions how;
    how.workers = options.workers;
    how.runner.access_log = options.quiet ? nullptr : log_access_to_stderr;
    how.runner.shutdown_timeout = std::chrono::seconds(10);
    try {
        make_app(options);  // a missing directory is reported before workers start
    } catch (const OSError& error) {
        return complain(fmt::format("{}\n  Name an existing directory that may be read.", error.what()));
    }
    try {
        http::run_app([&options] { return make_app(options); }, bare_host(options.host), options.port, how);
    } catch (const OSError& error) {
        return complain(std::string(error.what()) + listening_advice(error, "--port"));
    }
    return kDone;
}

}  // namespace aio::cli
