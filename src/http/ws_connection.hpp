// aiohttp's flavour of a WebSocket: its types of messages, over a WSChannel.
#pragma once

#include <aio/http/websocket.hpp>

#include "http/ws_channel.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::detail {

// Errors: ValueError for another number than 0 and 9 to 15 (WSOptions::compress).
void check_window_bits(int bits);
// Errors: ValueError for text that is no UTF-8, which the peer would have to refuse.
void check_text(const char* function, std::string_view text);
// Errors: ValueError for what may not be in a close frame.
void check_close(std::uint16_t code, std::string_view reason);

class WSConnection {
public:
    using Side = WSChannel::Side;

    // deflate: what was agreed upon.
    WSConnection(Upgraded upgraded, Side side, const WSOptions& options,
                 const std::optional<wire::WSDeflate>& deflate, std::string protocol);
    // A client's that is open is aborted. A server's belongs to the server's connection too, which closes it.
    ~WSConnection();
    WSConnection(const WSConnection&) = delete;
    WSConnection& operator=(const WSConnection&) = delete;

    // A text or binary message that is here already: what receive() would give, without a coroutine. Nothing: receive().
    std::optional<WSMessage> take_message();
    // See WebSocket.
    Coro<WSMessage> receive(std::optional<Duration> timeout);
    Coro<bool> close(std::uint16_t code, std::string reason);
    aio::detail::Drain send(wire::WSOpcode opcode, std::string_view payload);

    bool closed() const noexcept;
    std::optional<std::uint16_t> close_code() const noexcept;
    const std::exception_ptr& error() const noexcept { return channel_->error(); }
    const std::string& protocol() const noexcept { return protocol_; }
    bool compressed() const noexcept { return channel_->compressed(); }
    Address peername() const { return channel_->writer().peername(); }
    const std::shared_ptr<WSChannel>& channel() const noexcept { return channel_; }

private:
    WSMessage last_message();

    const std::shared_ptr<WSChannel> channel_;
    const std::optional<Duration> receive_timeout_;
    const bool autoclose_;
    bool close_called_ = false;
    bool told_ = false;  // receive() has returned the last message
    unsigned reads_after_end_ = 0;
    const std::string protocol_;
};

}  // namespace aio::http::detail
