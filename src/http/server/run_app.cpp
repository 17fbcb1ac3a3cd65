#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/run.hpp>
#include <aio/http/run_app.hpp>
#include <aio/sync/loop_group.hpp>

#include <csignal>
#include <exception>

namespace aio::http {

namespace {

struct Place {
    std::string host;
    int port = 0;
    std::string path;  // of AF_UNIX, in place of the other two
};

Coro<> start_site(AppRunner& runner, const Place& place, const RunAppOptions& options, bool reuse_port) {
    SiteOptions site_options;
    site_options.backlog = options.backlog;
    site_options.reuse_port = reuse_port;
    site_options.ssl = options.ssl;
    if (!place.path.empty()) {
        UnixSite site(runner, place.path, site_options);
        co_await site.start();
    } else {
        TCPSite site(runner, place.host, place.port, site_options);
        co_await site.start();
    }
}

// The first SIGTERM ends it as Ctrl-C does; the second finds no handler, and ends the process.
void handle_sigterm() {
    EventLoop& loop = get_running_loop();
    const AnyTask main = current_task();
    loop.add_signal_handler(SIGTERM, [&loop, main] {
        loop.remove_signal_handler(SIGTERM);
        main.cancel();
    });
}

// Until it is cancelled. Every end of it is a graceful one.
Coro<> serve_app(Application& app, Place place, RunAppOptions options, bool alone) {
    AppRunner runner(app, options.runner);
    std::exception_ptr failed;
    bool cancelled = false;
    try {
        if (alone && options.handle_signals) handle_sigterm();
        co_await runner.setup();
        co_await start_site(runner, place, options, options.reuse_port || !alone);
        if (options.print && alone) {
            for (const std::string& url : runner.addresses())
                options.print("======== Running on " + url + " ========");
            options.print("(Press CTRL+C to quit)");
        }
        co_await Future<>();
    } catch (const CancelledError&) {
        cancelled = true;
    } catch (...) {
        failed = std::current_exception();
    }
    co_await runner.cleanup();
    if (alone && options.handle_signals) get_running_loop().remove_signal_handler(SIGTERM);
    if (failed) std::rethrow_exception(failed);
    if (cancelled && !alone) throw CancelledError();
}

void run_alone(Application& app, Place place, const RunAppOptions& options) {
    if (options.workers > 1) {
        throw ValueError("run_app: several workers need an application each: pass a function that makes it");
    }
    try {
        run(serve_app(app, std::move(place), options, true));
    } catch (const KeyboardInterrupt&) {
        // The second Ctrl-C.
    }
}

}  // namespace

void run_app(Application& app, std::string host, int port, RunAppOptions options) {
    Place place;
    place.host = std::move(host);
    place.port = port;
    run_alone(app, std::move(place), options);
}

void run_app(Application&& app, std::string host, int port, RunAppOptions options) {
    run_app(app, std::move(host), port, options);
}

void run_app_unix(Application& app, std::string path, RunAppOptions options) {
    Place place;
    place.path = std::move(path);
    run_alone(app, std::move(place), options);
}

void detail::run_made_app(AppMaker make, std::string host, int port, RunAppOptions options) {
    if (options.workers == 1) {
        Application app = make();
        return run_app(app, std::move(host), port, options);
    }
    if (port == 0) throw ValueError("run_app: several workers need a port to share; 0 would give each another");
    LoopGroup group({.size = options.workers, .name = "aio-http"});
    Place place;
    place.host = std::move(host);
    place.port = port;
    if (options.print) {
        options.print("======== Running on http" + std::string(options.ssl ? "s" : "") + "://" +
                      (place.host.empty() ? "0.0.0.0" : place.host) + ":" + std::to_string(port) + " ========");
        options.print("(Press CTRL+C to quit)");
    }
    auto serve = [&make, &place, &options]() -> Coro<> {
        Application app = make();
        co_await serve_app(app, place, options, false);
    };
    try {
        group.run(serve);
    } catch (const KeyboardInterrupt&) {
        // Ctrl-C is how it ends.
    } catch (const SystemExit&) {
        // And SIGTERM.
    }
}

}  // namespace aio::http
