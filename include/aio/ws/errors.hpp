// The errors of aio::ws, named as the exceptions of Python's websockets library.
//
//     Error
//     └─ WebSocketException
//        ├─ ConnectionClosed         the connection is closed: code() and reason()
//        │  ├─ ConnectionClosedOK    ... with 1000 or 1001 by both sides
//        │  └─ ConnectionClosedError ... in any other way
//        ├─ InvalidURI               connect(): no ws:// or wss:// URL
//        ├─ InvalidHandshake         the opening handshake failed
//        │  ├─ InvalidStatus         ... with another status than 101: response()
//        │  ├─ NegotiationError      ... over a subprotocol or an extension
//        │  └─ SecurityError         a redirect from wss:// to ws://
//        └─ ConcurrencyError         two tasks do what only one may
//
// A connection that cannot be made throws the errors of http's client (aio/http/errors.hpp); a timeout of the opening
// handshake is an aio::TimeoutError. Source: websockets 16 exceptions.py.
#pragma once

#include <aio/base/error.hpp>
#include <aio/http/headers.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace aio::ws {

// What a close frame says: websockets.frames.Close.
struct Close {
    std::uint16_t code = 1005;  // 1005: the frame has none
    std::string reason;

    // "1000 (OK) bye"
    std::string str() const;
};

// The base of all errors of this library.
class WebSocketException : public Error {
public:
    using Error::Error;
};

// The connection is closed: websockets.ConnectionClosed.
class ConnectionClosed : public WebSocketException {
public:
    // The close frames of both sides, and whether the received one was first. Nothing: there was none.
    ConnectionClosed(std::optional<Close> rcvd, std::optional<Close> sent, bool rcvd_then_sent);

    // The frames that were received and sent; nullopt if there was none.
    const std::optional<Close>& rcvd() const noexcept { return rcvd_; }
    const std::optional<Close>& sent() const noexcept { return sent_; }
    // With both: whether the peer's was first.
    bool rcvd_then_sent() const noexcept { return rcvd_then_sent_; }
    // The code of the peer's close frame; 1006 without one.
    std::uint16_t code() const noexcept { return rcvd_ ? rcvd_->code : 1006; }
    // Its reason, or "".
    std::string reason() const { return rcvd_ ? rcvd_->reason : std::string(); }
    // The error below it, such as a ConnectionResetError or a protocol error of the peer, or null: Python's __cause__.
    const std::exception_ptr& cause() const noexcept { return cause_; }
    // For the library.
    void set_cause(std::exception_ptr cause) noexcept { cause_ = std::move(cause); }

private:
    std::optional<Close> rcvd_, sent_;
    std::exception_ptr cause_;
    bool rcvd_then_sent_;
};

// Closed by both sides with 1000 or 1001, or without a code.
class ConnectionClosedOK : public ConnectionClosed {
public:
    using ConnectionClosed::ConnectionClosed;
};

// Closed in any other way: a protocol error, a broken connection, a dead peer.
class ConnectionClosedError : public ConnectionClosed {
public:
    using ConnectionClosed::ConnectionClosed;
};

// The URL of connect() is none of a WebSocket.
class InvalidURI : public WebSocketException {
public:
    using WebSocketException::WebSocketException;
};

// The opening handshake failed.
class InvalidHandshake : public WebSocketException {
public:
    using WebSocketException::WebSocketException;
};

// A response to the opening handshake: websockets.http11.Response.
struct HandshakeResponse {
    int status = 101;
    std::string reason;
    http::Headers headers;
    std::string body;  // of one that rejects: at most 1 MiB
};

// The server rejected the handshake: the status is not 101.
class InvalidStatus : public InvalidHandshake {
public:
    explicit InvalidStatus(HandshakeResponse response);
    // The whole response.
    const HandshakeResponse& response() const noexcept { return *response_; }

private:
    std::shared_ptr<const HandshakeResponse> response_;
};

// The sides do not agree on a subprotocol or an extension.
class NegotiationError : public InvalidHandshake {
public:
    using InvalidHandshake::InvalidHandshake;
};

// A redirect would lead from an encrypted connection to one that is not.
class SecurityError : public InvalidHandshake {
public:
    using InvalidHandshake::InvalidHandshake;
};

// Two tasks receive at once; or a message of recv_streaming() was not read to its end.
class ConcurrencyError : public WebSocketException {
public:
    using WebSocketException::WebSocketException;
};

}  // namespace aio::ws
