// TlsEngine: what went wrong, in words.
#include "io/tls/engine.hpp"
#include "io/tls/errors.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace aio::detail {

namespace {

constexpr std::size_t kFirstBytes = 16;

bool printable(char c) noexcept { return c >= ' ' && c <= '~'; }

}  // namespace

std::string TlsEngine::attempted() const {
    std::string text = handshaken_ ? "TLS connection with " : "TLS handshake with ";
    const std::string& name = setup_.server_hostname;
    if (!name.empty() && peer_.find(name) == std::string::npos) text += "'" + name + "' at ";
    return text + (peer_.empty() ? "the peer" : peer_);
}

void TlsEngine::note_first_bytes() {
    if (first_bytes_.size() < kFirstBytes) first_bytes_ += input_.substr(0, kFirstBytes - first_bytes_.size());
}

// What a peer speaks that does not speak TLS.
std::string TlsEngine::hint(const std::string& reason) const {
    if (handshaken_ || first_bytes_.empty()) return {};
    if (reason == "HTTP_REQUEST") return "; the client speaks plain HTTP to this TLS port";
    if (reason == "HTTPS_PROXY_REQUEST") return "; the client takes this TLS port for an HTTP proxy";
    if (reason != "WRONG_VERSION_NUMBER" && reason != "UNEXPECTED_MESSAGE" && reason != "PACKET_LENGTH_TOO_LONG") {
        return {};
    }
    if (first_bytes_.rfind("HTTP/", 0) == 0) return "; the server speaks plain HTTP on this port";
    const auto end = std::find_if_not(first_bytes_.begin(), first_bytes_.end(), printable);
    if (end - first_bytes_.begin() < 4) return {};
    return "; the peer does not speak TLS: it began with '" + std::string(first_bytes_.begin(), end) + "'";
}

// SSLCertVerificationError: see ssl.hpp.
void TlsEngine::fail_verification() {
    throw ssl::SSLCertVerificationError(
        SSL_ERROR_SSL,
        attempted() + ": [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: " + verify_message_,
        verify_code_, verify_message_);
}

// `result` is what an SSL_ function has just returned.
void TlsEngine::fail(int result) {
    const int error = SSL_get_error(ssl(), result);
    broken_ = true;
    if (out_of_memory_) {
        clear_ssl_errors();
        throw std::bad_alloc();
    }
    if (refusal_) {
        clear_ssl_errors();
        std::rethrow_exception(std::exchange(refusal_, nullptr));
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        received_close_notify_ = true;
        throw ssl::SSLZeroReturnError(error, attempted() + ": the peer closed the connection", "SSL", "");
    }
    const SslFailure failure = take_ssl_failure();
    if (failure.is(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED) && verify_code_ != 0) fail_verification();
    throw ssl::SSLError(error, attempted() + ": " + failure.str() + hint(failure.reason), failure.library,
                        failure.reason);
}

}  // namespace aio::detail
