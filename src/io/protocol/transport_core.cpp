// TransportCore: one callback in the ready queue that calls the protocol with whatever is due, and reports its errors.
// The stream below (stream_core.cpp and the transports that derive from it) moves the bytes and owns both buffers.
#include "io/protocol/transport_core.hpp"

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace aio::detail {

namespace {

void report(LoopState& loop, const char* message, std::exception_ptr error) noexcept {
    try {
        ExceptionContext context;
        context.message = message;
        context.exception = std::move(error);
        loop.owner->call_exception_handler(context);
    } catch (const std::bad_alloc&) {
        // No memory even for the report: what it would say.
    }
}

}  // namespace

TransportCore::TransportCore(StreamRef stream)
    : loop_(LoopState::of(require_loop())), stream_(std::move(stream)), room_(*this) {}

std::pair<Transport, std::shared_ptr<BaseProtocol>> TransportCore::connect(StreamRef stream,
                                                                           const ProtocolMaker& maker) {
    std::shared_ptr<BaseProtocol> protocol = maker();
    Transport transport(*new TransportCore(std::move(stream)));
    TransportCore& core = transport.core();
    core.adopt(protocol);
    core.attach();
    try {
        protocol->connection_made(transport);
    } catch (...) {
        core.fail(std::current_exception());
        throw;
    }
    return {std::move(transport), std::move(protocol)};
}

void TransportCore::serve(StreamRef stream, ProtocolMaker maker) {
    auto* core = new TransportCore(std::move(stream));
    core->maker_ = std::move(maker);
    core->attach();
}

// The connection itself holds a reference until finish(). Data that has already arrived is delivered, too.
void TransportCore::attach() noexcept {
    retain();
    stream_->observe_reading(this);
    link_before(loop_.resources);
    something_came();
}

void TransportCore::adopt(std::shared_ptr<BaseProtocol> protocol) {
    if (!protocol) throw ValueError("a transport needs a protocol, not null");
    streaming_ = dynamic_cast<Protocol*>(protocol.get());
    buffered_ = dynamic_cast<BufferedProtocol*>(protocol.get());
    protocol_ = std::move(protocol);
    stream_->announce_input(buffered_ != nullptr);
}

void TransportCore::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
    if (!finished_) adopt(std::move(protocol));
}

// --- from the loop -----------------------------------------------------------------------------------------

// Called in the middle of a completion: only schedules run().
void TransportCore::something_came() noexcept {
    if (stream_->eof_ && !stream_->lost()) end_came_ = true;
    schedule();
}

void TransportCore::schedule() noexcept {
    if (scheduled_ || finished_) return;
    scheduled_ = true;
    loop_.ready.push(this);
}

void TransportCore::run() {
    const Alive alive(*this);
    scheduled_ = false;
    ContextScope scope(context_);
    try {
        tell();
    } catch (...) {
        schedule();  // SystemExit or KeyboardInterrupt, which leave the loop: it may be run again, and continue here
        throw;
    }
}

void TransportCore::tell() {
    if (maker_) begin();
    if (protocol_) {
        tell_room();
        deliver();
    }
    if (loss_is_due()) tell_loss();
}

// The loop closes. If the stream is not lost yet, it will be before the loop is done, which schedules this once more.
void TransportCore::discard() noexcept {
    scheduled_ = false;
    if (stream_->lost()) finish();
}

// A loss that was not delivered, since the protocol has paused reading: this is in no queue.
void TransportCore::loop_closing() noexcept {
    if (stream_->lost() && !scheduled_) finish();
}

void TransportCore::begin() {
    const ProtocolMaker maker = std::exchange(maker_, nullptr);
    must("Error on transport creation for incoming connection", [&] { adopt(maker()); });
    if (!protocol_) return;
    must("Fatal error: protocol.connection_made() call failed.",
         [&] { protocol_->connection_made(Transport(*this)); });
}

template <class Call>
std::exception_ptr TransportCore::attempt(const char* message, Call&& call) {
    const std::shared_ptr<BaseProtocol> alive = protocol_;  // it may replace itself
    try {
        call();
    } catch (const KeyboardInterrupt&) {
        throw;
    } catch (const SystemExit&) {
        throw;
    } catch (...) {
        report(loop_, message, std::current_exception());
        return std::current_exception();
    }
    return nullptr;
}

template <class Call>
void TransportCore::must(const char* message, Call&& call) {
    if (std::exception_ptr error = attempt(message, std::forward<Call>(call))) fail(std::move(error));
}

void TransportCore::fail(std::exception_ptr error) {
    if (!failure_) failure_ = std::move(error);
    abort();
}

// --- reading -----------------------------------------------------------------------------------------------

// A stream that failed, or closed itself at its end, is closing before what came until then was given away.
bool TransportCore::takes_input() const noexcept {
    if (deaf_ || paused_ || holds_ > 0) return false;
    return !stream_->is_closing() || end_came_ || stream_->lost_error_;
}

