// expect: a function of on_startup, on_shutdown or on_cleanup is called with an aio::http::Application&
// expect: a function of an application's signals returns an aio::Coro<>, or nothing
// expect: a cleanup context is called with an aio::http::Application& and yields once
#include <aio/http/server/application.hpp>

aio::Coro<> without_application();
aio::Coro<int> of_a_number(aio::http::Application& app);
aio::Coro<> no_generator(aio::http::Application& app);

void add(aio::http::Application& app) {
    app.on_startup().append(without_application);
    app.on_cleanup().append(of_a_number);
    app.cleanup_ctx().append(no_generator);
}
