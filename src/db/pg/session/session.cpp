// What a session sends and receives. db/session has its queue of exchanges; startup.cpp is where it comes from.
#include "db/pg/session/session.hpp"

#include <aio/db/errors.hpp>
#include <aio/io/stream.hpp>

#include "db/pg/session/dial.hpp"
#include "db/pg/session/error_report.hpp"
#include "db/pg/wire/errors.hpp"
#include "db/session/queue.hpp"

#include <cerrno>
#include <random>
#include <utility>

template class aio::db::detail::BasicSession<aio::pg::detail::Session, aio::pg::detail::Exchange>;

namespace aio::pg::detail {

Session::Session(std::shared_ptr<const SessionOptions> options)
    : options_(std::move(options)),
      types_(std::make_shared<TypeCatalog>()),
      alterations_(*options_->alterations),
      statements_(options_->statement_cache_size) {}

// --- what is sent ----------------------------------------------------------------------------------------------------

void Exchange::write_end(std::string& output) { wire::append_sync(output); }

// The second part of the first exchange, or its end if it has failed or nobody wants it.
void Session::send_rest() {
    lacks_rest_ = false;
    std::string rest;
    try {
        if (first()->is_wanted()) first()->write_rest(rest);
    } catch (...) {
        first()->error_ = std::current_exception();
        rest.clear();
    }
    if (rest.empty()) first()->write_end(rest);
    if (!rest.empty()) send(rest);
}

void Session::stop_unwanted() noexcept {
    try {
        if (lacks_rest_) send_rest();
    } catch (...) {
        return fail(std::current_exception());
    }
    if (!first()->ends_by_itself()) stop_first();
}

// An exchange without a statement: when it is answered, so is all that was sent before it. `stopping`: the session that
// waits for it after a cancel request, or null.
class Session::Drain final : public Exchange {
public:
    explicit Drain(Session* stopping) noexcept : Exchange(Dropped::stays), stopping_(stopping) {}

private:
    void write(std::string& output) override { wire::append_sync(output); }
    void received(const wire::Message& message) override {
        throw wire::unexpected(wire::name_of(message.type), ", which nobody asked for");
    }
    bool is_complete() const noexcept override { return true; }
    void restart() noexcept override {}
    void ended() noexcept override {
        if (stopping_) stopping_->drained(*this);
    }

    Session* stopping_;
};

ExchangeRef<Exchange> Session::make_drain(Session* stopping) { return ExchangeRef<Exchange>(new Drain(stopping)); }

// When the server has closed the request's connection, its signal was sent.
Coro<> Session::request_stop() {
    return send_cancel_request(*options_, identity_.address, identity_.process, identity_.cancel_key);
}

void Session::append_goodbye(std::string& output) { wire::append_terminate(output); }

// --- what comes ------------------------------------------------------------------------------------------------------

void Session::receive(std::string_view data) {
    while (!is_lost()) {
        const std::optional<wire::Message> message = reader_.read(data);
        if (!message) return;
        dispatch(*message);
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
            if (notice.sqlstate == "25P01" && first() && first()->statement().starts_with("ROLLBACK")) return;
            return events_.notice(notice);
        }
        case MessageType::notification_response: return events_.notify(wire::parse_notification(message));
        default: break;
    }
    Exchange* const exchange = answered();
    if (!exchange) throw wire::unexpected(wire::name_of(message.type), ", which nobody asked for");
    const bool is_wanted = exchange->is_wanted();
    switch (message.type) {
        case MessageType::copy_in_response:
            if (!is_wanted || !exchange->copies()) return refuse_copy(*exchange);
            break;
        case MessageType::copy_out_response:
        case MessageType::copy_data:
        case MessageType::copy_done:
            if (!exchange->copies()) return;  // COPY TO STDOUT as a statement: nobody wants the rows
            break;
        default: break;
    }
    if (!is_wanted) return;  // the rest of its answer
    try {
        exchange->received(message);
    } catch (const std::bad_alloc&) {
        exchange->error_ = std::current_exception();
    }
    if (lacks_rest_ && (exchange->rest_is_due() || exchange->error_)) send_rest();
}

// The server would wait for data for ever. It answers with an error. A Sync behind it, of a Drain, was perhaps taken for a part of
// the data: then nobody knows how many answers will come.
void Session::refuse_copy(const Exchange& exchange) {
    const bool is_last = exchange.next_ == unsent();
    if (!is_last) throw db::InterfaceError("a COPY was cancelled before the server had begun it");
    std::string bytes;
    wire::append_copy_fail(bytes, exchange.copies()
                                      ? "the COPY was cancelled"
                                      : "COPY FROM STDIN cannot be run as a statement: copy_to_table() can");
    if (exchange.has_sync()) wire::append_sync(bytes);  // the one that was sent was taken for a part of the data
    send(bytes);
}

void Session::error_response(const wire::Message& message) {
    Exchange* const exchange = answered();
    db::ErrorReport report = report_of(message, exchange ? exchange->statement() : std::string_view());
    const bool is_cancelled = report.sqlstate == "57014";
    const bool is_fatal = report.severity == "FATAL" || report.severity == "PANIC";
    std::exception_ptr error = db::make_database_error(std::move(report));
    if (is_fatal || !exchange) note_reason(error);  // the server ends the connection
    if (!exchange) return;
    if (is_cancelled && is_stopping()) exchange->was_hit_ = true;
    if (!exchange->error_) exchange->error_ = std::move(error);
    if (lacks_rest_) send_rest();
}

void Session::ready(wire::TransactionStatus status) {
    const Exchange* const exchange = answered();
    if (!exchange) throw wire::unexpected("ReadyForQuery", ", which nobody asked for");
    if (exchange->is_wanted() && !exchange->is_complete()) {
        throw wire::ProtocolError("the server ended an answer before it was complete");
    }
    const bool was_in_transaction = std::exchange(transaction_, status) != wire::TransactionStatus::idle;
    finish_answer(was_in_transaction);
}

// --- the end ---------------------------------------------------------------------------------------------------------

bool Session::is_gone() const noexcept {
    if (!is_idle() || !transport()) return false;
    char first = 0;
    const int read = peek(first);
    if (read < 0) return read != -EAGAIN && read != -EINTR;
    // Under TLS nobody can tell a notice from a goodbye.
    const bool is_encrypted = transport().stream()->filter() != nullptr;
    return read == 0 || is_encrypted || first == static_cast<char>(wire::MessageType::error_response);
}

void Session::terminated() noexcept {
    lacks_rest_ = false;
    events_.terminated();
}

// --- types and settings ------------------------------------------------------------------------------------------------

void Session::know(std::vector<TypeDescription> types) {
    const auto more = std::make_shared<TypeCatalog>(*types_);
    for (TypeDescription& type : types) {
        doubted_.erase(type.oid);
        if (!find_builtin_type(type.oid)) more->add(std::move(type));
    }
    types_ = more;
}

void Session::forget_types() {
    types_ = std::make_shared<TypeCatalog>();
    doubted_.clear();
    ++schema_;
}

void Session::note_alteration() noexcept { alterations_ = ++*options_->alterations; }

void Session::follow_alterations() noexcept {
    if (alterations_ == *options_->alterations) return;
    alterations_ = *options_->alterations;
    statements_.drop_all();
}

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
