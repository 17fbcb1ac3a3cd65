// WSChannel: what it sends: frames, pings and pongs; and when zlib's memory is given back.
#include "http/ws_channel.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/task.hpp>

#include "base/per_thread.hpp"
#include "http/wire/random.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace aio::http::detail {

namespace {

constexpr std::size_t kKept = 64 * 1024;  // of memory for what is sent
// zlib's state is freed when no message was sent or received for this long, to twice as long.
constexpr Duration kDeflateIdle = std::chrono::seconds(10);

// Memory in which frames are put together: connections have none of their own for that.
struct Scratch {
    std::string frame, compressed;
    std::array<char, 256> masks;  // random bytes for the next frames of clients
    std::size_t masks_left = 0;
};
Scratch& scratch() {
    constinit thread_local static aio::detail::PerThread<Scratch> memory;
    return memory.get();
}

void recycle(std::string& memory) {
    if (memory.capacity() > kKept) memory = {};
}

}  // namespace

void WSChannel::send(wire::WSOpcode opcode, std::string_view payload, bool compress, bool first, bool last) {
    AIO_ASSERT(writable());
    const wire::WSOpcode shown = first ? opcode : wire::WSOpcode::continuation;
    std::string encoded;
    std::uint8_t reserved = 0;
    if (coder_) {
        encoded = payload;
        reserved = encode(shown, last, encoded);
        payload = encoded;
    }
    if (!compress || !deflater_) {
        write_frame(shown, false, payload, last, reserved);
    } else {
        note_deflate_use();
        std::string& compressed = scratch().compressed;
        compressed.clear();
        try {
            deflater_->deflate_part(payload, last, compressed);
            write_frame(shown, first, compressed, last, reserved);
        } catch (...) {
            deflater_->release();  // the peer does not have what later messages would refer to
            throw;
        }
        recycle(compressed);
    }
    within_sent_message_ = !last;
}

void WSChannel::send_control(wire::WSOpcode opcode, std::string_view payload) {
    AIO_ASSERT(payload.size() <= wire::kMostControl);
    write_control(opcode, payload);
}

void WSChannel::write_control(wire::WSOpcode opcode, std::string_view payload) {
    if (!coder_) return write_frame(opcode, false, payload);
    std::string data(payload);
    const std::uint8_t reserved = encode(opcode, true, data);
    write_frame(opcode, false, data, true, reserved);
}

// What the extensions make of it. What they know about the connection may be half changed after an error: it cannot go on.
std::uint8_t WSChannel::encode(wire::WSOpcode opcode, bool last, std::string& data) {
    std::uint8_t reserved = 0;
    try {
        const bool control = opcode >= wire::WSOpcode::close;
        coder_->encode(opcode, last, data, reserved);
        if (control && data.size() > wire::kMostControl) {
            throw ValueError("WebSocket: an extension makes a control frame of more than 125 bytes");
        }
    } catch (...) {
        constexpr std::uint16_t kInternalError = 1011;
        if (opcode == wire::WSOpcode::close) {
            lost(std::current_exception());
            writer_.abort();
        } else {
            fail(kInternalError, "", std::current_exception());
        }
        throw;
    }
    return reserved;
}

void WSChannel::write_frame(wire::WSOpcode opcode, bool compressed, std::string_view payload, bool last,
                            std::uint8_t reserved) {
    Scratch& memory = scratch();
    std::string& frame = memory.frame;
    frame.clear();
    if (side_ == Side::server) {
        wire::append_ws_header(frame, opcode, compressed, payload.size(), nullptr, last);
        frame.front() = static_cast<char>(frame.front() | reserved);
        writer_.write(frame);
        try {
            writer_.write(payload);
        } catch (...) {  // a header without its payload is out
            lost(std::current_exception());
            writer_.abort();
            throw;
        }
        return;
    }
    if (memory.masks_left == 0) {
        wire::fill_with_random(memory.masks);
        memory.masks_left = memory.masks.size();
    }
    wire::WSMask mask;
    memory.masks_left -= mask.size();
    std::memcpy(mask.data(), memory.masks.data() + memory.masks_left, mask.size());
    wire::append_ws_frame(frame, opcode, compressed, payload, &mask, last);
    frame.front() = static_cast<char>(frame.front() | reserved);
    writer_.write(frame);
    recycle(frame);
}

// --- pings and pongs -------------------------------------------------------------------------------------------------

// While the peer reads too slowly, only the last ping is answered, and when there is room (RFC 6455 section 5.5.3): pings
// cannot make the buffer grow.
void WSChannel::answer_ping(std::string payload) {
    if (sent_ || writer_.is_closing()) return;
    const auto drain = writer_.drain();
    if (drain.operator co_await().await_ready()) return write_control(wire::WSOpcode::pong, payload);
    owed_pong_ = std::move(payload);
    if (std::exchange(pong_is_owed_, true)) return;
    static_cast<void>(create_task(send_owed_pong(shared_from_this())));
}

Coro<> WSChannel::send_owed_pong(std::shared_ptr<WSChannel> self) {
    try {
        co_await self->writer_.drain();
        if (self->writable()) self->write_control(wire::WSOpcode::pong, self->owed_pong_);
    } catch (const std::exception&) {
        // The connection broke: whoever receives hears of it.
    }
    self->pong_is_owed_ = false;
    self->owed_pong_ = {};
}

Future<Duration> WSChannel::ping(std::string payload) {
    AIO_ASSERT(writable());
    pings_.push_back({std::move(payload), get_running_loop().time(), Future<Duration>()});
    try {
        write_control(wire::WSOpcode::ping, pings_.back().payload);
    } catch (...) {
        if (!pings_.empty()) pings_.pop_back();  // else this was the end
        throw;
    }
    return *pings_.back().done;
}

bool WSChannel::awaits_pong(std::string_view payload) const noexcept {
    return std::any_of(pings_.begin(), pings_.end(), [&](const Ping& ping) { return ping.payload == payload; });
}

// A pong answers the ping with its payload, and those before that.
void WSChannel::acknowledge(std::string_view payload) {
    std::size_t count = 0;
    while (count < pings_.size() && pings_[count].payload != payload) ++count;
    if (count == pings_.size()) return;
    const TimePoint now = get_running_loop().time();
    for (std::size_t i = 0; i <= count; ++i) {
        latency_ = now - pings_[i].sent;
        if (pings_[i].done && !pings_[i].done->done()) pings_[i].done->set_result(latency_);
    }
    pings_.erase(pings_.begin(), pings_.begin() + static_cast<std::ptrdiff_t>(count) + 1);
    if (pings_.empty()) unanswered_since_.reset();
}

// --- zlib's memory ---------------------------------------------------------------------------------------------------

void WSChannel::note_deflate_use() {
    deflate_used_ = true;
    if (!trim_) trim_ = get_running_loop().call_later(kDeflateIdle, [this] { trim(); });
}

void WSChannel::trim() noexcept {
    trim_ = TimerHandle();
    const bool between = frames_.between_messages() && !within_sent_message_;
    if (!std::exchange(deflate_used_, false) && between) {
        deflater_->release();
        frames_.release();
        return;
    }
    try {
        trim_ = get_running_loop().call_later(kDeflateIdle, [this] { trim(); });
    } catch (const std::bad_alloc&) {
        // The memory is given back after the next message.
    }
}

}  // namespace aio::http::detail
