// A connection from ReadyForQuery on, to which startup.cpp brings it: what is PostgreSQL's own of db/session/session.hpp, which has
// the queue of exchanges and the rules of cancellation. The request that stops a statement is a CancelRequest, the drain behind it
// a Sync, the goodbye Terminate.
//
// Source: PostgreSQL 17 manual, 53.2.4 (pipelining), 53.2.8 (cancel requests). Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/transaction_block.hpp>
#include <aio/pg/parameters.hpp>
#include <aio/pg/type.hpp>

#include "db/pg/session/events.hpp"
#include "db/pg/session/exchange.hpp"
#include "db/pg/session/options.hpp"
#include "db/pg/session/statement_cache.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/message_reader.hpp"
#include "db/session/session.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aio::pg::detail {

struct Transactions;
using TransactionBlock = db::detail::TransactionBlock<Transactions>;

class Session final : public db::detail::BasicSession<Session, Exchange> {
public:
    explicit Session(std::shared_ptr<const SessionOptions> options);

    // For an exchange that copies, while it is the first.
    void rest_was_sent() noexcept { lacks_rest_ = false; }
    // Of an idle one: whether its server has closed it, or says goodbye, which the loop has not seen yet.
    bool is_gone() const noexcept;
    // Whether its server is still what SessionOptions::wants_standby asks for: a standby may be promoted.
    bool has_wanted_server() const noexcept {
        return !options_->wants_standby || (setting("in_hot_standby") == "on") == *options_->wants_standby;
    }
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
    friend BasicSession;
    class Drain;
    using ProtocolError = wire::ProtocolError;
    static constexpr const char* kStopTask = "cancel a PostgreSQL statement";

    // For BasicSession.
    void receive(std::string_view data);
    void send(std::string_view bytes) { transport().write(bytes); }
    void terminated() noexcept;
    ExchangeRef<Exchange> make_drain(Session* stopping);
    static void append_goodbye(std::string& output);
    void check_statement() const noexcept {}
    void prepend(std::string&) noexcept {}
    void writing(Exchange&) noexcept {}
    void written(const Exchange& exchange) noexcept {
        if (exchange.in_two_parts()) lacks_rest_ = true;
    }
    bool sends_singly() const noexcept { return false; }
    bool has_transaction() const noexcept { return transaction_ != wire::TransactionStatus::idle; }
    void stop_unwanted() noexcept;
    bool end_before_drain() const noexcept { return first()->is_alone(); }
    bool can_stop() const noexcept { return !identity_.cancel_key.empty(); }
    Coro<> request_stop();

    void dispatch(const wire::Message& message);
    void error_response(const wire::Message& message);
    void ready(wire::TransactionStatus status);
    void refuse_copy(const Exchange& exchange);
    void send_rest();

    std::shared_ptr<const SessionOptions> options_;
    wire::MessageReader reader_;
    bool lacks_rest_ = false;  // the first exchange was sent without its second part
    wire::TransactionStatus transaction_ = wire::TransactionStatus::idle;
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

// In session.cpp.
extern template class aio::db::detail::BasicSession<aio::pg::detail::Session, aio::pg::detail::Exchange>;
