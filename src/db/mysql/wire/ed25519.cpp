// Signatures on the curve Ed25519 whose key is a hash of a password.
//
// OpenSSL signs with keys that are 32 bytes long, and hashes them to the secret scalar. MariaDB hashes the password, of any
// length, in place of such a key, so that OpenSSL's signatures cannot be used: the scalar's multiples are computed here, with
// OpenSSL's numbers. Each bit of a scalar costs the same two additions, so that their order does not tell the bits.
//
// Source: RFC 8032, sections 5.1.4 (addition of points), 5.1.6 (signatures); MariaDB 10.11, plugin/auth_ed25519/ref10/sign.c.
#include "db/mysql/wire/proofs.hpp"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace aio::mysql::wire {

namespace {

struct FreeNumber {
    void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
    void operator()(BN_CTX* context) const noexcept { BN_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;
using Digest = std::array<unsigned char, 64>;
using Half = std::array<unsigned char, 32>;

// OpenSSL's numbers fail only for want of memory.
void check_number(bool succeeded) {
    if (!succeeded) throw std::bad_alloc();
}

Number new_number() {
    Number number(BN_new());
    check_number(number != nullptr);
    return number;
}
Number hex_number(const char* hex) {
    BIGNUM* number = nullptr;
    check_number(BN_hex2bn(&number, hex) != 0);
    return Number(number);
}
Number little_endian(const unsigned char* bytes, std::size_t size) {
    Number number(BN_lebin2bn(bytes, static_cast<int>(size), nullptr));
    check_number(number != nullptr);
    return number;
}

// In extended coordinates: x = X/Z, y = Y/Z, T = XY/Z.
struct Point {
    Number x, y, z, t;
};

class Curve {
public:
    Curve() : context_(BN_CTX_new()) { check_number(context_ != nullptr); }

    Point zero() const {
        Point point{new_number(), new_number(), new_number(), new_number()};
        check_number(BN_one(point.y.get()) == 1 && BN_one(point.z.get()) == 1);
        return point;
    }
    Point base() const {
        Point point{hex_number("216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A"),
                    hex_number("6666666666666666666666666666666666666666666666666666666666666658"), new_number(),
                    new_number()};
        check_number(BN_one(point.z.get()) == 1);
        point.t = times(point.x, point.y);
        return point;
    }
    Point add(const Point& p, const Point& q) const {
        const Number a = times(minus(p.y, p.x), minus(q.y, q.x));
        const Number b = times(plus(p.y, p.x), plus(q.y, q.x));
        const Number c = times(times(p.t, q.t), twice_d_);
        const Number zz = times(p.z, q.z);
        const Number d = plus(zz, zz);
        const Number e = minus(b, a), f = minus(d, c), g = plus(d, c), h = plus(b, a);
        return {times(e, f), times(g, h), times(f, g), times(e, h)};
    }
    // A ladder: the difference of both points is always the base.
    Point multiply_base(const Number& scalar) const {
        constexpr int kBits = 256;
        Point low = zero(), high = base();
        for (int bit = kBits; bit-- > 0;) {
            const bool is_set = BN_is_bit_set(scalar.get(), bit) == 1;
            Point sum = add(low, high);
            if (is_set) std::swap(low, high);
            low = add(low, low);
            high = std::move(sum);
            if (is_set) std::swap(low, high);
        }
        return low;
    }
    Half encode(const Point& point) const {
        const Number inverse = new_number();
        check_number(BN_mod_inverse(inverse.get(), point.z.get(), prime_.get(), context_.get()) != nullptr);
        const Number x = times(point.x, inverse), y = times(point.y, inverse);
        Half bytes;
        check_number(BN_bn2lebinpad(y.get(), bytes.data(), static_cast<int>(bytes.size())) >= 0);
        if (BN_is_odd(x.get()) == 1) bytes[31] |= 0x80;
        return bytes;
    }
    // a * b + c, modulo the order of the base.
    Half combine(const Number& a, const Number& b, const Number& c) const {
        const Number result = new_number();
        Half bytes;
        check_number(BN_mod_mul(result.get(), a.get(), b.get(), order_.get(), context_.get()) == 1 &&
                     BN_mod_add(result.get(), result.get(), c.get(), order_.get(), context_.get()) == 1 &&
                     BN_bn2lebinpad(result.get(), bytes.data(), static_cast<int>(bytes.size())) >= 0);
        return bytes;
    }
    Number reduce(const Digest& digest) const {
        Number result = little_endian(digest.data(), digest.size());
        check_number(BN_nnmod(result.get(), result.get(), order_.get(), context_.get()) == 1);
        return result;
    }

private:
    Number times(const Number& a, const Number& b) const {
        Number result = new_number();
        check_number(BN_mod_mul(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1);
        return result;
    }
    Number plus(const Number& a, const Number& b) const {
        Number result = new_number();
        check_number(BN_mod_add(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1);
        return result;
    }
    Number minus(const Number& a, const Number& b) const {
        Number result = new_number();
        check_number(BN_mod_sub(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1);
        return result;
    }

    std::unique_ptr<BN_CTX, FreeNumber> context_;
    Number prime_ = hex_number("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED");
    Number order_ = hex_number("1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED");
    Number twice_d_ = hex_number("2406D9DC56DFFCE7198E80F2EEF3D13000E0149A8283B156EBD69B9426B2F159");
};

template <class... Parts>
Digest sha512(const Parts&... parts) {
    const std::unique_ptr<EVP_MD_CTX, FreeNumber> context(EVP_MD_CTX_new());
    check_number(context != nullptr);
    Digest digest;
    bool succeeded = EVP_DigestInit_ex(context.get(), EVP_sha512(), nullptr) == 1;
    ((succeeded = succeeded && EVP_DigestUpdate(context.get(), parts.data(), parts.size()) == 1), ...);
    check_number(succeeded && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
    return digest;
}

}  // namespace

std::string ed25519_proof(std::string_view password, std::string_view scramble) {
    const Curve curve;
    Digest secret = sha512(password);
    secret[0] &= 248;
    secret[31] &= 63;
    secret[31] |= 64;
    const Number key = little_endian(secret.data(), 32);
    Half prefix;
    std::copy_n(secret.begin() + 32, 32, prefix.begin());
    OPENSSL_cleanse(secret.data(), secret.size());
    const Half public_key = curve.encode(curve.multiply_base(key));
    const Number nonce = curve.reduce(sha512(prefix, scramble));
    OPENSSL_cleanse(prefix.data(), prefix.size());
    const Half r = curve.encode(curve.multiply_base(nonce));
    const Number challenge = curve.reduce(sha512(r, public_key, scramble));
    const Half s = curve.combine(challenge, key, nonce);
    std::string signature(reinterpret_cast<const char*>(r.data()), r.size());
    signature.append(reinterpret_cast<const char*>(s.data()), s.size());
    return signature;
}

}  // namespace aio::mysql::wire
