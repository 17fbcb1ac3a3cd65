// A connection from its authentication on, to which startup.cpp brings it: what is MySQL's own of db/session/session.hpp, which has
// the queue of exchanges and the rules of cancellation. The request that stops a statement is KILL QUERY, the drain behind it a
// statement that does nothing, the goodbye COM_QUIT.
//
// Source: MySQL 8.0 source documentation, "Command Phase"; manual, "KILL Statement". Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/transaction_block.hpp>
#include <aio/mysql/parameters.hpp>

#include "db/mysql/session/columns.hpp"
#include "db/mysql/session/exchange.hpp"
#include "db/mysql/session/options.hpp"
#include "db/mysql/wire/compression.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/packet_reader.hpp"
#include "db/session/session.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::mysql::detail {

struct Transactions;
using TransactionBlock = db::detail::TransactionBlock<Transactions>;

class Session final : public db::detail::BasicSession<Session, Exchange> {
public:
    explicit Session(std::shared_ptr<const SessionOptions> options);

    // For the first exchange too, which has more to say: a file's content.
    void send(std::string_view packets);
    // Of an idle one: whether its server has closed it, or says goodbye, which the loop has not seen yet.
    bool is_gone() const noexcept;
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
    friend BasicSession;
    friend class Exchange;
    class Drain;
    using ProtocolError = wire::ProtocolError;
    static constexpr const char* kStopTask = "cancel a MySQL statement";

    // For BasicSession.
    void receive(std::string_view data);
    void terminated() noexcept;
    ExchangeRef<Exchange> make_drain(Session* stopping);
    static void append_goodbye(std::string& output);
    // Errors: db::TransactionError if the server has rolled back a transaction whose body still runs.
    void check_statement() const;
    void prepend(std::string& output) noexcept { output.swap(farewells_); }
    void writing(Exchange& exchange) noexcept;
    void written(Exchange& exchange) noexcept;
    bool sends_singly() const noexcept { return options_->local_files; }
    bool has_transaction() const noexcept { return (status_ & wire::kInTransaction) != 0; }
    void stop_unwanted() noexcept { stop_first(); }
    bool end_before_drain();
    bool can_stop() const noexcept { return true; }
    Coro<> request_stop();

    void take(std::string_view packets);
    void dispatch(const wire::Packet& packet);
    [[noreturn]] void goodbye(std::string_view payload);

    std::shared_ptr<const SessionOptions> options_;
    wire::PacketReader reader_;
    std::unique_ptr<wire::Compression> compression_;  // null: nothing is compressed
    std::string farewells_;                           // to statements, sent ahead of the next exchange
    bool was_rolled_back_ = false;
    wire::StatusFlags status_ = wire::kAutocommit;
    Identity identity_;
    std::uint64_t names_ = 0, generation_ = 0;
    StatementCache statements_;
    Parameters scratch_;
    std::vector<std::function<void()>> on_end_;
};

}  // namespace aio::mysql::detail

// In session.cpp.
extern template class aio::db::detail::BasicSession<aio::mysql::detail::Session, aio::mysql::detail::Exchange>;
