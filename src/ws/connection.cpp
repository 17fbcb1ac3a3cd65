// Connection: the public handle. Checks arguments, and forwards to its ConnectionState and to http's channel below that.
#include <aio/ws/connection.hpp>

#include <aio/base/error.hpp>

#include "http/wire/random.hpp"
#include "http/ws_connection.hpp"
#include "ws/connection_state.hpp"

#include <array>
#include <type_traits>
#include <utility>

namespace aio::ws {

namespace {

using http::wire::WSOpcode;

std::string checked_payload(const char* function, std::string_view payload) {
    if (payload.size() > http::wire::kMostControl) {
        throw ValueError(std::string(function) + ": " + std::to_string(payload.size()) +
                         " bytes of payload, but 125 is the maximum");
    }
    return std::string(payload);
}

std::string new_uuid() {
    std::array<char, 16> bytes;
    http::wire::fill_with_random(bytes);
    bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);  // RFC 4122: version 4
    bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += kDigits[static_cast<unsigned char>(bytes[i]) >> 4];
        text += kDigits[static_cast<unsigned char>(bytes[i]) & 15];
    }
    return text;
}

// From the first fragment on: what it leaves undone ends the connection.
struct FragmentsTurn {
    explicit FragmentsTurn(detail::ConnectionState& s) noexcept : state(s) {}
    FragmentsTurn(const FragmentsTurn&) = delete;
    ~FragmentsTurn() { state.end_fragments(complete || !begun); }
    detail::ConnectionState& state;
    bool begun = false, complete = false;
};

}  // namespace

namespace detail {

bool SendingAwaiter::await_ready() const noexcept { return !held_ && state_.drained(); }

bool SendingAwaiter::await_suspend(std::coroutine_handle<> frame) {
    waiting_.emplace(state_.wait_sent(held_));
    waiting_->awaited_by(aio::detail::TaskBase::of(frame));
    return !waiting_->start();
}

}  // namespace detail

// --- receiving -------------------------------------------------------------------------------------------------------

namespace {

using Kept = std::shared_ptr<detail::ConnectionState>;

// What a receiving function returns at the end of the connection, and for a message.
template <class Result>
Result at_end(const detail::ConnectionState& state) {
    if constexpr (std::is_same_v<Result, std::optional<Message>>) {
        try {
            state.throw_closed();
        } catch (const ConnectionClosedOK&) {
            return std::nullopt;
        }
    }
    state.throw_closed();
}
template <class Result>
Result received(detail::ConnectionState& state) {
    if constexpr (std::is_same_v<Result, MessageView>) {
        Message message = state.take_message();
        const MessageType type = message.type();
        state.lent = std::move(message).data();
        return MessageView{type, state.lent};
    } else {
        return state.take_message();
    }
}

// These keep what they wait for alive: a task may outlive the Connection whose function it is.

// One coroutine for all of it: connections spend their idle time here, and each has its frame.
template <class Result>
Coro<Result> receive(Kept state) {
    if constexpr (std::is_same_v<Result, MessageView>) state->channel->reuse(std::move(state->lent));
    const detail::ConnectionState::Busy busy = state->begin_receiving();
    std::optional<http::wire::WSEvent> event;
    do {
        event = state->channel->take();
        if (!event) event = co_await state->channel->next();
    } while (event && !state->add(*event));
    if (!event) co_return at_end<Result>(*state);
    co_return received<Result>(*state);
}

Coro<> wait_gone(Kept state) { co_await state->channel->wait_gone(); }

Coro<> close_connection(Kept state, std::uint16_t code, std::string reason) {
    http::detail::check_close(code, reason);
    if (state->sends_fragments()) {
        state->channel->fail(1011, "close during fragmented message", nullptr);
    } else {
        state->channel->start_close(code, reason);
    }
    co_await state->channel->wait_gone();
}

}  // namespace

Coro<Message> Connection::recv() { return receive<Message>(state_); }
Coro<std::optional<Message>> Connection::next() { return receive<std::optional<Message>>(state_); }
Coro<MessageView> Connection::recv_view() { return receive<MessageView>(state_); }

Coro<std::optional<std::string>> Fragments::next() {
    if (ended_) co_return std::nullopt;
    const Kept state = state_;
    http::wire::WSEvent event = co_await state->receive_fragment();
    type_ = event.opcode == WSOpcode::text ? MessageType::text : MessageType::binary;
    ended_ = event.last;
    co_return std::move(event.data);
}

// --- sending ---------------------------------------------------------------------------------------------------------

detail::Sending Connection::send(std::string_view text, SendOptions options) {
    state_->check_writable();
    http::detail::check_text("send", text);
    return {state_, state_->send(WSOpcode::text, text, options.compress)};
}

detail::Sending Connection::send_bytes(std::string_view bytes, SendOptions options) {
    return {state_, state_->send(WSOpcode::binary, bytes, options.compress)};
}

detail::Sending Connection::send(const Message& message, SendOptions options) {
    return message.is_text() ? send(std::string_view(message.text()), options) : send_bytes(message.data(), options);
}

