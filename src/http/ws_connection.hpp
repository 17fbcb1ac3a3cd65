// One end of a WebSocket on its stream: who receives, who closes, when to ping. The bytes are wire's.
#pragma once

#include <aio/core/future.hpp>
#include <aio/core/handle.hpp>
#include <aio/http/upgraded.hpp>
#include <aio/http/websocket.hpp>

#include "http/wire/ws_frame.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::detail {

// Errors: ValueError for another number than 0 and 9 to 15 (WSOptions::compress).
void check_window_bits(int bits);
// Errors: ValueError for text that is no UTF-8, which the peer would have to refuse.
void check_text(const char* function, std::string_view text);

class WSConnection {
public:
    enum class Side : std::uint8_t { client, server };

    // deflate: what was agreed upon.
    WSConnection(Upgraded upgraded, Side side, const WSOptions& options,
                 const std::optional<wire::WSDeflate>& deflate, std::string protocol);
    ~WSConnection();
    WSConnection(const WSConnection&) = delete;
    WSConnection& operator=(const WSConnection&) = delete;

    // A text or binary message that is here already: what receive() would give, without a coroutine. Nothing: receive().
    std::optional<WSMessage> take_message();
    // See WebSocket.
    Coro<WSMessage> receive(std::optional<Duration> timeout);
    Coro<bool> close(std::uint16_t code, std::string reason);
    aio::detail::Drain send(wire::WSOpcode opcode, std::string_view payload);

    bool closed() const noexcept { return closed_; }
    std::optional<std::uint16_t> close_code() const noexcept { return close_code_; }
    const std::exception_ptr& error() const noexcept { return error_; }
    const std::string& protocol() const noexcept { return protocol_; }
    bool compressed() const noexcept { return deflater_ != nullptr; }
    Address peername() const { return writer_.peername(); }

private:
    Coro<WSMessage> next_message();
    Coro<std::optional<wire::WSEvent>> next_event();
    Coro<> wait_for_close();
    WSMessage answer_close(const wire::WSEvent& event);
    Coro<WSMessage> fail(std::uint16_t code);
    WSMessage error_message() const;
    void write_frame(wire::WSOpcode opcode, bool compressed, std::string_view payload);
    void send_close(std::uint16_t code, std::string_view reason);
    void end(std::uint16_t code) noexcept;

    void beat_later();
    void beat();
    void take_for_dead();
    void stop_beating() noexcept;

    StreamReader reader_;
    StreamWriter writer_;
    const Side side_;
    const WSOptions options_;
    const std::string protocol_;
    wire::WSReader frames_;
    std::unique_ptr<wire::WSDeflater> deflater_;

    std::string first_;         // what came behind the HTTP head
    std::string_view pending_;  // bytes not taken apart yet: of first_, or in the stream's buffer until the next read
    // What take_message() found, and is not its affair.
    std::optional<wire::WSEvent> taken_;
    std::exception_ptr taken_error_;
    std::string frame_, packed_;
    std::array<char, 256> masks_;  // random bytes for the next frames
    std::size_t masks_left_ = 0;

    bool receiving_ = false;
    bool closed_ = false;  // close() was called, or the connection is lost
    bool close_sent_ = false;
    unsigned reads_after_end_ = 0;
    std::optional<std::uint16_t> close_code_;
    std::exception_ptr error_;
    std::optional<Future<>> peer_closed_;  // close() waits while another task receives

    TimerHandle beat_, dead_;
    TimePoint heard_{};  // when something came last
};

}  // namespace aio::http::detail
