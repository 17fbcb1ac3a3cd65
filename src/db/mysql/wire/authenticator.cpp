// Which plugin wants which answer. The cryptography: proofs.cpp.
#include "db/mysql/wire/authenticator.hpp"

#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/proofs.hpp"
#include "db/mysql/wire/server_packets.hpp"

#include <openssl/crypto.h>

namespace aio::mysql::wire {

namespace {

constexpr std::string_view kNative = "mysql_native_password", kCachingSha2 = "caching_sha2_password",
                           kSha256 = "sha256_password", kEd25519 = "client_ed25519", kClear = "mysql_clear_password";
constexpr std::size_t kScramble = 20, kEd25519Scramble = 32;
constexpr char kFastSuccess = 3, kFullAuthentication = 4;  // of caching_sha2_password
constexpr char kKeyRequest = 2, kSha256KeyRequest = 1;

[[noreturn]] void throw_no_tls(std::string_view plugin) {
    throw AuthenticationError("the authentication " + std::string(plugin) +
                              " sends the password, and the connection is not encrypted: use ssl_mode=required or a "
                              "local socket");
}

}  // namespace

bool is_known_plugin(std::string_view plugin) noexcept {
    return plugin == kNative || plugin == kCachingSha2 || plugin == kSha256 || plugin == kEd25519 || plugin == kClear;
}

Authenticator::~Authenticator() { OPENSSL_cleanse(password_.data(), password_.size()); }

std::string Authenticator::begin(std::string_view plugin, std::string_view scramble) {
    // A server that prefers what needs the password in clear text, or 32 bytes of scramble, says so by a switch.
    plugin_ = plugin == kCachingSha2 ? kCachingSha2 : kNative;
    scramble_ = scramble.substr(0, kScramble);
    return proof(plugin_);
}

std::string Authenticator::proof(std::string_view plugin) {
    if (plugin == kNative) return native_proof(password_, scramble_);
    if (plugin == kCachingSha2) return caching_sha2_proof(password_, scramble_);
    if (plugin == kEd25519) return ed25519_proof(password_, scramble_);
    if (plugin == kClear) {
        if (!policy_.is_secure) throw_no_tls(plugin);
        return in_clear();
    }
    if (plugin == kSha256) {
        if (password_.empty()) return std::string(1, '\0');
        return *send_secretly(kSha256KeyRequest);
    }
    throw AuthenticationError("the server asks for the authentication " + std::string(plugin.substr(0, 64)) +
                              ", which this client does not have");
}

std::optional<std::string> Authenticator::receive(std::string_view payload) {
    if (begins_with(payload, kEofHeader)) {
        constexpr int kMostSwitches = 8;  // one is usual; MariaDB asks for each plugin of a user who has several
        const AuthSwitch wanted = parse_auth_switch(payload);
        if (++switches_ > kMostSwitches)
            throw ProtocolError("MySQL: the server changes the authentication again and again");
        plugin_ = wanted.plugin;
        scramble_ = wanted.data.substr(0, plugin_ == kEd25519 ? kEd25519Scramble : kScramble);
        const std::size_t needed = plugin_ == kClear ? 0 : plugin_ == kEd25519 ? kEd25519Scramble : kScramble;
        if (is_known_plugin(plugin_) && scramble_.size() < needed) {
            throw ProtocolError("MySQL: the server sent a scramble of " + std::to_string(scramble_.size()) +
                                " bytes for " + plugin_);
        }
        awaits_key_ = false;
        return proof(plugin_);
    }
    if (begins_with(payload, kMoreDataHeader)) return receive_more(payload.substr(1));
    throw ProtocolError("MySQL: the server sent something else during the authentication");
}

std::optional<std::string> Authenticator::receive_more(std::string_view data) {
    if (awaits_key_) {
        awaits_key_ = false;
        return encrypted(data);
    }
    if (plugin_ == kCachingSha2 && data.size() == 1) {
        if (data.front() == kFastSuccess) return std::nullopt;
        if (data.front() == kFullAuthentication) return send_secretly(kKeyRequest);
    }
    throw ProtocolError("MySQL: the server continues the authentication " + plugin_ + " in an unknown way");
}

// Over TLS as it is; else under the server's public key, which is asked for by `request` if that is allowed.
std::optional<std::string> Authenticator::send_secretly(char request) {
    if (policy_.is_secure) return in_clear();
    if (!policy_.public_key.empty()) return encrypted(policy_.public_key);
    if (!policy_.asks_for_public_key) {
        throw AuthenticationError(
            "the authentication " + plugin_ +
            " has to send the password, and the connection is not encrypted: use "
            "ssl_mode=required, a local socket, or get_server_public_key=true (which trusts any "
            "server)");
    }
    awaits_key_ = true;
    return std::string(1, request);
}

std::string Authenticator::encrypted(std::string_view key) const { return rsa_proof(password_, scramble_, key); }

std::string Authenticator::in_clear() const { return password_ + '\0'; }

}  // namespace aio::mysql::wire
