// TLS as a stream's filter: the engine, and the order of a connection's life.
//
//     starting ──handshake──▶ open ──close(), or the peer's close_notify──▶ closing ──all sent, both notified──▶ over
//         └────────────────────┴──────── an error, a timeout, abort() ─────────┴──────────────────────────────▶ over
//
// While it starts it holds a reference to its stream, which nobody else may hold yet. In its closing the stream
// still sends what was written, and drops what it receives.
//
// TLS inside TLS: the filter that was there before is below this one. It decrypts first and encrypts last, and
// closes when this one has.
#pragma once

#include <aio/core/future.hpp>
#include <aio/core/handle.hpp>

#include "io/stream/socket_stream.hpp"
#include "io/tls/engine.hpp"

#include <memory>
#include <optional>

namespace aio::detail {

struct TlsLimits {
    Duration handshake, shutdown;
    bool suppress_ragged_eofs = true;
};

class TlsFilter final : public StreamFilter {
public:
    // `done` is set when the handshake is over, or failed; without it the stream's owner is told, of success only.
    TlsFilter(SocketStream& stream, TlsEngine::Setup setup, TlsLimits limits, std::optional<Future<>> done);
    ~TlsFilter() override;

    const TlsEngine& engine() const noexcept { return engine_; }

    void start(std::string_view early, std::unique_ptr<StreamFilter> below) override;
    void received(std::string_view data) override;
    void end_of_input() override;
    std::string_view seal(std::string_view plain, ByteBuffer& sealed) override;
    bool has_output() const noexcept override;
    std::size_t output_size() const noexcept override;
    bool starting() const noexcept override { return phase_ == Phase::starting; }
    void close() override;
    bool finished() const noexcept override { return phase_ == Phase::closing && notified_ && input_over_; }
    bool may_break() const noexcept override {
        return phase_ == Phase::closing && notified_ && (farewell_only_ || stream_.write_buffer_size() == 0);
    }
    std::unique_ptr<StreamFilter> take_below() noexcept override { return std::move(below_); }
    void abandoned(const std::exception_ptr& error) noexcept override;

private:
    enum class Phase : std::uint8_t { starting, open, closing, over };

    // The handshake is over: its own pass, since a server's handler is the user's code.
    struct Secured final : Callback {
        explicit Secured(TlsFilter& f) noexcept : filter(f) {}
        void run() override { filter.announce(); }
        void discard() noexcept override { StreamRef(std::move(filter.self_)); }
        const char* name() const noexcept override { return "TLS handshake done"; }
        TlsFilter& filter;
    };

    void process(std::string_view data);
    bool shake_hands();
    void read_plain();
    void input_ended();
    void announce() noexcept;
    std::string_view seal_more(std::string_view plain);
    std::string_view encrypt(std::string_view plain, std::size_t at_most);
    void hand_down();
    void collect(ByteBuffer& sealed);

    void arm(Duration delay, void (TlsFilter::*expired)());
    void handshake_expired();
    void shutdown_expired();
    void log_failure(const std::exception_ptr& error) const noexcept;

    SocketStream& stream_;
    StreamRef self_;  // while it starts
    std::unique_ptr<TlsFilter> below_;
    TlsEngine engine_;
    const TlsLimits limits_;
    Phase phase_ = Phase::starting;
    bool input_over_ = false;     // close_notify, or the socket's end
    bool notified_ = false;       // our close_notify is in the output
    bool farewell_only_ = false;  // and no data went with it
    std::optional<Future<>> done_;
    TimerHandle timer_;          // of the handshake, or of the shutdown
    TimePoint last_progress_{};  // while it closes: when something was taken to be sent
    Secured secured_{*this};
};

}  // namespace aio::detail
