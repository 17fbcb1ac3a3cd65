// TlsEngine: what a server decides when it has read a ClientHello, before OpenSSL looks for the session to resume.
//
// OpenSSL's own servername callback comes after that look-up. A session of one virtual host would then be resumed on
// another, which has never looked at the client's certificate (CVE-2025-23419). Here the context is chosen first, and
// a session is resumed only if it is in the same scope: the same rules of whom to trust, and the same name (RFC 6066
// section 3 demands the name). Any other is treated as unknown, and a full handshake follows.
#include "io/tls/engine.hpp"
#include "io/tls/errors.hpp"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <cctype>
#include <new>

namespace aio::detail {

// No exception may pass through OpenSSL.
int TlsEngine::client_hello(SSL* ssl, int* alert, void*) {
    auto& self = *static_cast<TlsEngine*>(SSL_get_app_data(ssl));
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    try {
        self.meet_client();
        return SSL_CLIENT_HELLO_SUCCESS;
    } catch (...) {
        self.refusal_ = std::current_exception();
        return SSL_CLIENT_HELLO_ERROR;
    }
}

// A second ClientHello follows a HelloRetryRequest, and may not ask for anything else (RFC 8446 section 4.1.2).
void TlsEngine::meet_client() {
    std::string name = name_in_hello();
    if (met_client_) {
        if (name == requested_name_) return;
        throw ssl::SSLError(SSL_ERROR_SSL, attempted() + ": its second ClientHello asks for another host name");
    }
    met_client_ = true;
    requested_name_ = std::move(name);
    choose_context();
    scope_session();
}

// RFC 6066 section 3: the length of a list; its only entry has a type (0: a host name), a length, and the name. OpenSSL
// refuses the handshake for anything else.
std::string TlsEngine::name_in_hello() const {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    constexpr std::size_t kBefore = 5;
    if (SSL_client_hello_get0_ext(ssl(), TLSEXT_TYPE_server_name, &data, &size) != 1 || size < kBefore) return {};
    const std::size_t length = std::size_t{data[3]} << 8 | data[4];
    if (data[2] != TLSEXT_NAMETYPE_host_name || length != size - kBefore) return {};
    std::string name(reinterpret_cast<const char*>(data + kBefore), length);
    return name.find('\0') == std::string::npos ? name : std::string();
}

void TlsEngine::choose_context() {
    const auto callback = setup_.context->servername_callback;
    if (!callback) return;
    const std::optional<ssl::SSLContext> other = callback(requested_name_);
    if (!other || other->context() == setup_.context) return;
    if (!other->context()->is_server()) throw ValueError("servername callback: the context is a client's");
    chosen_ = other->context();
    trust_id_ = chosen_->trust_id();
    SSL_CTX* ctx = chosen_->get();
    if (!SSL_set_SSL_CTX(ssl(), ctx)) throw std::bad_alloc();
    // What OpenSSL leaves as it was.
    SSL_set_verify(ssl(), SSL_CTX_get_verify_mode(ctx), verified);
    X509_VERIFY_PARAM_set1(SSL_get0_param(ssl()), SSL_CTX_get0_param(ctx));
    SSL_set_min_proto_version(ssl(), SSL_CTX_get_min_proto_version(ctx));
    SSL_set_max_proto_version(ssl(), SSL_CTX_get_max_proto_version(ctx));
    SSL_set_num_tickets(ssl(), SSL_CTX_get_num_tickets(ctx));
}

// OpenSSL calls it the session id context; it is compared whichever way a session comes back: by ticket or by id.
void TlsEngine::scope_session() {
    std::string scope(trust_id_.begin(), trust_id_.end());
    for (const char c : requested_name_) {
        scope += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    unsigned char digest[SSL_MAX_SID_CTX_LENGTH];
    unsigned size = 0;
    clear_ssl_errors();
    if (EVP_Digest(scope.data(), scope.size(), digest, &size, EVP_sha256(), nullptr) != 1 ||
        SSL_set_session_id_context(ssl(), digest, size) != 1) {
        throw_ssl_failure(attempted());
    }
}

}  // namespace aio::detail
