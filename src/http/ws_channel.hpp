// One end of a WebSocket on its stream, below both flavours: aiohttp's (ws_connection.hpp) and that of the websockets
// library (src/ws).
//
// It always reads. While a task receives, that task reads for itself: a message costs one switch of tasks. While none does,
// the stream tells the channel that something came (something_came), and it looks in the next pass of the loop (look): pings
// are answered, pongs and the peer's close are noticed, and messages are queued. At the queue's limit it stops, the stream
// fills, and the peer is held up by TCP.
//
//            start_close(), or the peer's close              both closes are there
//     open ─────────────────────────────────────► closing ──────────────────────────► over: the stream closes
//       └──── fail(), the connection breaks, abort() ────────────────────────────────►   ▲
//                                                  └── close_timeout: abort ─────────────┘
//
// Once it is over, no more events come; those in the queue are still given. A side that fails a connection sends its close and
// ends its direction (FIN), then reads and drops what still comes, for a second at most: closing with unread data would make
// the system reset the connection, and the peer lose the close.
//
// A channel that is closing keeps itself alive through its deadline's timer, so its handle may be dropped.
// Source: RFC 6455 section 5 and 7.
#pragma once

#include <aio/core/future.hpp>
#include <aio/core/handle.hpp>
#include <aio/http/upgraded.hpp>
#include <aio/sync/event.hpp>

#include "http/wire/ws_coder.hpp"
#include "http/wire/ws_frame.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::detail {

// What a close frame says. 1005: it had no code.
struct WSClose {
    std::uint16_t code = wire::kNoCloseCode;
    std::string reason;
};

// How a channel behaves.
struct WSRules {
    wire::WSLimits limits;
    bool autoping = true;        // pings are answered, and neither they nor pongs are events
    bool autoclose = true;       // the peer's close is answered
    bool keeps_messages = true;  // those that come between start_close() and the end
    bool waits_for_end = false;  // a client lets the server close the TCP connection
    // Reading pauses at `high` events, or as many bytes of messages, and resumes at `low`. While a task receives nothing is
    // queued.
    std::size_t queue_high = 16, queue_low = 4;
    std::size_t queue_bytes = SIZE_MAX;
    Duration close_timeout = std::chrono::seconds(10);
    std::optional<Duration> ping_interval, ping_timeout;
    bool pings_silence = false;  // only when nothing came for ping_interval
    bool fails_dead = false;     // a dead peer is told 1011; else the connection is aborted
};

// Waits for the sockets of channels that were dropped: a session's pool, when it is closed.
class SocketKeeper {
public:
    virtual void keep_until_closed(const StreamWriter& writer) noexcept = 0;

protected:
    ~SocketKeeper() = default;
};

class WSChannel final : public std::enable_shared_from_this<WSChannel>, private aio::detail::ReadObserver {
    struct Private {};

public:
    enum class Side : std::uint8_t { client, server };

    WSChannel(Private, Upgraded upgraded, Side side, const WSRules& rules, std::unique_ptr<wire::WSInflater> inflater,
              std::unique_ptr<wire::WSDeflater> deflater);
    ~WSChannel();
    WSChannel(const WSChannel&) = delete;
    WSChannel& operator=(const WSChannel&) = delete;

    // deflate: what was agreed upon. memory_level: of what is sent, as zlib's.
    // coder: extensions besides, or null.
    static std::shared_ptr<WSChannel> open(Upgraded upgraded, Side side, const WSRules& rules,
                                           const std::optional<wire::WSDeflate>& deflate, int memory_level = 8,
                                           std::unique_ptr<wire::WSCoder> coder = nullptr);

    // --- receiving: ws_channel.cpp -------------------------------------------------------------------------

    // The next event that is here already. Nothing: next() would wait, or it is over.
    std::optional<wire::WSEvent> take();
    // The next event, in order; nothing when it is over. Cancel: nothing is lost. Precondition: !receiving().
    Coro<std::optional<wire::WSEvent>> next();
    bool receiving() const noexcept { return receiving_; }
    // Memory for the next message, of an earlier one's data.
    void reuse(std::string&& memory) noexcept { frames_.reuse(std::move(memory)); }
    // No event is left, and none will come.
    bool over() const noexcept { return over_ && queue_at_ == queue_.size(); }

    // --- sending: ws_channel_output.cpp ----------------------------------------------------------------------

    // Whether data may be sent: neither side has closed.
    bool writable() const noexcept { return !over_ && !sent_ && !received_ && !writer_.is_closing(); }
    // A frame of a message; `first` and `last`: of its frames. compress: no effect unless it was agreed upon.
    // Errors: std::bad_alloc; those of extensions, which end the connection. Precondition: writable().
    void send(wire::WSOpcode opcode, std::string_view payload, bool compress = true, bool first = true,
              bool last = true);
    // A ping or pong of at most 125 bytes.
    void send_control(wire::WSOpcode opcode, std::string_view payload);
    // Result: its latency, once the pong came. Errors of the future: `closed()` when it is over before.
    Future<Duration> ping(std::string payload);
    // Whether a ping with this payload was sent and not answered.
    bool awaits_pong(std::string_view payload) const noexcept;
    // Of the last pong that answered a ping of ours.
    Duration latency() const noexcept { return latency_; }
    // What the futures of ping() fail with. Null: they are cancelled.
    void set_closed_error(std::exception_ptr (*make)(const WSChannel&)) noexcept { closed_error_ = make; }
    const StreamWriter& writer() const noexcept { return writer_; }
    bool compressed() const noexcept { return deflater_ != nullptr; }

