// WebSocket: messages in both directions over a connection that began as HTTP. This is the common part of both sides: a
// client gets its end from ClientSession::ws_connect(), a server makes one with WebSocketResponse
// (aiohttp.ClientWebSocketResponse and aiohttp.web.WebSocketResponse).
//
//     while (auto message = co_await ws.next()) {        // async for message in ws
//         if (message->type == WSMsgType::text) co_await ws.send_str("got " + message->data);
//     }                                                  // closed
//
// Pings and the peer's close are answered, also while no task receives: up to 64 messages, and 64 KiB of them, are then kept.
// Messages are limited to 4 MiB by default, counted after decompression. Sending is atomic: any number of tasks may send.
//
// Of all receiving functions: *Resumes* when a whole message has arrived. *Cancel*: nothing is lost. *Errors*:
// RuntimeError while another receive() waits, and when it is called again and again after the end; aio::TimeoutError
// after `timeout`. A protocol error of the peer, or a broken connection, is a message of type `error`, and exception()
// has the error. Of all sending functions: takes the data at once; awaited, it waits while the peer reads too slowly.
// *Errors*: ConnectionResetError when the WebSocket is closing or closed.
// Thread rule: the loop's thread. Source: aiohttp 3.11 client_ws.py, web_ws.py; RFC 6455; RFC 7692.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/core/time.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/json_object.hpp>
#include <aio/io/stream.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

namespace detail {
class WSConnection;
}

// The codes of close(): RFC 6455 section 7.4.1, and IANA's registry. aiohttp.WSCloseCode.
enum WSCloseCode : std::uint16_t {
    kWSOk = 1000,
    kWSGoingAway = 1001,
    kWSProtocolError = 1002,
    kWSUnsupportedData = 1003,
    kWSNoStatus = 1005,         // never sent: the peer gave none
    kWSAbnormalClosure = 1006,  // never sent: the connection broke
    kWSInvalidText = 1007,
    kWSPolicyViolation = 1008,
    kWSMessageTooBig = 1009,
    kWSMandatoryExtension = 1010,
    kWSInternalError = 1011,
    kWSServiceRestart = 1012,
    kWSTryAgainLater = 1013,
    kWSBadGateway = 1014
};

// The type of a message: aiohttp.WSMsgType.
enum class WSMsgType : std::uint8_t {
    text,
    binary,
    ping,  // these two only without autoping
    pong,
    close,    // the peer closes: close_code, and its reason in data
    closing,  // close() is being executed in another task
    closed,   // the WebSocket was closed before
    error     // the connection broke, or the peer violated the protocol
};

// A message that was received: aiohttp.WSMessage.
class WSMessage {
public:
    explicit WSMessage(WSMsgType t, std::string bytes = {}, std::uint16_t code = 0) noexcept
        : type(t), data(std::move(bytes)), close_code(code) {}

    WSMsgType type;
    std::string data;                    // of text UTF-8; of close the reason
    std::uint16_t close_code;            // of close; else 0
    std::exception_ptr error = nullptr;  // of the type error

#ifdef AIO_HTTP_HAS_JSON
    // The data parsed as JSON. Include <nlohmann/json.hpp> to use it. Errors:
    // nlohmann::json::parse_error, JSONDepthError.
    nlohmann::json json() const;
#endif
};

// receive_str() or receive_bytes() got a message of another type. aiohttp.WSMessageTypeError.
class WSMessageTypeError : public Error {
public:
    using Error::Error;
};

// The options of both sides. Trivially destructible, for g++ 12.
struct WSOptions {
    std::optional<Duration> receive_timeout = {};       // of each receive() without a timeout of its own
    Duration close_timeout = std::chrono::seconds(10);  // for the peer's answer to close()
    // Sends a ping after this time without data from the peer, and takes the connection for broken after half of it
    // again: an `error` with SocketTimeoutError. Zero means no pings.
    std::optional<Duration> heartbeat = {};
    bool autoclose = true;  // answers the peer's close automatically
    bool autoping = true;   // answers pings automatically, and drops pongs
    // Compresses messages (permessage-deflate) with windows of at most 2^compress bytes, 9 to 15; 0 turns compression
    // off. By default clients do not offer it, and servers accept what is offered.
    std::optional<int> compress = {};
    std::uint64_t max_msg_size = 4 * 1024 * 1024;  // bytes; 0: no limit
};

// An end of a WebSocket. Before it is connected, receiving, sending, close() and peername() throw RuntimeError.
class WebSocket {
public:
    WebSocket() noexcept;  // not connected
    explicit WebSocket(std::unique_ptr<detail::WSConnection> connection) noexcept;
    WebSocket(WebSocket&&) noexcept;
    WebSocket& operator=(WebSocket&&) noexcept;
    // A client's open WebSocket is aborted; a server's is closed when its handler returns.
    ~WebSocket();

    // Whether close() was called, by the program or by autoclose, or the connection is lost.
    bool closed() const noexcept;
    // The code with which the peer closed, or the reason of the end: 1006 for a connection that
    // broke. nullopt while it is open.
    std::optional<std::uint16_t> close_code() const noexcept;
    // The error that ended it, or null.
    std::exception_ptr exception() const noexcept;
    // The subprotocol that was agreed upon, or "".
    const std::string& protocol() const noexcept;
    // Whether messages are compressed.
    bool compressed() const noexcept;
    // The address of the peer.
    Address peername() const;

    // The next message of any type; `closed` after the end. `timeout`: default receive_timeout.
    Coro<WSMessage> receive(std::optional<Duration> timeout = std::nullopt);
    // The same for loops: nullopt in place of close, closing and closed.
    Coro<std::optional<WSMessage>> next();
    // The data of the next message. Errors: also WSMessageTypeError for a message of another type.
    Coro<std::string> receive_str(std::optional<Duration> timeout = std::nullopt);
    Coro<std::string> receive_bytes(std::optional<Duration> timeout = std::nullopt);

    // Sends a message. Errors: also ValueError for text that is not UTF-8.
    aio::detail::Drain send_str(std::string_view text);
    aio::detail::Drain send_bytes(std::string_view data);
    // Sends a ping, or a pong that nothing has asked for. Errors: also ValueError for more than 125 bytes.
    aio::detail::Drain ping(std::string_view data = {});
    aio::detail::Drain pong(std::string_view data = {});
#ifdef AIO_HTTP_HAS_JSON
    // The next message parsed as JSON; a value sent as JSON. Errors: also those of receive_str() and WSMessage::json().
    Coro<nlohmann::json> receive_json(std::optional<Duration> timeout = std::nullopt);
    aio::detail::Drain send_json(const nlohmann::json& value);
    // An object of keys and values: send_json("type", "move", "x", 3).
    template <class Key, class Value, class... Rest>
    aio::detail::Drain send_json(Key&& key, Value&& value, Rest&&... rest) {
        return send_json(
            json_object(std::forward<Key>(key), std::forward<Value>(value), std::forward<Rest>(rest)...));
    }
#endif

    // Sends a close with `code` and `reason`, waits for the peer's close (close_timeout at most), and closes the
    // connection. Result: false when it was closed already. Another task's receive() then returns `closing`. *Cancel*:
    // the connection is aborted.
    // Errors: ValueError for a code that may not be sent, or a reason of more than 123 bytes.
    Coro<bool> close(std::uint16_t code = kWSOk, IntoString reason = "");

protected:
    std::unique_ptr<detail::WSConnection> connection_;

private:
    detail::WSConnection& open(const char* function) const;
    Coro<std::string> receive_only(WSMsgType type, std::optional<Duration> timeout);
};

}  // namespace aio::http
