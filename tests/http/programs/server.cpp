// A server program for check_server.py, which talks to it from another process.
// Usage: server PORT WORKERS HEAD_TIMEOUT_S; port 0: a free one. It says what happens on its standard output, line by line.
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using aio::http::Application, aio::http::Request, aio::http::Response;

namespace {

// One write, so that lines of several threads do not mix.
void say(std::string_view text) {
    const std::string line = std::string(text) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
}

auto saying(std::string text) {
    return [text](Application&) -> aio::Coro<> {
        say(text);
        co_return;
    };
}

Response hello(Request&) { return Response::text("hello"); }

// Gives free memory back to the system, so that what is left is in use.
Response trim(Request&) {
    ::malloc_trim(0);
    return Response::text("trimmed");
}

// "/slow/ID/MS": says that it has begun, and answers with ID after a while, in pieces if that is long.
aio::Coro<Response> slow(Request& request) {
    const std::string id(request.match_info("id"));
    say("begin " + id);
    co_await aio::sleep(std::chrono::milliseconds(std::atoi(std::string(request.match_info("ms")).c_str())));
    say("done " + id);
    co_return Response::text(id + " " + std::string(20'000, 'x'));
}

Application make_app() {
    Application app;
    app.router().add_get("/", hello);
    app.router().add_get("/trim", trim);
    app.router().add_get("/slow/{id}/{ms}", slow);
    for (const char* name : {"one", "two"}) {
        app.cleanup_ctx().append([name](Application&) -> aio::AsyncGenerator<bool> {
            say(std::string("open ") + name);
            co_yield true;
            say(std::string("close ") + name);
        });
    }
    app.on_startup().append(saying("startup"));
    app.on_shutdown().append(saying("shutdown"));
    app.on_cleanup().append(saying("cleanup"));
    return app;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    aio::http::RunAppOptions options;
    options.workers = std::atoi(argv[2]);
    options.backlog = 4096;
    options.print = say;
    options.runner.head_timeout = std::chrono::seconds(std::atoi(argv[3]));
    options.runner.shutdown_timeout = 30s;
    aio::http::run_app(make_app, "127.0.0.1", std::atoi(argv[1]), options);
    say("returned");
}
