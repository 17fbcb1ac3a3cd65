// Hashes and RSA. The curve of client_ed25519: ed25519.cpp.
#include "db/mysql/wire/proofs.hpp"

#include <aio/base/error.hpp>

#include "db/mysql/wire/errors.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <new>

namespace aio::mysql::wire {

namespace {

struct FreeOpenssl {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

void expect_success(bool succeeded, const char* what) {
    if (!succeeded) throw RuntimeError(std::string("MySQL authentication: OpenSSL cannot ") + what);
}

std::string hash(const EVP_MD* method, std::initializer_list<std::string_view> parts) {
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    if (!context) throw std::bad_alloc();
    bool succeeded = EVP_DigestInit_ex(context.get(), method, nullptr) == 1;
    for (const std::string_view part : parts) {
        succeeded = succeeded && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    succeeded = succeeded && EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1;
    expect_success(succeeded, "hash");
    return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string exclusive_or(std::string a, std::string_view b) noexcept {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i % b.size()]);
    return a;
}

}  // namespace

std::string native_proof(std::string_view password, std::string_view scramble) {
    if (password.empty()) return {};
    const EVP_MD* const method = EVP_sha1();
    const std::string once = hash(method, {password});
    return exclusive_or(once, hash(method, {scramble, hash(method, {once})}));
}

std::string caching_sha2_proof(std::string_view password, std::string_view scramble) {
    if (password.empty()) return {};
    const EVP_MD* const method = EVP_sha256();
    const std::string once = hash(method, {password});
    return exclusive_or(once, hash(method, {hash(method, {once}), scramble}));
}

std::string rsa_proof(std::string_view password, std::string_view scramble, std::string_view public_key) {
    const Owned<BIO> bio(BIO_new_mem_buf(public_key.data(), static_cast<int>(public_key.size())));
    if (!bio) throw std::bad_alloc();
    const Owned<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
        throw AuthenticationError("the server's public key is no key of RSA in PEM format");
    }
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key.get(), nullptr));
    if (!context) throw std::bad_alloc();
    std::string plain = exclusive_or(std::string(password) + '\0', scramble);
    const auto* const input = reinterpret_cast<const unsigned char*>(plain.data());
    std::string result;
    std::size_t size = 0;
    bool succeeded = EVP_PKEY_encrypt_init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                     EVP_PKEY_encrypt(context.get(), nullptr, &size, input, plain.size()) == 1;
    if (succeeded) {
        result.resize(size);
        succeeded = EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(result.data()), &size, input,
                                     plain.size()) == 1;
        result.resize(size);
    }
    OPENSSL_cleanse(plain.data(), plain.size());
    expect_success(succeeded, "encrypt the password with the server's public key; it is perhaps too long for it");
    return result;
}

}  // namespace aio::mysql::wire
