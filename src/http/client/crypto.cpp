// What the client needs of OpenSSL: TLS contexts, digests, and the credentials made of them.
#include "http/client/crypto.hpp"

#include <aio/base/error.hpp>

#include "http/wire/base64.hpp"
#include "http/wire/syntax.hpp"
#include "io/tls/context.hpp"

#include <openssl/evp.h>

#include <array>

namespace aio::http {

ClientSSL::ClientSSL(const ssl::SSLContext& context)
    : context_(context.context()), verify_(context.verify_mode() != ssl::CERT_NONE) {}

ClientSSL ClientSSL::fingerprint(std::string_view text) {
    ClientSSL how(true);
    if (text.size() == 32) {
        how.pinned_ = text;
        return how;
    }
    std::string digits;
    for (const char c : text) {
        if (c != ':') digits += c;
    }
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const int high = wire::hex_value(digits[i]), low = wire::hex_value(digits[i + 1]);
        if (high < 0 || low < 0) break;
        how.pinned_ += static_cast<char>(high * 16 + low);
    }
    if (digits.size() != 64 || how.pinned_.size() != 32) {
        throw ValueError("fingerprint: a SHA-256 has 32 bytes, or 64 hexadecimal digits");
    }
    return how;
}

}  // namespace aio::http

namespace aio::http::detail {

std::optional<ssl::SSLContext> tls_context(const ClientSSL& how) {
    if (how.context()) return ssl::SSLContext(how.context());
    if (how.verifies() && how.pinned().empty()) return std::nullopt;
    static const ssl::SSLContext trusting = [] {
        const ssl::SSLContext context(ssl::PROTOCOL_TLS_CLIENT);
        context.set_check_hostname(false);
        context.set_verify_mode(ssl::CERT_NONE);
        return context;
    }();
    return trusting;
}

Coro<ssl::SSLContext> default_tls_context() {
    co_return ssl::SSLContext(co_await aio::detail::load_default_client_context());
}

// --- digests -----------------------------------------------------------------------------------------------------------

namespace {

std::string digest(const EVP_MD* algorithm, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
    if (!algorithm || EVP_Digest(data.data(), data.size(), bytes.data(), &size, algorithm, nullptr) != 1) {
        throw RuntimeError("OpenSSL cannot compute this digest");
    }
    return {reinterpret_cast<const char*>(bytes.data()), size};
}

}  // namespace

std::string sha256(std::string_view data) { return digest(EVP_sha256(), data); }

std::string hex_digest(const char* algorithm, std::string_view data) {
    std::string text;
    for (const char byte : digest(EVP_get_digestbyname(algorithm), data)) wire::append_hex(text, byte);
    return text;
}

}  // namespace aio::http::detail

namespace aio::http {

BasicAuth::BasicAuth(IntoString login, IntoString password)
    : login_(std::move(login).str()), password_(std::move(password).str()) {
    if (login_.find(':') != std::string::npos) {
        throw ValueError("BasicAuth: A \":\" is not allowed in login (RFC 7617 section 2)");
    }
}

BasicAuth BasicAuth::decode(std::string_view header) {
    const std::string_view scheme = wire::take_until(header, ' ');
    const std::optional<std::string> decoded = wire::unbase64(wire::trimmed(header));
    if (!wire::equal_ignoring_case(scheme, "basic") || !decoded || decoded->find(':') == std::string::npos) {
        throw ValueError("BasicAuth: this is not a Basic authorization");
    }
    const std::size_t colon = decoded->find(':');
    return BasicAuth(decoded->substr(0, colon), decoded->substr(colon + 1));
}

std::string BasicAuth::encode() const { return "Basic " + wire::base64(login_ + ":" + password_); }

}  // namespace aio::http
