// TlsEngine: OpenSSL behind a BIO of its own, with handshake, records, close_notify, a client's name check and session.
// A server's choices at the ClientHello are in client_hello.cpp, error messages in engine_errors.cpp, the timeouts and
// the stream in filter.cpp.
#include "io/tls/engine.hpp"

#include "io/address/raw_address.hpp"
#include "io/tls/certificate.hpp"
#include "io/tls/errors.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <new>

namespace aio::detail {

namespace {

constexpr std::size_t kRecord = 16 * 1024;  // the most that one record carries

}  // namespace

TlsEngine::TlsEngine(Setup setup, std::string peer) : setup_(std::move(setup)), peer_(std::move(peer)) {
    if (!setup_.server_side) open();
}

void TlsEngine::open() {
    trust_id_ = setup_.context->trust_id();
    clear_ssl_errors();
    ssl_.reset(SSL_new(setup_.context->get()));
    BIO* bio = ssl_ ? BIO_new(bio_method()) : nullptr;
    if (!bio) throw_ssl_failure("TLS connection");
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl(), bio, bio);  // which takes it over
    SSL_set_app_data(ssl(), this);
    SSL_set_verify(ssl(), SSL_get_verify_mode(ssl()), verified);
    if (setup_.server_side) {
        SSL_set_accept_state(ssl());
    } else {
        SSL_set_connect_state(ssl());
        name_the_peer();
        if (setup_.session) resume();
    }
}

// RFC 6066 3: an address is no host name. One in the certificate is compared with the address.
void TlsEngine::name_the_peer() {
    const std::string& name = setup_.server_hostname;
    if (name.empty()) return;
    X509_VERIFY_PARAM* checks = SSL_get0_param(ssl());
    const bool address = RawAddress::numeric(name, 0).has_value();
    bool good = address || SSL_set_tlsext_host_name(ssl(), name.c_str()) == 1;
    if (setup_.check_hostname) {
        good = good && (address ? X509_VERIFY_PARAM_set1_ip_asc(checks, name.c_str())
                                : X509_VERIFY_PARAM_set1_host(checks, name.c_str(), name.size())) == 1;
    }
    if (!good) throw_ssl_failure("server_hostname '" + name + "'");
}

void TlsEngine::resume() {
    const TlsSession& session = *setup_.session;
    if (session.context != setup_.context) throw ValueError("ssl_session: Session refers to a different SSLContext");
    if (session.server_hostname != setup_.server_hostname) {
        throw ValueError("ssl_session: it is for '" + session.server_hostname + "', not for '" +
                         setup_.server_hostname + "'");
    }
    if (session.trust_id != trust_id_) return;  // it was verified by other rules: a full handshake
    if (SSL_set_session(ssl(), session.session.get()) != 1) throw_ssl_failure("ssl_session");
}

// --- the transport that OpenSSL sees -----------------------------------------------------------------------

const BIO_METHOD* TlsEngine::bio_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "aiocpp stream");
        if (!made) throw std::bad_alloc();
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
}

int TlsEngine::bio_read(BIO* bio, char* data, int size) {
    auto& self = *static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self.input_.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t count = std::min(static_cast<std::size_t>(size), self.input_.size());
    std::memcpy(data, self.input_.data(), count);
    self.input_.remove_prefix(count);
    return static_cast<int>(count);
}

int TlsEngine::bio_write(BIO* bio, const char* data, int size) {
    auto& self = *static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    try {
        self.output_.append(data, static_cast<std::size_t>(size));
        return size;
    } catch (const std::bad_alloc&) {
        self.out_of_memory_ = true;
        return -1;
    }
}

long TlsEngine::bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// --- the connection ----------------------------------------------------------------------------------------

bool TlsEngine::handshake() {
    if (!ssl_ && input_.empty()) return false;
    if (!ssl_) open();
    note_first_bytes();
    clear_ssl_errors();
    const int result = SSL_do_handshake(ssl());
    if (result == 1) {
        handshaken_ = true;
        first_bytes_ = {};
        return true;
    }
    if (SSL_get_error(ssl(), result) == SSL_ERROR_WANT_READ) return false;
    fail(result);
}

bool TlsEngine::read(ByteBuffer& plain) {
    while (!broken_ && !received_close_notify_) {
        const std::size_t pending = static_cast<std::size_t>(SSL_pending(ssl()));
        if (pending == 0 && input_.empty()) return true;
        char* room = plain.reserve(std::max(pending, std::min(input_.size(), kRecord)));
        clear_ssl_errors();
        const int result = SSL_read(ssl(), room, static_cast<int>(std::min<std::size_t>(plain.room(), INT_MAX)));
        if (result > 0) {
            plain.end_for_append(static_cast<std::size_t>(result));
            continue;
        }
        const int error = SSL_get_error(ssl(), result);
        if (error == SSL_ERROR_WANT_READ) return true;
        if (error != SSL_ERROR_ZERO_RETURN) fail(result);
        received_close_notify_ = true;
    }
    return !received_close_notify_;
}

std::string_view TlsEngine::write(std::string_view plain, std::size_t at_most) {
    while (!plain.empty() && at_most > 0 && !broken_) {
        clear_ssl_errors();
        const int result =
            SSL_write(ssl(), plain.data(), static_cast<int>(std::min({plain.size(), at_most, kRecord})));
        // A ticket or key update has arrived only in part: `plain` is written once the rest has arrived.
        if (result <= 0 && SSL_get_error(ssl(), result) == SSL_ERROR_WANT_READ) break;
        if (result <= 0) fail(result);
        plain.remove_prefix(static_cast<std::size_t>(result));
        at_most -= static_cast<std::size_t>(result);
    }
    return plain;
}

bool TlsEngine::send_close_notify() {
    if (broken_ || (SSL_get_shutdown(ssl()) & SSL_SENT_SHUTDOWN) != 0) return true;
    if (SSL_in_init(ssl()) != 0) return false;
    clear_ssl_errors();
    SSL_shutdown(ssl());  // 0: sent, and the peer's has not come
    clear_ssl_errors();
    if (out_of_memory_) throw std::bad_alloc();
    return true;
}

// --- callbacks ---------------------------------------------------------------------------------------------

// No exception may pass through OpenSSL.
int TlsEngine::verified(int good, X509_STORE_CTX* store) {
    if (good == 1) return 1;
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& self = *static_cast<TlsEngine*>(SSL_get_app_data(ssl));
    try {
        self.note_refusal(store);
    } catch (const std::bad_alloc&) {
        self.out_of_memory_ = true;
    }
    return 0;
}

void TlsEngine::note_refusal(X509_STORE_CTX* store) {
    verify_code_ = X509_STORE_CTX_get_error(store);
    verify_message_ = describe_refusal(verify_code_, X509_STORE_CTX_get_current_cert(store),
                                       X509_STORE_CTX_get_error_depth(store), setup_.server_hostname);
}

}  // namespace aio::detail
