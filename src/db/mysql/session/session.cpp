// The queue of exchanges: what is sent, whose answer a packet is, and what happens when the connection is lost. cancel.cpp
// has what follows when nobody wants an answer any more; startup.cpp is where a session comes from.
#include "db/mysql/session/session.hpp"

#include <aio/core/event_loop.hpp>
#include <aio/db/errors.hpp>
#include <aio/io/stream.hpp>

#include "db/interface_error.hpp"
#include "db/mysql/session/error_report.hpp"
#include "db/mysql/wire/client_packets.hpp"
#include "db/mysql/wire/errors.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace aio::mysql::detail {

namespace {

void report(std::exception_ptr error) noexcept {
    try {
        ExceptionContext context;
        context.message = "Exception in a listener of a MySQL connection";
        context.exception = std::move(error);
        get_running_loop().call_exception_handler(context);
    } catch (...) {
        // No memory for the report.
    }
}

}  // namespace

Session::Session(std::shared_ptr<const SessionOptions> options)
    : options_(std::move(options)), statements_(options_->statement_cache_size) {}

// There is a queue only if the loop was closed first, whose tasks are gone.
Session::~Session() {
    while (Exchange* const exchange = first_) {
        unlink(*exchange);
        exchange->release();
    }
}

// --- the queue -------------------------------------------------------------------------------------------------------

void Session::insert(Exchange& exchange, Exchange* behind) noexcept {
    exchange.retain();
    exchange.next_ = behind;
    exchange.previous_ = behind ? behind->previous_ : last_;
    (exchange.previous_ ? exchange.previous_->next_ : first_) = &exchange;
    (behind ? behind->previous_ : last_) = &exchange;
}

// The reference passes to the caller.
void Session::unlink(Exchange& exchange) noexcept {
    if (unsent_ == &exchange) unsent_ = exchange.next_;
    (exchange.previous_ ? exchange.previous_->next_ : first_) = exchange.next_;
    (exchange.next_ ? exchange.next_->previous_ : last_) = exchange.previous_;
    exchange.next_ = exchange.previous_ = nullptr;
}

void Session::check_open() const {
    if (phase_ == Phase::open) return;
    if (why_) std::rethrow_exception(why_);
    throw db::InterfaceError(phase_ == Phase::lost ? "the connection is closed" : "the connection is being closed");
}

// What a task sends into a transaction that is no more would be committed statement by statement.
void Session::check_transaction() const {
    if (!was_rolled_back_ || !innermost) return;
    db::ErrorReport report;
    report.severity = "ERROR";
    report.sqlstate = "40000";
    report.message = "the server has rolled back the transaction, because of a deadlock: run it again";
    std::rethrow_exception(db::make_database_error(std::move(report)));
}

void Session::submit(Exchange& exchange) {
    if (phase_ != Phase::closing || running_ == 0) check_open();
    insert(exchange, nullptr);
    if (!unsent_) unsent_ = &exchange;
    send_waiting();
}

// False: it failed before a byte was sent.
bool Session::write(Exchange& exchange) noexcept {
    const std::size_t size = output_.size();
    try {
        exchange.sequences_.clear();
        exchange.answered_ = 0;
        exchange.write(output_);
        exchange.next_sequence_ = static_cast<std::uint8_t>(exchange.sequences_.at(0));
    } catch (...) {
        output_.resize(size);
        exchange.error_ = std::current_exception();
        unlink(exchange);
        complete(exchange);
        return false;
    }
    exchange.progress_ = Exchange::Progress::sent;
    return true;
}

void Session::send_waiting() noexcept {
    if (!may_send()) return;
    output_.clear();
    if (may_send_next()) output_.swap(farewells_);
    while (may_send_next()) {
        Exchange& exchange = *unsent_;
        if (!write(exchange)) continue;
        unsent_ = exchange.next_;
    }
    try {
        if (!output_.empty()) send(output_);
    } catch (...) {
        fail(std::current_exception());  // no memory: the server would wait for ever for the rest
    }
}

void Session::send(std::string_view packets) {
    if (!compression_) return transport_.write(packets);
    std::string compressed;
    compression_->compress(packets, compressed);
    transport_.write(compressed);
}

bool Session::is_in_transaction() const noexcept {
    for (const Exchange* exchange = last_; exchange; exchange = exchange->previous_) {
        if (exchange->effect_ != Exchange::Effect::none) return exchange->effect_ == Exchange::Effect::begins;
    }
    return (status_ & wire::kInTransaction) != 0;
}

bool Session::may_send_next() const noexcept {
    if (!unsent_) return false;
    return unsent_ == first_ || !(options_->local_files || unsent_->is_alone() || first_->is_alone());
}

// Its task is woken, and the queue's reference dropped.
void Session::complete(Exchange& exchange) noexcept {
    exchange.progress_ = Exchange::Progress::done;
    exchange.ended();
    if (ExchangeAwaiter* const awaiter = std::exchange(exchange.awaiter_, nullptr)) awaiter->ended();
    exchange.release();
}

void Session::finish_first(bool was_in_transaction) noexcept {
    Exchange& exchange = *first_;
    unlink(exchange);
    first_ended_.set();
    if (!first_) has_leftovers_ = false;
    const bool may_repeat = exchange.was_hit_ && !exchange.abandoned_ && phase_ == Phase::open &&
                            !was_in_transaction && (status_ & wire::kInTransaction) == 0 && exchange.may_repeat();
    if (!may_repeat) return complete(exchange);
    exchange.restart();
    exchange.error_ = nullptr;
    exchange.was_hit_ = false;
    exchange.progress_ = Exchange::Progress::waiting;
    insert(exchange, unsent_);
    unsent_ = &exchange;
    exchange.release();
}

