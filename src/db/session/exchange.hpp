// What the exchanges of a session have in common, whatever the database: their place in its queue, and who waits for them.
//
//   waiting ──▶ sent ──▶ done
//      │
//      └▶ done (nobody waits any more: it is never sent)
//
// Exchanges stand in their session's queue, which keeps them alive: the answer of one whose task was cancelled is still read,
// and dropped. Internal.
#pragma once

#include <aio/core/frame_pool.hpp>
#include <aio/core/waiter.hpp>
#include <aio/db/transaction_block.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace aio::db::detail {

template <class Session, class Exchange>
class ExchangeAwaiter;
template <class Session, class Exchange>
class BasicSession;

// Exchange: the driver's, which inherits this one and adds how answers are received. Session: the driver's.
template <class Session, class Exchange>
class BasicExchange {
public:
    // What happens when nobody waits for it any more.
    enum class Dropped : std::uint8_t {
        stops,  // it is not sent, or stopped on the server
        stays   // it takes place all the same: ROLLBACK, and what others want too
    };

    // What it does to the session's transaction, as far as the driver knows.
    using Effect = TransactionEffect;

    BasicExchange(const BasicExchange&) = delete;
    static void* operator new(std::size_t bytes) { return aio::detail::frame_pool.allocate(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept {
        aio::detail::frame_pool.deallocate(memory, bytes);
    }

    void retain() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) delete this;
    }

    bool done() const noexcept { return progress_ == Progress::done; }
    // Once done: what went wrong, or null.
    const std::exception_ptr& error() const noexcept { return error_; }

protected:
    BasicExchange(Dropped dropped, Effect effect) noexcept : dropped_(dropped), effect_(effect) {}
    virtual ~BasicExchange() = default;

    // Appends its messages. Errors: it fails with them, and is not sent.
    virtual void write(std::string& output) = 0;
    // Whether nothing of it has happened when the server has stopped it, outside of a transaction.
    virtual bool may_repeat() const noexcept { return true; }
    // Forgets what it received: the server stopped it although nobody asked for that, and it is sent once more.
    virtual void restart() noexcept = 0;
    // Whether nothing may be sent behind it until it has ended.
    virtual bool is_alone() const noexcept { return false; }
    // It is over, with error() or without.
    virtual void ended() noexcept {}
    // The SQL, for reports of errors.
    virtual std::string_view statement() const noexcept { return {}; }

    // Whether somebody still wants the answer, and it has not failed.
    bool is_wanted() const noexcept { return !error_ && !abandoned_; }

private:
    friend Session;
    friend Exchange;
    friend BasicSession<Session, Exchange>;
    friend ExchangeAwaiter<Session, Exchange>;
    enum class Progress : std::uint8_t { waiting, sent, done };

    Exchange* next_ = nullptr;
    Exchange* previous_ = nullptr;
    ExchangeAwaiter<Session, Exchange>* awaiter_ = nullptr;
    std::exception_ptr error_;
    std::uint32_t references_ = 0;
    Progress progress_ = Progress::waiting;
    Dropped dropped_;
    Effect effect_;
    bool abandoned_ = false;  // nobody wants the answer
    bool was_hit_ = false;    // by a request to stop it, or a neighbour
};

// A counted reference to an E, which is an exchange.
template <class E>
class ExchangeRef {
public:
    ExchangeRef() noexcept = default;
    explicit ExchangeRef(E* exchange) noexcept : exchange_(exchange) {
        if (exchange_) exchange_->retain();
    }
    ExchangeRef(const ExchangeRef& other) noexcept : ExchangeRef(other.exchange_) {}
    ExchangeRef(ExchangeRef&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)) {}
    ExchangeRef& operator=(ExchangeRef other) noexcept {
        std::swap(exchange_, other.exchange_);
        return *this;
    }
    ~ExchangeRef() {
        if (exchange_) exchange_->release();
    }
    E& operator*() const noexcept { return *exchange_; }
    E* operator->() const noexcept { return exchange_; }
    E* get() const noexcept { return exchange_; }

private:
    E* exchange_ = nullptr;
};

// Waits for an exchange. Result: none; errors: the exchange's. Cancel: the exchange is dropped, see BasicExchange::Dropped.
template <class Session, class Exchange>
class ExchangeAwaiter final : public aio::detail::Waiter {
public:
    ExchangeAwaiter(Session& session, Exchange& exchange) noexcept : session_(session), exchange_(&exchange) {}
    ExchangeAwaiter(const ExchangeAwaiter&) = delete;
    ~ExchangeAwaiter() {
        if (exchange_->awaiter_ != this) return;
        exchange_->awaiter_ = nullptr;  // the frame is destroyed while it waits
        session_.drop(*exchange_);
    }

    bool await_ready() const noexcept { return exchange_->done(); }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        suspend(frame);
        exchange_->awaiter_ = this;
    }
    void await_resume() {
        check_cancelled();
        if (exchange_->error()) std::rethrow_exception(exchange_->error());
    }
    bool cancel_wait(std::string_view message) noexcept override {
        if (exchange_->awaiter_ != this) return false;
        exchange_->awaiter_ = nullptr;
        session_.drop(*exchange_);
        wake_cancelled(message);
        return true;
    }
    const char* name() const noexcept override { return "a statement's answer"; }
    void ended() noexcept { wake(); }

private:
    Session& session_;  // which the awaiting coroutine keeps alive
    ExchangeRef<Exchange> exchange_;
};

template <class Session, class Exchange>
class [[nodiscard]] ExchangeEnd {
public:
    using native_awaitable = void;

    ExchangeEnd(Session& session, Exchange& exchange) noexcept : session_(session), exchange_(exchange) {}
    ExchangeAwaiter<Session, Exchange> operator co_await() const noexcept { return {session_, exchange_}; }

private:
    Session& session_;
    Exchange& exchange_;
};

}  // namespace aio::db::detail
