// Proofs of passwords, with the values of other implementations, and the dialogue around them.
#include "db/mysql/wire/authenticator.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/proofs.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>

#include <initializer_list>

namespace aio::mysql::wire {
namespace {

using namespace std::string_literals;

std::string bytes(std::initializer_list<int> list) {
    std::string text;
    for (const int each : list) text += static_cast<char>(each);
    return text;
}

std::string hex(std::string_view text) {
    std::string result;
    for (const char c : text) {
        constexpr const char* kDigits = "0123456789abcdef";
        result += kDigits[static_cast<unsigned char>(c) >> 4];
        result += kDigits[c & 15];
    }
    return result;
}

// Values: go-sql-driver/mysql, auth_test.go.
TEST(MysqlAuthentication, proofs_are_those_of_other_clients) {
    const std::string scramble =
        bytes({10, 47, 74, 111, 75, 73, 34, 48, 88, 76, 114, 74, 37, 13, 3, 80, 82, 2, 23, 21});
    EXPECT_EQ(hex(caching_sha2_proof("secret", scramble)),
              "f490e76f66d9d86665ce54d98c78d0acfe2fb0b08b423da807144873d30b312c");
    EXPECT_EQ(hex(caching_sha2_proof("secret2", scramble)),
              "abc3934a012cf342e876071c8ee202de51785b430258a7a0138bc79c4d800bc6");
    const std::string other =
        bytes({70, 114, 92, 94, 1, 38, 11, 116, 63, 114, 23, 101, 126, 103, 26, 95, 81, 17, 24, 21});
    EXPECT_EQ(native_proof("secret", other),
              bytes({53, 177, 140, 159, 251, 189, 127, 53, 109, 252, 172, 50, 211, 192, 240, 164, 26, 48, 207, 45}));
    EXPECT_EQ(caching_sha2_proof("", scramble), "");
    EXPECT_EQ(native_proof("", scramble), "");
}

// A password of 32 bytes is a key of OpenSSL's, too: both must sign alike.
TEST(MysqlAuthentication, ed25519_signs_as_openssl_does) {
    for (int round = 0; round < 8; ++round) {
        std::string password(32, static_cast<char>('a' + round)), scramble(32, static_cast<char>(round * 31));
        password[5] = static_cast<char>(200 + round);
        EVP_PKEY* const key = EVP_PKEY_new_raw_private_key(
            EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(password.data()), password.size());
        ASSERT_TRUE(key);
        EVP_MD_CTX* const context = EVP_MD_CTX_new();
        std::string expected(64, '\0');
        std::size_t size = expected.size();
        EXPECT_EQ(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key), 1);
        EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(expected.data()), &size,
                                 reinterpret_cast<const unsigned char*>(scramble.data()), scramble.size()),
                  1);
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        EXPECT_EQ(hex(ed25519_proof(password, scramble)), hex(expected));
    }
}

TEST(MysqlAuthentication, a_password_is_sent_only_where_nobody_reads_it) {
    const std::string scramble(20, 's'), switched =
                                             "\xfe"
                                             "mysql_clear_password\0"s;
    Authenticator open("secret", {});
    open.begin("mysql_native_password", scramble);
    EXPECT_THROW(open.receive(switched), AuthenticationError);
    AuthenticationPolicy policy;
    policy.is_secure = true;
    Authenticator secure("secret", policy);
    secure.begin("mysql_native_password", scramble);
    EXPECT_EQ(secure.receive(switched), "secret\0"s);
    EXPECT_EQ(secure.receive("\xfe"
                             "sha256_password\0"s +
                             scramble + '\0'),
              "secret\0"s);
    EXPECT_EQ(secure.receive("\xfe"
                             "caching_sha2_password\0"s +
                             scramble + '\0'),
              caching_sha2_proof("secret", scramble));
    EXPECT_EQ(secure.receive("\1\3"), std::nullopt);
    EXPECT_EQ(secure.receive("\1\4"), "secret\0"s);
}

TEST(MysqlAuthentication, what_is_no_key_is_refused) {
    AuthenticationPolicy policy;
    policy.asks_for_public_key = true;
    Authenticator asking("secret", policy);
    asking.begin("caching_sha2_password", std::string(20, 's'));
    EXPECT_EQ(asking.receive("\1\4"), "\2");
    EXPECT_THROW(asking.receive("\1no key"), AuthenticationError);
}

TEST(MysqlAuthentication, a_server_that_never_ends_it_is_left) {
    Authenticator authenticator("secret", {});
    authenticator.begin("mysql_native_password", std::string(20, 's'));
    const std::string switched =
        "\xfe"
        "mysql_native_password\0"s +
        std::string(20, 't') + '\0';
    const auto for_ever = [&] {
        for (int i = 0; i < 1'000; ++i) authenticator.receive(switched);
    };
    EXPECT_THROW(for_ever(), ProtocolError);
}

}  // namespace
}  // namespace aio::mysql::wire
