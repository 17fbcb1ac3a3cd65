// OpenSSL's hashes and base64, as scram.cpp needs them; PBKDF2 and certificates too.
#include "db/pg/wire/scram_crypto.hpp"

#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/scram.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>

namespace aio::pg::wire {

namespace {

const unsigned char* as_bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_base64_digit(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

}  // namespace

void throw_openssl_error(const std::string& attempted) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    ERR_clear_error();
    throw AuthenticationError("PostgreSQL: cannot " + attempted + ": " + reason.data());
}

Secret sha256(std::string_view bytes) {
    Secret digest(kSha256Size);
    if (!EVP_Digest(bytes.data(), bytes.size(), digest.bytes(), nullptr, EVP_sha256(), nullptr)) {
        throw_openssl_error("compute SHA-256");
    }
    return digest;
}

Secret hmac_sha256(std::string_view key, std::string_view bytes) {
    Secret digest(kSha256Size);
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), as_bytes(bytes), bytes.size(), digest.bytes(),
              nullptr)) {
        throw_openssl_error("compute HMAC-SHA-256");
    }
    return digest;
}

std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
        throw_openssl_error("create random bytes");
    }
    return bytes;
}

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL writes a NUL too
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), as_bytes(bytes), static_cast<int>(bytes.size()));
    text.pop_back();
    return text;
}

std::optional<std::string> unbase64(std::string_view text) {
    // EVP_DecodeBlock() skips spaces, and makes zeros of the padding.
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    const std::string_view digits = text.substr(0, text.size() - padding);
    if (text.size() % 4 != 0 || !std::all_of(digits.begin(), digits.end(), is_base64_digit)) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), as_bytes(text),
                                     static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    bytes.resize(bytes.size() - padding);
    if (base64(bytes) != text) return std::nullopt;  // bits behind the end
    return bytes;
}

bool is_same(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

ScramKey derive_scram_key(std::string_view password, const ScramChallenge& challenge) {
    ScramKey key{Secret(kSha256Size)};
    // No password has a null pointer, which OpenSSL takes for an empty one of its own.
    const std::string_view given = password.data() ? password : std::string_view("");
    if (!PKCS5_PBKDF2_HMAC(given.data(), static_cast<int>(given.size()), as_bytes(challenge.salt),
                           static_cast<int>(challenge.salt.size()), static_cast<int>(challenge.iterations),
                           EVP_sha256(), static_cast<int>(kSha256Size), key.salted_password.bytes())) {
        throw_openssl_error("compute PBKDF2");
    }
    return key;
}

std::optional<std::string> tls_server_end_point(std::string_view certificate) {
    const unsigned char* at = as_bytes(certificate);
    const std::unique_ptr<X509, FreeCertificate> parsed(
        d2i_X509(nullptr, &at, static_cast<long>(certificate.size())));
    if (!parsed || at != as_bytes(certificate) + certificate.size()) {
        throw_openssl_error("read the server's certificate for channel binding");
    }
    int hash = NID_undef;
    if (!X509_get_signature_info(parsed.get(), &hash, nullptr, nullptr, nullptr) || hash == NID_undef) {
        ERR_clear_error();
        return std::nullopt;
    }
    if (hash == NID_md5 || hash == NID_sha1) hash = NID_sha256;
    const EVP_MD* const function = EVP_get_digestbynid(hash);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (!function || !EVP_Digest(certificate.data(), certificate.size(), digest.data(), &size, function, nullptr)) {
        ERR_clear_error();
        return std::nullopt;
    }
    return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

}  // namespace aio::pg::wire
