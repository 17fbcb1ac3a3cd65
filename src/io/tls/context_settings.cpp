// SSLContext: what is loaded into a context and set upon it.
#include "io/tls/context.hpp"
#include "io/tls/engine.hpp"
#include "io/tls/errors.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <climits>
#include <cstring>

namespace aio::ssl {

using aio::detail::clear_ssl_errors;
using aio::detail::Owned;
using aio::detail::throw_ssl_failure;

SSLContext::SSLContext(Protocol protocol) : context_(std::make_shared<aio::detail::TlsContext>(protocol)) {}

Protocol SSLContext::protocol() const noexcept { return context_->protocol; }

// --- trust -------------------------------------------------------------------------------------------------

namespace {

using Bio = Owned<BIO, BIO_free_all>;

Bio memory_of(std::string_view data) {
    if (data.size() > INT_MAX) throw ValueError("load_verify_locations: cadata is too long");
    Bio bio(BIO_new_mem_buf(data.data(), static_cast<int>(data.size())));
    if (!bio) throw std::bad_alloc();
    return bio;
}

void free_infos(STACK_OF(X509_INFO) * infos) { sk_X509_INFO_pop_free(infos, X509_INFO_free); }

// Certificates and revocation lists in text.
int add_pem(X509_STORE* store, std::string_view data) {
    const Bio bio = memory_of(data);
    const Owned<STACK_OF(X509_INFO), free_infos> infos(PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr));
    int added = 0;
    for (int i = 0; infos && i < sk_X509_INFO_num(infos.get()); ++i) {
        const X509_INFO* info = sk_X509_INFO_value(infos.get(), i);
        if (info->x509 && X509_STORE_add_cert(store, info->x509) == 1) ++added;
        if (info->crl && X509_STORE_add_crl(store, info->crl) == 1) ++added;
    }
    return added;
}

// Certificates one behind the other, as bytes.
int add_der(X509_STORE* store, std::string_view data) {
    const auto* at = reinterpret_cast<const unsigned char*>(data.data());
    const unsigned char* const end = at + data.size();
    int added = 0;
    while (at < end) {
        const Owned<X509, X509_free> certificate(d2i_X509(nullptr, &at, end - at));
        if (!certificate || X509_STORE_add_cert(store, certificate.get()) != 1) return 0;
        ++added;
    }
    return added;
}

}  // namespace

void SSLContext::load_default_certs() const {
    context_->trust_changed();
    clear_ssl_errors();
    if (SSL_CTX_set_default_verify_paths(context_->get()) != 1) throw_ssl_failure("load_default_certs");
    clear_ssl_errors();  // that there are none is no failure
}

void SSLContext::load_verify_locations(std::string_view cafile, std::string_view capath,
                                       std::string_view cadata) const {
    if (cafile.empty() && capath.empty() && cadata.empty()) {
        throw ValueError("load_verify_locations: cafile, capath and cadata cannot be all omitted");
    }
    context_->trust_changed();
    clear_ssl_errors();
    if (!cafile.empty()) {
        const std::string file(cafile);
        if (SSL_CTX_load_verify_file(context_->get(), file.c_str()) != 1) {
            throw_ssl_failure("load_verify_locations: cafile '" + file + "'");
        }
    }
    if (!capath.empty()) {
        const std::string path(capath);
        if (SSL_CTX_load_verify_dir(context_->get(), path.c_str()) != 1) {
            throw_ssl_failure("load_verify_locations: capath '" + path + "'");
        }
    }
    if (!cadata.empty()) {
        X509_STORE* store = SSL_CTX_get_cert_store(context_->get());
        const bool text = cadata.find("-----BEGIN") != std::string_view::npos;
        if ((text ? add_pem(store, cadata) : add_der(store, cadata)) == 0) {
            clear_ssl_errors();
            throw SSLError(SSL_ERROR_SSL, "load_verify_locations: cadata has no certificate in PEM or DER format",
                           "X509", "NO_CERTIFICATE_OR_CRL_FOUND");
        }
    }
    clear_ssl_errors();
}

