// The connections of a runner: their list, the timer that checks them once a second, spare desks, and closing or
// cancelling all of them. connection.cpp has one connection and its time limits, runner.cpp the order of a shutdown.
#include "http/server/web_server.hpp"

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>
#include <aio/core/timeout.hpp>

#include "http/server/connection.hpp"
#include "http/server/desk.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace aio::http::detail {

namespace {

// The most are 136 years.
std::uint32_t whole_seconds(Duration time) noexcept {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
    return static_cast<std::uint32_t>(std::clamp<long long>(seconds, 0, UINT32_MAX));
}

// As many as requests are answered at a time, most of the time; more are made and thrown away.
constexpr std::size_t kSpareDesks = 64;

using aio::detail::MetricFamily;
constexpr MetricFamily kServerConnections{"aiocpp_http_server_connections", "gauge",
                                          "Open connections of the server."};
constexpr MetricFamily kServerOpened{"aiocpp_http_server_connections_opened_total", "counter",
                                     "Connections that were accepted."};
constexpr MetricFamily kServerRequests{"aiocpp_http_server_requests_total", "counter",
                                       "Requests that were answered, by class of status."};
constexpr MetricFamily kServerBytes{"aiocpp_http_server_response_body_bytes_total", "counter",
                                    "Bytes of the bodies of responses."};

}  // namespace

WebServer::WebServer(Application& app, const RunnerOptions& options)
    : app_(&app),
      times_{whole_seconds(options.keepalive_timeout), whole_seconds(options.head_timeout),
             whole_seconds(options.body_timeout), whole_seconds(options.send_timeout),
             whole_seconds(options.lingering_time)},
      min_body_rate_(options.min_body_rate),
      handler_cancellation_(options.handler_cancellation) {
    limits_.line = options.max_line_size;
    limits_.field = options.max_field_size;
    limits_.fields = options.max_headers;
    limits_.head = options.max_head_size;
    desks_.reserve(kSpareDesks);
    if (options.access_log) access_log_.emplace(options.access_log, options.access_log_format);
}

WebServer::~WebServer() { timer_.cancel(); }

Coro<> WebServer::serve(std::shared_ptr<WebServer> server, StreamReader reader, StreamWriter writer) {
    return Connection::serve(std::move(server), std::move(reader), std::move(writer));
}

std::unique_ptr<Desk> WebServer::desk(const StreamReader& reader) {
    if (desks_.empty()) {
        auto desk = std::make_unique<Desk>(reader, limits_);
        desk->exchange.log_headers(access_log() != nullptr);
        return desk;
    }
    std::unique_ptr<Desk> desk = std::move(desks_.back());
    desks_.pop_back();
    return desk;
}

void WebServer::take_back(std::unique_ptr<Desk> desk) noexcept {
    desk->messages.detach();
    if (desks_.size() < kSpareDesks) desks_.push_back(std::move(desk));
}

void WebServer::join(Connection& connection) {
    connection.place = connections_.size();
    connections_.push_back(&connection);
    ++opened_;
    if (closing_) connection.close_if_idle();  // it was accepted in the last pass
    if (connections_.size() > 1) return;
    try {
        arm();
    } catch (...) {
        connections_.pop_back();
        throw;
    }
}

void WebServer::leave(Connection& connection) noexcept {
    connections_[connection.place] = connections_.back();
    connections_[connection.place]->place = connection.place;
    connections_.pop_back();
    if (!connections_.empty()) return;
    timer_.cancel();
    if (ended_ && !ended_->done()) ended_->set_result();
}

void WebServer::arm() {
    timer_ = get_running_loop().call_later(std::chrono::seconds(1), [weak = weak_from_this()] {
        if (const auto server = weak.lock()) server->tick();
    });
}

void WebServer::tick() noexcept {
    ++seconds_;
    // Nothing of the program runs inside: no connection leaves meanwhile.
    for (Connection* connection : connections_) connection->check_time();
    try {
        if (!connections_.empty()) arm();
    } catch (const std::bad_alloc&) {
        aio::detail::log(LogLevel::error,
                         "aio::http: no memory for the timer of connections: they have no time limits any more");
    }
}

void WebServer::measure(aio::detail::MetricSamples& into) const {
    const std::string server = label("server");
    into.add(kServerConnections, server, connections());
    into.add(kServerOpened, server, opened_);
    for (std::size_t i = 1; i < answered_.size(); ++i)
        into.add(kServerRequests, server + ",status=\"" + std::to_string(i) + "xx\"", answered_[i]);
    into.add(kServerBytes, server, body_bytes_);
}

// --- the end -----------------------------------------------------------------------------------------------------

void WebServer::close_idle() noexcept {
    closing_ = true;
    for (Connection* connection : connections_) connection->close_if_idle();
}

void WebServer::close_websockets() noexcept {
    websockets_closed_ = true;
    for (Connection* connection : connections_) connection->close_websocket();
}

Coro<bool> WebServer::wait_ended(Duration timeout) {
    if (connections_.empty()) co_return true;
    ended_.emplace();
    bool late = false;
    try {
        co_await wait_for(*ended_, timeout);
    } catch (const TimeoutError&) {
        late = true;
    }
    ended_.reset();
    co_return !late;
}

void WebServer::cancel_all() noexcept {
    for (Connection* connection : connections_) connection->cancel();
}

void WebServer::abandon() noexcept {
    app_ = nullptr;
    closing_ = true;
    for (Connection* connection : connections_) connection->abandon();
}

}  // namespace aio::http::detail
