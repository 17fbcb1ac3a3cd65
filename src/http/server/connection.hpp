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

#include <aio/http/request.hpp>
#include <aio/http/response.hpp>

#include "http/message_reader.hpp"
#include "http/server/exchange.hpp"
#include "http/server/web_server.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>

namespace aio::http::detail {

class Connection {
public:
    Connection(WebServer& server, StreamReader reader, StreamWriter writer);
    Connection(const Connection&) = delete;
    ~Connection();

    // Errors: CancelledError. All else ends the connection.
    Coro<> serve();

    // Called by the server.
    void check_time() noexcept;
    void close_if_idle() noexcept;
    void cancel() noexcept;
    std::size_t place = 0;  // among the server's

private:
    enum class Phase : std::uint8_t { first, idle, head, handler, sending, lingering };

    void enter(Phase phase) noexcept {
        phase_ = phase;
        since_ = server_.seconds();
    }
    Coro<> serve_requests();
    Coro<bool> read_head();
    Coro<> answer_failure(std::exception_ptr failure);
    Coro<Response> run_handler();
    void refuse(wire::Fault fault, std::string_view why) noexcept;
    void refuse(int status, std::string_view why) noexcept;
    void report(std::exception_ptr error) noexcept;
    // What is left of the request's body is read and dropped. False: it takes too long.
    Coro<bool> discard_body();
    Coro<> linger();
    Coro<> finish_sending();
    void log_request();

    void check_body_rate() noexcept;
    void check_sending() noexcept;

    WebServer& server_;
    StreamReader reader_;
    StreamWriter writer_;
    MessageReader messages_;
    Exchange exchange_;
    AnyTask task_;
    Phase phase_ = Phase::first;
    bool lingers_ = false;       // the client may still be sending
    bool disconnected_ = false;  // the handler was cancelled for it
    bool timed_out_ = false;
    std::uint32_t since_ = 0;         // server_.seconds() when the phase began, or something happened in it
    std::uint64_t bytes_before_ = 0;  // of the body, at since_
    std::size_t unsent_before_ = 0;   // at since_
    std::size_t file_before_ = 0;     // of a file that is sent, at since_
    std::int64_t begun_at_ = 0;       // the request; for the log
    TimePoint began_;
};

}  // namespace aio::http::detail
