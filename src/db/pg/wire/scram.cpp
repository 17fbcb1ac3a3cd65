// The messages of SCRAM: written, read, and checked against each other. The arithmetic is in scram_crypto.cpp.
#include "db/pg/wire/scram.hpp"

#include <aio/base/assert.hpp>

#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/scram_crypto.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace aio::pg::wire {

namespace {

[[noreturn]] void refuse_scram(const std::string& what) {
    throw AuthenticationError("PostgreSQL: SCRAM authentication failed: " + what);
}

bool is_nonce(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

// A user's name between commas: RFC 5802's saslname.
std::string saslname(std::string_view name) {
    std::string text;
    for (const char c : name) {
        if (c == ',') {
            text += "=2C";
        } else if (c == '=') {
            text += "=3D";
        } else {
            text += c;
        }
    }
    return text;
}

// The attribute at the front of a server's message, which loses it and the comma behind it.
std::string_view take_attribute(std::string_view& message, char name) {
    if (!message.starts_with(name) || message.substr(1, 1) != "=") {
        refuse_scram(std::string("the server's message has no attribute \"") + name + "\" where it must be");
    }
    const std::size_t comma = std::min(message.find(','), message.size());
    const std::string_view value = message.substr(2, comma - 2);
    message.remove_prefix(std::min(comma + 1, message.size()));
    return value;
}

// "e=other-error"
void throw_if_error(std::string_view message) {
    if (!message.starts_with("e=")) return;
    const std::string_view reason = take_attribute(message, 'e');
    std::string text;
    for (const char c : reason.substr(0, 100)) text += c >= 0x20 && c < 0x7f ? c : '?';
    refuse_scram("the server says: " + text);
}

std::uint32_t parse_iterations(std::string_view text, std::uint32_t most) {
    std::uint32_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool all_read = stop == text.data() + text.size();
    if (error == std::errc::result_out_of_range || (error == std::errc() && all_read && number > most)) {
        refuse_scram("the server asks for " + std::string(text.substr(0, 20)) + " iterations, above the limit of " +
                     std::to_string(most));
    }
    if (error != std::errc() || !all_read || number == 0) refuse_scram("the server's number of iterations is none");
    return number;
}

void combine(Secret& key, const Secret& other) noexcept {
    for (std::size_t i = 0; i < key.size(); ++i) key.bytes()[i] ^= other.bytes()[i];
}

}  // namespace

std::string scram_nonce() { return base64(random_bytes(18)); }

ScramClient::ScramClient(ScramBinding binding, std::string_view user, std::string nonce, std::uint32_t max_iterations)
    : binding_(std::move(binding)),
      nonce_(std::move(nonce)),
      first_bare_("n=" + saslname(user) + ",r=" + nonce_),
      max_iterations_(std::min(max_iterations, std::uint32_t{0x7fff'ffff})) {
    AIO_ASSERT(is_nonce(nonce_));
}

std::string_view ScramClient::mechanism() const noexcept {
    return binding_.kind == ScramBinding::Kind::end_point ? kScramPlus : kScram;
}

std::string ScramClient::gs2_header() const {
    switch (binding_.kind) {
        case ScramBinding::Kind::none: break;
        case ScramBinding::Kind::unoffered: return "y,,";
        case ScramBinding::Kind::end_point: return "p=tls-server-end-point,,";
    }
    return "n,,";
}

std::string ScramClient::channel_binding() const {
    return binding_.kind == ScramBinding::Kind::end_point ? gs2_header() + binding_.certificate_hash : gs2_header();
}

std::string ScramClient::first_message() const { return gs2_header() + first_bare_; }

// "r=<our nonce and the server's>,s=<salt>,i=<iterations>", and extensions, which are skipped.
const ScramChallenge& ScramClient::receive_challenge(std::string_view message) {
    if (state_ != State::begun) refuse_scram("the server sent a second challenge");
    server_first_ = message;
    throw_if_error(message);
    if (message.starts_with("m=")) refuse_scram("the server asks for an extension that this client does not have");
    const std::string_view nonce = take_attribute(message, 'r');
    if (!is_nonce(nonce) || !nonce.starts_with(nonce_)) {
        refuse_scram("the server's nonce does not begin with ours: it answers somebody else");
    }
    if (nonce.size() == nonce_.size()) refuse_scram("the server added nothing to the nonce");
    std::optional<std::string> salt = unbase64(take_attribute(message, 's'));
    if (!salt || salt->empty()) refuse_scram("the server's salt is not in base64, or empty");
    challenge_.iterations = parse_iterations(take_attribute(message, 'i'), max_iterations_);
    challenge_.salt = *std::move(salt);
    nonce_ = nonce;
    state_ = State::challenged;
    return challenge_;
}

// RFC 5802 section 3.
std::string ScramClient::final_message(const ScramKey& key) {
    AIO_ASSERT(state_ == State::challenged);
    AIO_ASSERT(key.salted_password.size() == kSha256Size);
    std::string message = "c=" + base64(channel_binding()) + ",r=" + nonce_;
    const std::string all = first_bare_ + "," + server_first_ + "," + message;
    Secret proof = hmac_sha256(key.salted_password.view(), "Client Key");
    combine(proof, hmac_sha256(sha256(proof.view()).view(), all));
    server_signature_ = hmac_sha256(hmac_sha256(key.salted_password.view(), "Server Key").view(), all);
    state_ = State::answered;
    return message + ",p=" + base64(proof.view());
}

// "v=<signature>" or "e=<error>", and extensions.
void ScramClient::receive_final(std::string_view message) {
    if (state_ != State::answered) refuse_scram("the server ended it before its time");
    throw_if_error(message);
    const std::optional<std::string> signature = unbase64(take_attribute(message, 'v'));
    if (!signature || signature->size() != kSha256Size)
        refuse_scram("the server's signature is not in base64, or cut");
    if (!is_same(*signature, server_signature_.view())) {
        refuse_scram("the server's signature is wrong: it does not know the password, and may be another server");
    }
    server_signature_ = Secret();
    state_ = State::verified;
}

}  // namespace aio::pg::wire
