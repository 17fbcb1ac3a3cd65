// A connection to a server from its authentication on: exchanges are sent in the order in which they were submitted, without waiting
// for the answers of earlier ones, and each gets its own answer. What the bytes are is the driver's affair.
//
//   open ──▶ closing ──▶ lost
//     └──────────────────▶│
//
//   open       exchanges are sent, unless a request to stop one is under way
//   closing    statements that have begun still end; then the goodbye
//   lost       nothing can be sent any more
//
// Cancellation. An exchange that was not sent is taken out of the queue. One that the server works on is stopped by a request on a
// connection of its own; one that was sent and is behind others is left to the server until its turn comes. The request names
// the connection, not the statement, so it may hit the next one: until it has done what it will do, and an exchange without a
// statement behind it (the drain) was answered, nothing else is sent, and a neighbour that was hit is sent once more: nothing of it
// has happened, unless it belongs to a transaction or may have committed something; then it fails. The server may ignore a request
// that comes before the statement: it is repeated as long as the exchange stays the first.
//
// Life. The transport keeps its session until the connection is lost; the handles share an owner (open_session()), and the
// last of them aborts the connection. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/lease.hpp>
#include <aio/io/protocol.hpp>
#include <aio/sync/event.hpp>

#include "db/session/exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::db::detail {

// Session, which inherits it and calls it a friend, has:
//     class ProtocolError; const char* kStopTask, the name of a task
//     const Options& options(): with `cancels` and `cancel_timeout`
//     void receive(std::string_view data); void send(std::string_view bytes)
//     void terminated() noexcept                    the connection was lost
//     ExchangeRef<Exchange> make_drain(Session* stopping)
//     void append_goodbye(std::string&)
//     void check_statement()                        throws when none may begin now
//     void prepend(std::string&)                    what is to be sent ahead of the next exchange
//     void writing(Exchange&), written(Exchange&)   before and after Exchange::write()
//     bool sends_singly(), has_transaction()        nothing is sent ahead; after the last answer
//     void stop_unwanted()                          the first exchange was dropped
//     bool end_before_drain()                       the first one, which is unwanted, has to end before more is sent
//     bool can_stop(); Coro<> request_stop()        asks the server to stop what it executes
template <class Session, class Exchange>
class BasicSession : public Protocol, public std::enable_shared_from_this<Session> {
public:
    BasicSession() = default;
    BasicSession(const BasicSession&) = delete;
    ~BasicSession() override;

    // --- exchanges ------------------------------------------------------------------------------------------------

    // While it lives, a statement has begun, whose exchanges may still be submitted when the session is closing. Errors of the
    // constructor: db::InterfaceError or why the connection was lost, unless it is open; those of Session::check_statement().
    class Running {
    public:
        explicit Running(BasicSession& session) : session_(session) {
            session.check_open();
            session.self().check_statement();
            ++session.running_;
        }
        Running(const Running&) = delete;
        ~Running() {
            if (--session_.running_ == 0) session_.all_ended_.set();
        }

    private:
        BasicSession& session_;
    };

    // Puts it at the end of the queue; it is sent at once, if that is possible. Errors: db::InterfaceError, or why the
    // connection was lost, unless it is open, or closing and a statement has begun.
    void submit(Exchange& exchange);
    ExchangeEnd<Session, Exchange> finished(Exchange& exchange) noexcept { return {self(), exchange}; }
    // Nobody waits for it any more: it is not sent, or stopped on the server.
    void drop(Exchange& exchange) noexcept;

    // For an exchange that sends more, while it is the first.
    const Transport& transport() const noexcept { return transport_; }

    // --- state ----------------------------------------------------------------------------------------------------

