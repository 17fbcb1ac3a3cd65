// The functions of BasicSession for answers that nobody wants any more: exchanges leave the queue, or are stopped on the server.
// For queue.hpp. Internal.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/db/errors.hpp>
#include <aio/sync/semaphore.hpp>

#include "db/interface_error.hpp"
#include "db/session/session.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace aio::db::detail {

// A place among the requests of a pool that are under way.
class StopTurn {
public:
    explicit StopTurn(std::shared_ptr<Semaphore> turns) noexcept : turns_(std::move(turns)) {}
    StopTurn(const StopTurn&) = delete;
    ~StopTurn() {
        if (is_taken_) turns_->release();
    }
    Coro<> taken() {
        if (!turns_) co_return;
        co_await turns_->acquire();
        is_taken_ = true;
    }

private:
    std::shared_ptr<Semaphore> turns_;
    bool is_taken_ = false;
};

// The session of a stop_on_server(), which ends with it, also when the task is cancelled before its first step.
template <class Session, class Exchange>
class BasicSession<Session, Exchange>::Stopper {
public:
    explicit Stopper(std::shared_ptr<Session> session) noexcept : session_(std::move(session)) {}
    Stopper(Stopper&&) noexcept = default;
    ~Stopper() {
        if (!session_ || !base().has_stopper_) return;
        base().has_stopper_ = false;
        // Nobody knows whether a request will arrive, and what it will hit.
        base().fail(
            interface_error("a statement was cancelled, but the server could not be asked to stop it in time"));
    }
    BasicSession& base() const noexcept { return *session_; }
    void done() const noexcept { base().has_stopper_ = false; }

private:
    std::shared_ptr<Session> session_;
};

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::drop(Exchange& exchange) noexcept {
    if (exchange.dropped_ == Exchange::Dropped::stays || exchange.done()) return;
    exchange.abandoned_ = true;
    if (exchange.progress_ == Exchange::Progress::waiting) {
        unlink(exchange);
        complete(exchange);
    } else if (&exchange == first_) {
        self().stop_unwanted();
    }
}

template <class Session, class Exchange>
Coro<> BasicSession<Session, Exchange>::settle(std::shared_ptr<Session> session) {
    if (session->is_settled()) co_return;
    BasicSession& base = *session;
    const ExchangeRef<Exchange> last = base.last_word();
    auto answered = [&]() -> Coro<> { co_await base.finished(*last); };
    try {
        co_await with_timeout(session->options().cancel_timeout, answered);
    } catch (const TimeoutError&) {
        const InterfaceError error("a statement was cancelled, and the server did not stop it in time");
        base.fail(std::make_exception_ptr(error));
        throw error;
    }
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::send_drain() {
    // The server may yet ask for its data, and would take what follows for them. The drain is sent when it has ended.
    if (first_is_unwanted() && self().end_before_drain()) return;
    const ExchangeRef<Exchange> drain = self().make_drain(&self());
    output_.clear();
    insert(*drain, unsent_);
    if (!write(*drain)) std::rethrow_exception(drain->error());
    last_drain_ = drain.get();
    self().send(output_);
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::drained(const Exchange& drain) noexcept {
    if (last_drain_ != &drain) return;  // another request was made after it
    last_drain_ = nullptr;
    stopping_ = false;  // the session sends what waits when it has dealt with this one
}

template <class Session, class Exchange>
void BasicSession<Session, Exchange>::stop_first() noexcept {
    if (has_stopper_ || phase_ == Phase::lost || !self().can_stop()) return;
    try {
        create_task(stop_on_server(Stopper(this->shared_from_this())), {.name = Session::kStopTask});
        has_stopper_ = stopping_ = true;
    } catch (...) {
        // No memory: the statement ends by itself.
    }
}

// Asks the server to stop the first exchange as long as nobody wants it. One more request for one that goes on: the server
// may have ignored one that came while it still read the statement.
template <class Session, class Exchange>
Coro<> BasicSession<Session, Exchange>::stop_on_server(Stopper stopper) {
    // How long a request may take to show an effect, before it is repeated: at first, and after many.
    constexpr Duration kFirstPatience = std::chrono::milliseconds(100), kLastPatience = std::chrono::seconds(5);
    constexpr int kMostRequests = 10;  // for one statement: half a minute
    BasicSession& session = stopper.base();
    Duration patience = kFirstPatience;
    int requests = 0;
    try {
        while (session.first_is_unwanted()) {
            const ExchangeRef<Exchange> unwanted(session.first_);
            session.stopping_ = true;
            session.last_drain_ = nullptr;
            if (++requests > kMostRequests) throw InterfaceError("the server does not stop the statement");
            auto request = [&session, &unwanted]() -> Coro<> {
                StopTurn turn(session.self().options().cancels);
                co_await turn.taken();
                if (!unwanted->done()) co_await session.self().request_stop();
            };
            co_await with_timeout(session.self().options().cancel_timeout, request);
            // The server has done what the request will do.
            if (session.phase_ == Phase::lost) break;
            session.send_drain();
            const bool over = co_await session.is_over(unwanted, patience);
            if (over) requests = 0;
            patience = over ? kFirstPatience : std::min(Duration(2 * patience), kLastPatience);
        }
        if (session.stopping_ && !session.last_drain_ && session.phase_ != Phase::lost) session.send_drain();
        stopper.done();
    } catch (...) {
        // The connection fails.
    }
}

// Whether `exchange` is over, which is the first; waits for that, but not longer than `patience`.
template <class Session, class Exchange>
Coro<bool> BasicSession<Session, Exchange>::is_over(ExchangeRef<Exchange> exchange, Duration patience) {
    auto over = [&]() -> Coro<> {
        while (!exchange->done()) {
            first_ended_.clear();
            co_await first_ended_.wait();
        }
    };
    try {
        co_await with_timeout(patience, over);
    } catch (const TimeoutError&) {
        // The request came too early, or the server is busy with what cannot be interrupted.
    }
    co_return exchange->done();
}

}  // namespace aio::db::detail