VerifyMode SSLContext::verify_mode() const noexcept {
    const int mode = SSL_CTX_get_verify_mode(context_->get());
    if ((mode & SSL_VERIFY_PEER) == 0) return CERT_NONE;
    return context_->is_server() && (mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0 ? CERT_OPTIONAL : CERT_REQUIRED;
}

void SSLContext::set_verify_mode(VerifyMode mode) const {
    if (mode == CERT_NONE && context_->check_hostname) {
        throw ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled");
    }
    context_->trust_changed();
    int bits = SSL_VERIFY_NONE;
    if (mode != CERT_NONE) bits |= SSL_VERIFY_PEER;
    if (mode == CERT_REQUIRED) bits |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context_->get(), bits, nullptr);
}

bool SSLContext::check_hostname() const noexcept { return context_->check_hostname; }

void SSLContext::set_check_hostname(bool check) const noexcept {
    context_->trust_changed();
    context_->check_hostname = check;
    if (check && SSL_CTX_get_verify_mode(context_->get()) == SSL_VERIFY_NONE) {
        SSL_CTX_set_verify(context_->get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
}

unsigned long SSLContext::verify_flags() const noexcept {
    return X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(context_->get()));
}

void SSLContext::set_verify_flags(unsigned long flags) const {
    context_->trust_changed();
    X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context_->get());
    X509_VERIFY_PARAM_clear_flags(parameters, X509_VERIFY_PARAM_get_flags(parameters) & ~flags);
    clear_ssl_errors();
    if (X509_VERIFY_PARAM_set_flags(parameters, flags) != 1) throw_ssl_failure("set_verify_flags");
}

// --- identity ----------------------------------------------------------------------------------------------

namespace {

struct Password {
    std::string_view text;
    bool asked = false;
};

// OpenSSL's own would ask on the terminal.
int give_password(char* buffer, int size, int, void* data) {
    auto& password = *static_cast<Password*>(data);
    password.asked = true;
    if (password.text.empty() || password.text.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(buffer, password.text.data(), password.text.size());
    return static_cast<int>(password.text.size());
}

// While it lives `ctx` takes passwords from `password`.
class PasswordScope {
public:
    PasswordScope(SSL_CTX* ctx, Password& password) : ctx_(ctx) {
        SSL_CTX_set_default_passwd_cb(ctx, give_password);
        SSL_CTX_set_default_passwd_cb_userdata(ctx, &password);
    }
    PasswordScope(const PasswordScope&) = delete;
    PasswordScope& operator=(const PasswordScope&) = delete;
    ~PasswordScope() {
        static Password none;
        SSL_CTX_set_default_passwd_cb_userdata(ctx_, &none);
    }

private:
    SSL_CTX* ctx_;
};

[[noreturn]] void throw_key_failure(const std::string& attempted, const Password& password) {
    if (!password.asked) throw_ssl_failure(attempted);
    const aio::detail::SslFailure failure = aio::detail::take_ssl_failure();
    if (failure.system_error != 0) throw_os_error(failure.system_error, attempted);
    const char* what = password.text.empty() ? "the private key is encrypted, and needs a password"
                                             : "the password does not decrypt the private key";
    throw SSLError(SSL_ERROR_SSL, attempted + ": " + what, failure.library, failure.reason);
}

}  // namespace

void SSLContext::load_cert_chain(std::string_view certfile, std::string_view keyfile,
                                 std::string_view password) const {
    const std::string certificate(certfile);
    const std::string key(keyfile.empty() ? certfile : keyfile);
    Password secret{password};
    SSL_CTX* ctx = context_->get();
    const PasswordScope scope(ctx, secret);
    clear_ssl_errors();
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate.c_str()) != 1) {
        throw_key_failure("load_cert_chain: certificate '" + certificate + "'", secret);
    }
    clear_ssl_errors();
    if (SSL_CTX_use_PrivateKey_file(ctx, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        throw_key_failure("load_cert_chain: private key '" + key + "'", secret);
    }
    if (SSL_CTX_check_private_key(ctx) != 1) {
        throw_ssl_failure("load_cert_chain: '" + key + "' is not the key of '" + certificate + "'");
    }
    clear_ssl_errors();
}

