// MD5 passwords, by OpenSSL.
#include "db/pg/wire/password.hpp"

#include "db/pg/wire/errors.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

namespace aio::pg::wire {

namespace {

constexpr std::size_t kMd5Size = 16;

struct FreeDigest {
    void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

// md5(first + second), as 32 hexadecimal digits at `digits`.
void write_md5(const EVP_MD* md5, std::string_view first, std::string_view second, char* digits) {
    std::array<unsigned char, kMd5Size> digest;
    const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
    if (!context || !EVP_DigestInit_ex(context.get(), md5, nullptr) ||
        !EVP_DigestUpdate(context.get(), first.data(), first.size()) ||
        !EVP_DigestUpdate(context.get(), second.data(), second.size()) ||
        !EVP_DigestFinal_ex(context.get(), digest.data(), nullptr)) {
        ERR_clear_error();
        throw AuthenticationError("PostgreSQL: OpenSSL could not compute the MD5 of the password");
    }
    constexpr char kDigits[] = "0123456789abcdef";
    for (const unsigned char byte : digest) {
        *digits++ = kDigits[byte >> 4];
        *digits++ = kDigits[byte & 15];
    }
    wipe(digest.data(), digest.size());
}

}  // namespace

Secret md5_password(std::string_view user, std::string_view password, std::string_view salt) {
    const std::unique_ptr<EVP_MD, FreeDigest> md5(EVP_MD_fetch(nullptr, "MD5", nullptr));
    if (!md5) {
        ERR_clear_error();
        throw AuthenticationError(
            "PostgreSQL: the server asks for a password under MD5, which this OpenSSL does not offer "
            "(FIPS mode?); set password_encryption to scram-sha-256 and the password anew");
    }
    Secret inner(2 * kMd5Size), word(3 + 2 * kMd5Size);
    write_md5(md5.get(), password, user, inner.data());
    std::string_view("md5").copy(word.data(), 3);
    write_md5(md5.get(), inner.view(), salt, word.data() + 3);
    return word;
}

}  // namespace aio::pg::wire
