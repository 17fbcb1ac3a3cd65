// One connection of a server, from its first byte to its last.
//
// Serving it is one task: it reads a head, finds the route, runs the handler, sends the response, and so on; requests
// that were sent behind one another (pipelining) are answered in their order, and what a pass of the loop answers goes
// out in one write. Time limits are looked at from outside, once a second (check_time), by the phase it is in:
//
//     first ──► head ──► handler ◄──► body          408 for a head or body that takes too long
//       ▲         ▲         │
//       │       idle ◄── sending ──► lingering      closed when nothing happens for too long
#pragma once

#include <aio/http/server/request.hpp>
#include <aio/http/server/response.hpp>

#include "http/server/desk.hpp"
#include "http/server/web_server.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>

namespace aio::http::detail {

class Connection {
public:
    // Serves one to its end. Errors: CancelledError. All else ends the connection.
    static Coro<> serve(std::shared_ptr<WebServer> server, StreamReader reader, StreamWriter writer);

    Connection(const Connection&) = delete;
    ~Connection();

    // Called by the server.
    void check_time() noexcept;
    void close_if_idle() noexcept;
    void close_websocket() noexcept;
    void cancel() noexcept;
    void abandon() noexcept;
    std::size_t place = 0;  // among the server's

private:
    enum class Phase : std::uint8_t { first, idle, head, handler, sending, lingering };

    Connection(WebServer& server, StreamReader reader, StreamWriter writer);

    MessageReader& messages() noexcept { return desk_->messages; }
    Exchange& exchange() noexcept { return desk_->exchange; }

    void enter(Phase phase) noexcept {
        phase_ = phase;
        since_ = server_.seconds();
    }
    // Takes a desk for the requests that begin with what came. Errors: std::bad_alloc.
    void sit_down(std::string_view received);
    // True: there is nothing to do for now. False: the connection is to end.
    Coro<bool> serve_requests();
    Coro<bool> read_head();
    Coro<> finish();
    Coro<> answer_failure(std::exception_ptr failure);
    // The handler of a WebSocket has returned, or failed.
    Coro<> end_websocket(std::exception_ptr failure);
    Coro<Response> run_handler();
    void refuse(wire::Fault fault, std::string_view why) noexcept;
    void refuse(int status, std::string_view why) noexcept;
    void report(std::exception_ptr error) noexcept;
    // What is left of the request's body is read and dropped. False: it takes too long.
    Coro<bool> discard_body();
    Coro<> linger();
    Coro<> finish_sending();
    void log_request();

    bool in_head() const noexcept;
    void check_body_rate() noexcept;
    void check_sending() noexcept;

    WebServer& server_;
    StreamReader reader_;
    StreamWriter writer_;
    std::unique_ptr<Desk> desk_;  // null: idle
    AnyTask task_;
    Phase phase_ = Phase::first;
    bool lingers_ = false;       // the client may still be sending
    bool disconnected_ = false;  // the handler was cancelled for it
    bool timed_out_ = false;
    std::uint32_t since_ = 0;  // server_.seconds() when the phase began, or something happened in it
};

}  // namespace aio::http::detail
