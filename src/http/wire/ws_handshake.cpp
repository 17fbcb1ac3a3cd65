// Values of the handshake's header fields: key, accept, subprotocol. client/client_websocket.cpp and
// server/websocket_response.cpp run the handshake; ws_deflate.cpp negotiates compression.
#include "http/wire/ws_handshake.hpp"

#include "http/wire/base64.hpp"
#include "http/wire/random.hpp"
#include "http/wire/syntax.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace aio::http::wire {

namespace {

constexpr std::size_t kKeySize = 16;

}  // namespace

std::string new_ws_key() {
    std::array<char, kKeySize> bytes;
    fill_with_random(bytes);
    return base64({bytes.data(), bytes.size()});
}

bool is_ws_key(std::string_view key) noexcept {
    constexpr CharSet kBase64 = CharSet::letters_and_digits().with("+/");
    return key.size() == 24 && key.ends_with("==") && kBase64.has_all(key.substr(0, 22));
}

std::string ws_accept(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha1(), nullptr) != 1)
        throw std::bad_alloc();
    return base64({reinterpret_cast<const char*>(digest.data()), size});
}

std::optional<std::string> choose_ws_protocol(std::string_view offered, std::span<const std::string> ours) {
    for (const std::string& protocol : ours) {
        std::string_view rest = offered;
        while (!rest.empty()) {
            if (trimmed(take_until(rest, ',')) == protocol) return protocol;
        }
    }
    return std::nullopt;
}

}  // namespace aio::http::wire
