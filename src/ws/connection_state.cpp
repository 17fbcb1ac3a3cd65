// Receiving messages whole or by fragments, sending around messages in fragments, and the errors of a closed connection.
#include "ws/connection_state.hpp"

#include <aio/base/error.hpp>

#include "http/ws_connection.hpp"

#include <utility>

namespace aio::ws::detail {

namespace {

using http::wire::WSEvent, http::wire::WSOpcode;

constexpr int kLeastBits = 9, kMostBits = 15;

void check_bits(const char* name, const std::optional<int>& bits) {
    if (!bits || (*bits >= kLeastBits && *bits <= kMostBits)) return;
    throw ValueError(std::string(name) + " must be between 9 and 15, not " + std::to_string(*bits));
}

std::optional<Close> close_of(const std::optional<http::detail::WSClose>& close) {
    if (!close) return std::nullopt;
    return Close{close->code, close->reason};
}

bool is_ok(const std::optional<http::detail::WSClose>& close) noexcept {
    return close && (close->code == 1000 || close->code == 1001 || close->code == 1005);
}

MessageType type_of(const WSEvent& event) noexcept {
    return event.opcode == WSOpcode::text ? MessageType::text : MessageType::binary;
}

}  // namespace

http::detail::WSRules rules_of(const Options& options) {
    if (options.max_queue == 0) throw ValueError("max_queue must be positive");
    const std::size_t low = options.max_queue_low.value_or(options.max_queue / 4);
    if (low > options.max_queue) throw ValueError("max_queue_low must not be above max_queue");
    if (options.write_limit_low && *options.write_limit_low > options.write_limit) {
        throw ValueError("write_limit_low must not be above write_limit");
    }
    http::detail::WSRules rules;
    rules.limits.message = options.max_size;
    rules.limits.fragment = options.max_fragment_size;
    rules.limits.by_fragment = true;
    rules.waits_for_end = true;
    rules.queue_high = options.max_queue;
    rules.queue_low = low;
    rules.close_timeout = options.close_timeout;
    rules.ping_interval = options.ping_interval;
    rules.ping_timeout = options.ping_timeout;
    rules.fails_dead = true;
    return rules;
}

http::wire::WSDeflateTerms terms_of(const Deflate& deflate) {
    check_bits("server_max_window_bits", deflate.server_max_window_bits);
    check_bits("client_max_window_bits", deflate.client_max_window_bits);
    if (deflate.memory_level < 1 || deflate.memory_level > 9) {
        throw ValueError("memory_level must be between 1 and 9, not " + std::to_string(deflate.memory_level));
    }
    http::wire::WSDeflateTerms terms;
    terms.server_no_context = deflate.server_no_context_takeover;
    terms.client_no_context = deflate.client_no_context_takeover;
    terms.server_bits = deflate.server_max_window_bits;
    terms.client_bits = deflate.client_max_window_bits;
    terms.client_bits_needed = deflate.require_client_max_window_bits;
    return terms;
}

void set_write_limit(const Channel& channel, const Options& options) {
    channel.writer().set_write_buffer_limits(options.write_limit, options.write_limit_low);
}

std::exception_ptr closed_error(const Channel& channel) {
    const auto& rcvd = channel.received_close();
    const auto& sent = channel.sent_close();
    const bool first = channel.received_before_sent();
    if (is_ok(rcvd) && is_ok(sent)) {
        return std::make_exception_ptr(ConnectionClosedOK(close_of(rcvd), close_of(sent), first));
    }
    ConnectionClosedError error(close_of(rcvd), close_of(sent), first);
    error.set_cause(channel.error());
    return std::make_exception_ptr(std::move(error));
}

ConnectionState::ConnectionState(std::shared_ptr<Channel> its_channel, Handshake its_handshake)
    : channel(std::move(its_channel)), handshake(std::move(its_handshake)) {
    channel->set_closed_error(closed_error);
    free_.set();
}

ConnectionState::~ConnectionState() {
    if (channel->side() == Channel::Side::server) return;  // the server's connection ends it
    constexpr std::uint16_t kGoingAway = 1001;
    if (channel->writable()) channel->start_close(kGoingAway, "");
    channel->abandon();
}

void ConnectionState::check_writable() const {
    if (!channel->writable()) throw_closed();
}

void ConnectionState::throw_closed() const { std::rethrow_exception(closed_error(*channel)); }

// --- receiving -------------------------------------------------------------------------------------------------------

void ConnectionState::check_free(const char* function) const {
    if (!busy_) return;
    throw ConcurrencyError(std::string(function) + ": another task receives on this connection already");
}

ConnectionState::Busy ConnectionState::begin_receiving() {
    check_free("recv");
    if (within_message_) {
        throw ConcurrencyError("recv: a message of recv_streaming() was not read to its end; read it, or close()");
    }
    return Busy(*this);
}

bool ConnectionState::add(WSEvent& event) {
    if (event.first) {
        begun_.emplace(type_of(event), std::move(event.data));
    } else {
        std::string all = std::move(*begun_).data();
        all += event.data;
        begun_.emplace(type_of(event), std::move(all));
    }
    return event.last;
}

Coro<WSEvent> ConnectionState::receive_fragment() {
    check_free("recv_streaming");
    const Busy busy(*this);
    if (begun_) {
        WSEvent event;
        event.opcode = begun_->is_text() ? WSOpcode::text : WSOpcode::binary;
        event.data = std::move(*begun_).data();
        event.last = false;
        begun_.reset();
        within_message_ = true;
        co_return event;
    }
    std::optional<WSEvent> event = channel->take();
    if (!event) event = co_await channel->next();
    if (!event) throw_closed();
    within_message_ = !event->last;
    co_return std::move(*event);
}

// --- sending ---------------------------------------------------------------------------------------------------------

bool ConnectionState::send(WSOpcode opcode, std::string_view data, bool compress) {
    check_writable();
    if (sends_fragments_) {
        held_.push_back({opcode, std::string(data), compress});
        return true;
    }
    channel->send(opcode, data, compress);
    return false;
}

bool ConnectionState::drained() const noexcept {
    const auto drain = channel->writer().drain();
    return !channel->writer().is_closing() && drain.operator co_await().await_ready();
}

Coro<> ConnectionState::wait_sent(bool held) {
    const std::shared_ptr<ConnectionState> self = shared_from_this();
    if (held) {
        co_await free_.wait();
        if (!channel->writable() && channel->failure_code()) throw_closed();
    }
    bool lost = false;
    try {
        co_await channel->writer().drain();
    } catch (const std::exception&) {
        lost = true;
    }
    if (lost) throw_closed();
}

Coro<> ConnectionState::begin_fragments() {
    while (sends_fragments_) co_await free_.wait();
    check_writable();
    sends_fragments_ = true;
    free_.clear();
}

void ConnectionState::send_fragment(MessageType type, std::string_view data, bool compress, bool first, bool last) {
    check_writable();
    channel->send(type == MessageType::text ? WSOpcode::text : WSOpcode::binary, data, compress, first, last);
}

// What was held meanwhile follows. A message that cannot be completed ends the connection.
void ConnectionState::end_fragments(bool complete) noexcept {
    constexpr std::uint16_t kInternalError = 1011;
    sends_fragments_ = false;
    if (!complete) channel->fail(kInternalError, "error in fragmented message", nullptr);
    try {
        for (const Held& message : held_) {
            if (channel->writable()) channel->send(message.opcode, message.data, message.compress);
        }
    } catch (...) {
        channel->fail(kInternalError, "", std::current_exception());
    }
    held_.clear();
    free_.set();
}

}  // namespace aio::ws::detail
