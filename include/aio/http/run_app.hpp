// run_app(): the whole life of a server program (aiohttp.web.run_app).
//
//     int main() {
//         aio::http::Application app;
//         app.router().add_get("/", index);
//         aio::http::run_app(app, "0.0.0.0", 8080);
//     }
//
// It runs a loop, prints where it listens, and serves until Ctrl-C or SIGTERM; then it ends gracefully, in the order
// that AppRunner (aio/http/runner.hpp) describes, and returns. A second signal ends it at once.
//
// On several processors: give it a function that makes the application, and `workers`. Each worker is a loop on a
// thread of its own, with an application of its own, all listening on one port: they share nothing, and nothing needs
// a lock.
//
//     aio::http::run_app(make_app, "0.0.0.0", 8080, {.workers = 4});
#pragma once

#include <aio/base/function.hpp>
#include <aio/http/application.hpp>
#include <aio/http/runner.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio::http {

// Trivially destructible.
struct RunAppOptions {
    RunnerOptions runner = {};
    int workers = 1;  // 0: as many as processors this process may use. More than one: with a function only
    int backlog = 128;
    bool reuse_port = false;     // other processes may listen at the same port, if they say so too
    aio::ssl::Use ssl = {};      // a context with a certificate: https
    bool handle_signals = true;  // SIGINT and SIGTERM
    void (*print)(std::string_view line) = log_access_to_stdout;  // null: says nothing
};

namespace detail {
using AppMaker = aio::detail::Function<Application()>;
void run_made_app(AppMaker make, std::string host, int port, RunAppOptions options);
}  // namespace detail

// port 0: one that is free, the same for all workers.
// Errors: what the application's startup throws; those of start_server(); ValueError for workers of one application.
void run_app(Application& app, std::string host = {}, int port = 8080, RunAppOptions options = {});
void run_app(Application&& app, std::string host = {}, int port = 8080, RunAppOptions options = {});
// `make` is called once on each worker.
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
