// TlsFilter: the phases of a connection, the handshake and shutdown timeouts, TLS inside TLS. engine.cpp encrypts and
// decrypts, and has the certificate's host name checked. The stream's half of the work is in
// stream/filtered_stream.cpp; start.cpp creates the filters.
#include "io/tls/filter.hpp"

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "base/describe.hpp"
#include "core/observe.hpp"

#include <cerrno>
#include <charconv>
#include <utility>

namespace aio::detail {

namespace {

// What is encrypted at a time: with the records' overhead it fits a block of 64 KiB.
constexpr std::size_t kSealedAtOnce = 63 * 1024;
constexpr std::size_t kEverything = ~std::size_t{0};

// "60.0 seconds", as Python writes it.
std::string seconds_text(Duration duration) {
    char digits[32];
    const double seconds = std::chrono::duration<double>(duration).count();
    const auto end = std::to_chars(digits, digits + sizeof digits, seconds).ptr;
    std::string text(digits, end);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text + " seconds";
}

std::string who_is_there(const SocketStream& stream) {
    const Address peer = stream.peername();
    return peer == Address() ? std::string() : peer.str();
}

}  // namespace

TlsFilter::TlsFilter(SocketStream& stream, TlsEngine::Setup setup, TlsLimits limits, std::optional<Future<>> done)
    : stream_(stream), engine_(std::move(setup), who_is_there(stream)), limits_(limits), done_(std::move(done)) {}

TlsFilter::~TlsFilter() { timer_.cancel(); }

// --- the handshake -----------------------------------------------------------------------------------------

void TlsFilter::start(std::string_view early, std::unique_ptr<StreamFilter> below) {
    self_ = StreamRef(&stream_);
    below_.reset(static_cast<TlsFilter*>(below.release()));
    // Data written before start_tls() is sent as it would have been without it, ahead of the handshake.
    swap(engine_.output(), stream_.plain_output());
    arm(limits_.handshake, &TlsFilter::handshake_expired);
    process(early);
}

bool TlsFilter::shake_hands() {
    if (!engine_.handshake()) return false;
    timer_.cancel();
    phase_ = Phase::open;
    stream_.loop().ready.push(&secured_);
    return true;
}

void TlsFilter::announce() noexcept {
    const StreamRef self = std::move(self_);  // may be the last one, and take this filter with it
    if (done_) {
        if (!done_->done()) done_->set_result();
    } else if (StreamOwner* owner = stream_.owner()) {
        owner->stream_secured(stream_);
    }
}

void TlsFilter::handshake_expired() {
    try {
        throw ConnectionAbortedError(ECONNABORTED, engine_.attempted() + ": SSL handshake is taking longer than " +
                                                       seconds_text(limits_.handshake) + ": aborting the connection");
    } catch (...) {
        stream_.fail_filter(std::current_exception());
    }
}

// --- reading -----------------------------------------------------------------------------------------------

void TlsFilter::received(std::string_view data) {
    if (!below_) return process(data);
    ByteBuffer middle;
    below_->engine_.give(data);
    const bool more = below_->engine_.read(middle);
    process(middle.view());
    if (!more && !below_->input_over_) end_of_input();
}

void TlsFilter::process(std::string_view data) {
    engine_.give(data);
    if (phase_ == Phase::starting && !shake_hands()) return;
    if (phase_ != Phase::over) read_plain();
}

void TlsFilter::read_plain() {
    ByteBuffer dropped;  // after close() nobody reads
    ByteBuffer& plain = phase_ == Phase::open ? stream_.plain_input() : dropped;
    const std::size_t before = plain.size();
    const bool more = engine_.read(plain);
    if (phase_ == Phase::open && plain.size() > before) stream_.plain_input_added();
    if (!more && !input_over_) input_ended();
}

// A close_notify, or an EOF that is accepted as one: everything that was written is still sent.
void TlsFilter::input_ended() {
    input_over_ = true;
    if (phase_ != Phase::open) return;
    stream_.feed_eof();
    stream_.close();
}

void TlsFilter::end_of_input() {
    if (below_) below_->input_over_ = true;
    if (phase_ == Phase::starting) {
        throw ConnectionResetError(ECONNRESET, engine_.attempted() + ": the peer closed the connection");
    }
    if (input_over_) return;
    if (phase_ == Phase::open && !limits_.suppress_ragged_eofs) {
        throw ssl::SSLEOFError(SSL_ERROR_SSL,
                               engine_.attempted() +
                                   ": [SSL: UNEXPECTED_EOF_WHILE_READING] the connection ended "
                                   "without close_notify: what was received may be incomplete",
                               "SSL", "UNEXPECTED_EOF_WHILE_READING");
    }
    input_ended();
}

// --- writing -----------------------------------------------------------------------------------------------

std::string_view TlsFilter::seal(std::string_view plain, ByteBuffer& sealed) {
    hand_down();
    // What the filter below does not take now must not pile up here.
    const bool blocked = below_ && !engine_.output().empty();
    if (!blocked && (phase_ == Phase::open || phase_ == Phase::closing)) plain = seal_more(plain);
    collect(sealed);
    return plain;
}

std::string_view TlsFilter::seal_more(std::string_view plain) {
    const std::string_view rest = encrypt(plain, kSealedAtOnce);
    if (phase_ != Phase::closing) return rest;
    // Only the program's data count as progress: a peer can make us answer for ever.
    if (rest.size() < plain.size()) last_progress_ = stream_.loop().backend->now();
    if (!rest.empty() || notified_) return rest;
    notified_ = engine_.send_close_notify() || input_over_;
    farewell_only_ = plain.empty();
    return rest;
}

// Encrypts the beginning of `plain`, and returns the rest.
std::string_view TlsFilter::encrypt(std::string_view plain, std::size_t at_most) {
    const std::string_view rest = engine_.write(plain, at_most);
    if (!plain.empty() && rest.size() == plain.size() && input_over_) {
        throw ConnectionResetError(ECONNRESET,
                                   engine_.attempted() +
                                       ": the connection ended in the middle of a handshake message; what "
                                       "was written cannot be sent any more");
    }
    return rest;
}

// What this filter has to send, to the one below: as much as that takes.
void TlsFilter::hand_down() {
    if (!below_) return;
    ByteBuffer& output = engine_.output();
    const std::string_view rest = below_->encrypt(output.view(), kEverything);
    output.consume(output.size() - rest.size());
    if (output.empty()) output.release();
}

void TlsFilter::collect(ByteBuffer& sealed) {
    hand_down();
    if (below_) return below_->collect(sealed);
    swap(engine_.output(), sealed);
}

bool TlsFilter::has_output() const noexcept { return output_size() > 0 || (phase_ == Phase::closing && !notified_); }

std::size_t TlsFilter::output_size() const noexcept {
    return engine_.output().size() + (below_ ? below_->output_size() : 0);
}

// --- the end -----------------------------------------------------------------------------------------------

void TlsFilter::close() {
    phase_ = Phase::closing;
    last_progress_ = stream_.loop().backend->now();
    arm(limits_.shutdown, &TlsFilter::shutdown_expired);
}

// Unlike asyncio's, the limit counts from the last progress: a slow peer may take what it is owed.
void TlsFilter::shutdown_expired() {
    try {
        const Duration left = last_progress_ + limits_.shutdown - stream_.loop().backend->now();
        if (left > Duration(0)) return arm(left, &TlsFilter::shutdown_expired);
        throw TimeoutError(engine_.attempted() + ": SSL shutdown timed out: no close_notify within " +
                           seconds_text(limits_.shutdown));
    } catch (...) {
        stream_.fail_filter(std::current_exception());
    }
}

void TlsFilter::abandoned(const std::exception_ptr& error) noexcept {
    timer_.cancel();
    if (below_) below_->abandoned(error);
    if (std::exchange(phase_, Phase::over) != Phase::starting) return;
    const StreamRef self = std::move(self_);
    if (!done_) {
        log_failure(error);
    } else if (!done_->done()) {
        try {
            if (error) std::rethrow_exception(error);
            throw ConnectionAbortedError(ECONNABORTED, engine_.attempted());
        } catch (...) {
            done_->set_exception(std::current_exception());
        }
        done_->base()->mark_retrieved();  // the waiting task may have been cancelled
    }
}

// Hostile clients must not fill a server's log.
void TlsFilter::log_failure(const std::exception_ptr& error) const noexcept {
    if (!error || !stream_.loop().debug) return;
    try {
        log(LogLevel::debug, "SSL handshake failed: " + describe_exception(error));
    } catch (const std::bad_alloc&) {
        // Not logged, then.
    }
}

void TlsFilter::arm(Duration delay, void (TlsFilter::*expired)()) {
    timer_.cancel();
    timer_ = stream_.loop().owner->call_later(delay, [this, expired] { (this->*expired)(); });
}

}  // namespace aio::detail