Coro<> Connection::send_fragments(std::shared_ptr<detail::ConnectionState> state, std::vector<std::string> fragments,
                                  MessageType type, SendOptions options) {
    if (type == MessageType::text) {
        for (const std::string& fragment : fragments) http::detail::check_text("send", fragment);
    }
    if (fragments.empty()) co_return state->check_writable();
    co_await state->begin_fragments();
    FragmentsTurn turn(*state);
    for (std::size_t i = 0; i < fragments.size(); ++i) {
        const bool last = i + 1 == fragments.size();
        state->send_fragment(type, fragments[i], options.compress, i == 0, last);
        turn.begun = true;
        turn.complete = last;
        co_await state->wait_sent(false);
    }
}

namespace {

Coro<> send_generated(Kept state, AsyncGenerator<std::string> fragments, MessageType type, SendOptions options) {
    state->check_writable();
    co_await state->begin_fragments();
    FragmentsTurn turn(*state);
    while (auto fragment = co_await fragments.next()) {
        if (type == MessageType::text) http::detail::check_text("send", *fragment);
        state->send_fragment(type, *fragment, options.compress, !turn.begun, false);
        turn.begun = true;
        co_await state->wait_sent(false);
    }
    if (!turn.begun) co_return;
    state->send_fragment(type, "", options.compress, false, true);
    turn.complete = true;
    co_await state->wait_sent(false);
}

}  // namespace

Coro<> Connection::send(AsyncGenerator<std::string> fragments, MessageType type, SendOptions options) {
    return send_generated(state_, std::move(fragments), type, options);
}

Future<Duration> Connection::ping() {
    std::array<char, 4> random;
    http::wire::fill_with_random(random);
    return ping(std::string_view(random.data(), random.size()));
}

Future<Duration> Connection::ping(std::string_view payload) {
    std::string checked = checked_payload("ping", payload);
    state_->check_writable();
    if (state_->channel->awaits_pong(checked)) {
        throw ValueError("ping: a ping with this payload waits for its pong already; choose another payload");
    }
    return state_->channel->ping(std::move(checked));
}

detail::Sending Connection::pong(std::string_view payload) {
    const std::string checked = checked_payload("pong", payload);
    state_->check_writable();
    state_->channel->send_control(WSOpcode::pong, checked);
    return {state_, false};
}

// --- closing ---------------------------------------------------------------------------------------------------------

Coro<> Connection::close(std::uint16_t code, std::string reason) {
    return close_connection(state_, code, std::move(reason));
}

Coro<> Connection::wait_closed() { return wait_gone(state_); }
void Connection::abort() noexcept { state_->channel->abort(); }

// --- what it is ------------------------------------------------------------------------------------------------------

State Connection::state() const noexcept {
    const detail::Channel& channel = *state_->channel;
    if (channel.writer().closed()) return State::closed;
    return channel.writable() ? State::open : State::closing;
}

std::optional<std::uint16_t> Connection::close_code() const noexcept {
    const detail::Channel& channel = *state_->channel;
    if (!channel.ended()) return std::nullopt;
    return channel.received_close() ? channel.received_close()->code : 1006;
}

std::optional<std::string> Connection::close_reason() const {
    const detail::Channel& channel = *state_->channel;
    if (!channel.ended()) return std::nullopt;
    return channel.received_close() ? channel.received_close()->reason : std::string();
}

std::exception_ptr Connection::exception() const {
    return state_->channel->ended() ? detail::closed_error(*state_->channel) : nullptr;
}

Duration Connection::latency() const noexcept { return state_->channel->latency(); }
const std::string& Connection::subprotocol() const noexcept { return state_->handshake.subprotocol; }
bool Connection::compressed() const noexcept { return state_->channel->compressed(); }
Address Connection::local_address() const { return state_->channel->writer().sockname(); }
Address Connection::remote_address() const { return state_->channel->writer().peername(); }

const std::string& Connection::id() const {
    if (state_->id.empty()) state_->id = new_uuid();
    return state_->id;
}

const std::string& Connection::path() const noexcept { return state_->handshake.path; }
const http::Headers& Connection::request_headers() const noexcept { return state_->handshake.request_headers; }
const std::string& Connection::username() const noexcept { return state_->handshake.username; }
const std::string& Connection::match_info(std::string_view name) const {
    for (const auto& [key, value] : state_->handshake.match_info) {
        if (key == name) return value;
    }
    throw ValueError("match_info: the path has no '" + std::string(name) + "'");
}

const HandshakeResponse& Connection::response() const noexcept { return state_->handshake.response; }
std::size_t Connection::write_buffer_size() const noexcept {
    return state_->channel->writer().get_write_buffer_size();
}

// --- broadcast -------------------------------------------------------------------------------------------------------

std::size_t detail::broadcast(std::span<const Connection> connections, std::string_view data,
                              const BroadcastOptions& options) {
    const bool text = options.type == MessageType::text;
    if (text) http::detail::check_text("broadcast", data);
    std::size_t count = 0;
    for (const Connection& connection : connections) {
        const detail::ConnectionState& state = *connection.shared_state();
        if (!state.channel->writable() || state.sends_fragments()) continue;
        if (state.channel->writer().get_write_buffer_size() > options.max_unsent) {
            state.channel->abort();
            continue;
        }
        try {
            state.channel->send(text ? WSOpcode::text : WSOpcode::binary, data, true);
            ++count;
        } catch (...) {
            if (state.channel->writable()) throw;
            // An extension of it failed, and has ended it; the others get the message.
        }
    }
    return count;
}

}  // namespace aio::ws
