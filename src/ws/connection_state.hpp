// What a Connection is a handle to: a channel of http, and what the websockets library adds: messages in fragments, one
// receiver, one sender of fragments at a time.
#pragma once

#include <aio/sync/event.hpp>
#include <aio/ws/connection.hpp>
#include <aio/ws/options.hpp>

#include "http/ws_channel.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::ws::detail {

using Channel = http::detail::WSChannel;

// The agreement of the opening handshake.
struct Handshake {
    std::string path, subprotocol, username;
    http::Headers request_headers;
    HandshakeResponse response;
    std::vector<std::pair<std::string, std::string>> match_info;
};

// Errors: ValueError for options that make no sense.
http::detail::WSRules rules_of(const Options& options);
http::wire::WSDeflateTerms terms_of(const Deflate& deflate);
// Sets the marks of write_limit.
void set_write_limit(const Channel& channel, const Options& options);

// ConnectionClosedOK or ConnectionClosedError.
std::exception_ptr closed_error(const Channel& channel);

class ConnectionState : public std::enable_shared_from_this<ConnectionState> {
public:
    ConnectionState(std::shared_ptr<Channel> its_channel, Handshake its_handshake);
    ~ConnectionState();
    ConnectionState(const ConnectionState&) = delete;

    const std::shared_ptr<Channel> channel;
    const Handshake handshake;
    std::string id;         // made when it is asked for
    std::size_t place = 0;  // among its server's

    // --- receiving ---
    // As long as a task receives.
    struct Busy {
        explicit Busy(ConnectionState& s) noexcept : state(s) { state.busy_ = true; }
        Busy(const Busy&) = delete;
        ~Busy() { state.busy_ = false; }
        ConnectionState& state;
    };
    // Errors: ConcurrencyError.
    Busy begin_receiving();
    // A fragment of the message that is received, or all of it. Result: whether it is complete; then take_message() has it.
    bool add(http::wire::WSEvent& event);
    Message take_message() noexcept { return *std::exchange(begun_, std::nullopt); }
    // The next fragment of a message. Errors: ConnectionClosed.
    Coro<http::wire::WSEvent> receive_fragment();
    std::string lent;  // the data of a view

    // --- sending ---
    // Takes a message. Result: whether it is held behind one in fragments.
    bool send(http::wire::WSOpcode opcode, std::string_view data, bool compress);
    bool drained() const noexcept;
    Coro<> wait_sent(bool held);
    bool sends_fragments() const noexcept { return sends_fragments_; }
    // From the first to the last fragment. Coroutines that wait for their turn throw ConnectionClosed.
    Coro<> begin_fragments();
    void end_fragments(bool complete) noexcept;
    void send_fragment(MessageType type, std::string_view data, bool compress, bool first, bool last);

    // Errors: ConnectionClosed unless data may be sent.
    void check_writable() const;
    [[noreturn]] void throw_closed() const;

private:
    struct Held {
        http::wire::WSOpcode opcode;
        std::string data;
        bool compress;
    };
    void check_free(const char* function) const;

    bool busy_ = false;            // a task receives
    bool within_message_ = false;  // recv_streaming() has given a part of it
    bool sends_fragments_ = false;
    std::optional<Message> begun_;  // what recv() has collected of a message, also one that was cancelled
    std::vector<Held> held_;
    Event free_;  // nobody sends fragments
};

}  // namespace aio::ws::detail
