// Connection: an open WebSocket, of a client or a server, with the names and rules of Python's websockets library.
//
//     while (auto message = co_await connection.next()) {     // async for message in connection
//         co_await connection.send(*message);
//     }                                                       // closed in good order
//
// It always reads: pings are answered, pongs and the peer's close are noticed also while nobody receives. Then up to max_queue
// messages are kept, and the peer is held up by TCP.
//
// Of all receiving functions: *Resumes* when a message, or a fragment, has arrived. *Cancel*: nothing is lost: the next call
// gets the message. *Errors*: ConnectionClosedOK, ConnectionClosedError after the last message; ConcurrencyError while another
// task receives, or a message of recv_streaming() was begun and not read to its end.
//
// Of all sending functions: the data are taken at once, also when the result is not awaited. Awaited, it waits while more than
// write_limit bytes are unsent, and behind a message that is sent in fragments. *Cancel*: the message is sent nevertheless.
// *Errors*: ConnectionClosedOK, ConnectionClosedError; ValueError for text that is not UTF-8; std::bad_alloc.
//
// A Connection is a handle: copies name the same connection. When the last one of a client is dropped, an open connection is
// closed with 1001, in the background. A server's is closed with 1000 when its handler returns.
// Thread rule: the loop's thread. Source: websockets 16 asyncio/connection.py; RFC 6455; RFC 7692.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/core/future.hpp>
#include <aio/io/address.hpp>
#include <aio/ws/errors.hpp>
#include <aio/ws/message.hpp>
#include <aio/ws/sending.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::ws {

// websockets.protocol.State. closing: one side has sent its close frame. closed: so is the TCP connection.
enum class State : std::uint8_t { open, closing, closed };

// The options of send().
struct SendOptions {
    bool compress = true;  // no effect unless compression was agreed upon
};

namespace detail {

template <class T>
inline constexpr bool kIsGenerator = false;
template <class T>
inline constexpr bool kIsGenerator<AsyncGenerator<T>> = true;
// Of other types a concept may ask whether they are ranges.
template <class T>
concept NoGenerator = !kIsGenerator<std::remove_cvref_t<T>>;

// A range of texts or byte strings, which is none itself.
template <class R>
concept FragmentRange = NoGenerator<R> && std::ranges::input_range<R> && !std::convertible_to<R, std::string_view> &&
                        std::convertible_to<std::ranges::range_reference_t<R>, std::string_view>;

// std::byte or unsigned char in a row: an array, a vector, a span.
template <class R>
concept ByteRange = NoGenerator<R> && std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                    (std::same_as<std::ranges::range_value_t<R>, std::byte> ||
                     std::same_as<std::ranges::range_value_t<R>, unsigned char>);

}  // namespace detail

// The fragments of a message: the result of recv_streaming(). It must be read to its end.
class Fragments {
public:
    explicit Fragments(std::shared_ptr<detail::ConnectionState> state) noexcept : state_(std::move(state)) {}

    // The next fragment, as the frame was sent; a character of text that was cut belongs to the later one. nullopt after
    // the last one. Cancel: nothing is lost, the next call gets it.
    Coro<std::optional<std::string>> next();
    // Text or binary, once next() has returned.
    MessageType type() const noexcept { return type_; }

private:
    std::shared_ptr<detail::ConnectionState> state_;
    MessageType type_ = MessageType::text;
    bool ended_ = false;
};

// An open WebSocket: websockets.asyncio.connection.Connection.
class Connection {
public:
    // For the library: connect() and serve() make it.
    explicit Connection(std::shared_ptr<detail::ConnectionState> state) noexcept : state_(std::move(state)) {}

    // --- receiving -------------------------------------------------------------------------------------------

    // The next message.
    Coro<Message> recv();
    // The same for loops: nullopt in place of ConnectionClosedOK.
    Coro<std::optional<Message>> next();
    // The same without a string for each message: the view is valid until the next call of a receiving function.
    Coro<MessageView> recv_view();
    // The next message by its fragments: for those that are too large, or take too long, to be received as a whole.
    Fragments recv_streaming() { return Fragments(state_); }

    // --- sending ---------------------------------------------------------------------------------------------

    // Sends text, bytes, or a message that was received.
    detail::Sending send(std::string_view text, SendOptions options = {});
    template <detail::ByteRange R>
    detail::Sending send(const R& bytes, SendOptions options = {}) {
        return send_bytes({reinterpret_cast<const char*>(std::ranges::data(bytes)), std::ranges::size(bytes)},
                          options);
    }
    detail::Sending send(const Message& message, SendOptions options = {});
    detail::Sending send_bytes(std::string_view bytes, SendOptions options = {});
    // Sends one message in fragments: the elements of a range, or what a generator yields. Of an empty one nothing is sent.
    // What others send meanwhile comes after it. Cancel: once the first fragment was sent, the connection is closed with
    // 1011, since the message cannot be completed; so it is when the generator throws.
    template <detail::FragmentRange R>
    Coro<> send(R&& fragments, MessageType type = MessageType::text, SendOptions options = {}) {
        std::vector<std::string> all;
        for (auto&& fragment : fragments) {
            all.emplace_back(std::string_view(std::forward<decltype(fragment)>(fragment)));
        }
        return send_fragments(state_, std::move(all), type, options);
    }
    Coro<> send(AsyncGenerator<std::string> fragments, MessageType type = MessageType::text,
                SendOptions options = {});

