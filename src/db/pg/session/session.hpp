// A connection from ReadyForQuery on, to which startup.cpp brings it: exchanges are sent in the order in which they were submitted, without
// waiting for the answers of earlier ones, and each gets its own answer.
//
//   open ──▶ closing ──▶ lost
//     └──────────────────▶│
//
//   open       exchanges are sent, unless a cancel request is under way
//   closing    statements that have begun still end; then Terminate
//   lost       nothing can be sent any more
//
// Cancellation. An exchange that was not sent is taken out of the queue. One that the server works on is stopped by a cancel
// request, on a connection of its own; one that was sent and is behind others is left to the server until its turn comes. The
// request names the connection, not the statement, so it may hit the next one: until the server has closed the request's
// connection and has answered an empty exchange after it (Drain), nothing else is sent, and a neighbour that was hit is sent
// once more: nothing of it has happened, unless it belongs to a transaction or ends one by itself; then it fails.
// The server ignores a request that comes before the statement: it is repeated as long as the exchange stays the first.
//
// Life. The transport keeps its session until the connection is lost; the handles share an owner (open_session()), and the
// last of them aborts the connection.
//
// Source: PostgreSQL 17 manual, 53.2.4 (pipelining), 53.2.8 (cancel requests). Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/transaction_block.hpp>
#include <aio/io/protocol.hpp>
#include <aio/pg/parameters.hpp>
#include <aio/pg/type.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/session/events.hpp"
#include "db/pg/session/exchange.hpp"
#include "db/pg/session/options.hpp"
#include "db/pg/session/statement_cache.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aio::pg::detail {

struct Transactions;
using TransactionBlock = db::detail::TransactionBlock<Transactions>;

// Waits for an exchange. Result: none; errors: the exchange's. Cancel: the exchange is dropped, see Exchange::Dropped.
class ExchangeAwaiter final : public aio::detail::Waiter {
public:
    ExchangeAwaiter(Session& session, Exchange& exchange) noexcept : session_(session), exchange_(&exchange) {}
    ExchangeAwaiter(const ExchangeAwaiter&) = delete;
    ~ExchangeAwaiter();

    bool await_ready() const noexcept { return exchange_->done(); }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        suspend(frame);
        exchange_->awaiter_ = this;
    }
    void await_resume() {
        check_cancelled();
        if (exchange_->error()) std::rethrow_exception(exchange_->error());
    }
    bool cancel_wait(std::string_view message) noexcept override;
    const char* name() const noexcept override { return "a statement's answer"; }
    void ended() noexcept { wake(); }

private:
    Session& session_;  // which the awaiting coroutine keeps alive
    ExchangeRef<Exchange> exchange_;
};

class [[nodiscard]] ExchangeEnd {
public:
    using native_awaitable = void;

    ExchangeEnd(Session& session, Exchange& exchange) noexcept : session_(session), exchange_(exchange) {}
    ExchangeAwaiter operator co_await() const noexcept { return {session_, exchange_}; }

private:
    Session& session_;
    Exchange& exchange_;
};

class Session final : public Protocol, public std::enable_shared_from_this<Session> {
public:
    explicit Session(std::shared_ptr<const SessionOptions> options);
    Session(const Session&) = delete;
    ~Session() override;

    // --- exchanges ------------------------------------------------------------------------------------------------

    // While it lives, a statement has begun, whose exchanges may still be submitted when the session is closing. Errors of the
    // constructor: db::InterfaceError or why the connection was lost, unless it is open.
    class Running {
    public:
        explicit Running(Session& session) : session_(session) {
            session.check_open();
            ++session.running_;
        }
        Running(const Running&) = delete;
        ~Running() {
            if (--session_.running_ == 0) session_.all_ended_.set();
        }

    private:
        Session& session_;
    };

    // Puts it at the end of the queue; it is sent at once, if that is possible. Errors: db::InterfaceError, or why the
    // connection was lost, unless it is open, or closing and a statement has begun.
    void submit(Exchange& exchange);
    ExchangeEnd finished(Exchange& exchange) noexcept { return {*this, exchange}; }

    // Nobody waits for it any more: it is not sent, or stopped on the server.
    void drop(Exchange& exchange) noexcept;

    // For an exchange that copies, while it is the first.
    const Transport& transport() const noexcept { return transport_; }
    void rest_was_sent() noexcept { lacks_rest_ = false; }

    // --- state ----------------------------------------------------------------------------------------------------