// --- protocol ----------------------------------------------------------------------------------------------

namespace {

TLSVersion version_of(int wire, TLSVersion open) noexcept { return wire == 0 ? open : static_cast<TLSVersion>(wire); }
int wire_version(TLSVersion version, int lowest, int highest) noexcept {
    if (version == TLSVersion::MINIMUM_SUPPORTED) return lowest;
    if (version == TLSVersion::MAXIMUM_SUPPORTED) return highest;
    return static_cast<int>(version);
}

}  // namespace

TLSVersion SSLContext::minimum_version() const noexcept {
    return version_of(static_cast<int>(SSL_CTX_get_min_proto_version(context_->get())),
                      TLSVersion::MINIMUM_SUPPORTED);
}
TLSVersion SSLContext::maximum_version() const noexcept {
    return version_of(static_cast<int>(SSL_CTX_get_max_proto_version(context_->get())),
                      TLSVersion::MAXIMUM_SUPPORTED);
}
void SSLContext::set_minimum_version(TLSVersion version) const {
    clear_ssl_errors();
    if (SSL_CTX_set_min_proto_version(context_->get(), wire_version(version, TLS1_2_VERSION, TLS1_3_VERSION)) != 1) {
        throw_ssl_failure("set_minimum_version");
    }
}
void SSLContext::set_maximum_version(TLSVersion version) const {
    clear_ssl_errors();
    if (SSL_CTX_set_max_proto_version(context_->get(), wire_version(version, TLS1_2_VERSION, 0)) != 1) {
        throw_ssl_failure("set_maximum_version");
    }
}

void SSLContext::set_ciphers(std::string_view ciphers) const {
    const std::string list(ciphers);
    clear_ssl_errors();
    if (SSL_CTX_set_cipher_list(context_->get(), list.c_str()) != 1) {
        throw_ssl_failure("set_ciphers: '" + list + "': No cipher can be selected");
    }
}

std::vector<std::string> SSLContext::get_ciphers() const {
    std::vector<std::string> names;
    const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context_->get());
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
        names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
    }
    return names;
}

void SSLContext::set_alpn_protocols(const std::vector<std::string>& protocols) const {
    context_->set_alpn(protocols);
}

std::size_t SSLContext::num_tickets() const noexcept { return SSL_CTX_get_num_tickets(context_->get()); }
void SSLContext::set_num_tickets(std::size_t count) const {
    constexpr std::size_t kMost = 255;  // all of them are made and sent with the handshake, on the loop's thread
    if (count > kMost)
        throw ValueError("set_num_tickets: " + std::to_string(count) + " tickets, but 255 is the maximum");
    SSL_CTX_set_num_tickets(context_->get(), count);
}

void SSLContext::set_servername_callback(ServernameCallback callback) const {
    if (!context_->is_server()) throw ValueError("set_servername_callback: this context is a client's");
    context_->servername_callback = std::move(callback);
    // Called by client_hello(); this one only says that the name is known.
    const auto acknowledge = context_->servername_callback ? aio::detail::TlsEngine::acknowledge_name : nullptr;
    SSL_CTX_set_tlsext_servername_callback(context_->get(), acknowledge);
}

const std::string& SSLContext::keylog_filename() const noexcept { return context_->keylog_filename; }
void SSLContext::set_keylog_filename(std::string_view path) const { context_->set_keylog(path); }

SSLContext::SessionStats SSLContext::session_stats() const noexcept {
    SSL_CTX* ctx = context_->get();
    return {SSL_CTX_sess_connect_good(ctx), SSL_CTX_sess_accept_good(ctx), SSL_CTX_sess_hits(ctx)};
}

}  // namespace aio::ssl
