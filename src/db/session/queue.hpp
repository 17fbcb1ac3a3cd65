// The functions of BasicSession, for the source of each driver that instantiates it: the queue of exchanges, and the end of the
// connection. stop.hpp has what follows when nobody wants an answer any more. Internal.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/db/errors.hpp>
#include <aio/io/stream.hpp>

#include "core/backend/backend.hpp"
#include "core/loop_state.hpp"
#include "db/interface_error.hpp"
#include "db/session/session.hpp"
#include "db/session/stop.hpp"

#include <sys/socket.h>

#include <utility>

namespace aio::db::detail {

// There is a queue only if the loop was closed first, whose tasks are gone.
template <class Session, class Exchange>
BasicSession<Session, Exchange>::~BasicSession() {
    while (Exchange* const exchange = first_) {
        unlink(*exchange);
        exchange->release();
    }
}

// --- the queue -------------------------------------------------------------------------------------------------------

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::insert(Exchange& exchange, Exchange* behind) noexcept {
    exchange.retain();
    exchange.next_ = behind;
    exchange.previous_ = behind ? behind->previous_ : last_;
    (exchange.previous_ ? exchange.previous_->next_ : first_) = &exchange;
    (behind ? behind->previous_ : last_) = &exchange;
}

// The reference passes to the caller.
template <class Session, class Exchange>
void BasicSession<Session, Exchange>::unlink(Exchange& exchange) noexcept {
    if (unsent_ == &exchange) unsent_ = exchange.next_;
    (exchange.previous_ ? exchange.previous_->next_ : first_) = exchange.next_;
    (exchange.next_ ? exchange.next_->previous_ : last_) = exchange.previous_;
    exchange.next_ = exchange.previous_ = nullptr;
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::check_open() const {
    if (phase_ == Phase::open) return;
    if (why_) std::rethrow_exception(why_);
    throw InterfaceError(phase_ == Phase::lost ? "the connection is closed" : "the connection is being closed");
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::submit(Exchange& exchange) {
    if (phase_ != Phase::closing || running_ == 0) check_open();
    insert(exchange, nullptr);
    if (!unsent_) unsent_ = &exchange;
    send_waiting();
}

// False: it failed before a byte was sent.
template <class Session, class Exchange>
bool BasicSession<Session, Exchange>::write(Exchange& exchange) noexcept {
    const std::size_t size = output_.size();
    try {
        self().writing(exchange);
        exchange.write(output_);
    } catch (...) {
        output_.resize(size);
        exchange.error_ = std::current_exception();
        unlink(exchange);
        complete(exchange);
        return false;
    }
    exchange.progress_ = Exchange::Progress::sent;
    self().written(exchange);
    return true;
}

template <class Session, class Exchange>
bool BasicSession<Session, Exchange>::may_send_next() const noexcept {
    if (!unsent_) return false;
    return unsent_ == first_ || !(self().sends_singly() || unsent_->is_alone() || first_->is_alone());
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::send_waiting() noexcept {
    if (!may_send()) return;
    output_.clear();
    if (may_send_next()) self().prepend(output_);
    while (may_send_next()) {
        Exchange& exchange = *unsent_;
        if (!write(exchange)) continue;
        unsent_ = exchange.next_;
    }
    try {
        if (!output_.empty()) self().send(output_);
    } catch (...) {
        fail(std::current_exception());  // no memory: the server would wait for ever for the rest
    }
}

template <class Session, class Exchange>
bool BasicSession<Session, Exchange>::is_in_transaction() const noexcept {
    for (const Exchange* exchange = last_; exchange; exchange = exchange->previous_) {
        if (exchange->effect_ != TransactionEffect::none) return exchange->effect_ == TransactionEffect::begins;
    }
    return self().has_transaction();
}

// Its task is woken, and the queue's reference dropped.
template <class Session, class Exchange>
void BasicSession<Session, Exchange>::complete(Exchange& exchange) noexcept {
    exchange.progress_ = Exchange::Progress::done;
    exchange.ended();
    if (auto* const awaiter = std::exchange(exchange.awaiter_, nullptr)) awaiter->ended();
    exchange.release();
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::finish_first(bool was_in_transaction) noexcept {
    Exchange& exchange = *first_;
    unlink(exchange);
    first_ended_.set();
    if (!first_) has_leftovers_ = false;
    // A COMMIT that was hit has rolled back: sent once more, it would report that nothing is wrong.
    const bool may_repeat = exchange.was_hit_ && !exchange.abandoned_ && phase_ == Phase::open &&
                            !was_in_transaction && !self().has_transaction() && exchange.may_repeat();
    if (!may_repeat) return complete(exchange);
    exchange.restart();
    exchange.error_ = nullptr;
    exchange.was_hit_ = false;
    exchange.progress_ = Exchange::Progress::waiting;
    insert(exchange, unsent_);
    unsent_ = &exchange;
    exchange.release();
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::finish_answer(bool was_in_transaction) noexcept {
    finish_first(was_in_transaction);
    send_waiting();
    if (first_is_unwanted()) stop_first();
}

template <class Session, class Exchange>
ExchangeRef<Exchange> BasicSession<Session, Exchange>::last_word() {
    ExchangeRef<Exchange> last = self().make_drain(nullptr);
    insert(*last, nullptr);
    if (!unsent_) unsent_ = last.get();
    send_waiting();
    return last;
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::data_received(std::string_view data) {
    // Who is woken by a message may drop the last handle.
    const std::shared_ptr<Session> keeper = this->shared_from_this();
    try {
        self().receive(data);
    } catch (const typename Session::ProtocolError& error) {
        fail(interface_error(error.what()));
    } catch (...) {
        fail(std::current_exception());
    }
}

template <class Session, class Exchange>
int BasicSession<Session, Exchange>::peek(char& first) const noexcept {
    iovec place{&first, 1};
    msghdr message = {};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    aio::detail::Backend& backend = *get_running_loop().state().backend;
    return backend.receive_message(transport_.fileno(), message, MSG_PEEK | MSG_DONTWAIT);
}

// --- the end ---------------------------------------------------------------------------------------------------------

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::fail(std::exception_ptr why) noexcept {
    if (!why_) why_ = std::move(why);
    abort();
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::abort() noexcept {
    if (phase_ == Phase::open) phase_ = Phase::closing;  // the loss is no surprise
    if (transport_) transport_.abort();
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::connection_lost(std::exception_ptr error) {
    const bool asked_for = phase_ == Phase::closing;
    phase_ = Phase::lost;
    if (!why_) why_ = std::move(error);
    if (!why_ && !asked_for) {
        why_ = interface_error("the server closed the connection in the middle of its use");
    }
    unsent_ = nullptr;
    first_ended_.set();
    while (Exchange* const exchange = first_) {
        unlink(*exchange);
        if (!exchange->error_) exchange->error_ = why_ ? why_ : interface_error("the connection was closed");
        complete(*exchange);
    }
    self().terminated();
}

template <class Session, class Exchange>
Coro<> BasicSession<Session, Exchange>::close(std::shared_ptr<Session> shared) {
    BasicSession& session = *shared;
    if (session.phase_ == Phase::lost) co_return;
    try {
        if (session.phase_ == Phase::open) {
            session.phase_ = Phase::closing;
            while (session.running_ > 0 && session.phase_ == Phase::closing) {
                session.all_ended_.clear();
                co_await session.all_ended_.wait();
            }
            if (session.phase_ == Phase::lost) co_return;
            if (!session.is_idle() || session.stopping_) {
                const ExchangeRef<Exchange> last = session.last_word();
                co_await session.finished(*last);
            }
            session.output_.clear();
            shared->append_goodbye(session.output_);
            shared->send(session.output_);
            session.transport_.close();
        }
        co_await StreamWriter(session.transport_.stream()).wait_closed();
    } catch (const Error&) {
        session.abort();  // it was lost meanwhile: closed all the same
    } catch (...) {
        session.abort();
        throw;
    }
}

}  // namespace aio::db::detail
