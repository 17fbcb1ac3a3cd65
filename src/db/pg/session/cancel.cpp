// Answers that nobody wants any more: exchanges leave the queue, or are stopped on the server.
#include "db/pg/session/session.hpp"

#include <aio/core/timeout.hpp>
#include <aio/db/errors.hpp>

#include "db/pg/session/dial.hpp"
#include "db/pg/session/error_report.hpp"
#include "db/pg/wire/errors.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace aio::pg::detail {

namespace {

// How long a cancel request may take to show an effect, before it is repeated: at first, and after many.
constexpr Duration kFirstPatience = std::chrono::milliseconds(100);
constexpr Duration kLastPatience = std::chrono::seconds(5);
constexpr int kMostRequests = 10;  // for one statement: half a minute

// A place among the requests of a pool that are under way.
class CancelTurn {
public:
    explicit CancelTurn(std::shared_ptr<Semaphore> turns) noexcept : turns_(std::move(turns)) {}
    CancelTurn(const CancelTurn&) = delete;
    ~CancelTurn() {
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

}  // namespace

ExchangeAwaiter::~ExchangeAwaiter() {
    if (exchange_->awaiter_ != this) return;
    exchange_->awaiter_ = nullptr;  // the frame is destroyed while it waits
    session_.drop(*exchange_);
}

bool ExchangeAwaiter::cancel_wait(std::string_view message) noexcept {
    if (exchange_->awaiter_ != this) return false;
    exchange_->awaiter_ = nullptr;
    session_.drop(*exchange_);
    wake_cancelled(message);
    return true;
}

void Session::drop(Exchange& exchange) noexcept {
    if (exchange.dropped_ == Exchange::Dropped::stays || exchange.done()) return;
    exchange.abandoned_ = true;
    if (exchange.progress_ == Exchange::Progress::waiting) {
        unlink(exchange);
        complete(exchange);
    } else if (&exchange == first_) {
        try {
            if (lacks_rest_) send_rest();
        } catch (...) {
            return fail(std::current_exception());
        }
        if (!exchange.ends_by_itself()) stop_first();
    }
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
        if (!stopping_ || stopping_->last_drain_ != this) return;  // another request was made after it
        stopping_->last_drain_ = nullptr;
        stopping_->stopping_ = false;  // its session sends what waits when it has dealt with this one
    }

    Session* stopping_;
};

ExchangeRef<Exchange> Session::last_word() {
    ExchangeRef<Exchange> last(new Drain(nullptr));
    insert(*last, nullptr);
    if (!unsent_) unsent_ = last.get();
    send_waiting();
    return last;
}

Coro<> Session::settle(std::shared_ptr<Session> session) {
    if (session->is_settled()) co_return;
    const ExchangeRef<Exchange> last = session->last_word();
    auto answered = [&]() -> Coro<> { co_await session->finished(*last); };
    try {
        co_await with_timeout(session->options().cancel_timeout, answered);
    } catch (const TimeoutError&) {
        const db::InterfaceError error("a statement was cancelled, and the server did not stop it in time");
        session->fail(std::make_exception_ptr(error));
        throw error;
    }
}

void Session::send_drain() {
    // The server may yet ask for its data, and would take what follows for them. The drain is sent when it has ended.
    if (first_is_unwanted() && first_->is_alone()) return;
    const ExchangeRef<Drain> drain(new Drain(this));
    output_.clear();
    insert(*drain, unsent_);
    if (!write(*drain)) std::rethrow_exception(drain->error());
    last_drain_ = drain.get();
    transport_.write(output_);
}

bool Session::first_is_unwanted() const noexcept {
    return first_ && first_->abandoned_ && first_->progress_ == Exchange::Progress::sent;
}

// The session of a stop_on_server(), which ends with it, also when the task is cancelled before its first step.
class Session::Stopper {
public:
    explicit Stopper(std::shared_ptr<Session> session) noexcept : session_(std::move(session)) {}
    Stopper(Stopper&&) noexcept = default;
    ~Stopper() {
        if (!session_ || !session_->has_stopper_) return;
        session_->has_stopper_ = false;
        // Nobody knows whether a request will arrive, and what it will hit.
        session_->fail(
            interface_error("a statement was cancelled, but the server could not be asked to stop it in time"));
    }
    const std::shared_ptr<Session>& session() const noexcept { return session_; }
    void done() const noexcept { session_->has_stopper_ = false; }

private:
    std::shared_ptr<Session> session_;
};

void Session::stop_first() noexcept {
    if (has_stopper_ || phase_ == Phase::lost || identity_.cancel_key.empty()) return;
    try {
        create_task(stop_on_server(Stopper(shared_from_this())), {.name = "cancel a PostgreSQL statement"});
        has_stopper_ = stopping_ = true;
    } catch (...) {
        // No memory: the statement ends by itself.
    }
}

// Asks the server to stop the first exchange as long as nobody wants it. One more request for one that goes on: the server
// ignores what comes while it still reads the statement.
Coro<> Session::stop_on_server(Stopper stopper) {
    const std::shared_ptr<Session>& session = stopper.session();
    Duration patience = kFirstPatience;
    int requests = 0;
    try {
        while (session->first_is_unwanted()) {
            const ExchangeRef<Exchange> unwanted(session->first_);
            session->stopping_ = true;
            session->last_drain_ = nullptr;
            if (++requests > kMostRequests) throw db::InterfaceError("the server does not stop the statement");
            auto request = [&session, &unwanted]() -> Coro<> {
                CancelTurn turn(session->options().cancels);
                co_await turn.taken();
                if (unwanted->done()) co_return;
                const Identity& identity = session->identity_;
                co_await send_cancel_request(session->options(), identity.address, identity.process,
                                             identity.cancel_key);
            };
            co_await with_timeout(session->options().cancel_timeout, request);
            // The server has closed the request's connection, so that its signal was sent.
            if (session->phase_ == Phase::lost) break;
            session->send_drain();
            const bool over = co_await session->is_over(unwanted, patience);
            if (over) requests = 0;
            patience = over ? kFirstPatience : std::min(Duration(2 * patience), kLastPatience);
        }
        if (session->stopping_ && !session->last_drain_ && session->phase_ != Phase::lost) session->send_drain();
        stopper.done();
    } catch (...) {
        // The connection fails.
    }
}

// Whether `exchange` is over, which is the first; waits for that, but not longer than `patience`.
Coro<bool> Session::is_over(ExchangeRef<Exchange> exchange, Duration patience) {
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

}  // namespace aio::pg::detail