    // Sends a ping of at most 125 bytes; without a payload: a random one. Result: a future of the time until its pong, which
    // need not be awaited. Errors: also ValueError for a payload that is too long, or awaits its pong already; of the future:
    // ConnectionClosed when the connection ends before.
    Future<Duration> ping();
    Future<Duration> ping(std::string_view payload);
    // Sends a pong that nothing has asked for; those that answer pings are sent automatically.
    detail::Sending pong(std::string_view payload = {});

    // --- closing ---------------------------------------------------------------------------------------------

    // Sends a close frame and waits until the TCP connection is closed, for close_timeout at most: then it is aborted. The
    // second call only waits. Messages that came before can still be received. Cancel: the closing goes on. Errors:
    // ValueError for a code that may not be sent, or a reason of more than 123 bytes.
    Coro<> close(std::uint16_t code = 1000, std::string reason = "");
    // Waits until the TCP connection is closed.
    Coro<> wait_closed();
    // Closes the TCP connection now, without a close frame.
    void abort() noexcept;

    // --- what it is ------------------------------------------------------------------------------------------

    // Where it stands.
    State state() const noexcept;
    // The code and the reason of the peer's close frame; 1006 and "" without one. nullopt while it is open.
    std::optional<std::uint16_t> close_code() const noexcept;
    std::optional<std::string> close_reason() const;
    // Both close frames, and the reason: what receiving throws once it is closed. Null while it is open.
    std::exception_ptr exception() const;
    // The time between the last ping and its pong; zero before the first one.
    Duration latency() const noexcept;
    // The subprotocol that was agreed upon, or "".
    const std::string& subprotocol() const noexcept;
    // Whether messages are compressed.
    bool compressed() const noexcept;
    // The addresses of both ends.
    Address local_address() const;
    Address remote_address() const;
    // A random UUID, for logs: "0b95e6a8-...".
    const std::string& id() const;
    // "/path?query" and the headers of the request; the user that basic_auth() has accepted, or "".
    const std::string& path() const noexcept;
    const http::Headers& request_headers() const noexcept;
    const std::string& username() const noexcept;
    // What {name} stood for in the path of a Router, or of a route of an http::Application. Errors: ValueError for another name.
    const std::string& match_info(std::string_view name) const;
    // The response to the handshake, of a client; of a server only its headers.
    const HandshakeResponse& response() const noexcept;
    // The number of bytes that are not sent yet.
    std::size_t write_buffer_size() const noexcept;

    // Connections are equal when they name the same one.
    friend bool operator==(const Connection& a, const Connection& b) noexcept { return a.state_ == b.state_; }
    // For the library.
    const std::shared_ptr<detail::ConnectionState>& shared_state() const noexcept { return state_; }

private:
    static Coro<> send_fragments(std::shared_ptr<detail::ConnectionState> state, std::vector<std::string> fragments,
                                 MessageType type, SendOptions options);

    std::shared_ptr<detail::ConnectionState> state_;
};

// The options of broadcast().
struct BroadcastOptions {
    MessageType type = MessageType::text;
    // A connection with more unsent bytes than this is dropped: its peer does not read. Nothing else is held up by it.
    std::size_t max_unsent = 1024 * 1024;
};

namespace detail {
std::size_t broadcast(std::span<const Connection> connections, std::string_view data,
                      const BroadcastOptions& options);
}

// Sends a message to all of `connections` at once, without waiting: websockets.broadcast. Connections that are not open, and
// those in the middle of a message in fragments, are skipped. Result: to how many it was sent. Errors: ValueError for text that
// is not UTF-8; std::bad_alloc.
template <std::ranges::input_range R>
    requires std::convertible_to<std::ranges::range_reference_t<R>, const Connection&>
std::size_t broadcast(const R& connections, std::string_view data, BroadcastOptions options = {}) {
    if constexpr (std::ranges::contiguous_range<R> && std::ranges::sized_range<R>) {
        return detail::broadcast({std::ranges::data(connections), std::ranges::size(connections)}, data, options);
    } else {
        std::vector<Connection> all;
        for (const Connection& connection : connections) all.push_back(connection);
        return detail::broadcast(all, data, options);
    }
}

}  // namespace aio::ws