    // --- the end: ws_channel_end.cpp ---------------------------------------------------------------------------

    // Sends a close, unless one was sent. From then on close_timeout holds.
    void start_close(std::uint16_t code, std::string_view reason) noexcept;
    // Waits until it is over: the peer's close came, or it never will.
    Coro<> wait_over();
    // Waits until the TCP connection is closed.
    Coro<> wait_gone();
    // Tells the peer why, and ends it. reason: at most 123 bytes.
    void fail(std::uint16_t code, std::string_view reason, std::exception_ptr error) noexcept;
    // Ends it now; what is unsent is lost.
    void abort() noexcept;
    // Its last handle of the program is gone: an open connection is aborted, a closing one ends by itself. The keeper, if
    // there is one still, gets its socket.
    void abandon() noexcept;
    void set_keeper(std::weak_ptr<SocketKeeper> keeper) noexcept { keeper_ = std::move(keeper); }
    // The server's handler has returned: closes with `code` unless it is closed, and waits for the end.
    Coro<> finish(std::uint16_t code);

    Side side() const noexcept { return side_; }
    bool ended() const noexcept { return over_; }
    const std::optional<WSClose>& received_close() const noexcept { return received_; }
    const std::optional<WSClose>& sent_close() const noexcept { return sent_; }
    bool received_before_sent() const noexcept { return received_first_; }
    // What ended it other than a closing handshake, or null.
    const std::exception_ptr& error() const noexcept { return error_; }
    // With which code fail() ended it.
    std::optional<std::uint16_t> failure_code() const noexcept { return failure_code_; }

private:
    // Stands in the ready queue, and keeps the channel alive there.
    struct Look final : aio::detail::Callback {
        explicit Look(WSChannel& c) noexcept : channel(c) {}
        void run() override {
            const std::shared_ptr<WSChannel> self = std::move(alive);
            channel.look();
        }
        void discard() noexcept override { alive.reset(); }
        const char* name() const noexcept override { return "a WebSocket's input"; }
        WSChannel& channel;
        std::shared_ptr<WSChannel> alive;
    };
    struct Receiving;
    struct Ping {
        std::string payload;
        TimePoint sent;
        std::optional<Future<Duration>> done;
    };

    void something_came() noexcept override;
    void look_later() noexcept;
    void look() noexcept;
    void read_ahead();
    bool fetch();
    std::optional<wire::WSEvent> read_one();
    bool concerns_receiver(wire::WSEvent& event);
    bool full() const noexcept;

    void write_frame(wire::WSOpcode opcode, bool compressed, std::string_view payload, bool last = true,
                     std::uint8_t reserved = 0);
    void write_control(wire::WSOpcode opcode, std::string_view payload);
    std::uint8_t encode(wire::WSOpcode opcode, bool last, std::string& data);
    void answer_ping(std::string payload);
    static Coro<> send_owed_pong(std::shared_ptr<WSChannel> self);
    void acknowledge(std::string_view payload);
    void note_deflate_use();
    void trim() noexcept;

    void peer_closed(wire::WSEvent& event);
    void send_close(std::uint16_t code, std::string_view reason);
    void end_handshake();
    void lost(std::exception_ptr error) noexcept;
    void announce_end() noexcept;
    void drop_input() noexcept;
    void close_stream() noexcept;
    void set_deadline(Duration after);

    void begin_keepalive();
    void check_keepalive();
    void take_for_dead() noexcept;

    StreamReader reader_;
    StreamWriter writer_;
    aio::detail::LoopCore* const loop_;
    const WSRules rules_;
    wire::WSReader frames_;
    std::unique_ptr<wire::WSDeflater> deflater_;
    std::unique_ptr<wire::WSCoder> coder_;
    const Side side_;

    bool receiving_ = false;
    bool over_ = false;
    bool received_first_ = false;
    bool reading_paused_ = false;  // the queue was full
    bool deflate_used_ = false;
    bool something_heard_ = false;
    bool pong_is_owed_ = false;
    bool within_sent_message_ = false;  // its last frame was not sent

    std::string first_;         // what came behind the HTTP head
    std::string_view pending_;  // bytes not taken apart yet: of first_, or in the stream's buffer until the next read
    std::vector<wire::WSEvent> queue_;
    std::size_t queue_at_ = 0, queued_bytes_ = 0;
    Look look_{*this};

    std::vector<Ping> pings_;  // not answered yet
    std::string owed_pong_;
    Duration latency_{};
    std::exception_ptr (*closed_error_)(const WSChannel&) = nullptr;

    std::optional<WSClose> sent_, received_;
    std::weak_ptr<SocketKeeper> keeper_;
    std::exception_ptr error_;
    std::optional<std::uint16_t> failure_code_;
    Event ended_;
    TimerHandle deadline_, keepalive_, trim_;
    TimePoint heard_{}, next_ping_{};
    std::optional<TimePoint> unanswered_since_;
};

}  // namespace aio::http::detail
