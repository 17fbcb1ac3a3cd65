// Receiving with automatic answers, closing, sending and the heartbeat, on a stream that was upgraded. The handshakes
// are in client/client_websocket.cpp and server/websocket_response.cpp, the frames in wire/ws_frame.cpp.
#include "http/ws_connection.hpp"

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/timeout.hpp>
#include <aio/http/errors.hpp>

#include "base/make_error.hpp"
#include "base/utf8.hpp"
#include "http/wire/random.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace aio::http::detail {

namespace {

constexpr std::ptrdiff_t kRead = 64 * 1024;
constexpr std::size_t kKeptFrame = 64 * 1024;  // of memory for what is sent
constexpr unsigned kMostReadsAfterEnd = 5;     // THRESHOLD_CONNLOST_ACCESS of aiohttp
constexpr Duration kLinger = std::chrono::seconds(1);

// A loop that only waits for `error` to end would run for ever.
[[noreturn]] void throw_read_after_end() {
    throw RuntimeError("receive: WebSocket connection is closed; end the loop when a message of type closed arrives");
}

std::unique_ptr<wire::WSInflater> inflater(WSConnection::Side side, const std::optional<wire::WSDeflate>& deflate) {
    if (!deflate) return nullptr;
    return side == WSConnection::Side::client
               ? std::make_unique<wire::WSInflater>(deflate->server_bits, deflate->server_no_context)
               : std::make_unique<wire::WSInflater>(deflate->client_bits, deflate->client_no_context);
}

std::unique_ptr<wire::WSDeflater> deflater(WSConnection::Side side, const std::optional<wire::WSDeflate>& deflate) {
    if (!deflate) return nullptr;
    return side == WSConnection::Side::client
               ? std::make_unique<wire::WSDeflater>(deflate->client_bits, deflate->client_no_context)
               : std::make_unique<wire::WSDeflater>(deflate->server_bits, deflate->server_no_context);
}

Coro<> discard_input(StreamReader reader) {
    while (!reader.at_eof()) {
        const std::string_view piece = co_await reader.read_view(kRead);
        if (piece.empty()) co_return;
    }
}

}  // namespace

void check_window_bits(int bits) {
    if (bits == 0 || (bits >= 9 && bits <= 15)) return;
    throw ValueError("compress: the window bits must be between 9 and 15, not " + std::to_string(bits));
}

WSConnection::WSConnection(Upgraded upgraded, Side side, const WSOptions& options,
                           const std::optional<wire::WSDeflate>& deflate, std::string protocol)
    : reader_(std::move(upgraded.reader)),
      writer_(std::move(upgraded.writer)),
      side_(side),
      options_(options),
      protocol_(std::move(protocol)),
      frames_(side == Side::server, options.max_msg_size, inflater(side, deflate)),
      deflater_(deflater(side, deflate)),
      first_(std::move(upgraded.received)),
      pending_(first_) {
    beat_later();
}

WSConnection::~WSConnection() {
    stop_beating();
    if (!writer_.is_closing()) writer_.abort();
}

// --- receiving -------------------------------------------------------------------------------------------------------

std::optional<WSMessage> WSConnection::take_message() {
    if (pending_.empty() || receiving_ || closed_ || taken_ || taken_error_) return std::nullopt;
    try {
        taken_ = frames_.read(pending_);
    } catch (const wire::WSProtocolError&) {
        taken_error_ = std::current_exception();
    }
    if (!taken_ || (taken_->opcode != wire::WSOpcode::text && taken_->opcode != wire::WSOpcode::binary)) {
        return std::nullopt;
    }
    const WSMsgType type = taken_->opcode == wire::WSOpcode::text ? WSMsgType::text : WSMsgType::binary;
    std::optional<WSMessage> message(std::in_place, type, std::move(taken_->data));
    taken_.reset();
    return message;
}

Coro<WSMessage> WSConnection::receive(std::optional<Duration> timeout) {
    if (std::optional<WSMessage> message = take_message()) co_return std::move(*message);
    if (receiving_) {
        throw RuntimeError("Concurrent call to receive() is not allowed");
    }
    if (closed_) {
        if (++reads_after_end_ >= kMostReadsAfterEnd) throw_read_after_end();
        co_return WSMessage(WSMsgType::closed);
    }
    receiving_ = true;
    struct Receiving {
        WSConnection& self;
        ~Receiving() {
            self.receiving_ = false;
            if (self.peer_closed_ && !self.peer_closed_->done()) self.peer_closed_->set_result();
        }
    } receiving{*this};
    if (!timeout) timeout = options_.receive_timeout;
    if (!timeout) co_return co_await next_message();
    co_return co_await wait_for(next_message(), *timeout);
}

