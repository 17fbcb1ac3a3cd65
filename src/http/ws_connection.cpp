// The messages that aiohttp's users see: data, the peer's close, errors, and the end. The handshakes are in
// client/client_websocket.cpp and server/websocket_response.cpp, everything below messages in ws_channel.cpp.
#include "http/ws_connection.hpp"

#include <aio/base/error.hpp>
#include <aio/core/timeout.hpp>

#include "base/utf8.hpp"

#include <cerrno>
#include <utility>

namespace aio::http::detail {

namespace {

constexpr unsigned kMostReadsAfterEnd = 5;  // THRESHOLD_CONNLOST_ACCESS of aiohttp

// A loop that only waits for `error` to end would run for ever.
[[noreturn]] void throw_read_after_end() {
    throw RuntimeError("receive: WebSocket connection is closed; end the loop when a message of type closed arrives");
}

WSRules rules_of(const WSOptions& options) {
    WSRules rules;
    rules.limits.message = options.max_msg_size;
    rules.autoping = options.autoping;
    rules.autoclose = options.autoclose;
    rules.keeps_messages = false;
    rules.queue_high = 64;
    rules.queue_low = 16;
    rules.queue_bytes = 64 * 1024;
    rules.close_timeout = options.close_timeout;
    rules.pings_silence = true;
    if (options.heartbeat && *options.heartbeat > Duration(0)) {
        rules.ping_interval = options.heartbeat;
        rules.ping_timeout = *options.heartbeat / 2;
    }
    return rules;
}

WSMessage message_of(wire::WSEvent& event) {
    switch (event.opcode) {
        case wire::WSOpcode::text: return WSMessage(WSMsgType::text, std::move(event.data));
        case wire::WSOpcode::ping: return WSMessage(WSMsgType::ping, std::move(event.data));
        case wire::WSOpcode::pong: return WSMessage(WSMsgType::pong, std::move(event.data));
        default: return WSMessage(WSMsgType::binary, std::move(event.data));
    }
}

}  // namespace

void check_window_bits(int bits) {
    if (bits == 0 || (bits >= 9 && bits <= 15)) return;
    throw ValueError("compress: the window bits must be between 9 and 15, not " + std::to_string(bits));
}

void check_text(const char* function, std::string_view text) {
    if (const auto bad = aio::detail::find_bad_utf8(text)) {
        throw ValueError(std::string(function) + ": the text is not UTF-8: " + bad.reason + " at byte " +
                         std::to_string(bad.begin));
    }
}

void check_close(std::uint16_t code, std::string_view reason) {
    if (!wire::is_sendable_close_code(code)) {
        throw ValueError("close: the code " + std::to_string(code) + " may not be sent");
    }
    constexpr std::size_t kMostReason = wire::kMostControl - sizeof code;
    if (reason.size() > kMostReason) throw ValueError("close: the reason has more than 123 bytes");
    check_text("close", reason);
}

WSConnection::WSConnection(Upgraded upgraded, Side side, const WSOptions& options,
                           const std::optional<wire::WSDeflate>& deflate, std::string protocol)
    : channel_(WSChannel::open(std::move(upgraded), side, rules_of(options), deflate)),
      receive_timeout_(options.receive_timeout),
      autoclose_(options.autoclose),
      protocol_(std::move(protocol)) {}

WSConnection::~WSConnection() {
    if (channel_->side() == Side::client) channel_->abandon();
}

// --- receiving -------------------------------------------------------------------------------------------------------

std::optional<WSMessage> WSConnection::take_message() {
    if (close_called_ || channel_->receiving()) return std::nullopt;
    std::optional<wire::WSEvent> event = channel_->take();
    if (!event) return std::nullopt;
    return message_of(*event);
}

Coro<WSMessage> WSConnection::receive(std::optional<Duration> timeout) {
    if (std::optional<WSMessage> message = take_message()) co_return std::move(*message);
    if (channel_->receiving()) throw RuntimeError("Concurrent call to receive() is not allowed");
    if (told_ || close_called_) {
        if (++reads_after_end_ >= kMostReadsAfterEnd) throw_read_after_end();
        co_return WSMessage(WSMsgType::closed);
    }
    if (!timeout) timeout = receive_timeout_;
    std::optional<wire::WSEvent> event;
    if (!timeout) {
        event = co_await channel_->next();
    } else {
        event = co_await wait_for(channel_->next(), *timeout);
    }
    if (event && !close_called_) co_return message_of(*event);
    co_return last_message();
}

WSMessage WSConnection::last_message() {
    if (close_called_) return WSMessage(WSMsgType::closing);
    told_ = true;
    if (const auto& close = channel_->received_close())
        return WSMessage(WSMsgType::close, close->reason, close->code);
    if (!channel_->error()) return WSMessage(WSMsgType::closed);
    WSMessage message(WSMsgType::error);
    message.error = channel_->error();
    return message;
}

bool WSConnection::closed() const noexcept {
    if (close_called_) return true;
    const bool to_be_answered = channel_->received_close() && !channel_->sent_close();
    return channel_->over() && !to_be_answered;
}

std::optional<std::uint16_t> WSConnection::close_code() const noexcept {
    if (const auto& close = channel_->received_close()) return close->code;
    if (!channel_->ended()) return std::nullopt;
    return channel_->failure_code().value_or(kWSAbnormalClosure);
}

// --- closing and sending ---------------------------------------------------------------------------------------------

Coro<bool> WSConnection::close(std::uint16_t code, std::string reason) {
    check_close(code, reason);
    if (closed()) co_return false;
    close_called_ = true;
    struct AbortUnlessDone {
        WSChannel& channel;
        bool done = false;
        ~AbortUnlessDone() {
            if (!done) channel.abort();
        }
    } guard{*channel_};
    channel_->start_close(code, reason);
    co_await channel_->wait_over();
    guard.done = true;
    co_return true;
}

aio::detail::Drain WSConnection::send(wire::WSOpcode opcode, std::string_view payload) {
    if (close_called_ || !channel_->writable()) {
        throw ConnectionResetError(ECONNRESET, "send: the WebSocket is closed");
    }
    if (opcode == wire::WSOpcode::text || opcode == wire::WSOpcode::binary) {
        channel_->send(opcode, payload);
    } else {
        channel_->send_control(opcode, payload);
    }
    return channel_->writer().drain();
}

}  // namespace aio::http::detail
