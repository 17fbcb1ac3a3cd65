// run_app(): the whole life of a server program (aiohttp.web.run_app).
//
//     int main() {
//         aio::http::Application app;
//         app.router().add_get("/", index);
//         aio::http::run_app(app, "0.0.0.0", 8080);
//     }
//
// It runs a loop, prints its URL, and serves until Ctrl-C or SIGTERM; then it ends gracefully, in the order of
// AppRunner::cleanup() (runner.hpp), and returns. A second Ctrl-C ends it at once, and so does a second SIGTERM more
// than a second after the first.
//
// For several processors: pass a function that makes the application, and `workers`. Each worker is a loop on a thread
// of its own, with an application of its own, and all listen on one port: they share nothing,
// so that no locks are needed.
//
//     aio::http::run_app(make_app, "0.0.0.0", 8080, {.workers = 4});
#pragma once

#include <aio/base/function.hpp>
#include <aio/http/server/application.hpp>
#include <aio/http/server/runner.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio::http {

// The options of run_app(). Trivially destructible.
struct RunAppOptions {
    RunnerOptions runner = {};   // of each worker's AppRunner
    int workers = 1;             // 0: as many as processors this process may use. Other than 1: only with a function
    int backlog = 128;           // connections that the kernel queues until they are accepted
    bool reuse_port = false;     // other processes may listen on the same port, if they set this too
    aio::ssl::Use ssl = {};      // a context with a certificate: https
    bool handle_signals = true;  // SIGINT and SIGTERM end it gracefully
    void (*print)(std::string_view line) = log_access_to_stdout;  // for the URL; null: prints nothing
};

namespace detail {
using AppMaker = aio::detail::Function<Application()>;
void run_made_app(AppMaker make, std::string host, int port, RunAppOptions options);
}  // namespace detail

// Serves `app` at `host` (empty: all interfaces) and `port` (0: a free one, the same for all workers):
// aiohttp.web.run_app. Errors: those of the application's startup and of start_server(); ValueError for other than 1
// worker of one application.
void run_app(Application& app, std::string host = {}, int port = 8080, RunAppOptions options = {});
void run_app(Application&& app, std::string host = {}, int port = 8080, RunAppOptions options = {});
// The same with an application for each worker: `make()` is called once on each.
template <class F>
    requires(!std::derived_from<F, Application>)
void run_app(F make, std::string host = {}, int port = 8080, RunAppOptions options = {}) {
    constexpr bool kMakes = std::is_invocable_r_v<Application, F&>;
    static_assert(kMakes, "run_app: the first argument is an aio::http::Application, or a function that returns one");
    if constexpr (kMakes) {
        detail::run_made_app(detail::AppMaker(std::move(make)), std::move(host), port, options);
    }
}
// The same at an AF_UNIX path.
void run_app_unix(Application& app, std::string path, RunAppOptions options = {});

}  // namespace aio::http
