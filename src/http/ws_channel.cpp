// WSChannel: what it receives, whether a task waits for it or not. ws_channel_output.cpp sends, ws_channel_end.cpp closes and
// pings; the bytes of frames are in wire/ws_frame.cpp.
#include "http/ws_channel.hpp"

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>

#include <cstddef>
#include <utility>

namespace aio::http::detail {

namespace {

constexpr std::ptrdiff_t kRead = 64 * 1024;
constexpr int kReadsAtOnce = 4;  // then others have their turn

using wire::WSEvent, wire::WSOpcode;

}  // namespace

WSChannel::WSChannel(Private, Upgraded upgraded, Side side, const WSRules& rules,
                     std::unique_ptr<wire::WSInflater> inflater, std::unique_ptr<wire::WSDeflater> deflater)
    : reader_(std::move(upgraded.reader)),
      writer_(std::move(upgraded.writer)),
      loop_(aio::detail::current.loop),
      rules_(rules),
      frames_(side == Side::server, rules.limits, std::move(inflater)),
      deflater_(std::move(deflater)),
      side_(side),
      first_(std::move(upgraded.received)),
      pending_(first_) {}

std::shared_ptr<WSChannel> WSChannel::open(Upgraded upgraded, Side side, const WSRules& rules,
                                           const std::optional<wire::WSDeflate>& deflate, int memory_level,
                                           std::unique_ptr<wire::WSCoder> coder) {
    std::unique_ptr<wire::WSInflater> inflater;
    std::unique_ptr<wire::WSDeflater> deflater;
    if (deflate) {
        const auto& [server_bits, client_bits, server_anew, client_anew] = *deflate;
        const bool client = side == Side::client;
        inflater = client ? std::make_unique<wire::WSInflater>(server_bits, server_anew)
                          : std::make_unique<wire::WSInflater>(client_bits, client_anew);
        deflater = client ? std::make_unique<wire::WSDeflater>(client_bits, client_anew, memory_level)
                          : std::make_unique<wire::WSDeflater>(server_bits, server_anew, memory_level);
    }
    auto channel = std::make_shared<WSChannel>(Private{}, std::move(upgraded), side, rules, std::move(inflater),
                                               std::move(deflater));
    channel->frames_.set_coder(coder.get());
    channel->coder_ = std::move(coder);
    channel->begin_keepalive();
    channel->reader_.stream()->observe_reading(channel.get());
    channel->look_later();
    return channel;
}

WSChannel::~WSChannel() {
    reader_.stream()->observe_reading(nullptr);
    keepalive_.cancel();
    trim_.cancel();
    if (!writer_.is_closing()) writer_.abort();
}

// --- for a task ------------------------------------------------------------------------------------------------------

std::optional<WSEvent> WSChannel::take() {
    std::optional<WSEvent> event;
    if (queue_at_ < queue_.size()) {
        event = std::move(queue_[queue_at_++]);
        queued_bytes_ -= event->data.size();
        if (reading_paused_ && queue_.size() - queue_at_ <= rules_.queue_low) {
            reading_paused_ = false;
            look_later();
        }
        if (queue_at_ < queue_.size()) return event;
        queue_at_ = 0;
        if (queue_.capacity() > rules_.queue_low) {
            queue_ = {};
        } else {
            queue_.clear();
        }
        return event;
    }
    while (!event && !pending_.empty() && !over_) event = read_one();
    return event;
}

// For the time in which a task waits: the stream wakes it, and not the channel.
struct WSChannel::Receiving {
    explicit Receiving(WSChannel& c) noexcept : channel(c) {
        channel.receiving_ = true;
        channel.reader_.stream()->observe_reading(nullptr);
    }
    Receiving(const Receiving&) = delete;
    ~Receiving() {
        channel.receiving_ = false;
        const StreamReader& reader = channel.reader_;
        reader.stream()->observe_reading(&channel);
        // What came behind the event must be looked at if the task does not come back for it.
        if (!channel.pending_.empty() || reader.has_data() || reader.at_eof()) channel.look_later();
    }
    WSChannel& channel;
};

Coro<std::optional<WSEvent>> WSChannel::next() {
    std::optional<WSEvent> event = take();
    if (event || over_) co_return event;
    const Receiving receiving(*this);
    while (!event && !over_) {
        std::exception_ptr broken;
        try {
            pending_ = co_await reader_.read_view(kRead);
        } catch (const OSError&) {
            broken = std::current_exception();
        } catch (const TimeoutError&) {  // ETIMEDOUT
            broken = std::current_exception();
        }
        if (over_) break;  // a local failure ended the read
        if (broken || pending_.empty()) {
            lost(std::move(broken));
        } else {
            if (rules_.ping_interval) heard_ = get_running_loop().time();
            event = take();
        }
    }
    co_return event;
}

// --- for nobody ------------------------------------------------------------------------------------------------------

// The stream is in the middle of its work: only takes note.
void WSChannel::something_came() noexcept {
    something_heard_ = true;
    look_later();
}

void WSChannel::look_later() noexcept {
    if (look_.alive || loop_->closed) return;
    look_.alive = weak_from_this().lock();
    if (look_.alive) loop_->ready.push(&look_);
}

void WSChannel::look() noexcept {
    try {
        if (std::exchange(something_heard_, false) && rules_.ping_interval) heard_ = get_running_loop().time();
        if (over_) {
            drop_input();
        } else if (!receiving_) {
            read_ahead();
        }
    } catch (...) {
        lost(std::current_exception());
        writer_.abort();
    }
}

void WSChannel::read_ahead() {
    for (int reads = 0; !over_ && !receiving_;) {
        const bool closing = sent_ || received_;
        if (!closing && full()) {
            reading_paused_ = true;
            return;
        }
        if (pending_.empty()) {
            if (++reads > kReadsAtOnce) return look_later();
            if (!fetch()) return;
        }
        std::optional<WSEvent> event = read_one();
        if (!event || full()) continue;  // while it closes, what the queue cannot take is dropped
        queued_bytes_ += event->data.size();
        queue_.push_back(*std::move(event));
    }
}

bool WSChannel::full() const noexcept {
    return queue_.size() - queue_at_ >= rules_.queue_high || queued_bytes_ >= rules_.queue_bytes;
}

// Takes what the stream has, without waiting. False: nothing.
bool WSChannel::fetch() {
    if (!reader_.has_data() && !reader_.at_eof() && !reader_.exception()) return false;
    try {
        const auto read = reader_.read_view(kRead);
        auto here = read.operator co_await();
        if (!here.await_ready()) return false;
        pending_ = here.await_resume();
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        lost(std::current_exception());
        return false;
    }
    if (pending_.empty()) lost(nullptr);
    return !pending_.empty();
}

// --- events ----------------------------------------------------------------------------------------------------------

// Takes one event out of pending_, if it is a receiver's.
std::optional<WSEvent> WSChannel::read_one() {
    std::optional<WSEvent> event;
    try {
        event = frames_.read(pending_);
        if (event && !concerns_receiver(*event)) event.reset();
    } catch (const wire::WSProtocolError& error) {
        event.reset();
        fail(error.code(), "", std::current_exception());
    } catch (...) {  // no memory: what follows cannot be understood any more
        event.reset();
        if (failure_code_) return event;  // an extension failed with the answer, which has ended the connection
        lost(std::current_exception());
        writer_.abort();
    }
    return event;
}

bool WSChannel::concerns_receiver(WSEvent& event) {
    switch (event.opcode) {
        case WSOpcode::close: peer_closed(event); return false;
        case WSOpcode::ping:
            if (rules_.autoping) answer_ping(std::move(event.data));
            return !rules_.autoping;
        case WSOpcode::pong: acknowledge(event.data); return !rules_.autoping;
        default: break;
    }
    if (deflater_) note_deflate_use();
    return rules_.keeps_messages || !sent_;
}

}  // namespace aio::http::detail
