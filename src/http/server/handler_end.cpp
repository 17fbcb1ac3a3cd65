// What a connection does when a handler has failed, and when it leaves a WebSocket behind.
#include "http/server/connection.hpp"

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/log.hpp>
#include <aio/http/server/http_exceptions.hpp>

#include "core/task_extras.hpp"
#include "http/ws_channel.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace aio::http::detail {

// What the handler, or sending its response, threw.
Coro<> Connection::answer_failure(std::exception_ptr failure) {
    std::optional<Response> error;
    try {
        std::rethrow_exception(failure);
    } catch (const HTTPException& exception) {
        if (!exchange().head_sent()) error.emplace(std::move(exception.response()));
        if (messages().parser().fault() != wire::Fault::none || timed_out_) exchange().close_afterwards();
    } catch (const CancelledError&) {
        if (!disconnected_) throw;
        task_.uncancel();
        exchange().close_afterwards();
        co_return;
    } catch (const BaseException&) {
        throw;
    } catch (...) {
        exchange().close_afterwards();
        if (writer_.is_closing()) co_return;  // the client has gone, which is what failed; nobody to tell
        report(std::current_exception());
        if (!exchange().head_sent()) {
            error.emplace(Response::text("500 Internal Server Error\n\nServer got itself in trouble", 500));
        }
    }
    if (!error) {
        // A part of another response is out: only the end of the connection tells the client.
        exchange().close_afterwards();
        writer_.abort();
        co_return;
    }
    enter(Phase::sending);
    if (!exchange().send_now(*error)) co_await exchange().send(*error);
}

// Closes it with a close frame, and waits for the client's: the handler's object may have gone without.
Coro<> Connection::end_websocket(std::exception_ptr failure) {
    constexpr std::uint16_t kOk = 1000, kGoingAway = 1001, kInternalError = 1011;
    WSChannel& websocket = *exchange().websocket();
    std::uint16_t code = kOk;
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const CancelledError&) {
        websocket.start_close(kGoingAway, "");
        if (!disconnected_) throw;
        task_.uncancel();
    } catch (const BaseException&) {
        websocket.start_close(kGoingAway, "");
        throw;
    } catch (...) {
        code = kInternalError;
        if (!websocket.ended()) report(std::current_exception());  // else it is the end that failed: nobody to tell
    }
    enter(Phase::sending);
    co_await websocket.finish(code);
}

void Connection::report(std::exception_ptr error) noexcept {
    try {
        const Request& request = exchange().request();
        ExceptionContext context;
        context.message =
            "Error handling request " + std::string(request.method()) + " " + std::string(request.raw_path());
        context.traceback = aio::detail::traceback_of(*task_.base(), error);
        context.exception = std::move(error);
        context.task = task_;
        get_running_loop().call_exception_handler(context);
    } catch (const std::bad_alloc&) {
        // No memory even for the report: what it would say.
    }
}

}  // namespace aio::http::detail
