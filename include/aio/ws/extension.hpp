// Extensions of WebSockets: what both sides agree in the handshake to do with frames (RFC 6455 section 9), as the extensions= of
// Python's websockets library.
//
//     class Shout final : public ws::Extension {  // in capitals on the way
//     public:
//         void encode(ws::Frame& frame) override { to_upper(frame.data); }
//         void decode(ws::Frame&, std::uint64_t) override {}
//     };
//
// A frame that is sent passes the extensions in the order of the server's response, then permessage-deflate, which is an option
// and not one of them (Options::deflate); one that was received passes them in reverse. permessage-deflate, where it is agreed
// upon, must be the last in a response. Without extensions of its own a connection does nothing for them.
//
// Errors of encode() and decode(): an ExtensionError ends the connection with its code; another exception with 1011. One of
// encode() is also thrown by the sending function. Both are called on the loop's thread, and must not wait.
// Source: websockets 16 extensions/base.py.
#pragma once

#include <aio/ws/errors.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::ws {

// What a frame is: websockets.frames.Opcode.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// A frame on its way, without its mask: websockets.frames.Frame. An extension may change the data and the reserved bits. A bit that
// no extension takes away ends the connection with 1002; rsv1 of data is permessage-deflate's, where it is agreed upon.
struct Frame {
    const Opcode opcode;
    const bool fin;  // the last of its message
    std::string data;
    bool rsv1 = false, rsv2 = false, rsv3 = false;
};

// What encode() or decode() throws to end the connection with a code of its own: 1002 for what breaks the extension's rules, 1009
// for what is too large.
class ExtensionError : public WebSocketException {
public:
    ExtensionError(std::uint16_t code, const std::string& message) : WebSocketException(message), code_(code) {}
    // The code of the close frame.
    std::uint16_t code() const noexcept { return code_; }

private:
    std::uint16_t code_;
};

// An extension that was agreed upon, of one connection: websockets.extensions.Extension.
class Extension {
public:
    virtual ~Extension() = default;
    // The name in the handshake.
    virtual std::string_view name() const noexcept = 0;
    // Changes a frame that has come. max_size: the most bytes that its data may have afterwards, by max_size and max_fragment_size
    // of Options; UINT64_MAX: no limit. Beyond, the connection ends with 1009, whether an extension looks at it or not.
    virtual void decode(Frame& frame, std::uint64_t max_size) = 0;
    // Changes a frame that is to be sent. The data of a control frame may not exceed 125 bytes afterwards.
    virtual void encode(Frame& frame) = 0;
};

// A parameter of an extension in the handshake: "name" or "name=value".
struct ExtensionParameter {
    std::string name;
    std::optional<std::string> value = {};

    friend bool operator==(const ExtensionParameter&, const ExtensionParameter&) = default;
};
using ExtensionParameters = std::vector<ExtensionParameter>;
// Those that were agreed upon so far.
using AcceptedExtensions = std::span<const std::unique_ptr<Extension>>;

// Offers an extension, for all connections of a client: websockets.extensions.ClientExtensionFactory.
class ClientExtensionFactory {
public:
    virtual ~ClientExtensionFactory() = default;
    // The name in the handshake: a token.
    virtual std::string_view name() const noexcept = 0;
    // The offer.
    virtual ExtensionParameters request_params() const = 0;
    // What the server has answered. Errors: NegotiationError: the next factory of this name is asked; none left, the
    // connection is not made.
    virtual std::unique_ptr<Extension> process_response_params(const ExtensionParameters& params,
                                                               AcceptedExtensions accepted) const = 0;
};

// Supports an extension, for all connections of a server: websockets.extensions.ServerExtensionFactory.
class ServerExtensionFactory {
public:
    virtual ~ServerExtensionFactory() = default;
    // The name in the handshake: a token.
    virtual std::string_view name() const noexcept = 0;
    // An offer of the client's. Result: what is answered. Errors: NegotiationError declines it; the handshake goes on.
    virtual std::pair<ExtensionParameters, std::unique_ptr<Extension>> process_request_params(
        const ExtensionParameters& params, AcceptedExtensions accepted) const = 0;
};

}  // namespace aio::ws
