// One exchange with the server: one command or several, and their answers. db/session/exchange.hpp has what is common to all drivers.
// Internal.
#pragma once

#include "db/mysql/wire/server_packets.hpp"
#include "db/session/exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace aio::mysql::detail {

class Session;

class Exchange : public db::detail::BasicExchange<Session, Exchange> {
protected:
    explicit Exchange(Dropped dropped, Effect effect = Effect::none) noexcept : BasicExchange(dropped, effect) {}

    // Appends its commands, and says of each what expects() says. Errors: it fails with them, and is not sent.
    void write(std::string& output) override = 0;
    // A command was appended, whose answer begins with this sequence number.
    void expects(std::uint8_t sequence) { sequences_ += static_cast<char>(sequence); }
    // One packet of the answer to the current command. Result: whether that answer is over. Errors: with all of them the
    // connection fails.
    virtual bool received(Session& session, std::string_view payload) = 0;
    // All commands are answered. Appends more of them, which depend on the answers; false: there are none.
    virtual bool write_more(std::string&) { return false; }
    // A task has stopped waiting while it was executed: appends what the server waits for before it can be stopped.
    virtual void write_end(std::string&) {}

    // The server's error, once.
    void fail(Session& session, std::string_view payload);
    void fail(std::exception_ptr error) noexcept {
        if (!error_) error_ = std::move(error);
    }
    // The sequence number of the next packet, of either side.
    std::uint8_t sequence() const noexcept { return next_sequence_; }
    void set_sequence(std::uint8_t next) noexcept { next_sequence_ = next; }

private:
    friend class Session;
    friend db::detail::BasicSession<Session, Exchange>;

    std::string sequences_;     // of each command, what its answer begins with
    std::size_t answered_ = 0;  // commands
    std::uint8_t next_sequence_ = 0;
};

using db::detail::ExchangeRef;

}  // namespace aio::mysql::detail
