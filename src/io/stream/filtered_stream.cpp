// SocketStream, as far as it is different when a filter stands between it and the socket.
//
// Closing differs most. A plain stream that is closing receives nothing, and ends once its buffer is sent. With a
// filter it still receives, for the peer's close_notify, and the filter decides when it ends.
#include "io/stream/socket_stream.hpp"

#include <aio/base/error.hpp>

#include <cerrno>
#include <utility>

namespace aio::detail {

namespace {

constexpr std::size_t kFilteredHighWater = 512 * 1024;  // FLOW_CONTROL_HIGH_WATER_SSL_WRITE
// How much output the peer may cause the filter to produce without reading it.
constexpr std::size_t kMostUnsent = 256 * 1024;

}  // namespace

void SocketStream::begin_filter(std::unique_ptr<StreamFilter> filter) {
    std::unique_ptr<StreamFilter> below = std::exchange(filter_, std::move(filter));
    if (water_.high == kDefaultHighWater) set_write_buffer_limits(kFilteredHighWater, kFilteredHighWater / 4);
    gathering_ = false;
    announce_input(false);
    ByteBuffer early;
    swap(early, in_);
    if (reading_paused_) resume_paused_reading();
    try {
        filter_->start(early.view(), std::move(below));
        flush_soon();
    } catch (...) {
        fail_filter(std::current_exception());
    }
}

// --- reading -----------------------------------------------------------------------------------------------

void SocketStream::filtered_received(int result, const char* data) noexcept {
    if (doomed() || result == -ECANCELED) return;
    if (result < 0) {
        if (filter_->may_break()) return force_close(nullptr);
        return fail(-result, "receive from");
    }
    try {
        if (result > 0) {
            filter_->received({data, static_cast<std::size_t>(result)});
        } else {
            input_over_ = true;
            filter_->end_of_input();
        }
        if (doomed()) return;
        if (filter_->output_size() > kMostUnsent) {
            throw RuntimeError("the TLS peer keeps causing replies without reading them");
        }
    } catch (...) {
        return fail_filter(std::current_exception());
    }
    if (filter_->has_output() || !out_.empty()) flush_soon();
    if (is_closing() && write_buffer_size() == 0) end_filtered();
}

// --- writing -----------------------------------------------------------------------------------------------

// Fills sending_, which is empty, from `data`. False when there is nothing to send.
bool SocketStream::seal_some(std::string_view& data) {
    data = filter_->seal(data, sending_);
    return !sending_.empty();
}

// Takes from `data` what the socket takes. 0, or a negative errno; a piece may be left in sending_ then.
int SocketStream::seal_and_send(std::string_view& data) {
    while (!data.empty() && seal_some(data)) {
        const int result = backend().send_now(fd_, sending_.data(), sending_.size());
        if (result < 0) return result;
        sending_.consume(static_cast<std::size_t>(result));
        taken_ += static_cast<std::size_t>(result);
        if (!sending_.empty()) return -EAGAIN;
    }
    return 0;
}

// A lot at once: encrypted straight from the caller's memory, as long as the socket takes it.
void SocketStream::seal_eagerly(std::string_view data) {
    try {
        std::string_view before = out_.view();
        int result = filter_->starting() ? -EAGAIN : seal_and_send(before);
        out_.consume(out_.size() - before.size());
        if (result == 0) result = seal_and_send(data);
        if (result < 0 && result != -EAGAIN) return fail(-result, "send to");
        if (!data.empty()) out_.append(data.data(), data.size());
        if (out_.empty()) out_.release();
        if (!sending_.empty()) return start_send(true);
        sending_.release();
        if (!out_.empty()) flush_soon();
    } catch (...) {
        fail_filter(std::current_exception());
    }
}

void SocketStream::flush_filtered() noexcept {
    if (send_op().in_flight || doomed()) return;
    try {
        const std::string_view all = out_.view();
        std::string_view rest = all;
        if (!seal_some(rest)) return after_sending();  // with nothing left to send it may have ended
        out_.consume(all.size() - rest.size());
        if (out_.empty()) out_.release();
    } catch (...) {
        return fail_filter(std::current_exception());
    }
    start_send(end_of_send_matters());
}

// --- the end -----------------------------------------------------------------------------------------------

void SocketStream::close_filtered() noexcept {
    if (filter_->starting()) return force_close(nullptr);
    mark_closing();
    reading_paused_ = false;  // what comes is dropped
    end_reading();
    try {
        filter_->close();
    } catch (...) {
        return fail_filter(std::current_exception());
    }
    start_receiving();
    flush_soon();
}

// Called when everything is sent.
void SocketStream::end_filtered() noexcept {
    if (doomed() || !is_closing() || !filter_->finished()) return;
    if (std::unique_ptr<StreamFilter> below = filter_->take_below()) {
        filter_ = std::move(below);
        try {
            filter_->close();
        } catch (...) {
            return fail_filter(std::current_exception());
        }
        return flush_soon();
    }
    stop_receiving();
    schedule_loss(nullptr);
}

void SocketStream::fail_filter(std::exception_ptr error) noexcept {
    if (doomed()) return;
    try {
        ByteBuffer alert;
        if (!send_op().in_flight && sending_.empty()) {
            filter_->seal({}, alert);
            if (!alert.empty()) backend().send_now(fd_, alert.data(), alert.size());
        }
    } catch (...) {
        // Then the peer gets no alert.
    }
    force_close(std::move(error));
}

}  // namespace aio::detail
