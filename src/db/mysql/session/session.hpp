// A connection from its authentication on, to which startup.cpp brings it: exchanges are sent in the order in which they were
// submitted, without waiting for the answers of earlier ones, and each gets its own answer.
//
//   open ──▶ closing ──▶ lost
//     └──────────────────▶│
//
//   open       exchanges are sent, unless a request to stop one is under way
//   closing    statements that have begun still end; then COM_QUIT
//   lost       nothing can be sent any more
//
// Cancellation. An exchange that was not sent is taken out of the queue. One that the server works on is stopped by KILL QUERY, on a
// connection of its own; one that was sent and is behind others is left to the server until its turn comes. KILL names the
// connection, not the statement, so it may hit the next one: until it was answered, and a harmless statement behind it (Drain),
// nothing else is sent, and a neighbour that was hit is sent once more: nothing of it has happened, unless it belongs to a
// transaction or may have committed something; then it fails. It is repeated as long as the exchange stays the first.
//
// Life. The transport keeps its session until the connection is lost; the handles share an owner (open_session()), and the
// last of them aborts the connection.
//
// Source: MySQL 8.0 source documentation, "Command Phase"; manual, "KILL Statement". Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/transaction_block.hpp>
#include <aio/io/protocol.hpp>
#include <aio/mysql/parameters.hpp>
#include <aio/sync/event.hpp>

#include "db/mysql/session/columns.hpp"
#include "db/mysql/session/exchange.hpp"
#include "db/mysql/session/options.hpp"
#include "db/mysql/wire/compression.hpp"
#include "db/mysql/wire/packet_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::mysql::detail {

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
    // constructor: db::InterfaceError or why the connection was lost, unless it is open; db::TransactionError if the server has
    // rolled back a transaction whose body still runs.
    class Running {
    public:
        explicit Running(Session& session) : session_(session) {
            session.check_open();
            session.check_transaction();
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

    // For the first exchange, which has more to say: a file's content.
    void send(std::string_view packets);
    const Transport& transport() const noexcept { return transport_; }

    // --- state ----------------------------------------------------------------------------------------------------

    bool is_open() const noexcept { return phase_ == Phase::open; }
    bool is_lost() const noexcept { return phase_ == Phase::lost; }
    // Whether no exchange is in the queue.
    bool is_idle() const noexcept { return first_ == nullptr; }
    // After what was submitted, as far as the driver knows; a statement of the user's is seen once it is answered.
    bool is_in_transaction() const noexcept;
    // Of an idle one: whether its server has closed it, or says goodbye, which the loop has not seen yet.
    bool is_gone() const noexcept;
    // A pool's user has left. What is in the queue now is wanted by nobody any more.
    void note_release() noexcept { has_leftovers_ = first_ != nullptr; }
    // Whether it can be used at once: nothing is being stopped on the server, or was left behind in the queue.
    bool is_settled() const noexcept { return !stopping_ && !has_leftovers_ && !first_is_unwanted(); }
    // Waits for that. Errors: db::InterfaceError, and the connection is lost.
    static Coro<> settle(std::shared_ptr<Session> session);
    const SessionOptions& options() const noexcept { return *options_; }
    const std::shared_ptr<const SessionOptions>& shared_options() const noexcept { return options_; }
    std::string new_name();  // of a savepoint
    // For encoding arguments, to keep its memory.
    Parameters& scratch() noexcept { return scratch_; }

    // What the end of an answer says of the transaction.
    void note_status(wire::StatusFlags status) noexcept { status_ = status; }
    // The server has rolled back by itself: a deadlock. The statements behind it would not belong to a transaction any more.
    void note_rollback() noexcept;
    bool was_rolled_back() const noexcept { return was_rolled_back_; }
    void forget_rollback() noexcept { was_rolled_back_ = false; }
    wire::StatusFlags status() const noexcept { return status_; }

    // --- prepared statements ----------------------------------------------------------------------------------------

    StatementCache& statements() noexcept { return statements_; }
    // It is closed on the server ahead of the next exchange.
    void close_statement(const Statement& statement);
    // A reset was submitted, which makes the server forget all statements.
    void forget_statements() noexcept {
        statements_.forget_all();
        farewells_.clear();
        ++generation_;
    }
    std::uint64_t generation() const noexcept { return generation_; }

    // --- the end --------------------------------------------------------------------------------------------------

    // Waits for what was submitted, and says goodbye; a connection that is lost meanwhile is closed too. Cancel: the
    // connection is aborted.
    static Coro<> close(std::shared_ptr<Session> session);
    // At once. What was submitted fails.
    void abort() noexcept;
    // The same, for this reason.
    void fail(std::exception_ptr why) noexcept;
    // Is called once, when the connection is closed or lost.
    void add_termination_listener(std::function<void()> listener) { on_end_.push_back(std::move(listener)); }

    // Of connection.cpp: the transaction() that began last, of those that are open.
    TransactionBlock* innermost = nullptr;

    // For startup.cpp.
    struct Identity {
        std::string version;
        std::uint32_t connection = 0;  // its number, for KILL
        wire::Capabilities capabilities = 0;
        std::string address;  // over TCP: of the server that answered
    };
    Identity& identity() noexcept { return identity_; }
    // All that comes and is sent from now on is compressed.
    void begin_compression() { compression_ = std::make_unique<wire::Compression>(); }
    bool has_no_eof() const noexcept { return (identity_.capabilities & wire::kNoEof) != 0; }

private:
    enum class Phase : std::uint8_t { open, closing, lost };
    class Drain;
    class Stopper;

    friend class ExchangeAwaiter;
    friend class Exchange;
    void check_open() const;
    void check_transaction() const;
    void connection_made(Transport transport) override { transport_ = std::move(transport); }
    void data_received(std::string_view data) override;
    bool eof_received() override { return false; }
    void connection_lost(std::exception_ptr error) override;

    void take(std::string_view packets);
    void dispatch(const wire::Packet& packet);
    [[noreturn]] void goodbye(std::string_view payload);

    void finish_first(bool was_in_transaction) noexcept;
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
    wire::PacketReader reader_;
    std::unique_ptr<wire::Compression> compression_;  // null: nothing is compressed
    // The queue: [first_, unsent_) was sent, [unsent_, last_] was not.
    Exchange* first_ = nullptr;
    Exchange* unsent_ = nullptr;
    Exchange* last_ = nullptr;
    std::string output_;     // of send_waiting(), to keep its memory
    std::string farewells_;  // to statements, sent ahead of the next exchange
    Phase phase_ = Phase::open;
    // From the first request to stop an exchange until the drain behind the last one is answered: nothing is sent.
    bool stopping_ = false;
    bool has_leftovers_ = false;  // until the queue is empty
    bool has_stopper_ = false;    // stop_on_server() runs
    bool was_rolled_back_ = false;
    const Drain* last_drain_ = nullptr;
    Event first_ended_;
    std::size_t running_ = 0;  // statements that have begun
    Event all_ended_;          // no longer any
    wire::StatusFlags status_ = wire::kAutocommit;
    std::exception_ptr why_;  // it was lost, or will be
    Identity identity_;
    std::uint64_t names_ = 0, generation_ = 0;
    StatementCache statements_;
    Parameters scratch_;
    std::vector<std::function<void()>> on_end_;
};

}  // namespace aio::mysql::detail
