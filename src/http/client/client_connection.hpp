// One connection of a pool: its stream, what is parsed from it, and how long it may take.
//
// Deadlines act through the stream: when one passes, the stream gets an exception, which whoever reads or drains sees.
// No task is cancelled for it, and no timer is made per request: one is armed, and looks what the deadline is by then.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/io/stream.hpp>

#include "http/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace aio::http::detail {

struct PoolHost;
class ClientConnection;

// What readers of a connection get whose pool was shut; rethrow_as_client_error() makes a ClientConnectionError of it, one
// for each request.
struct ConnectorClosed : std::exception {};

// Who keeps idle connections. Called from the loop, when something came on one, be it the end: it is of no use any more.
class IdleOwner {
public:
    virtual void went_stale(ClientConnection& connection) noexcept = 0;

protected:
    ~IdleOwner() = default;
};

class ClientConnection final : private ReadWatch, private aio::detail::ReadObserver {
public:
    ClientConnection(StreamPair streams, const wire::Limits& limits);
    ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    StreamReader reader;
    StreamWriter writer;
    MessageReader messages;
    std::uint64_t requests = 0;  // that were sent on it, the present one included
    std::size_t place = 0;       // among all of its pool
    TimePoint idle_since{};
    PoolHost* idle_at = nullptr;  // while it is idle

    // From here on reads and writes must have ended by `total`, and each read within `sock_read`. Nothing: no limit.
    void begin_exchange(std::optional<TimePoint> total, std::optional<Duration> sock_read);
    // The present exchange must have ended by `when`, if its total time is not over earlier.
    void end_by(TimePoint when);
    void end_exchange() noexcept;

    // Watches an idle connection; it ends with the next request.
    void watch_idle(IdleOwner& owner) noexcept;
    void end_watch() noexcept;
    // Whether the next request may go here: nothing came since the last answer, not even the end.
    bool fresh() const;
    // Whoever reads or drains gets `error`; the connection is closed.
    void fail(std::exception_ptr error) noexcept;
    // Sends what is buffered, and closes; or drops it.
    void close() noexcept;
    void abort() noexcept;
    // The stream stays open when this object goes: it is somebody else's now.
    void let_go() noexcept { ours_ = false; }

private:
    void about_to_read() noexcept override;
    void something_came() noexcept override;
    void arm(TimePoint when);
    void timer_fired() noexcept;

    IdleOwner* idle_owner_ = nullptr;
    Handle stale_;  // will tell it
    TimerHandle timer_;
    TimePoint total_ = TimePoint::max();
    TimePoint read_by_ = TimePoint::max();
    std::optional<Duration> sock_read_;
    bool ours_ = true;
};

}  // namespace aio::http::detail
