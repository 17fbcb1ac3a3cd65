// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the client's side: each proves to the other that it knows the password, or what was
// made of it, without sending either.
//
//     ScramClient client(binding);
//     send SASLInitialResponse(client.mechanism(), client.first_message())
//     receive AuthenticationSASLContinue:  const ScramChallenge& challenge = client.receive_challenge(data)
//     on another thread, perhaps:          ScramKey key = derive_scram_key(saslprep(password).view(), challenge)
//     send SASLResponse(client.final_message(key))
//     receive AuthenticationSASLFinal:     client.receive_final(data)
//     receive AuthenticationOk:            only if client.server_is_verified()
//
// Errors: AuthenticationError, for everything that the server may do wrong, and for OpenSSL's own.
//
// Source: RFC 5802, RFC 7677, RFC 5929 section 4; PostgreSQL 17 manual, 53.3.
#pragma once

#include "db/pg/wire/secret.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::pg::wire {

inline constexpr std::string_view kScram = "SCRAM-SHA-256", kScramPlus = "SCRAM-SHA-256-PLUS";

// PostgreSQL's default is 4096. More than this, and a server would keep a processor busy for seconds.
inline constexpr std::uint32_t kMaxScramIterations = 1'000'000;

// Channel binding: whether the proof is for this TLS connection only, so that nobody in the middle can pass it on.
struct ScramBinding {
    enum class Kind : std::uint8_t {
        none,       // "n": no TLS, or it is not wanted
        unoffered,  // "y": this client could, and the server did not offer the PLUS mechanism. Where it did, and somebody
                    // took it from the list, the server notices
        end_point,  // "p": tls-server-end-point, with the PLUS mechanism
    };
    Kind kind = Kind::none;
    std::string certificate_hash;  // end_point: what tls_server_end_point() returned
};

struct ScramChallenge {
    std::string salt;
    std::uint32_t iterations = 0;
};

// What PBKDF2 makes of a password: RFC 5802's SaltedPassword. The same as long as password, salt and number of iterations
// are, so that it may be kept for the next connection.
struct ScramKey {
    Secret salted_password;
};

// Takes milliseconds, or with many iterations seconds, of the calling thread; may be called on any.
// password: prepared by saslprep().
ScramKey derive_scram_key(std::string_view password, const ScramChallenge& challenge);

// What channel binding needs of the server's certificate, in DER: its hash, by the function of its signature, or SHA-256
// where that is MD5 or SHA-1. Nothing: its signature has no such function (Ed25519), and there is no binding to it.
// Errors: AuthenticationError if it is no certificate.
std::optional<std::string> tls_server_end_point(std::string_view certificate);

// 24 characters, different each time.
std::string scram_nonce();

class ScramClient {
public:
    // user: PostgreSQL ignores it, and takes the startup message's. nonce: printable ASCII without commas.
    explicit ScramClient(ScramBinding binding = {}, std::string_view user = {}, std::string nonce = scram_nonce(),
                         std::uint32_t max_iterations = kMaxScramIterations);

    std::string_view mechanism() const noexcept;
    std::string first_message() const;
    // Errors also: too many iterations; a nonce that is not an extension of ours.
    const ScramChallenge& receive_challenge(std::string_view message);
    // Precondition: there was a challenge, and the key is made of it.
    std::string final_message(const ScramKey& key);
    // Errors also: the server does not know the password, or refuses ours. Precondition: final_message() was called.
    void receive_final(std::string_view message);
    bool server_is_verified() const noexcept { return state_ == State::verified; }

private:
    enum class State : std::uint8_t { begun, challenged, answered, verified };

    std::string gs2_header() const;
    std::string channel_binding() const;

    ScramBinding binding_;
    std::string nonce_;       // ours; from the challenge on both
    std::string first_bare_;  // our first message, without the header
    std::string server_first_;
    std::uint32_t max_iterations_;
    ScramChallenge challenge_;
    Secret server_signature_;  // that is expected
    State state_ = State::begun;
};

}  // namespace aio::pg::wire
