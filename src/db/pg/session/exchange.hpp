// One exchange with the server: what is sent, up to a Sync, and what comes back, up to ReadyForQuery. It may be sent in
// two parts, if the second depends on the answer to the first. db/session/exchange.hpp has what is common to all drivers. Internal.
#pragma once

#include "db/pg/wire/message_reader.hpp"
#include "db/session/exchange.hpp"

#include <string>

namespace aio::pg::detail {

class Session;

class Exchange : public db::detail::BasicExchange<Session, Exchange> {
protected:
    explicit Exchange(Dropped dropped, Effect effect = Effect::none) noexcept : BasicExchange(dropped, effect) {}

    // Appends its messages, up to and with a Sync or a Query. Errors: it fails with them, and is not sent.
    void write(std::string& output) override = 0;
    // One of its messages, other than ErrorResponse and ReadyForQuery. Errors: std::bad_alloc: the exchange fails, what is
    // left of its answer is dropped; ProtocolError: the connection fails.
    virtual void received(const wire::Message& message) = 0;
    // Whether all has come that its answer consists of. Otherwise an end that nobody asked for would pass the answers on to
    // the wrong tasks.
    virtual bool is_complete() const noexcept = 0;
    // It has two parts, or the server may take what follows for data.
    bool is_alone() const noexcept override { return in_two_parts(); }
    // Whether write() ends with a Flush, and write_rest() follows once rest_is_due().
    virtual bool in_two_parts() const noexcept { return false; }
    virtual bool rest_is_due() const noexcept { return false; }
    // Appends the rest, up to and with a Sync. Errors: it fails with them.
    virtual void write_rest(std::string&) {}
    // Appends what ends it in place of the rest, when it has failed or nobody wants it.
    virtual void write_end(std::string& output);
    // Whether the server has been told already that it ends, and need not be asked to stop it.
    virtual bool ends_by_itself() const noexcept { return false; }
    // Whether it is a COPY: received() gets its messages, and sends its data.
    virtual bool copies() const noexcept { return false; }
    // Whether it ends with a Sync, not with a Query.
    virtual bool has_sync() const noexcept { return true; }

private:
    friend class Session;
    friend db::detail::BasicSession<Session, Exchange>;
};

using db::detail::ExchangeRef;

}  // namespace aio::pg::detail