    bool is_open() const noexcept { return phase_ == Phase::open; }
    bool is_lost() const noexcept { return phase_ == Phase::lost; }
    // Whether no exchange is in the queue.
    bool is_idle() const noexcept { return first_ == nullptr; }
    // After what was submitted, as far as the driver knows; a script of the user's is seen once it is answered.
    bool is_in_transaction() const noexcept;
    // Of an idle one: whether its server has closed it, or says goodbye, which the loop has not seen yet.
    bool is_gone() const noexcept;
    // A pool's user has left. What is in the queue now is wanted by nobody any more.
    void note_release() noexcept { has_leftovers_ = first_ != nullptr; }
    // Whether it can be used at once: nothing is being stopped on the server, or was left behind in the queue.
    bool is_settled() const noexcept { return !stopping_ && !has_leftovers_ && !first_is_unwanted(); }
    // Waits for that. Errors: db::InterfaceError, and the connection is lost.
    static Coro<> settle(std::shared_ptr<Session> session);
    std::string_view setting(std::string_view name) const noexcept;
    std::uint32_t process() const noexcept { return identity_.process; }
    // What is known of the database's types. Rows refer to it, on other threads too: what is learnt makes a new one.
    const std::shared_ptr<const TypeCatalog>& types() const noexcept { return types_; }
    void know(std::vector<TypeDescription> types);
    void forget_types();
    // A type that was perhaps altered: what is known of it is used until it is learnt anew.
    void doubt(Oid type) { doubted_.insert(type); }
    bool knows(Oid type) const noexcept { return types_->find(type) != nullptr && !doubted_.contains(type); }
    // Changes whenever the types are forgotten.
    std::uint64_t schema() const noexcept { return schema_; }
    // A table was altered: all sessions of the pool prepare their statements anew.
    void note_alteration() noexcept;
    void follow_alterations() noexcept;
    StatementCache& statements() noexcept { return statements_; }
    const SessionOptions& options() const noexcept { return *options_; }
    std::string new_name(char kind);  // of a statement or portal
    Events& events() noexcept { return events_; }
    // For encoding arguments, to keep its memory.
    Parameters& scratch() noexcept { return scratch_; }

    // --- the end --------------------------------------------------------------------------------------------------

    // Waits for what was submitted, and says goodbye; a connection that is lost meanwhile is closed too. Cancel: the
    // connection is aborted.
    static Coro<> close(std::shared_ptr<Session> session);
    // At once. What was submitted fails.
    void abort() noexcept;
    // The same, for this reason.
    void fail(std::exception_ptr why) noexcept;

    // Of connection.cpp: the transaction() that began last, of those that are open.
    TransactionBlock* innermost = nullptr;

    // For startup.cpp.
    struct Identity {
        std::uint32_t process = 0;
        std::string cancel_key;
        std::map<std::string, std::string, std::less<>> settings;
        std::string address;  // over TCP: of the server that answered
    };
    // Errors: ProtocolError beyond what a server can have.
    static void note_setting(Identity& identity, std::string_view name, std::string_view value);
    Identity& identity() noexcept { return identity_; }

private:
    enum class Phase : std::uint8_t { open, closing, lost };
    class Drain;
    class Stopper;

    friend class ExchangeAwaiter;
    void check_open() const;
    void connection_made(Transport transport) override { transport_ = std::move(transport); }
    void data_received(std::string_view data) override;
    bool eof_received() override { return false; }
    void connection_lost(std::exception_ptr error) override;

    void dispatch(const wire::Message& message);
    void error_response(const wire::Message& message);
    void ready(wire::TransactionStatus status);

    void finish_first(bool was_in_transaction) noexcept;
    void refuse_copy(const Exchange& exchange);
    void send_rest();
    bool may_send_next() const noexcept;
    ExchangeRef<Exchange> last_word();  // a drain at the end of the queue
    void send_drain();
    bool may_send() const noexcept { return !stopping_ && (phase_ == Phase::open || phase_ == Phase::closing); }
    void send_waiting() noexcept;
    bool write(Exchange& exchange) noexcept;
    // Before `behind`, or at the end.
    void insert(Exchange& exchange, Exchange* behind) noexcept;
    void unlink(Exchange& exchange) noexcept;
    void complete(Exchange& exchange) noexcept;

    bool first_is_unwanted() const noexcept;
    void stop_first() noexcept;
    static Coro<> stop_on_server(Stopper stopper);
    Coro<bool> is_over(ExchangeRef<Exchange> exchange, Duration patience);

    std::shared_ptr<const SessionOptions> options_;
    Transport transport_;
    wire::MessageReader reader_;
    // The queue: [first_, unsent_) was sent, [unsent_, last_] was not.
    Exchange* first_ = nullptr;
    Exchange* unsent_ = nullptr;
    Exchange* last_ = nullptr;
    std::string output_;  // of send_waiting(), to keep its memory
    Phase phase_ = Phase::open;
    bool lacks_rest_ = false;  // the first one was sent without its second part
    // From the first cancel request until the drain behind the last one is answered: nothing is sent.
    bool stopping_ = false;
    bool has_leftovers_ = false;  // until the queue is empty
    bool has_stopper_ = false;    // stop_on_server() runs
    const Drain* last_drain_ = nullptr;
    Event first_ended_;
    std::size_t running_ = 0;  // statements that have begun
    Event all_ended_;          // no longer any
    wire::TransactionStatus transaction_ = wire::TransactionStatus::idle;
    std::exception_ptr why_;  // it was lost, or will be
    Identity identity_;
    std::uint64_t names_ = 0;
    std::string own_;  // a random part of them; empty: none was chosen yet
    std::shared_ptr<const TypeCatalog> types_;
    std::set<Oid> doubted_;
    std::uint64_t schema_ = 0;
    std::uint64_t alterations_;  // of the pool's, that are known here
    StatementCache statements_;
    Parameters scratch_;
    Events events_;
};

}  // namespace aio::pg::detail
