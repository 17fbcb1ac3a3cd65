// The sending half of DatagramCore.
#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "io/datagram/datagram_core.hpp"

#include <netinet/in.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <new>

namespace aio::detail {

namespace {

// Counted for each unsent datagram beside its bytes (_SelectorDatagramTransport._header_size).
constexpr std::size_t kHeader = 8;
constexpr std::uint8_t kWarnFromSend = 5;  // LOG_THRESHOLD_FOR_CONNLOST_WRITES
// Between attempts when poll says that there is room, and there is none: an AF_UNIX receiver that is named in sendto()
// and does not receive. Linux tells only connected senders about its queue.
constexpr auto kRetryPause = std::chrono::milliseconds(2);

}  // namespace

PeerAddress DatagramCore::fitting(const Address& address) const {
    if (family_ == AF_INET6 && !address.host.empty() && address.host.find(':') == std::string::npos) {
        return PeerAddress(Address{"::ffff:" + address.host, address.port, {}});
    }
    return PeerAddress(address);
}

void DatagramCore::send(std::string_view data) {
    if (remote_.empty()) throw ValueError("sendto: an address is needed, since the endpoint has no remote_addr");
    send_or_keep(data, remote_);
}

void DatagramCore::send(std::string_view data, const PeerAddress& to) {
    if (to.empty()) throw ValueError("sendto: the address is empty: this AF_UNIX peer has no name");
    if (!remote_.empty() && to != remote_) {
        throw ValueError("sendto: this endpoint sends to " + remote_.str() + " only, not to " + to.str());
    }
    send_or_keep(data, to);
}

void DatagramCore::send_or_keep(std::string_view data, const PeerAddress& to) {
    if (closing()) {
        if (sends_after_close_ < kWarnFromSend) ++sends_after_close_;
        if (sends_after_close_ == kWarnFromSend)
            log(LogLevel::warning, "DatagramEndpoint.sendto: the endpoint is closed");
        return;
    }
    if (data.size() > std::numeric_limits<decltype(Record::size)>::max()) return note_error(EMSGSIZE, true, to);
    if (out_.empty()) {
        const int result = send_now(data, to);
        if (result >= 0) return;
        if (result != -EAGAIN) return note_error(-result, true, to);
    }
    keep(data, to);
    wait_for_room();
    check_write_buffer();
}

int DatagramCore::send_now(std::string_view data, const PeerAddress& to) noexcept {
    iovec piece{const_cast<char*>(data.data()), data.size()};
    msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!connected_) {
        message.msg_name = const_cast<char*>(to.data());
        message.msg_namelen = static_cast<socklen_t>(to.size());
    }
    return backend().send_message(fd_, message);
}

void DatagramCore::keep(std::string_view data, const PeerAddress& to) {
    const Record record{to, static_cast<std::uint32_t>(data.size())};
    out_.reserve(sizeof record + data.size());
    std::memcpy(out_.end_for_append(sizeof record), &record, sizeof record);
    if (!data.empty()) std::memcpy(out_.end_for_append(data.size()), data.data(), data.size());
    out_bytes_ += data.size() + kHeader;
}

void DatagramCore::wait_for_room() noexcept {
    if (!poll_out_.in_flight && !retry_.waiting) backend().start(poll_out_);
}

void DatagramCore::writable(int result) noexcept {
    if (doomed()) return release_when_idle();
    if (result < 0) return fail(-result, "wait until datagrams can be sent on ");
    flush();
}

void DatagramCore::flush() noexcept {
    for (int turn = 0; turn < kDatagramsPerWakeup && !out_.empty(); ++turn) {
        Record record;
        std::memcpy(&record, out_.data(), sizeof record);
        const int result = send_now({out_.data() + sizeof record, record.size}, record.peer);
        if (result == -EAGAIN && turn == 0) return back_off();
        if (result == -EAGAIN) break;
        out_.consume(sizeof record + record.size);
        out_bytes_ -= record.size + kHeader;
        if (result < 0) note_error(-result, true, record.peer);
    }
    if (out_.empty()) {
        out_.release();
        if (closing() && !doomed()) schedule_loss(nullptr);
    } else {
        wait_for_room();
    }
    check_write_buffer();
}

void DatagramCore::back_off() noexcept {
    try {
        loop_.timers.push(retry_, backend().now() + kRetryPause);
        retry_.waiting = true;
    } catch (const std::bad_alloc&) {
        wait_for_room();
    }
}

void DatagramCore::set_write_buffer_limits(std::size_t high, std::size_t low) {
    water_.set(high, low);
    check_write_buffer();
}

// Writing pauses in the user's calls only, where the protocol may be called; it resumes anywhere.
void DatagramCore::check_write_buffer() {
    if (!water_.turn_at(out_bytes_, writing_paused_)) return;
    writing_paused_ = !writing_paused_;
    if (writing_paused_) return pause_protocol();
    drains_.run_all();
    resume_is_due_ = protocol_ != nullptr;
    tell_receiver();
}

}  // namespace aio::detail