    bool is_open() const noexcept { return phase_ == Phase::open; }
    bool is_lost() const noexcept { return phase_ == Phase::lost; }
    // Whether no exchange is in the queue.
    bool is_idle() const noexcept { return first_ == nullptr; }
    // After what was submitted, as far as the driver knows; a script of the user's is seen once it is answered.
    bool is_in_transaction() const noexcept;
    // A pool's user has left. What is in the queue now is wanted by nobody any more, and what was made of the connection is void.
    void note_release() noexcept {
        has_leftovers_ = first_ != nullptr;
        ++leases_;
    }
    Lease lease() const noexcept { return Lease(leases_); }
    // Whether it can be used at once: nothing is being stopped on the server, or was left behind in the queue.
    bool is_settled() const noexcept { return !stopping_ && !has_leftovers_ && !first_is_unwanted(); }
    // Waits for that. Errors: db::InterfaceError, and the connection is lost.
    static Coro<> settle(std::shared_ptr<Session> session);

    // --- the end --------------------------------------------------------------------------------------------------

    // Waits for what was submitted, and says goodbye; a connection that is lost meanwhile is closed too. Cancel: the
    // connection is aborted.
    static Coro<> close(std::shared_ptr<Session> session);
    // At once. What was submitted fails.
    void abort() noexcept;
    // The same, for this reason.
    void fail(std::exception_ptr why) noexcept;

protected:
    enum class Phase : std::uint8_t { open, closing, lost };

    void check_open() const;
    void note_reason(std::exception_ptr why) noexcept { why_ = std::move(why); }
    Phase phase() const noexcept { return phase_; }
    bool is_stopping() const noexcept { return stopping_; }
    Exchange* first() const noexcept { return first_; }
    Exchange* unsent() const noexcept { return unsent_; }
    // The first exchange, whose answer a message belongs to; null: nobody asked for one.
    Exchange* answered() const noexcept {
        return first_ && first_->progress_ == Exchange::Progress::sent ? first_ : nullptr;
    }
    bool first_is_unwanted() const noexcept { return answered() && first_->abandoned_; }
    // The answer to the first exchange is complete.
    void finish_answer(bool was_in_transaction) noexcept;
    // Makes the server stop the first exchange, as long as nobody wants it.
    void stop_first() noexcept;
    // The drain behind a request to stop was answered, or the connection lost.
    void drained(const Exchange& drain) noexcept;
    // Of an idle connection: looks at the first byte that the loop has not read. Result: 0 if the server has closed it, 1,
    // or a negative errno.
    int peek(char& first) const noexcept;

    // Of what is sent, to keep its memory.
    std::string& output() noexcept { return output_; }

private:
    class Stopper;

    Session& self() noexcept { return static_cast<Session&>(*this); }
    const Session& self() const noexcept { return static_cast<const Session&>(*this); }

    void connection_made(Transport transport) override { transport_ = std::move(transport); }
    void data_received(std::string_view data) override;
    bool eof_received() override { return false; }
    void connection_lost(std::exception_ptr error) override;

    void finish_first(bool was_in_transaction) noexcept;
    bool may_send_next() const noexcept;
    ExchangeRef<Exchange> last_word();  // a drain at the end of the queue
    void send_drain();
    bool may_send() const noexcept { return !stopping_ && phase_ != Phase::lost; }
    void send_waiting() noexcept;
    bool write(Exchange& exchange) noexcept;
    // Before `behind`, or at the end.
    void insert(Exchange& exchange, Exchange* behind) noexcept;
    void unlink(Exchange& exchange) noexcept;
    void complete(Exchange& exchange) noexcept;

    static Coro<> stop_on_server(Stopper stopper);
    Coro<bool> is_over(ExchangeRef<Exchange> exchange, Duration patience);

    Transport transport_;
    // The queue: [first_, unsent_) was sent, [unsent_, last_] was not.
    Exchange* first_ = nullptr;
    Exchange* unsent_ = nullptr;
    Exchange* last_ = nullptr;
    std::string output_;
    Phase phase_ = Phase::open;
    // From the first request to stop an exchange until the drain behind the last one is answered: nothing is sent.
    bool stopping_ = false;
    bool has_leftovers_ = false;  // until the queue is empty
    bool has_stopper_ = false;    // stop_on_server() runs
    const Exchange* last_drain_ = nullptr;
    Event first_ended_;
    std::uint64_t leases_ = 0;  // that have ended
    std::size_t running_ = 0;   // statements that have begun
    Event all_ended_;           // no longer any
    std::exception_ptr why_;    // it was lost, or will be
};

}  // namespace aio::db::detail
