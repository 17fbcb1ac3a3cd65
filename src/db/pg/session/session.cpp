// The queue of exchanges: what is sent, whose answer a message is, and what happens when the connection is lost. cancel.cpp
// has what follows when nobody wants an answer any more; startup.cpp is where a session comes from.
#include "db/pg/session/session.hpp"

#include <aio/db/errors.hpp>

#include "db/pg/session/error_report.hpp"
#include "db/pg/wire/errors.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <random>
#include <utility>

namespace aio::pg::detail {

Session::Session(std::shared_ptr<const SessionOptions> options)
    : options_(std::move(options)),
      types_(std::make_shared<TypeCatalog>()),
      statements_(options_->statement_cache_size) {}

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
        exchange.write(output_);
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
    while (may_send_next()) {
        Exchange& exchange = *unsent_;
        if (!write(exchange)) continue;
        lacks_rest_ = exchange.in_two_parts();
        unsent_ = exchange.next_;
    }
    try {
        if (!output_.empty()) transport_.write(output_);
    } catch (...) {
        fail(std::current_exception());  // no memory: the server would wait for ever for the rest
    }
}

bool Session::is_in_transaction() const noexcept {
    for (const Exchange* exchange = last_; exchange; exchange = exchange->previous_) {
        if (exchange->effect_ != Exchange::Effect::none) return exchange->effect_ == Exchange::Effect::begins;
    }
    return transaction_ != wire::TransactionStatus::idle;
}

bool Session::may_send_next() const noexcept {
    if (!unsent_) return false;
    return unsent_ == first_ || !(unsent_->is_alone() || first_->is_alone());
}

void Exchange::write_end(std::string& output) { wire::append_sync(output); }

// The second part of the first exchange, or its end if it has failed or nobody wants it.
void Session::send_rest() {
    lacks_rest_ = false;
    std::string rest;
    try {
        if (!first_->error_ && !first_->abandoned_) first_->write_rest(rest);
    } catch (...) {
        first_->error_ = std::current_exception();
        rest.clear();
    }
    if (rest.empty()) first_->write_end(rest);
    if (!rest.empty()) transport_.write(rest);
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
    // A COMMIT that was hit has rolled back: sent once more, it would report that nothing is wrong.
    const bool may_repeat = exchange.was_hit_ && !exchange.abandoned_ && phase_ == Phase::open &&
                            !was_in_transaction && transaction_ == wire::TransactionStatus::idle &&
                            exchange.may_repeat();
    if (!may_repeat) return complete(exchange);
    exchange.restart();
    exchange.error_ = nullptr;
    exchange.was_hit_ = false;
    exchange.progress_ = Exchange::Progress::waiting;
    insert(exchange, unsent_);
    unsent_ = &exchange;
    exchange.release();
}

// --- what comes ------------------------------------------------------------------------------------------------------

void Session::data_received(std::string_view data) {
    // A handler of a message may drop the last handle.
    const std::shared_ptr<Session> self = shared_from_this();
    try {
        while (phase_ != Phase::lost) {
            const std::optional<wire::Message> message = reader_.read(data);
            if (!message) return;
            dispatch(*message);
        }
    } catch (const wire::ProtocolError& error) {
        fail(std::make_exception_ptr(db::InterfaceError(error.what())));
    } catch (...) {
        fail(std::current_exception());
    }
}

void Session::dispatch(const wire::Message& message) {
    using wire::MessageType;
    switch (message.type) {
        case MessageType::ready_for_query: return ready(wire::parse_ready_for_query(message));
        case MessageType::error_response: return error_response(message);
        case MessageType::parameter_status: {
            const wire::ParameterStatus status = wire::parse_parameter_status(message);
            return note_setting(identity_, status.name, status.value);
        }
        case MessageType::notice_response: {
            const db::ErrorReport notice = report_of(message, {});
            if (notice.sqlstate == "25P01" && first_ && first_->statement().starts_with("ROLLBACK")) return;
            return events_.notice(notice);
        }
        case MessageType::notification_response: return events_.notify(wire::parse_notification(message));
        default: break;
    }
    if (!first_ || first_->progress_ != Exchange::Progress::sent) {
        throw wire::unexpected(wire::name_of(message.type), ", which nobody asked for");
    }
    const bool is_wanted = !first_->error_ && !first_->abandoned_;
    switch (message.type) {
        case MessageType::copy_in_response:
            if (!is_wanted || !first_->copies()) return refuse_copy(*first_);
            break;
        case MessageType::copy_out_response:
        case MessageType::copy_data:
        case MessageType::copy_done:
            if (!first_->copies()) return;  // COPY TO STDOUT as a statement: nobody wants the rows
            break;
        default: break;
    }
    if (!is_wanted) return;  // the rest of its answer
    try {
        first_->received(message);
    } catch (const std::bad_alloc&) {
        first_->error_ = std::current_exception();
    }
    if (lacks_rest_ && (first_->rest_is_due() || first_->error_)) send_rest();
}