Coro<WSMessage> WSConnection::next_message() {
    while (true) {
        std::optional<wire::WSEvent> event;
        std::uint16_t fault = 0;
        try {
            event = co_await next_event();
        } catch (const wire::WSProtocolError& error) {
            fault = error.code();
            error_ = std::current_exception();
        } catch (const OSError&) {
            fault = kWSAbnormalClosure;
            if (!error_) error_ = std::current_exception();
        }
        if (fault != 0) co_return co_await fail(fault);
        if (!event) {
            end(kWSAbnormalClosure);
            co_return error_ ? error_message() : WSMessage(WSMsgType::closed);
        }
        if (event->opcode == wire::WSOpcode::close) co_return answer_close(*event);
        if (closed_) continue;  // close() is under way: nobody wants it any more
        switch (event->opcode) {
            case wire::WSOpcode::text: co_return WSMessage(WSMsgType::text, std::move(event->data));
            case wire::WSOpcode::binary: co_return WSMessage(WSMsgType::binary, std::move(event->data));
            case wire::WSOpcode::ping:
                if (!options_.autoping) co_return WSMessage(WSMsgType::ping, std::move(event->data));
                if (!writer_.is_closing()) {
                    write_frame(wire::WSOpcode::pong, false, event->data);
                    co_await writer_.drain();  // or pings could make the buffer grow
                }
                break;
            default:
                if (!options_.autoping) co_return WSMessage(WSMsgType::pong, std::move(event->data));
        }
    }
}

// Nothing: the peer closed the connection without a close frame.
Coro<std::optional<wire::WSEvent>> WSConnection::next_event() {
    if (taken_error_) std::rethrow_exception(std::exchange(taken_error_, nullptr));
    if (taken_) co_return std::exchange(taken_, std::nullopt);
    while (true) {
        if (!pending_.empty()) {
            std::optional<wire::WSEvent> event = frames_.read(pending_);
            if (event) co_return event;
        }
        pending_ = co_await reader_.read_view(kRead);
        if (pending_.empty()) co_return std::nullopt;
        if (options_.heartbeat) heard_ = get_running_loop().time();
    }
}

WSMessage WSConnection::answer_close(const wire::WSEvent& event) {
    close_code_ = event.close_code;
    if (closed_) return WSMessage(WSMsgType::closing);
    if (options_.autoclose) {
        send_close(event.close_code, "");
        end(event.close_code);
    }
    return WSMessage(WSMsgType::close, event.data, event.close_code);
}

WSMessage WSConnection::error_message() const {
    WSMessage message(WSMsgType::error);
    message.error = error_;
    return message;
}

// Tells the peer what it did wrong, if there still is one, and waits a moment until it closes: closing with bytes unread
// would throw away what it has not read yet.
Coro<WSMessage> WSConnection::fail(std::uint16_t code) {
    const bool lost = code == kWSAbnormalClosure || writer_.is_closing();
    if (!lost) send_close(code, "");
    stop_beating();
    closed_ = true;
    close_code_ = code;
    if (!lost) {
        try {
            co_await wait_for(discard_input(reader_), kLinger);
        } catch (const TimeoutError&) {
        } catch (const OSError&) {}
    }
    end(code);
    co_return error_message();
}

// --- closing ---------------------------------------------------------------------------------------------------------

void check_text(const char* function, std::string_view text) {
    if (const auto bad = aio::detail::find_bad_utf8(text)) {
        throw ValueError(std::string(function) + ": the text is not UTF-8: " + bad.reason + " at byte " +
                         std::to_string(bad.begin));
    }
}