void TransportCore::deliver() {
    ByteBuffer& in = stream_->in_;
    while ((!in.empty() || (buffered_ && stream_->input_waits_)) && takes_input()) {
        if (buffered_) {
            deliver_into_buffer();
        } else {
            deliver_data();
        }
    }
    if (in.empty()) in.release();
    if (!paused_) stream_->maybe_resume_reading();
    if (in.empty() && end_came_ && !end_told_ && takes_input()) tell_end();
}

void TransportCore::deliver_data() {
    ByteBuffer data;
    swap(data, stream_->in_);
    if (!streaming_) return;  // this one only writes
    must("Fatal error: protocol.data_received() call failed.", [&] { streaming_->data_received(data.view()); });
}

void TransportCore::deliver_into_buffer() {
    ByteBuffer& in = stream_->in_;
    std::span<char> buffer;
    must("Fatal error: protocol.get_buffer() call failed.", [&] {
        buffer = buffered_->get_buffer(in.size());
        if (buffer.empty()) throw RuntimeError("get_buffer() returned an empty buffer");
    });
    if (!takes_input() || !buffered_) return;
    std::size_t count = std::min(buffer.size(), in.size());
    if (count > 0) {
        std::memcpy(buffer.data(), in.data(), count);
        in.consume(count);
    } else {
        const int received = stream_->receive_now(buffer.data(), buffer.size());
        if (received <= 0) return;
        count = static_cast<std::size_t>(received);
    }
    must("Fatal error: protocol.buffer_updated() call failed.", [&] { buffered_->buffer_updated(count); });
}

void TransportCore::tell_end() {
    end_told_ = true;
    bool keep_open = false;
    must("Fatal error: protocol.eof_received() call failed.", [&] {
        if (streaming_) keep_open = streaming_->eof_received();
        if (buffered_) keep_open = buffered_->eof_received();
    });
    if (!keep_open) close();
}

// A stream that closed itself at EOF may be paused, too: before the data it had received is delivered.
void TransportCore::pause_reading() noexcept {
    if (paused_ || deaf_) return;
    paused_ = true;
    if (!stream_->is_closing() && !std::exchange(stream_->reading_paused_, true)) stream_->pause_reading();
}

void TransportCore::resume_reading() noexcept {
    if (!std::exchange(paused_, false)) return;
    stream_->maybe_resume_reading();
    schedule();
}

void TransportCore::let_input() noexcept {
    if (--holds_ == 0) schedule();
}

// --- writing -----------------------------------------------------------------------------------------------

void TransportCore::write(std::string_view data) {
    stream_->write(data);
    if (stream_->writing_paused_ && !told_paused_) pause_protocol();
}

void TransportCore::set_write_buffer_limits(std::size_t high, std::size_t low) {
    stream_->set_write_buffer_limits(high, low);
    if (stream_->writing_paused_ && !told_paused_) pause_protocol();
}

std::pair<std::size_t, std::size_t> TransportCore::write_buffer_limits() const noexcept {
    return {stream_->water_.low, stream_->water_.high};
}

void TransportCore::pause_protocol() {
    if (!protocol_ || stream_->lost()) return;
    told_paused_ = true;
    wait_for_room();
    attempt("protocol.pause_writing() failed", [&] { protocol_->pause_writing(); });
}

void TransportCore::wait_for_room() noexcept {
    if (std::exchange(room_.listed, true)) return;
    stream_->drains_.push(&room_);
}

void TransportCore::tell_room() {
    if (!told_paused_ || room_.listed || stream_->lost()) return;
    if (stream_->writing_paused_) return wait_for_room();  // others have written since
    told_paused_ = false;
    attempt("protocol.resume_writing() failed", [&] { protocol_->resume_writing(); });
}

// --- the end -----------------------------------------------------------------------------------------------

void TransportCore::close() {
    deaf_ = true;
    stream_->close();
}

void TransportCore::abort() {
    deaf_ = true;
    stream_->abort();
}

// A stream that closes itself at EOF does not know that the protocol has paused, and has not reached the EOF yet.
bool TransportCore::loss_is_due() const noexcept {
    if (!stream_->lost() || finished_) return false;
    const bool in_good_order = !deaf_ && !stream_->lost_error_ && !stream_->can_write_eof();
    return !(in_good_order && (paused_ || holds_ > 0) && end_came_ && !end_told_);
}

void TransportCore::tell_loss() {
    const std::exception_ptr error = failure_ ? failure_ : stream_->lost_error_;
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    finish();
    if (!protocol) return;
    attempt("protocol.connection_lost() failed", [&] { protocol->connection_lost(error); });
}

void TransportCore::finish() noexcept {
    if (std::exchange(finished_, true)) return;
    const Alive alive(*this);
    unlink();
    stream_->observe_reading(nullptr);
    streaming_ = nullptr;
    buffered_ = nullptr;
    maker_ = nullptr;
    const std::shared_ptr<BaseProtocol> last = std::move(protocol_);  // its destructor may look at its transport
    release();
}

}  // namespace aio::detail
