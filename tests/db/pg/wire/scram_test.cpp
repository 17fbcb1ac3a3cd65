// SCRAM-SHA-256 against the example of RFC 7677, and against servers that lie; channel binding; MD5 passwords; SASLprep.
#include "db/pg/wire/scram.hpp"

#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/password.hpp"
#include "db/pg/wire/saslprep.hpp"
#include "db/pg/wire/scram_crypto.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

namespace aio::test {
namespace {

using namespace pg::wire;
using namespace std::string_literals;
using testing::HasSubstr;

// RFC 7677 section 3.
constexpr std::string_view kNonce = "rOprNGfwEbeRWgbNEkqO";
const std::string kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const std::string kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramClient example(std::uint32_t max_iterations = kMaxScramIterations) {
    return ScramClient({}, "user", std::string(kNonce), max_iterations);
}

// A client that has answered the challenge.
ScramClient answered() {
    ScramClient client = example();
    client.final_message(derive_scram_key("pencil", client.receive_challenge(kServerFirst)));
    return client;
}

template <class Function>
std::string error_of(const Function& function) {
    try {
        function();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const AuthenticationError& error) {
        return error.what();
    }
    return "";
}

std::string challenge_error(const std::string& message, std::uint32_t max_iterations = kMaxScramIterations) {
    ScramClient client = example(max_iterations);
    return error_of([&] { client.receive_challenge(message); });
}

std::string final_error(const std::string& message) {
    ScramClient client = answered();
    const std::string text = error_of([&] { client.receive_final(message); });
    EXPECT_FALSE(client.server_is_verified());
    return text;
}

TEST(PgScram, is_byte_for_byte_the_example_of_rfc_7677) {
    ScramClient client = example();
    EXPECT_EQ(client.mechanism(), "SCRAM-SHA-256");
    EXPECT_EQ(client.first_message(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    const ScramChallenge& challenge = client.receive_challenge(kServerFirst);
    EXPECT_EQ(challenge.iterations, 4096u);
    EXPECT_EQ(challenge.salt.size(), 16u);
    EXPECT_EQ(client.final_message(derive_scram_key("pencil", challenge)),
              "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
              "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    EXPECT_FALSE(client.server_is_verified());
    client.receive_final(kServerFinal);
    EXPECT_TRUE(client.server_is_verified());
}

TEST(PgScram, skips_extensions) {
    ScramClient client = example();
    const ScramChallenge& challenge = client.receive_challenge(kServerFirst + ",x=future,y=");
    EXPECT_EQ(challenge.iterations, 4096u);
    ScramClient other = answered();
    other.receive_final(kServerFinal + ",x=future");
    EXPECT_TRUE(other.server_is_verified());
}

TEST(PgScram, a_name_between_commas) {
    EXPECT_EQ(ScramClient({}, "a=b,c", "nonce").first_message(), "n,,n=a=3Db=2Cc,r=nonce");
    EXPECT_EQ(ScramClient({}, "", "nonce").first_message(), "n,,n=,r=nonce");
}

TEST(PgScram, nonces_differ) {
    const std::string nonce = scram_nonce();
    EXPECT_EQ(nonce.size(), 24u);
    EXPECT_NE(nonce, scram_nonce());
    EXPECT_EQ(nonce.find(','), std::string::npos);
}

TEST(PgScram, binds_to_the_channel) {
    const auto final_message = [](const ScramBinding& binding) {
        ScramClient client(binding, "", "abc");
        const ScramKey key = derive_scram_key("pw", client.receive_challenge("r=abcdef,s=c2FsdA==,i=1"));
        return client.final_message(key);
    };
    const ScramBinding none{ScramBinding::Kind::none, {}}, unoffered{ScramBinding::Kind::unoffered, {}};
    const ScramBinding end_point{ScramBinding::Kind::end_point, "\x01\xff\x00hash"s};
    EXPECT_EQ(ScramClient(unoffered, "", "abc").first_message(), "y,,n=,r=abc");
    EXPECT_EQ(ScramClient(unoffered, "", "abc").mechanism(), "SCRAM-SHA-256");
    EXPECT_EQ(ScramClient(end_point, "", "abc").first_message(), "p=tls-server-end-point,,n=,r=abc");
    EXPECT_EQ(ScramClient(end_point, "", "abc").mechanism(), "SCRAM-SHA-256-PLUS");
    EXPECT_THAT(final_message(none), testing::StartsWith("c=" + base64("n,,") + ",r=abcdef,p="));
    EXPECT_THAT(final_message(unoffered), testing::StartsWith("c=" + base64("y,,") + ",r=abcdef,p="));
    const std::string bound = base64("p=tls-server-end-point,,\x01\xff\x00hash"s);
    EXPECT_THAT(final_message(end_point), testing::StartsWith("c=" + bound + ",r=abcdef,p="));
}

TEST(PgScram, refuses_a_nonce_that_is_not_ours) {
    const std::string rest = ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    EXPECT_THAT(challenge_error("r=xOprNGfwEbeRWgbNEkqOabc" + rest), HasSubstr("does not begin with ours"));
    EXPECT_THAT(challenge_error("r=" + rest), HasSubstr("does not begin with ours"));
    EXPECT_THAT(challenge_error("r=" + std::string(kNonce.substr(0, 19)) + rest),
                HasSubstr("does not begin with ours"));
    EXPECT_THAT(challenge_error("r=" + std::string(kNonce) + rest), HasSubstr("added nothing"));
    EXPECT_THAT(challenge_error("r=" + std::string(kNonce) + "\x7f" + rest), HasSubstr("does not begin with ours"));
}

TEST(PgScram, refuses_iterations_that_are_a_bomb_or_none) {
    const std::string most = "r=" + std::string(kNonce) + "x,s=c2FsdA==,i=";
    for (const char* number : {"1000001", "2147483647", "4294967295", "4294967296", "99999999999999999999"}) {
        EXPECT_THAT(challenge_error(most + number), HasSubstr("above the limit of 1000000")) << number;
    }
    for (const char* number : {"", "0", "-1", "+1", " 1", "4096x", "0x10"}) {
        EXPECT_THAT(challenge_error(most + number), HasSubstr("number of iterations is none")) << number;
    }
    EXPECT_THAT(challenge_error(most + "2", 1), HasSubstr("above the limit of 1"));
    ScramClient lowest = example(1), highest = example(), unlimited = example(~std::uint32_t{0});
    EXPECT_EQ(lowest.receive_challenge(most + "1").iterations, 1u);
    EXPECT_EQ(highest.receive_challenge(most + "1000000").iterations, 1'000'000u);
    EXPECT_EQ(unlimited.receive_challenge(most + "2147483647").iterations, 2147483647u);
}

TEST(PgScram, refuses_challenges_with_missing_or_bad_attributes) {
    const std::string nonce = "r=" + std::string(kNonce) + "x";
    EXPECT_THAT(challenge_error(""), HasSubstr("no attribute \"r\""));
    EXPECT_THAT(challenge_error("s=c2FsdA==,i=1"), HasSubstr("no attribute \"r\""));
    EXPECT_THAT(challenge_error(nonce), HasSubstr("no attribute \"s\""));
    EXPECT_THAT(challenge_error(nonce + ",i=1,s=c2FsdA=="), HasSubstr("no attribute \"s\""));
    EXPECT_THAT(challenge_error(nonce + ",s=c2FsdA=="), HasSubstr("no attribute \"i\""));
    for (const char* salt : {"", "c2FsdA", "c2FsdA=", "c2FsdB==", "c2Fs dA=", "c2FsdA== ", "=",
                             "====", "c2F=dA==", "\xff\xff\xff\xff"}) {
        EXPECT_THAT(challenge_error(nonce + ",s=" + salt + ",i=1"), HasSubstr("salt")) << salt;
    }
    EXPECT_THAT(challenge_error("m=x," + kServerFirst), HasSubstr("extension"));
    EXPECT_THAT(challenge_error("e=unknown-user\n"), HasSubstr("the server says: unknown-user?"));
    ScramClient twice = example();
    twice.receive_challenge(kServerFirst);
    EXPECT_THAT(error_of([&] { twice.receive_challenge(kServerFirst); }), HasSubstr("second challenge"));
}

TEST(PgScram, a_cut_challenge_is_refused) {
    for (std::size_t size = 0; size < kServerFirst.size() - 3; ++size) {
        EXPECT_NE(challenge_error(kServerFirst.substr(0, size)), "");
    }
}

TEST(PgScram, refuses_a_server_that_does_not_know_the_password) {
    EXPECT_THAT(final_error("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), HasSubstr("signature is wrong"));
    EXPECT_THAT(final_error("v=" + base64(std::string(31, 'x'))), HasSubstr("cut"));
    EXPECT_THAT(final_error("v=" + base64(std::string(33, 'x'))), HasSubstr("cut"));
    EXPECT_THAT(final_error("v="), HasSubstr("cut"));
    EXPECT_THAT(final_error(""), HasSubstr("no attribute \"v\""));
    EXPECT_THAT(final_error("e=invalid-proof"), HasSubstr("the server says: invalid-proof"));
    for (std::size_t size = 0; size < kServerFinal.size(); ++size)
        EXPECT_NE(final_error(kServerFinal.substr(0, size)), "");
    ScramClient early = example();
    EXPECT_THAT(error_of([&] { early.receive_final(kServerFinal); }), HasSubstr("before its time"));
    ScramClient twice = answered();
    twice.receive_final(kServerFinal);
    EXPECT_THAT(error_of([&] { twice.receive_final(kServerFinal); }), HasSubstr("before its time"));
}

TEST(PgScram, keys_of_any_password_and_salt) {
    for (const std::size_t size : {0, 1, 1000}) {
        const ScramKey key = derive_scram_key(std::string(size, 'p'), {std::string(size, 's'), 1});
        EXPECT_EQ(key.salted_password.size(), 32u);
    }
    EXPECT_EQ(derive_scram_key({}, {"s", 1}).salted_password.view(),
              derive_scram_key("", {"s", 1}).salted_password.view());
}

// --- Certificates ---------------------------------------------------------------------------------------------

// A certificate, in DER, that is signed with `digest` by a key of `type`.
std::string certificate(int type, const EVP_MD* digest) {
    EVP_PKEY* const raw = type == EVP_PKEY_EC ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(raw, EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), key.get());
    EXPECT_GT(X509_sign(x509.get(), key.get(), digest), 0);
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509.get(), &der);
    std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return bytes;
}

std::string digest_of(const std::string& bytes, const EVP_MD* digest) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, digest, nullptr);
    return {reinterpret_cast<const char*>(hash.data()), size};
}

TEST(PgEndPoint, is_hashed_as_it_is_signed_or_by_sha_256) {
    const std::string sha256_signed = certificate(EVP_PKEY_EC, EVP_sha256());
    const std::string sha384_signed = certificate(EVP_PKEY_EC, EVP_sha384());
    const std::string sha1_signed = certificate(EVP_PKEY_EC, EVP_sha1());
    EXPECT_EQ(tls_server_end_point(sha256_signed), digest_of(sha256_signed, EVP_sha256()));
    EXPECT_EQ(tls_server_end_point(sha384_signed), digest_of(sha384_signed, EVP_sha384()));
    EXPECT_EQ(tls_server_end_point(sha1_signed), digest_of(sha1_signed, EVP_sha256()));
    EXPECT_EQ(tls_server_end_point(certificate(EVP_PKEY_ED25519, nullptr)), std::nullopt);
}

TEST(PgEndPoint, needs_a_whole_certificate) {
    const std::string der = certificate(EVP_PKEY_EC, EVP_sha256());
    for (const std::string& bad : {""s, "nonsense"s, der.substr(1), der.substr(0, der.size() - 1), der + "x"}) {
        EXPECT_THAT(error_of([&] { tls_server_end_point(bad); }), HasSubstr("certificate"));
    }
}

// --- Passwords ------------------------------------------------------------------------------------------------

// By Python's hashlib.
TEST(PgPassword, under_md5) {
    EXPECT_EQ(md5_password("bob", "secret", "\1\2\3\4").view(), "md5f21dfe33ff3a9e03dbc3e008251fe5cc");
    EXPECT_EQ(md5_password("", "", "\0\0\0\0"s).view(), "md591b86670dcd47857d222fa05653500aa");
}

TEST(PgPassword, under_md5_where_openssl_has_none) {
    ASSERT_EQ(EVP_set_default_properties(nullptr, "fips=yes"), 1);
    const std::string text = error_of([] { md5_password("bob", "secret", "1234"); });
    EVP_set_default_properties(nullptr, "");
    EXPECT_THAT(text, HasSubstr("FIPS"));
    EXPECT_EQ(md5_password("bob", "secret", "1234").size(), 35u);
}

std::string prepared(std::string_view password) { return std::string(saslprep(password).view()); }

TEST(PgSaslprep, examples_of_rfc_4013) {
    EXPECT_EQ(prepared("I\u00adX"), "IX");
    EXPECT_EQ(prepared("user"), "user");
    EXPECT_EQ(prepared("USER"), "USER");
    EXPECT_EQ(prepared("\u00aa"), "a");
    EXPECT_EQ(prepared("\u2168"), "IX");
    EXPECT_EQ(prepared("\x07"), "\x07") << "PostgreSQL takes ASCII as it is";
    EXPECT_EQ(prepared("\u0627\u0031"), "\u0627\u0031") << "prohibited, and so taken as it is";
}

TEST(PgSaslprep, maps_and_normalises) {
    EXPECT_EQ(prepared(""), "");
    EXPECT_EQ(prepared("a\u00a0b\u3000c\u200bd"), "a b c d");
    EXPECT_EQ(prepared("e\u0301"), "\u00e9");
    EXPECT_EQ(prepared("\ufb01n"), "fin");
    EXPECT_EQ(prepared("\u05d0\u05d1"), "\u05d0\u05d1");
    EXPECT_EQ(prepared("\U0001d400"), "A");
}

TEST(PgSaslprep, leaves_what_may_not_be_prepared) {
    for (const std::string_view password : {
             "\u00ad",              // nothing would be left
             "\u00aa\u0085",        // a control character
             "\u00aa\x07",          // the same, in ASCII
             "\u00aa\ue000",        // private use
             "\u00aa\u0221",        // unassigned in Unicode 3.2
             "\u00aa\U0010ffff",    // no character
             "\u05d0a\u05d0",       // both directions
             "\u05d01",             // does not end from right to left
             "\u00aa\xff",          // no UTF-8
             "\xed\xa0\x80\u00aa",  // half of a surrogate pair
             "\u00aa\xc3",
         }) {
        EXPECT_EQ(prepared(password), password);
    }
}

TEST(PgSecret, is_overwritten) {
    Secret secret("a password that is too long for the string's own bytes");
    const char* const bytes = secret.data();
    Secret moved(std::move(secret));
    EXPECT_EQ(moved.data(), bytes);
    EXPECT_EQ(secret.size(), 0u);
    std::array<char, 4> few = {'a', 'b', 'c', 'd'};
    wipe(few.data(), few.size());
    EXPECT_TRUE(std::all_of(few.begin(), few.end(), [](char c) { return c == 0; }));
}

}  // namespace
}  // namespace aio::test
