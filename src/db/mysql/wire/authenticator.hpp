// The dialogue by which a client proves who it is: what to answer to each packet of the server's, up to its OK.
//
// Source: MySQL 8.0 source documentation, "Authentication Method Mismatch", "Caching_sha2_password information", "sha256
// authentication".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::mysql::wire {

// How a password may be sent.
struct AuthenticationPolicy {
    bool is_secure = false;            // the connection is encrypted, or a local socket
    bool asks_for_public_key = false;  // without TLS: the server's key is trusted as it comes
    std::string public_key;            // the server's, in PEM format, if it is known beforehand
};

class Authenticator {
public:
    Authenticator(std::string_view password, AuthenticationPolicy policy)
        : password_(password), policy_(std::move(policy)) {}
    Authenticator(const Authenticator&) = delete;
    ~Authenticator();

    // The proof for the login. A plugin that this client does not have, or that it may not use here, gets none: the server then
    // asks for another, or refuses.
    std::string begin(std::string_view plugin, std::string_view scramble);
    // The plugin of the last proof.
    const std::string& plugin() const noexcept { return plugin_; }

    // What to answer to a packet that is neither OK nor an error; nothing: wait for the next one. Errors: ProtocolError;
    // AuthenticationError.
    std::optional<std::string> receive(std::string_view payload);

private:
    std::string proof(std::string_view plugin);
    std::optional<std::string> receive_more(std::string_view data);
    std::string encrypted(std::string_view key) const;
    std::string in_clear() const;
    std::optional<std::string> send_secretly(char request);

    std::string password_;
    AuthenticationPolicy policy_;
    std::string plugin_;
    std::string scramble_;
    bool awaits_key_ = false;
    int switches_ = 0;
};

// Those that this client has.
bool is_known_plugin(std::string_view plugin) noexcept;

}  // namespace aio::mysql::wire
