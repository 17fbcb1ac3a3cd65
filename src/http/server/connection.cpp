// A connection of the server: request after request, until its end. exchange.cpp has one request and its answer,
// handler_end.cpp what follows a handler that failed, or had a WebSocket.
// check_time(), at the end, drops clients that send or read too slowly; web_server.cpp calls it each second.
#include "http/server/connection.hpp"

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>
#include <aio/http/server/http_exceptions.hpp>

#include "core/recorder.hpp"
#include "http/server/application_state.hpp"
#include "http/server/request_state.hpp"
#include "http/server/response_head.hpp"
#include "http/server/routing.hpp"
#include "http/wire/date.hpp"
#include "http/ws_channel.hpp"

#include <limits>
#include <string>
#include <utility>

namespace aio::http::detail {

namespace {

// What is read and dropped of a body of unknown length that was answered before its end, in bytes: once to keep the
// connection, and once more to let the client read the answer before it hears of the end. Bodies whose end is known are
// dropped up to it, in the time that there is.
std::size_t most_dropped(const wire::Head& head) noexcept {
    constexpr std::size_t kOfUnknownLength = 256 * 1024;
    return head.content_length ? std::numeric_limits<std::size_t>::max() : kOfUnknownLength;
}

int status_of(wire::Fault fault) noexcept {
    switch (fault) {
        case wire::Fault::target_too_long: return 414;
        case wire::Fault::fields_too_large: return 431;
        case wire::Fault::unsupported_version: return 505;
        case wire::Fault::unsupported_transfer_coding:
        case wire::Fault::unsupported_method: return 501;
        default: return 400;
    }
}

}  // namespace

Connection::Connection(WebServer& server, StreamReader reader, StreamWriter writer)
    : server_(server), reader_(std::move(reader)), writer_(std::move(writer)), task_(current_task()) {
    since_ = server.seconds();
    server_.join(*this);
}

Connection::~Connection() { server_.leave(*this); }

// --- the table of contents -----------------------------------------------------------------------------------------

Coro<> Connection::serve(std::shared_ptr<WebServer> server, StreamReader reader, StreamWriter writer) {
    if (!server->app()) co_return writer.abort();
    Connection self(*server, std::move(reader), std::move(writer));
    try {
        for (bool open = true; open;) {
            const std::string_view received = co_await self.reader_.read_view(MessageReader::kMostAtOnce);
            // The beginning of a request may have come just before close_if_idle(): too late.
            if (received.empty() || (server->closing() && self.writer_.is_closing())) break;
            self.sit_down(received);
            open = co_await self.serve_requests();
            if (open) server->take_back(std::move(self.desk_));
        }
        if (self.desk_) co_await self.finish();
    } catch (const OSError&) {
        // The client has gone. Whoever was in a handler has heard of it there.
    } catch (const TimeoutError&) {
        // Its network has: ETIMEDOUT.
    }
    if (!self.desk_ || !self.exchange().taken_over()) self.writer_.close();
}

void Connection::sit_down(std::string_view received) {
    desk_ = server_.desk(reader_);
    desk_->attach(reader_, writer_, received);
}

Coro<bool> Connection::serve_requests() {
    while (true) {
        if (!messages().take_head()) {
            if (messages().may_rest()) co_return true;
            const bool more = co_await read_head();
            // The rest of a head may have come just before close_if_idle(): too late.
            if (!more || (server_.closing() && writer_.is_closing())) co_return false;
        }
        if (!server_.app()) {
            writer_.abort();
            co_return false;
        }
        exchange().begin(!server_.closing() || messages().has_more());
        desk_->bytes_before = 0;
        aio::detail::RequestSpan span;
        span.begin();
        if (server_.access_log()) {
            desk_->begun_at = wire::unix_time();
            desk_->began = get_running_loop().time();
        }
        enter(Phase::handler);
        std::exception_ptr failure;
        std::unique_ptr<Response> slow;  // most are not: a WebSocket keeps this frame as long as it lives
        try {
            route_request(exchange().request().state(), *server_.app());
            Request& request = exchange().request();
            const Route& route = *request.state().route;
            const bool plain = request.app().state().chain.empty() && !messages().head().has_expect;
            Coro<Response> call = plain ? route.handler(request) : run_handler();
            Response response = co_await std::move(call);
            const bool taken_over = exchange().taken_over();
            if (!taken_over && !server_.app()) {
                writer_.abort();
                co_return false;
            }
            // With a response that has begun, what is returned stands for it.
            const bool sent = taken_over || (!exchange().head_sent() && exchange().send_now(response));
            if (!sent) slow = std::make_unique<Response>(std::move(response));
        } catch (...) {
            failure = std::current_exception();
        }
        if (exchange().websocket()) co_await end_websocket(std::move(failure));
        if (exchange().taken_over() && !failure) {
            server_.count(101, 0);
            co_return false;
        }
        if (slow) {
            enter(Phase::sending);
            try {
                co_await exchange().send(*slow);
            } catch (...) {
                failure = std::current_exception();
            }
        }
        if (failure) co_await answer_failure(std::move(failure));
        span.end(exchange().status(), false, exchange().request().method(), exchange().request().raw_path());
        log_request();
        const bool complete = messages().done() || (exchange().keep_alive() && co_await discard_body());
        exchange().end();
        if (!exchange().keep_alive() || !complete) {
            lingers_ = (!complete || messages().has_more()) && !timed_out_;
            co_return false;
        }
        enter(Phase::sending);
        co_await writer_.drain();
        if (server_.closing() && !messages().has_more() && !messages().in_head()) co_return false;
        enter(Phase::idle);
    }
}

Coro<> Connection::finish() {
    if (lingers_) {
        co_await linger();
    } else {
        co_await finish_sending();
    }
}

Coro<bool> Connection::read_head() {
    wire::Fault fault = wire::Fault::none;
    std::string why;
    try {
        co_return co_await messages().read_head();
    } catch (const WireError& error) {
        fault = error.fault();
        why = error.what();
    }
    // A client that ends within a head wants no answer.
    if (fault != wire::Fault::unexpected_end) refuse(fault, why);
    co_return false;
}

// --- one request -----------------------------------------------------------------------------------------------------

// With middlewares, or an expectation to answer first.
Coro<Response> Connection::run_handler() {
    Request& request = exchange().request();
    const Route& route = *request.state().route;
    if (messages().head().has_expect) {
        if (!messages().head().expects_continue) {
            throw HTTPExpectationFailed("Unknown Expect: " + std::string(request.headers().get("Expect", "")));
        }
        if (route.expect) co_await route.expect(request);
    }
    const std::vector<const Middleware*>& chain = request.app().state().chain;
    const Next next(chain.data(), chain.data() + chain.size(), route.handler);
    co_return co_await next(request);
}

void Connection::log_request() {
    if (exchange().head_sent()) server_.count(exchange().status(), exchange().body_bytes());
    const AccessLog* log = server_.access_log();
    if (log && exchange().head_sent())
        log->write(exchange(), desk_->begun_at, get_running_loop().time() - desk_->began);
}

// --- what is no request ------------------------------------------------------------------------------------------------

void Connection::refuse(wire::Fault fault, std::string_view why) noexcept { refuse(status_of(fault), why); }

void Connection::refuse(int status, std::string_view why) noexcept {
    server_.count(status, 0);
    try {
        Response response = Response::text(std::to_string(status) + ": " + std::string(why), status);
        // An answer to HEAD has no content, however far the request was read.
        const bool bodiless = desk_ && messages().in_head() && messages().head().method == "HEAD";
        Framing framing;
        framing.size = response.body().size();
        framing.keep_alive = false;
        writer_.write(head_and_body(response, framing, bodiless ? std::string_view() : response.body()));
        lingers_ = true;
    } catch (const std::exception&) {
        writer_.abort();
    }
}

Coro<bool> Connection::discard_body() {
    // A client that waits for "100 Continue" may send its body, or the next request: nobody can tell.
    if (exchange().body().continue_is_due()) {
        exchange().close_afterwards();
        co_return false;
    }
    enter(Phase::lingering);
    std::size_t dropped = 0;
    try {
        while (!messages().done() && dropped < most_dropped(messages().head())) {
            dropped += (co_await messages().next_piece()).size();
        }
    } catch (const WireError&) {
        co_return false;
    }
    co_return messages().done();
}

// Closing while the client still sends would make its system drop our last response, unread (RFC 9112 section 9.6).
Coro<> Connection::linger() {
    enter(Phase::lingering);
    co_await writer_.drain();
    if (writer_.can_write_eof()) writer_.write_eof();
    for (std::size_t dropped = 0; dropped < most_dropped(messages().head());) {
        const std::string_view piece = co_await reader_.read_view(256 * 1024);
        if (piece.empty()) break;
        dropped += piece.size();
    }
}

// Until the system has all of it: this connection is one that the server's end waits for, and has a time limit. Who
// was too slow already is not waited for.
Coro<> Connection::finish_sending() {
    if (exchange().taken_over() || writer_.is_closing() || timed_out_) co_return;
    enter(Phase::sending);
    writer_.set_write_buffer_limits(0);
    co_await writer_.drain();
}

// --- from outside ------------------------------------------------------------------------------------------------------

void Connection::check_time() noexcept {
    const WebServer::Times& times = server_.times();
    const std::uint32_t waited = server_.seconds() - since_;
    switch (phase_) {
        case Phase::first:
        case Phase::idle:
            if (in_head()) {
                enter(Phase::head);
            } else if (waited >= (phase_ == Phase::first ? times.head : times.keepalive)) {
                writer_.close();
            }
            break;
        case Phase::head:
            if (waited < times.head) break;
            refuse(408, "the request's head took too long");
            writer_.close();
            break;
        case Phase::handler:
            if (exchange().body().waiting()) {
                check_body_rate();
            } else if (writer_.get_write_buffer_size() > 0) {
                check_sending();
            } else {
                enter(Phase::handler);
            }
            if (server_.websockets_closed()) close_websocket();  // one that began later
            if (server_.handler_cancellation() && !disconnected_ && (writer_.is_closing() || reader_.at_eof())) {
                disconnected_ = true;
                task_.cancel();
            }
            break;
        case Phase::sending: check_sending(); break;
        case Phase::lingering:
            if (waited >= times.lingering) writer_.abort();
            break;
    }
}

// Whether bytes of a head came, whose end is missing, or the task was not resumed since.
bool Connection::in_head() const noexcept {
    return desk_ ? desk_->messages.in_head() : reader_.stream()->unread() > 0;
}

void Connection::check_body_rate() noexcept {
    const std::uint32_t waited = server_.seconds() - since_;
    if (waited < server_.times().body) return;
    const std::uint64_t bytes = exchange().body().bytes();
    const bool slow = waited > 0 && (bytes - desk_->bytes_before) / waited < server_.min_body_rate();
    desk_->bytes_before = bytes;
    enter(Phase::handler);
    if (!slow || timed_out_) return;
    timed_out_ = true;
    exchange().close_afterwards();
    try {
        reader_.set_exception(HTTPRequestTimeout("408: the request's body took too long"));
    } catch (const std::bad_alloc&) {
        writer_.abort();
    }
}

void Connection::check_sending() noexcept {
    // Files and large bodies do not pass through the buffer. What the kernel took counts, not the size of the buffer: a
    // WebSocket's grows while its client reads nothing.
    const std::uint64_t taken = writer_.stream()->bytes_taken();
    const std::size_t in_place = exchange().sent_in_place();
    const bool waits = writer_.get_write_buffer_size() > 0 || exchange().sends_in_place();
    if (!waits || taken != desk_->taken_before || in_place != desk_->in_place_before) {
        desk_->taken_before = taken;
        desk_->in_place_before = in_place;
        since_ = server_.seconds();
    } else if (server_.seconds() - since_ >= server_.times().send) {
        writer_.abort();
    }
}

void Connection::close_if_idle() noexcept {
    if (phase_ == Phase::idle || phase_ == Phase::first || phase_ == Phase::head) {
        writer_.close();  // half a head is no request yet
    } else if (phase_ == Phase::handler) {
        if (!exchange().head_sent() && !messages().has_more()) exchange().close_afterwards();
    }
}

void Connection::close_websocket() noexcept {
    constexpr std::uint16_t kGoingAway = 1001;
    if (desk_ && exchange().websocket()) exchange().websocket()->start_close(kGoingAway, "");
}

void Connection::cancel() noexcept { task_.cancel(); }

void Connection::abandon() noexcept {
    if (desk_) exchange().request().state().forget_app();
    cancel();
}

}  // namespace aio::http::detail