void Exchange::fail(Session& session, std::string_view payload) {
    const wire::ErrorPacket error = wire::parse_error(payload);
    if (error.code == kQueryInterrupted && session.stopping_) was_hit_ = true;
    if (error.code == kDeadlock) session.note_rollback();
    if (!error_) error_ = make_error(error, statement());
}

void Session::note_rollback() noexcept {
    status_ = static_cast<wire::StatusFlags>(status_ & ~wire::kInTransaction);
    was_rolled_back_ = innermost != nullptr;
}

void Session::close_statement(const Statement& statement) {
    if (statement.generation == generation_) wire::append_close_statement(farewells_, statement.id);
}

// --- what comes ------------------------------------------------------------------------------------------------------

void Session::data_received(std::string_view data) {
    // Who is woken by a packet may drop the last handle.
    const std::shared_ptr<Session> self = shared_from_this();
    try {
        if (!compression_) return take(data);
        while (phase_ != Phase::lost) {
            const std::string_view plain = compression_->decompress(data);
            if (plain.empty()) return;
            take(plain);
        }
    } catch (const wire::ProtocolError& error) {
        fail(db::detail::interface_error(error.what()));
    } catch (...) {
        fail(std::current_exception());
    }
}

void Session::take(std::string_view packets) {
    while (phase_ != Phase::lost) {
        const std::optional<wire::Packet> packet = reader_.read(packets);
        if (!packet) return;
        dispatch(*packet);
    }
}

void Session::dispatch(const wire::Packet& packet) {
    const bool is_asked_for = first_ && first_->progress_ == Exchange::Progress::sent;
    if (!is_asked_for) {
        if (wire::begins_with(packet.payload, wire::kErrorHeader)) goodbye(packet.payload);
        throw wire::ProtocolError("MySQL: the server sent a packet that nobody asked for");
    }
    if (packet.sequence != first_->next_sequence_) {
        // MySQL ends a connection that is idle for too long with an error of sequence number 0: what we sent came too late.
        if (packet.sequence == 0 && wire::begins_with(packet.payload, wire::kErrorHeader)) goodbye(packet.payload);
        throw wire::ProtocolError("MySQL: the server sent a packet with the sequence number " +
                                  std::to_string(packet.sequence) + " in place of " +
                                  std::to_string(first_->next_sequence_));
    }
    first_->next_sequence_ = packet.next;
    const bool was_in_transaction = (status_ & wire::kInTransaction) != 0;
    if (!first_->received(*this, packet.payload)) return;
    if (++first_->answered_ < first_->sequences_.size()) {
        first_->next_sequence_ = static_cast<std::uint8_t>(first_->sequences_[first_->answered_]);
        return;
    }
    output_.clear();
    if (first_->write_more(output_)) {
        first_->next_sequence_ = static_cast<std::uint8_t>(first_->sequences_.at(first_->answered_));
        return send(output_);
    }
    finish_first(was_in_transaction);
    send_waiting();
    if (first_is_unwanted()) stop_first();
}

// The server ends the connection, and says why.
void Session::goodbye(std::string_view payload) {
    std::rethrow_exception(make_error(wire::parse_error(payload), {}));
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Session::fail(std::exception_ptr why) noexcept {
    if (!why_) why_ = std::move(why);
    abort();
}

// A server says nothing unasked but goodbye.
bool Session::is_gone() const noexcept {
    if (first_ || !transport_) return false;
    char first = 0;
    const ssize_t read = ::recv(transport_.fileno(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (read < 0) return errno != EAGAIN && errno != EINTR;
    return true;
}

void Session::abort() noexcept {
    if (phase_ == Phase::open) phase_ = Phase::closing;  // the loss is no surprise
    if (transport_) transport_.abort();
}

void Session::connection_lost(std::exception_ptr error) {
    const bool asked_for = phase_ == Phase::closing;
    phase_ = Phase::lost;
    if (!why_) why_ = std::move(error);
    if (!why_ && !asked_for) {
        why_ = db::detail::interface_error("the server closed the connection in the middle of its use");
    }
    unsent_ = nullptr;
    first_ended_.set();
    while (Exchange* const exchange = first_) {
        unlink(*exchange);
        if (!exchange->error_) {
            exchange->error_ = why_ ? why_ : db::detail::interface_error("the connection was closed");
        }
        complete(*exchange);
    }
    for (const std::function<void()>& listener : std::exchange(on_end_, {})) {
        try {
            listener();
        } catch (...) {
            report(std::current_exception());
        }
    }
}

Coro<> Session::close(std::shared_ptr<Session> session) {
    if (session->phase_ == Phase::lost) co_return;
    try {
        if (session->phase_ == Phase::open) {
            session->phase_ = Phase::closing;
            while (session->running_ > 0 && session->phase_ == Phase::closing) {
                session->all_ended_.clear();
                co_await session->all_ended_.wait();
            }
            if (session->phase_ == Phase::lost) co_return;
            if (!session->is_idle()) {
                const ExchangeRef<Exchange> last = session->last_word();
                co_await session->finished(*last);
            }
            session->output_.clear();
            wire::append_command(session->output_, wire::Command::quit);
            session->send(session->output_);
            session->transport_.close();
        }
        co_await StreamWriter(session->transport_.stream()).wait_closed();
    } catch (const Error&) {
        session->abort();  // it was lost meanwhile: closed all the same
    } catch (...) {
        session->abort();
        throw;
    }
}

std::string Session::new_name() { return "aio_" + std::to_string(++names_); }

}  // namespace aio::mysql::detail
