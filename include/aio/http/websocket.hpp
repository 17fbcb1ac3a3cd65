// WebSocket: messages both ways over a connection that began as HTTP. What both sides have; a client gets its end from
// ClientSession::ws_connect(), a server makes one with WebSocketResponse (aiohttp.ClientWebSocketResponse and
// aiohttp.web.WebSocketResponse).
//
//     while (auto message = co_await ws.next()) {        // async for message in ws
//         if (message->type == WSMsgType::text) co_await ws.send_str("got " + message->data);
//     }                                                  // closed
//
// A ping is answered while somebody receives; so is the other side's wish to close. Messages are limited to 4 MiB unless
// told otherwise, counted after they were unpacked. Sending is atomic: any number of tasks may send.
//
// Of all that receives: *Resumes* when a whole message is there. *Cancel*: nothing is lost. *Errors*: RuntimeError while
// another receive() waits, and when it is called again and again after the end; aio::TimeoutError after `timeout`. What
// the peer does wrong, and a connection that breaks, is a message of type `error`, whose exception() says what it was.
// Of all that sends: takes the data at once; awaited, it waits while the peer reads too slowly.
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

// RFC 6455 section 7.4.1, and IANA's registry.
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

enum class WSMsgType : std::uint8_t {
    text,
    binary,
    ping,  // these two only without autoping
    pong,
    close,    // the peer closes: close_code, and its reason in data
    closing,  // close() is under way, in another task
    closed,   // it was over before
    error
};

class WSMessage {
public:
    explicit WSMessage(WSMsgType t, std::string bytes = {}, std::uint16_t code = 0) noexcept
        : type(t), data(std::move(bytes)), close_code(code) {}

    WSMsgType type;
    std::string data;
    std::uint16_t close_code;
    std::exception_ptr error = nullptr;

#ifdef AIO_HTTP_HAS_JSON
    // Include <nlohmann/json.hpp> to use it. Errors: nlohmann::json::parse_error, JSONDepthError.
    nlohmann::json json() const;
#endif
};

// receive_str() of something that is no text, and the like.
class WSMessageTypeError : public Error {
public:
    using Error::Error;
};

// Of both sides. Trivially destructible, for g++ 12.
struct WSOptions {
    std::optional<Duration> receive_timeout = {};  // of each receive(), unless it is told otherwise
    Duration close_timeout = std::chrono::seconds(10);
    // Sends a ping after so long without anything from the peer, and takes the connection for dead when nothing comes for
    // half of that again: an `error` with SocketTimeoutError. It sees what comes only while somebody receives. Zero
    // means no pings.
    std::optional<Duration> heartbeat = {};
    bool autoclose = true;  // answers the peer's close by itself
    bool autoping = true;   // answers pings by itself, and keeps pongs
    // Packs messages (permessage-deflate) with windows of 2^compress bytes, 9 to 15; 0: does not. Default: clients do not
    // offer it; servers do what they are offered.
    std::optional<int> compress = {};
    std::uint64_t max_msg_size = 4 * 1024 * 1024;  // bytes; 0: no limit
};

class WebSocket {
public:
    WebSocket() noexcept;  // not connected
    explicit WebSocket(std::unique_ptr<detail::WSConnection> connection) noexcept;
    WebSocket(WebSocket&&) noexcept;
    WebSocket& operator=(WebSocket&&) noexcept;
    // An open one is aborted.
    ~WebSocket();

    // Whether close() was called, here or by autoclose, or the connection is lost.
    bool closed() const noexcept;
    // What the peer closed with, or what made it end: 1006 for a connection that broke. Nothing while it is open.
    std::optional<std::uint16_t> close_code() const noexcept;
    // What broke it; null.
    std::exception_ptr exception() const noexcept;
    // The subprotocol that was agreed upon; "".
    const std::string& protocol() const noexcept;
    // Whether messages are packed.
    bool compressed() const noexcept;
    Address peername() const;

    // The next message, whatever its type; `closed` after the end.
    Coro<WSMessage> receive(std::optional<Duration> timeout = std::nullopt);
    // The same for loops: nothing instead of close, closing and closed.
    Coro<std::optional<WSMessage>> next();
    // Errors: also WSMessageTypeError for a message of another type.
    Coro<std::string> receive_str(std::optional<Duration> timeout = std::nullopt);
    Coro<std::string> receive_bytes(std::optional<Duration> timeout = std::nullopt);

    // Errors: also ValueError for what is no UTF-8.
    aio::detail::Drain send_str(std::string_view text);
    aio::detail::Drain send_bytes(std::string_view data);
    // Errors of these: also ValueError for more than 125 bytes.
    aio::detail::Drain ping(std::string_view data = {});
    aio::detail::Drain pong(std::string_view data = {});
#ifdef AIO_HTTP_HAS_JSON
    Coro<nlohmann::json> receive_json(std::optional<Duration> timeout = std::nullopt);
    aio::detail::Drain send_json(const nlohmann::json& value);
    // An object of keys and values: send_json("type", "move", "x", 3).
    template <class Key, class Value, class... Rest>
    aio::detail::Drain send_json(Key&& key, Value&& value, Rest&&... rest) {
        return send_json(
            json_object(std::forward<Key>(key), std::forward<Value>(value), std::forward<Rest>(rest)...));
    }
#endif

    // Says why, waits for the peer to say the same (close_timeout at the most), and closes the connection. False when it
    // was closed already. Another task's receive() then gives `closing`. *Cancel*: the connection is aborted.
    // Errors: ValueError for a code that may not be sent, or a reason of more than 123 bytes.
    Coro<bool> close(std::uint16_t code = kWSOk, IntoString reason = "");

protected:
    std::unique_ptr<detail::WSConnection> connection_;

private:
    detail::WSConnection& open(const char* function) const;
    Coro<std::string> receive_only(WSMsgType type, std::optional<Duration> timeout);
};

}  // namespace aio::http
