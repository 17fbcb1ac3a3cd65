// DatagramCore: receiving, the calls of a protocol, socket options, and the end of an endpoint.
// Sending and the write buffer's limits are in datagram_sending.cpp; datagram.cpp opens the socket.
#include "io/datagram/datagram_core.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>

#include "base/make_error.hpp"
#include "core/observe.hpp"

#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>

namespace aio::detail {

DatagramRef::DatagramRef(DatagramCore* core) noexcept : core_(core) { core_->retain(); }
DatagramRef::~DatagramRef() {
    if (core_) core_->release();
}

DatagramCore::DatagramCore(LoopState& loop, int fd, int family, const PeerAddress& remote, std::size_t receive_limit)
    : loop_(loop),
      fd_(fd),
      family_(family),
      remote_(remote),
      receive_limit_(receive_limit),
      poll_in_(*this, OpKind::poll_in, fd),
      poll_out_(*this, OpKind::poll_out, fd),
      loss_(*this, "connection_lost"),
      dispatch_(*this, "datagram_received"),
      retry_(*this, "send datagrams again") {
    RawAddress peer;
    connected_ = backend().peer_address(fd, peer.storage, peer.length) == 0;
    if (connected_) remote_ = PeerAddress::of(&peer.storage, peer.length);
}

DatagramRef DatagramCore::open(LoopState& loop, int fd, int family, const PeerAddress& remote,
                               std::size_t receive_limit) {
    loop.transport_fds.add(fd);
    DatagramCore* core = nullptr;
    try {
        core = new DatagramCore(loop, fd, family, remote, receive_limit);
    } catch (...) {
        loop.transport_fds.remove(fd);
        throw;
    }
    core->link_before(loop.resources);
    return DatagramRef(core);
}

void DatagramCore::set_protocol(std::shared_ptr<DatagramProtocol> protocol) noexcept {
    protocol_ = std::move(protocol);
    retain();
}

void DatagramCore::start() noexcept {
    receiving_ = true;
    receive_more();
}

// --- receiving ---------------------------------------------------------------------------------------------

// While an error waits for delivery, nothing is received: a persistent error would be read again and again.
void DatagramCore::receive_more() noexcept {
    if (!receiving_ || closing() || poll_in_.in_flight || error_.code != 0 || in_.size() >= receive_limit_) return;
    backend().start(poll_in_);
}

void DatagramCore::readable(int result) noexcept {
    if (closing()) return release_when_idle();
    if (result < 0 && result != -ECANCELED) return fail(-result, "wait for datagrams on ");
    receive_batch();
    tell_receiver();
    receive_more();
}

void DatagramCore::receive_batch() noexcept {
    for (int turn = 0; turn < kDatagramsPerWakeup && in_.size() < receive_limit_ && error_.code == 0; ++turn) {
        const int result = receive_one();
        if (result == -EAGAIN) return;
        if (result < 0) note_error(-result, false, remote_);
    }
}

// Its size, or a negative errno.
int DatagramCore::receive_one() noexcept {
    char bytes[kLargestDatagram];
    sockaddr_storage from;
    iovec piece{bytes, sizeof bytes};
    msghdr message = {};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const int size = backend().receive_message(fd_, message, MSG_TRUNC);
    if (size < 0) return size;
    Record record;
    record.peer = PeerAddress::of(&from, message.msg_namelen);
    record.size = static_cast<std::uint32_t>(size);
    if (record.size > sizeof bytes) {
        note_error(EMSGSIZE, false, record.peer);
        return size;
    }
    try {
        in_.reserve(sizeof record + record.size);
    } catch (const std::bad_alloc&) {
        return -ENOMEM;  // this one is lost
    }
    std::memcpy(in_.end_for_append(sizeof record), &record, sizeof record);
    std::memcpy(in_.end_for_append(record.size), bytes, record.size);
    return size;
}

// Called whenever something arrived that must be delivered to a task or the protocol.
void DatagramCore::tell_receiver() noexcept {
    if (reader_) {
        if (has_news()) reader_->datagram_came();
    } else if (protocol_ && !closing() && !dispatch_.waiting && (resume_is_due_ || has_news())) {
        dispatch_.waiting = true;
        loop_.ready.push(&dispatch_);
    }
}

std::optional<DatagramView> DatagramCore::take() {
    if (closing()) {
        if (lost_error_) std::rethrow_exception(lost_error_);
        return std::nullopt;
    }
    if (error_.code != 0) throw_error();
    return take_first();
}

DatagramView DatagramCore::take_first() noexcept {
    Record record;
    std::memcpy(&record, in_.data(), sizeof record);
    DatagramView datagram{{in_.data() + sizeof record, record.size}, record.peer};
    in_.consume(sizeof record + record.size);
    in_.pin();
    if (in_.size() <= receive_limit_ / 2) receive_more();
    return datagram;
}

void DatagramCore::note_error(int code, bool sending, const PeerAddress& peer) noexcept {
    if (error_.code == 0) error_ = {code, sending, peer};
    tell_receiver();
}

void DatagramCore::throw_error() {
    const Failure failure = std::exchange(error_, Failure());
    receive_more();
    const std::string peer = failure.peer.empty() ? std::string() : failure.peer.str();
    if (failure.sending) throw_os_error(failure.code, "send a datagram to " + peer);
    if (failure.code == EMSGSIZE) {
        throw_os_error(EMSGSIZE, "receive a datagram of more than " + std::to_string(kLargestDatagram) +
                                     " bytes, which was dropped");
    }
    throw_os_error(failure.code, "receive a datagram " + (peer.empty() ? "on " + sockname().str() : "from " + peer));
}

// --- the protocol ------------------------------------------------------------------------------------------

template <class Call>
void DatagramCore::call_protocol(const char* name, Call&& call) {
    const std::shared_ptr<DatagramProtocol> protocol = protocol_;
    ContextScope scope(context_);
    try {
        call(*protocol);
    } catch (const KeyboardInterrupt&) {
        throw;
    } catch (const SystemExit&) {
        throw;
    } catch (...) {
        report_callback_exception(name, nullptr, std::current_exception());
    }
}

void DatagramCore::pause_protocol() {
    if (!protocol_ || std::exchange(resume_is_due_, false)) return;
    call_protocol("pause_writing", [](DatagramProtocol& protocol) { protocol.pause_writing(); });
}

// As many calls as one turn may have; the rest in the next pass.
void DatagramCore::dispatch() {
    struct Rest {
        DatagramCore& core;
        ~Rest() { core.tell_receiver(); }
    } rest{*this};
    for (int turn = 0; turn < kDatagramsPerWakeup && dispatch_one(); ++turn) {}
}

// False when there is nothing to deliver.
bool DatagramCore::dispatch_one() {
    if (closing() || !protocol_) return false;
    if (std::exchange(resume_is_due_, false)) {
        call_protocol("resume_writing", [](DatagramProtocol& protocol) { protocol.resume_writing(); });
    } else if (error_.code != 0) {
        std::exception_ptr error;
        try {
            throw_error();
        } catch (...) {
            error = std::current_exception();
        }
        call_protocol("error_received", [&](DatagramProtocol& protocol) { protocol.error_received(error); });
    } else if (!in_.empty()) {
        end_views();
        const DatagramView datagram = take_first();
        call_protocol("datagram_received",
                      [&](DatagramProtocol& protocol) { protocol.datagram_received(datagram.data, datagram.from); });
    } else {
        in_.release();
        return false;
    }
    return true;
}

// --- the end -----------------------------------------------------------------------------------------------

Address DatagramCore::sockname() const {
    RawAddress local;
    if (!closed()) backend().local_address(fd_, local.storage, local.length);
    return local.decoded();
}

Address DatagramCore::peername() const { return remote_.address(); }

void DatagramCore::set_option(int level, int option, const void* value, std::size_t size) {
    if (closed()) throw RuntimeError("setsockopt: the endpoint is closed");
    const int result = backend().set_option(fd_, level, option, value, static_cast<socklen_t>(size));
    if (result < 0) throw_os_error(-result, "set an option of the socket " + sockname().str());
}

void DatagramCore::get_option(int level, int option, void* value, std::size_t size) const {
    if (closed()) throw RuntimeError("getsockopt: the endpoint is closed");
    auto length = static_cast<socklen_t>(size);
    const int result = backend().get_option(fd_, level, option, value, length);
    if (result < 0) throw_os_error(-result, "get an option of the socket " + sockname().str());
}

void DatagramCore::stop_receiving() noexcept {
    life_.reach(Life::closing);
    if (poll_in_.in_flight) backend().cancel(poll_in_);
}

void DatagramCore::close() noexcept {
    if (closing()) return;
    stop_receiving();
    if (out_.empty()) schedule_loss(nullptr);
    tell_receiver();
}

void DatagramCore::fail(int code, const char* attempted) noexcept {
    force_close(make_os_error(code, [&] { return attempted + sockname().str(); }));
}

void DatagramCore::force_close(std::exception_ptr error) noexcept {
    if (doomed()) return;
    stop_receiving();
    out_.release();
    out_bytes_ = 0;
    schedule_loss(std::move(error));
    tell_receiver();
}

void DatagramCore::schedule_loss(std::exception_ptr error) noexcept {
    life_.reach(Life::doomed);
    lost_error_ = std::move(error);
    if (poll_out_.in_flight) backend().cancel(poll_out_);
    if (retry_.waiting && remove_timer(loop_, retry_)) retry_.waiting = false;
    loss_.waiting = true;
    loop_.ready.push(&loss_);
}

void DatagramCore::lose() {
    struct End {
        DatagramCore& core;
        ~End() { core.end(); }
    } end{*this};
    if (!protocol_) return;
    call_protocol("connection_lost", [&](DatagramProtocol& protocol) { protocol.connection_lost(lost_error_); });
}

void DatagramCore::end() noexcept {
    if (lost()) return;
    life_.reach(Life::lost);
    writing_paused_ = false;
    drains_.run_all();
    const bool used = protocol_ != nullptr;
    protocol_.reset();
    if (used) --references_;
    release_when_idle();
}

// The last step. The descriptor stays open while the kernel still looks at it.
void DatagramCore::release_when_idle() noexcept {
    if (!lost() || closed() || poll_in_.in_flight || poll_out_.in_flight) return;
    loop_.transport_fds.remove(fd_);
    backend().close_fd(std::exchange(fd_, -1));
    LoopResource::unlink();
    life_.reach(Life::closed);
    close_waits_.run_all();
    delete_if_done();
}

void DatagramCore::release() noexcept {
    AIO_ASSERT(references_ > 0);
    if (--references_ > 0) return;
    if (!closing()) {
        report_unclosed(loop_, [this] { return "datagram endpoint, bound to " + sockname().str(); });
        close();
    }
    delete_if_done();
}

void DatagramCore::delete_if_done() noexcept {
    if (closed() && references_ == 0 && !loss_.waiting && !dispatch_.waiting && !retry_.waiting) delete this;
}

// The loop closes, and a callback of this will never run.
void DatagramCore::discarded() noexcept {
    const DatagramRef alive(this);
    if (doomed()) end();
}

void DatagramCore::loop_closing() noexcept {
    if (closed()) return;
    const DatagramRef alive(this);
    stop_receiving();
    if (poll_out_.in_flight) backend().cancel(poll_out_);
    life_.reach(Life::doomed);
    end();
}

}  // namespace aio::detail
