// run_app(): an application on one loop or several, until it is told to end. runner.cpp has the order of the end.
#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/run.hpp>
#include <aio/http/server/run_app.hpp>
#include <aio/sync/loop_group.hpp>

#include <atomic>
#include <exception>
#include <vector>

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

// What is printed, once: when the last of the workers listens.
class Banner {
public:
    Banner(const RunAppOptions& options, std::size_t workers) : print_(options.print), missing_(workers) {}

    void worker_listens(const std::vector<std::string>& urls) {
        if (--missing_ != 0 || !print_) return;
        for (const std::string& url : urls) print_("======== Running on " + url + " ========");
        print_("(Press CTRL+C to quit)");
    }

private:
    void (*print_)(std::string_view line);
    std::atomic<std::size_t> missing_;
};

// Until it is cancelled. Every end of it is a graceful one.
Coro<> serve_app(Application& app, Place place, RunAppOptions options, Banner& banner, bool alone) {
    AppRunner runner(app, options.runner);
    std::exception_ptr failed;
    bool cancelled = false;
    try {
        co_await runner.setup();
        co_await start_site(runner, place, options, options.reuse_port || !alone);
        banner.worker_listens(runner.addresses());
        co_await Future<>();
    } catch (const CancelledError&) {
        cancelled = true;
    } catch (...) {
        failed = std::current_exception();
    }
    co_await runner.cleanup();
    if (failed) std::rethrow_exception(failed);
    if (cancelled && !alone) throw CancelledError();
}

// The port that workers can share: `port`, or one that is free. They set SO_REUSEPORT, which would let them join
// another server that does so; unless that is wanted, this is asked without. Errors: OSError when somebody has it.
Coro<int> port_to_share(std::string host, int port, bool with_others) {
    const auto nobody = [](StreamReader, StreamWriter) {};
    ServerOptions options;
    options.start_serving = false;
    options.reuse_port = with_others;
    const Server server = co_await start_server(nobody, std::move(host), port, options);
    const int found = server.port();
    server.close();
    co_await server.wait_closed();
    co_return found;
}

void check_workers(const RunAppOptions& options) {
    if (options.workers < 0) throw ValueError("run_app: workers must not be negative");
}

void run_alone(Application& app, Place place, const RunAppOptions& options) {
    check_workers(options);
    if (options.workers != 1) {
        throw ValueError("run_app: several workers need an application each: pass a function that makes it");
    }
    Banner banner(options, 1);
    try {
        run(serve_app(app, std::move(place), options, banner, true), {.handle_signals = options.handle_signals});
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
    check_workers(options);
    if (options.workers == 1) {
        Application app = make();
        return run_app(app, std::move(host), port, options);
    }
    Place place;
    place.host = std::move(host);
    try {
        place.port = run(port_to_share(place.host, port, options.reuse_port));
    } catch (const KeyboardInterrupt&) {
        return;
    } catch (const SystemExit&) {
        return;
    }
    LoopGroup group({.size = options.workers, .name = "aio-http"});
    Banner banner(options, group.size());
    auto serve = [&make, &place, &options, &banner]() -> Coro<> {
        Application app = make();
        co_await serve_app(app, place, options, banner, false);
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