// The server would wait for data for ever. It answers with an error. A Sync behind it, of a Drain, was perhaps taken for a part of
// the data: then nobody knows how many answers will come.
void Session::refuse_copy(const Exchange& exchange) {
    const bool is_last = exchange.next_ == unsent_;
    if (!is_last) throw db::InterfaceError("a COPY was cancelled before the server had begun it");
    std::string bytes;
    wire::append_copy_fail(bytes, exchange.copies()
                                      ? "the COPY was cancelled"
                                      : "COPY FROM STDIN cannot be run as a statement: copy_to_table() can");
    if (exchange.has_sync()) wire::append_sync(bytes);  // the one that was sent was taken for a part of the data
    transport_.write(bytes);
}

void Session::error_response(const wire::Message& message) {
    const bool answers = first_ && first_->progress_ == Exchange::Progress::sent;
    db::ErrorReport report = report_of(message, answers ? first_->statement() : std::string_view());
    const bool is_cancelled = report.sqlstate == "57014";
    const bool is_fatal = report.severity == "FATAL" || report.severity == "PANIC";
    std::exception_ptr error = db::make_database_error(std::move(report));
    if (is_fatal || !answers) why_ = error;  // the server ends the connection
    if (!answers) return;
    if (is_cancelled && stopping_) first_->was_hit_ = true;
    if (!first_->error_) first_->error_ = std::move(error);
    if (lacks_rest_) send_rest();
}

void Session::ready(wire::TransactionStatus status) {
    if (!first_ || first_->progress_ != Exchange::Progress::sent) {
        throw wire::unexpected("ReadyForQuery", ", which nobody asked for");
    }
    const bool is_wanted = !first_->error_ && !first_->abandoned_;
    if (is_wanted && !first_->is_complete()) {
        throw wire::ProtocolError("the server ended an answer before it was complete");
    }
    const bool was_in_transaction = std::exchange(transaction_, status) != wire::TransactionStatus::idle;
    finish_first(was_in_transaction);
    send_waiting();
    if (first_is_unwanted()) stop_first();
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Session::fail(std::exception_ptr why) noexcept {
    if (!why_) why_ = std::move(why);
    abort();
}

bool Session::is_gone() const noexcept {
    if (first_ || !transport_) return false;
    char first = 0;
    const ssize_t read = ::recv(transport_.fileno(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (read < 0) return errno != EAGAIN && errno != EINTR;
    // Under TLS nobody can tell a notice from a goodbye.
    const bool is_encrypted = transport_.stream()->filter() != nullptr;
    return read == 0 || is_encrypted || first == static_cast<char>(wire::MessageType::error_response);
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
        why_ =
            std::make_exception_ptr(db::InterfaceError("the server closed the connection in the middle of its use"));
    }
    unsent_ = nullptr;
    lacks_rest_ = false;
    first_ended_.set();
    while (Exchange* const exchange = first_) {
        unlink(*exchange);
        if (!exchange->error_) {
            exchange->error_ = why_ ? why_ : std::make_exception_ptr(db::InterfaceError("the connection was closed"));
        }
        complete(*exchange);
    }
    events_.terminated();
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
            const ExchangeRef<Exchange> last = session->last_word();
            co_await session->finished(*last);
            session->output_.clear();
            wire::append_terminate(session->output_);
            session->transport_.write(session->output_);
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

// --- types and settings ------------------------------------------------------------------------------------------------

void Session::know(std::vector<TypeDescription> types) {
    const auto more = std::make_shared<TypeCatalog>(*types_);
    for (TypeDescription& type : types) {
        if (!find_builtin_type(type.oid)) more->add(std::move(type));
    }
    types_ = more;
}

void Session::forget_types() { types_ = std::make_shared<TypeCatalog>(); }

void Session::note_setting(Identity& identity, std::string_view name, std::string_view value) {
    constexpr std::size_t kMostSettings = 1'000, kMostBytes = 65'536;
    if (identity.settings.size() >= kMostSettings || name.size() + value.size() > kMostBytes) {
        throw wire::ProtocolError("the server reports more settings than a server has");
    }
    identity.settings.insert_or_assign(std::string(name), std::string(value));
}

std::string_view Session::setting(std::string_view name) const noexcept {
    const auto found = identity_.settings.find(name);
    return found == identity_.settings.end() ? std::string_view() : std::string_view(found->second);
}

// Behind a pooler another client's session may meet our server next: its name for another statement must not be ours.
std::string Session::new_name(char kind) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (own_.empty()) {
        std::random_device random;
        for (int i = 0; i < 8; ++i) own_ += kDigits[random() % kDigits.size()];
    }
    return std::string("aio_") + kind + std::to_string(++names_) + '_' + own_;
}

}  // namespace aio::pg::detail
