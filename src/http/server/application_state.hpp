// What an Application consists of.
#pragma once

#include <aio/http/server/application.hpp>

#include "http/server/route_table.hpp"

#include <exception>
#include <vector>

namespace aio::http::detail {

class ApplicationState {
public:
    explicit ApplicationState(const ApplicationOptions& o);

    // No more changes, here and below. `outer`: the middlewares around this application.
    void freeze(const std::vector<const Middleware*>& outer);
    Coro<> open_contexts(Application& app);
    // All of them, the last first; what fails goes to `errors`.
    Coro<> close_contexts(std::vector<std::exception_ptr>& errors);
    void check_can_change(const char* function) const;
    std::vector<Application*> sub_applications() const;

    ApplicationOptions options;
    Router router;
    std::vector<Middleware> middlewares;
    std::vector<const Middleware*> chain;  // once frozen: from the outermost application's first to the last of here
    Signal<Application&> on_startup, on_shutdown, on_cleanup;
    Signal<Request&, Response&> on_response_prepare;
    // The applications around this one and itself that listen to it; once frozen.
    std::vector<const Signal<Request&, Response&>*> prepare_signals;
    CleanupContexts cleanup_ctx;
    KeyStore keys;
    bool frozen = false;
};

}  // namespace aio::http::detail