Coro<bool> WSConnection::close(std::uint16_t code, std::string reason) {
    if (!wire::is_sendable_close_code(code)) {
        throw ValueError("close: the code " + std::to_string(code) + " may not be sent");
    }
    constexpr std::size_t kMostReason = wire::kMostControl - sizeof code;
    if (reason.size() > kMostReason) throw ValueError("close: the reason has more than 123 bytes");
    check_text("close", reason);
    if (closed_) co_return false;
    closed_ = true;
    stop_beating();
    bool answered = close_code_.has_value();
    if (!writer_.is_closing()) {
        send_close(code, reason);
        struct AbortUnlessDone {
            StreamWriter& writer;
            bool done = false;
            ~AbortUnlessDone() {
                if (!done) writer.abort();
            }
        } guard{writer_};
        try {
            if (!answered) co_await wait_for(wait_for_close(), options_.close_timeout);
            answered = close_code_.has_value();
            guard.done = answered;
        } catch (const TimeoutError&) {
        } catch (const wire::WSProtocolError&) {
            error_ = std::current_exception();
        } catch (const OSError&) {
            error_ = std::current_exception();
        }
    }
    end(answered ? *close_code_ : std::uint16_t{kWSAbnormalClosure});
    co_return true;
}

// A waiting receive() gets the peer's close frame, otherwise this does, and drops the messages before it.
Coro<> WSConnection::wait_for_close() {
    while (!close_code_) {
        if (receiving_) {
            peer_closed_.emplace();
            co_await *peer_closed_;
            continue;
        }
        std::optional<wire::WSEvent> event = co_await next_event();
        if (!event) co_return;
        if (event->opcode == wire::WSOpcode::close) close_code_ = event->close_code;
    }
}

void WSConnection::send_close(std::uint16_t code, std::string_view reason) {
    if (std::exchange(close_sent_, true) || writer_.is_closing()) return;
    const std::string payload = code == kWSNoStatus ? std::string() : wire::ws_close_payload(code, reason);
    write_frame(wire::WSOpcode::close, false, payload);
}

void WSConnection::end(std::uint16_t code) noexcept {
    closed_ = true;
    close_code_ = code;
    stop_beating();
    writer_.close();
}

// --- sending ---------------------------------------------------------------------------------------------------------

aio::detail::Drain WSConnection::send(wire::WSOpcode opcode, std::string_view payload) {
    if (closed_ || close_sent_ || writer_.is_closing()) {
        throw ConnectionResetError(ECONNRESET, "send: the WebSocket is closed");
    }
    const bool data = opcode == wire::WSOpcode::text || opcode == wire::WSOpcode::binary;
    if (data && deflater_) {
        packed_.clear();
        deflater_->deflate(payload, packed_);
        write_frame(opcode, true, packed_);
        if (packed_.capacity() > kKeptFrame) packed_ = {};
    } else {
        write_frame(opcode, false, payload);
    }
    return writer_.drain();
}

void WSConnection::write_frame(wire::WSOpcode opcode, bool compressed, std::string_view payload) {
    frame_.clear();
    if (side_ == Side::server) {
        wire::append_ws_header(frame_, opcode, compressed, payload.size(), nullptr);
        writer_.write(frame_);
        writer_.write(payload);
        return;
    }
    if (masks_left_ == 0) {
        wire::fill_with_random(masks_);
        masks_left_ = masks_.size();
    }
    wire::WSMask mask;
    masks_left_ -= mask.size();
    std::memcpy(mask.data(), masks_.data() + masks_left_, mask.size());
    wire::append_ws_frame(frame_, opcode, compressed, payload, &mask);
    writer_.write(frame_);
    if (frame_.capacity() > kKeptFrame) frame_ = {};
}

// --- the heartbeat ---------------------------------------------------------------------------------------------------

void WSConnection::beat_later() {
    if (!options_.heartbeat || *options_.heartbeat <= Duration(0)) return;
    EventLoop& loop = get_running_loop();
    if (heard_ == TimePoint{}) heard_ = loop.time();
    beat_ = loop.call_at(heard_ + *options_.heartbeat, [this] { beat(); });
}

void WSConnection::beat() {
    EventLoop& loop = get_running_loop();
    const TimePoint now = loop.time();
    if (closed_ || writer_.is_closing()) return;
    if (now < heard_ + *options_.heartbeat) return beat_later();
    write_frame(wire::WSOpcode::ping, false, "");
    dead_ = loop.call_later(*options_.heartbeat / 2, [this, now] { heard_ >= now ? beat_later() : take_for_dead(); });
}

// The current or next receive() gets the error.
void WSConnection::take_for_dead() {
    error_ = aio::detail::make_error<SocketTimeoutError>(
        "No PONG received from the peer of the WebSocket within half the heartbeat");
    writer_.abort();
}

void WSConnection::stop_beating() noexcept {
    beat_.cancel();
    dead_.cancel();
}

}  // namespace aio::http::detail
