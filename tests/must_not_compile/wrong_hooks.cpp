// expect: RouteOptions::expect: the hook is called with an aio::http::Request& and returns an aio::Coro<>
// expect: add_view: the class must derive from aio::http::View
// expect: add_view: a view's methods take nothing and return
// expect: run_app: the first argument is an aio::http::Application, or a function that returns one
#include <aio/http/server/run_app.hpp>

struct NoView {};
struct Users : aio::http::View {
    using View::View;
    aio::Coro<int> get();
};

void add(aio::http::Application& app) {
    app.router().add_get(
        "/", [](aio::http::Request&) { return aio::http::Response(); },
        aio::http::RouteOptions("index").expect([](aio::http::Request&) {}));
    app.router().add_view<NoView>("/none");
    app.router().add_view<Users>("/users");
    aio::http::run_app([] { return 1; });
}
