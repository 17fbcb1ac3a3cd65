// A connection's incoming half: what its stream carries, as heads and bodies, read when they are asked for. Of both
// clients and servers.
//
//     while (co_await messages.read_head()) {
//         ... messages.head(), BodyReader(&messages) ...
//         if (!messages.done()) ...                     // the body must be read to its end before the next head
//     }
#pragma once

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/io/stream.hpp>

#include "http/wire/parser.hpp"

#include <string_view>
#include <utility>

namespace aio::http::detail {

// What came breaks HTTP. Servers answer with the status that fits, clients throw their own errors.
class WireError : public Error {
public:
    WireError(wire::Fault fault, std::string_view explanation) : Error(std::string(explanation)), fault_(fault) {}
    wire::Fault fault() const noexcept { return fault_; }

private:
    wire::Fault fault_;
};

// Is told each time a MessageReader is about to wait for bytes: for limits on how long that may take.
class ReadWatch {
public:
    virtual void about_to_read() noexcept = 0;

protected:
    ~ReadWatch() = default;
};

class MessageReader final : public BodySource {
public:
    static constexpr std::ptrdiff_t kMostAtOnce = 256 * 1024;

    MessageReader(StreamReader stream, wire::Parser::Role role, const wire::Limits& limits = {});

    // Goes on with another stream, of which `received` was read already: a view that is valid until the next read.
    // Precondition: between two messages, nothing went wrong.
    void attach(StreamReader stream, std::string_view received) noexcept {
        AIO_ASSERT(parser_.may_rest());
        stream_ = std::move(stream);
        rest_ = received;
    }
    void detach() noexcept { stream_ = StreamReader(aio::detail::StreamRef()); }
    // Whether it may be: nothing of another message came.
    bool may_rest() const noexcept {
        return done_ && rest_.empty() && parser_.may_rest() && stream_.stream()->unread() == 0;
    }

    // Whether the next message's head is here already. False, too, for what breaks HTTP: read_head() says so.
    bool take_head();
    // Waits for it. False: the connection ended before one began.
    // Errors: WireError; the stream's. Cancel: nothing is lost.
    Coro<bool> read_head();
    wire::Head& head() noexcept { return head_; }
    wire::Parser& parser() noexcept { return parser_; }

    // The body of the message whose head was read. Errors: WireError (unexpected_end when it is cut short).
    Coro<std::string_view> next_piece() override;
    const Headers* trailers() const noexcept override;
    bool piece_ends_chunk() const noexcept override { return parser_.body_ends_chunk(); }
    std::optional<std::uint64_t> announced_size() const noexcept override { return head_.content_length; }
    // Whether the message has ended: its body was read to the end, or there was none.
    bool done() const noexcept { return done_; }
    // Whether the next message, or its beginning, is here already.
    bool has_more() const noexcept { return !rest_.empty(); }
    // Whether bytes of a head came that is not read yet: its end is missing, or the task was not resumed since.
    bool in_head() const noexcept { return parser_.in_message() || stream_.stream()->unread() > 0; }

    // What came behind the last message: belongs to the protocol after an upgrade. Valid until the next read.
    std::string_view take_rest() noexcept { return std::exchange(rest_, {}); }

    // Frees the parser and its head: nothing is read any more. Only take_rest() and has_more() may be called then.
    void forget_parser() noexcept { const wire::Parser forgotten = std::move(parser_); }

    // Null: nobody.
    void set_watch(ReadWatch* watch) noexcept { watch_ = watch; }

private:
    [[noreturn]] void fail();

    StreamReader stream_;
    wire::Parser parser_;
    wire::Head& head_;       // the parser's
    std::string_view rest_;  // of the stream's buffer: received and not parsed
    ReadWatch* watch_ = nullptr;
    bool done_ = true;
};

}  // namespace aio::http::detail
