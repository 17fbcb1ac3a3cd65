// What a session sends and receives. db/session has its queue of exchanges; startup.cpp is where it comes from.
#include "db/mysql/session/session.hpp"

#include <aio/core/event_loop.hpp>
#include <aio/db/errors.hpp>

#include "db/mysql/session/dial.hpp"
#include "db/mysql/session/error_report.hpp"
#include "db/mysql/wire/client_packets.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/session/queue.hpp"

#include <cerrno>
#include <utility>

template class aio::db::detail::BasicSession<aio::mysql::detail::Session, aio::mysql::detail::Exchange>;

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

// --- what is sent ----------------------------------------------------------------------------------------------------

// What a task sends into a transaction that is no more would be committed statement by statement.
void Session::check_statement() const {
    if (!was_rolled_back_ || !innermost) return;
    db::ErrorReport report;
    report.severity = "ERROR";
    report.sqlstate = "40000";
    report.message = "the server has rolled back the transaction, because of a deadlock: run it again";
    std::rethrow_exception(db::make_database_error(std::move(report)));
}

void Session::writing(Exchange& exchange) noexcept {
    exchange.sequences_.clear();
    exchange.answered_ = 0;
}

void Session::written(Exchange& exchange) noexcept {
    exchange.next_sequence_ = static_cast<std::uint8_t>(exchange.sequences_[0]);
}

void Session::send(std::string_view packets) {
    if (!compression_) return transport().write(packets);
    std::string compressed;
    compression_->compress(packets, compressed);
    transport().write(compressed);
}

// A statement that does nothing: when it is answered, so is all that was sent before it, and what KILL left behind is used up.
// `stopping`: the session that waits for it after a request, or null.
class Session::Drain final : public Exchange {
public:
    explicit Drain(Session* stopping) noexcept : Exchange(Dropped::stays), stopping_(stopping) {}

private:
    void write(std::string& output) override { expects(wire::append_command(output, wire::Command::query, "DO 0")); }
    bool received(Session& session, std::string_view payload) override {
        if (!wire::begins_with(payload, wire::kErrorHeader)) session.note_status(wire::parse_ok(payload).status);
        return true;  // an error: it was hit itself
    }
    void restart() noexcept override {}
    void ended() noexcept override {
        if (stopping_) stopping_->drained(*this);
    }

    Session* stopping_;
};

ExchangeRef<Exchange> Session::make_drain(Session* stopping) { return ExchangeRef<Exchange>(new Drain(stopping)); }

// What it still has to send, a COMMIT or a file, comes first: the drain follows when it has ended.
bool Session::end_before_drain() {
    if (!first()->is_alone() && !options_->local_files) return false;
    std::string end;
    first()->write_end(end);
    if (!end.empty()) send(end);
    return true;
}

Coro<> Session::request_stop() { return send_kill(options_, identity_.address, identity_.connection); }

void Session::append_goodbye(std::string& output) { wire::append_command(output, wire::Command::quit); }

void Exchange::fail(Session& session, std::string_view payload) {
    const wire::ErrorPacket error = wire::parse_error(payload);
    if (error.code == kQueryInterrupted && session.is_stopping()) was_hit_ = true;
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

void Session::receive(std::string_view data) {
    if (!compression_) return take(data);
    while (!is_lost()) {
        const std::string_view plain = compression_->decompress(data);
        if (plain.empty()) return;
        take(plain);
    }
}

void Session::take(std::string_view packets) {
    while (!is_lost()) {
        const std::optional<wire::Packet> packet = reader_.read(packets);
        if (!packet) return;
        dispatch(*packet);
    }
}

void Session::dispatch(const wire::Packet& packet) {
    Exchange* const exchange = answered();
    if (!exchange) {
        if (wire::begins_with(packet.payload, wire::kErrorHeader)) goodbye(packet.payload);
        throw wire::ProtocolError("MySQL: the server sent a packet that nobody asked for");
    }
    if (packet.sequence != exchange->next_sequence_) {
        // MySQL ends a connection that is idle for too long with an error of sequence number 0: what we sent came too late.
        if (packet.sequence == 0 && wire::begins_with(packet.payload, wire::kErrorHeader)) goodbye(packet.payload);
        throw wire::ProtocolError("MySQL: the server sent a packet with the sequence number " +
                                  std::to_string(packet.sequence) + " in place of " +
                                  std::to_string(exchange->next_sequence_));
    }
    exchange->next_sequence_ = packet.next;
    const bool was_in_transaction = has_transaction();
    if (!exchange->received(*this, packet.payload)) return;
    if (++exchange->answered_ < exchange->sequences_.size()) {
        exchange->next_sequence_ = static_cast<std::uint8_t>(exchange->sequences_[exchange->answered_]);
        return;
    }
    output().clear();
    if (exchange->write_more(output())) {
        exchange->next_sequence_ = static_cast<std::uint8_t>(exchange->sequences_.at(exchange->answered_));
        return send(output());
    }
    finish_answer(was_in_transaction);
}

// The server ends the connection, and says why.
void Session::goodbye(std::string_view payload) {
    std::rethrow_exception(make_error(wire::parse_error(payload), {}));
}

// --- the end ---------------------------------------------------------------------------------------------------------

// A server says nothing unasked but goodbye.
bool Session::is_gone() const noexcept {
    if (!is_idle() || !transport()) return false;
    char first = 0;
    const int read = peek(first);
    return read >= 0 || (read != -EAGAIN && read != -EINTR);
}

void Session::terminated() noexcept {
    for (const std::function<void()>& listener : std::exchange(on_end_, {})) {
        try {
            listener();
        } catch (...) {
            report(std::current_exception());
        }
    }
}

std::string Session::new_name() { return "aio_" + std::to_string(++names_); }

}  // namespace aio::mysql::detail
