// SSLObject and SSLSession: what there is to know of a connection.
#include <aio/base/error.hpp>
#include <aio/io/ssl.hpp>

#include "io/tls/certificate.hpp"
#include "io/tls/filter.hpp"

#include <new>

namespace aio::ssl {

aio::detail::TlsFilter* SSLObject::filter() const noexcept {
    return static_cast<aio::detail::TlsFilter*>(stream_->filter());
}

aio::detail::TlsFilter& SSLObject::require() const {
    if (aio::detail::TlsFilter* found = filter()) return *found;
    throw RuntimeError("StreamWriter.ssl_object: this connection is not encrypted");
}

std::string SSLObject::version() const {
    SSL* ssl = require().engine().ssl();
    return ssl && SSL_is_init_finished(ssl) ? SSL_get_version(ssl) : "";
}

std::optional<Cipher> SSLObject::cipher() const {
    SSL* ssl = require().engine().ssl();
    const SSL_CIPHER* current = ssl ? SSL_get_current_cipher(ssl) : nullptr;
    if (!current) return std::nullopt;
    Cipher result;
    result.name = SSL_CIPHER_get_name(current);
    result.protocol = SSL_CIPHER_get_version(current);
    result.secret_bits = SSL_CIPHER_get_bits(current, nullptr);
    return result;
}

std::string SSLObject::selected_alpn_protocol() const {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    if (SSL* ssl = require().engine().ssl()) SSL_get0_alpn_selected(ssl, &name, &length);
    return std::string(reinterpret_cast<const char*>(name), length);
}

std::optional<Certificate> SSLObject::getpeercert() const {
    SSL* ssl = require().engine().ssl();
    X509* certificate = ssl ? SSL_get0_peer_certificate(ssl) : nullptr;
    if (!certificate) return std::nullopt;
    return aio::detail::describe_certificate(certificate);
}

SSLSession SSLObject::session() const {
    const aio::detail::TlsEngine& engine = require().engine();
    if (engine.setup().server_side) return {};
    auto result = std::make_shared<aio::detail::TlsSession>();
    result->session.reset(SSL_get1_session(engine.ssl()));
    if (!result->session || SSL_SESSION_is_resumable(result->session.get()) != 1) return {};
    result->context = engine.setup().context;
    result->trust_id = engine.trust_id();
    result->server_hostname = engine.setup().server_hostname;
    return SSLSession(std::move(result));
}

bool SSLObject::session_reused() const {
    SSL* ssl = require().engine().ssl();
    return ssl && SSL_session_reused(ssl) == 1;
}
bool SSLObject::server_side() const { return require().engine().setup().server_side; }

std::string SSLObject::server_hostname() const {
    const aio::detail::TlsEngine& engine = require().engine();
    return engine.setup().server_side ? engine.requested_name() : engine.setup().server_hostname;
}

SSLContext SSLObject::context() const { return SSLContext(require().engine().context()); }
bool SSLObject::received_close_notify() const { return require().engine().received_close_notify(); }

bool SSLSession::has_ticket() const noexcept {
    return session_ && SSL_SESSION_has_ticket(session_->session.get()) == 1;
}

std::chrono::seconds SSLSession::timeout() const noexcept {
    return std::chrono::seconds(session_ ? SSL_SESSION_get_timeout(session_->session.get()) : 0);
}

}  // namespace aio::ssl
