// TlsContext (the defaults of each SSL_CTX, ALPN, the key log, trust ids), create_default_context(), and the context
// behind `.ssl = true`, which start.cpp loads on a thread. SSLContext's members are in context_settings.cpp.
#include "io/tls/context.hpp"

#include "io/tls/engine.hpp"
#include "io/tls/errors.hpp"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <new>

namespace aio::detail {

namespace {

// As Python 3.13's ssl has it: forward secrecy, authenticated encryption first, nothing with known weaknesses.
constexpr const char* kCiphers =
    "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM";

static_assert(ssl::VERIFY_CRL_CHECK_LEAF == X509_V_FLAG_CRL_CHECK);
static_assert(ssl::VERIFY_CRL_CHECK_CHAIN == (X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL));
static_assert(ssl::VERIFY_X509_STRICT == X509_V_FLAG_X509_STRICT);
static_assert(ssl::VERIFY_ALLOW_PROXY_CERTS == X509_V_FLAG_ALLOW_PROXY_CERTS);
static_assert(ssl::VERIFY_X509_TRUSTED_FIRST == X509_V_FLAG_TRUSTED_FIRST);
static_assert(ssl::VERIFY_X509_PARTIAL_CHAIN == X509_V_FLAG_PARTIAL_CHAIN);
static_assert(static_cast<int>(ssl::TLSVersion::TLSv1_2) == TLS1_2_VERSION);
static_assert(static_cast<int>(ssl::TLSVersion::TLSv1_3) == TLS1_3_VERSION);

}  // namespace

TlsContext::TlsContext(ssl::Protocol p) : protocol(p), check_hostname(p == ssl::PROTOCOL_TLS_CLIENT) {
    clear_ssl_errors();
    handle_.reset(SSL_CTX_new(is_server() ? TLS_server_method() : TLS_client_method()));
    if (!handle_) throw_ssl_failure("SSLContext");
    SSL_CTX* ctx = get();
    SSL_CTX_set_app_data(ctx, this);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION);
    // An idle connection keeps no buffers; a call writes one record and says so.
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_verify(ctx, is_server() ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ctx),
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_server()) SSL_CTX_set_client_hello_cb(ctx, TlsEngine::client_hello, nullptr);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(ctx, kCiphers) != 1) {
        throw_ssl_failure("SSLContext");
    }
    trust_changed();
}

TlsContext::~TlsContext() {
    if (keylog_fd_ >= 0) ::close(keylog_fd_);
}

void TlsContext::trust_changed() noexcept {
    // Random, since processes that were forked share what encrypts their tickets.
    if (RAND_bytes(trust_id_.data(), static_cast<int>(trust_id_.size())) == 1) return;
    clear_ssl_errors();
    SSL_CTX_set_session_cache_mode(get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(get(), 0);
}

void TlsContext::set_keylog(std::string_view path) {
    const std::string name(path);
    int fd = -1;
    if (!name.empty()) {
        fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0) throw_os_error(errno, "open the key log file '" + name + "'");
    }
    if (keylog_fd_ >= 0) ::close(keylog_fd_);
    keylog_fd_ = fd;
    keylog_filename = name;
    SSL_CTX_set_keylog_callback(get(), fd >= 0 ? write_key : nullptr);
}

void TlsContext::write_key(const SSL* ssl, const char* line) {
    const auto* self = static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    try {
        const std::string text = std::string(line) + "\n";
        while (::write(self->keylog_fd_, text.data(), text.size()) < 0 && errno == EINTR) {}
    } catch (const std::bad_alloc&) {
        // The log misses a line.
    }
}

void TlsContext::set_alpn(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& name : protocols) {
        if (name.empty() || name.size() > 255) {
            throw ValueError("set_alpn_protocols: a name has 1 to 255 bytes, not " + std::to_string(name.size()));
        }
        wire += static_cast<char>(static_cast<unsigned char>(name.size()));
        wire += name;
    }
    if (is_server()) {
        SSL_CTX_set_alpn_select_cb(get(), wire.empty() ? nullptr : select_alpn, this);
    } else if (SSL_CTX_set_alpn_protos(get(), reinterpret_cast<const unsigned char*>(wire.data()),
                                       static_cast<unsigned>(wire.size())) != 0) {
        throw_ssl_failure("set_alpn_protocols");
    }
    alpn = std::move(wire);
}

int TlsContext::select_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                            unsigned in_length, void* context) {
    const std::string& ours = static_cast<const TlsContext*>(context)->alpn;
    unsigned char* chosen = nullptr;
    const int result = SSL_select_next_proto(&chosen, out_length, reinterpret_cast<const unsigned char*>(ours.data()),
                                             static_cast<unsigned>(ours.size()), in, in_length);
    if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// --- the default context -----------------------------------------------------------------------------------

namespace {

struct DefaultContext {
    std::mutex mutex;
    std::shared_ptr<TlsContext> context;

    static DefaultContext& instance() {
        static DefaultContext* made = new DefaultContext;  // connections may outlive static objects
        return *made;
    }
};

}  // namespace

std::shared_ptr<TlsContext> default_client_context() noexcept {
    DefaultContext& shared = DefaultContext::instance();
    std::lock_guard lock(shared.mutex);
    return shared.context;
}

std::shared_ptr<TlsContext> make_default_client_context() {
    const ssl::SSLContext fresh = ssl::create_default_context();
    DefaultContext& shared = DefaultContext::instance();
    std::lock_guard lock(shared.mutex);
    if (!shared.context) shared.context = fresh.context();
    return shared.context;
}

}  // namespace aio::detail

namespace aio::ssl {

SSLContext create_default_context(Purpose purpose, std::string_view cafile, std::string_view capath,
                                  std::string_view cadata) {
    const SSLContext context(purpose == Purpose::SERVER_AUTH ? PROTOCOL_TLS_CLIENT : PROTOCOL_TLS_SERVER);
    context.set_verify_flags(context.verify_flags() | VERIFY_X509_PARTIAL_CHAIN | VERIFY_X509_STRICT);
    if (!cafile.empty() || !capath.empty() || !cadata.empty()) {
        context.load_verify_locations(cafile, capath, cadata);
    } else if (context.verify_mode() != CERT_NONE) {
        context.load_default_certs();
    }
    const char* keylog = std::getenv("SSLKEYLOGFILE");
    if (keylog && *keylog) context.set_keylog_filename(keylog);
    return context;
}

}  // namespace aio::ssl
