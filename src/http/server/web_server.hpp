// The connections of one AppRunner: what they share, the timer that looks after them, and their end.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/future.hpp>
#include <aio/core/measured.hpp>
#include <aio/http/server/runner.hpp>

#include "http/server/access_log.hpp"
#include "http/wire/parser.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace aio::http::detail {

class Connection;
struct Desk;

class WebServer final : public std::enable_shared_from_this<WebServer>, public aio::detail::Measured {
public:
    WebServer(Application& app, const RunnerOptions& options);
    ~WebServer();

    // Serves one connection to its end.
    static Coro<> serve(std::shared_ptr<WebServer> server, StreamReader reader, StreamWriter writer);

    // For a connection that has something to do. Errors: std::bad_alloc.
    std::unique_ptr<Desk> desk(const StreamReader& reader);
    // Of one that has nothing to do any more, and its desk is as good as new.
    void take_back(std::unique_ptr<Desk> desk) noexcept;

    // Connections between requests are closed; the others are when they have answered.
    void close_idle() noexcept;
    // WebSockets are closed with 1001 (going away).
    void close_websockets() noexcept;
    bool websockets_closed() const noexcept { return websockets_closed_; }
    // Whether all connections ended within that time.
    Coro<bool> wait_ended(Duration timeout);
    // Cancels the handlers, and closes what is left.
    void cancel_all() noexcept;
    // The same where nobody waits for the end: from here on the application may be gone.
    void abandon() noexcept;

    // A request was answered.
    void count(int status, std::uint64_t body_bytes) noexcept {
        ++answered_[static_cast<std::size_t>(status / 100) % answered_.size()];
        body_bytes_ += body_bytes;
    }
    void measure(aio::detail::MetricSamples& into) const override;

    // Null once it was abandoned.
    Application* app() const noexcept { return app_; }
    bool closing() const noexcept { return closing_; }
    std::size_t connections() const noexcept { return connections_.size(); }
    // Seconds since the first connection, as the timer counts them.
    std::uint32_t seconds() const noexcept { return seconds_; }
    const AccessLog* access_log() const noexcept { return access_log_ ? &*access_log_ : nullptr; }

    // Of RunnerOptions, in seconds.
    struct Times {
        std::uint32_t keepalive, head, body, send, lingering;
    };
    const Times& times() const noexcept { return times_; }
    const wire::Limits& limits() const noexcept { return limits_; }
    std::size_t min_body_rate() const noexcept { return min_body_rate_; }
    bool handler_cancellation() const noexcept { return handler_cancellation_; }

private:
    friend class Connection;
    void join(Connection& connection);
    void leave(Connection& connection) noexcept;
    void arm();
    void tick() noexcept;

    Application* app_;
    Times times_;
    wire::Limits limits_;
    std::size_t min_body_rate_;
    bool handler_cancellation_;
    bool closing_ = false;
    bool websockets_closed_ = false;
    std::optional<AccessLog> access_log_;
    std::vector<Connection*> connections_;
    std::vector<std::unique_ptr<Desk>> desks_;  // that nobody uses
    std::array<std::uint64_t, 6> answered_{};   // requests, by the first digit of the status
    std::uint64_t body_bytes_ = 0, opened_ = 0;
    std::uint32_t seconds_ = 0;
    TimerHandle timer_;  // once a second while there are connections
    std::optional<Future<>> ended_;
};

}  // namespace aio::http::detail
