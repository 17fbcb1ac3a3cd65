// One exchange with the server: what is sent, up to a Sync, and what comes back, up to ReadyForQuery. It may be sent in
// two parts, if the second depends on the answer to the first.
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

#include "db/pg/wire/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace aio::pg::detail {

class ExchangeAwaiter;
class Session;

class Exchange {
public:
    // What happens when nobody waits for it any more.
    enum class Dropped : std::uint8_t {
        stops,  // it is not sent, or stopped on the server
        stays   // it takes place all the same: ROLLBACK, and what others want too
    };

    // What it does to the session's transaction, as far as the driver knows.
    using Effect = db::detail::TransactionEffect;

    Exchange(const Exchange&) = delete;
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
    explicit Exchange(Dropped dropped, Effect effect = Effect::none) noexcept : dropped_(dropped), effect_(effect) {}
    virtual ~Exchange() = default;

    // Appends its messages, up to and with a Sync or a Query. Errors: it fails with them, and is not sent.
    virtual void write(std::string& output) = 0;
    // One of its messages, other than ErrorResponse and ReadyForQuery. Errors: std::bad_alloc: the exchange fails, what is
    // left of its answer is dropped; ProtocolError: the connection fails.
    virtual void received(const wire::Message& message) = 0;
    // Whether all has come that its answer consists of. Otherwise an end that nobody asked for would pass the answers on to
    // the wrong tasks.
    virtual bool is_complete() const noexcept = 0;
    // Whether nothing of it has happened when the server has stopped it, outside of a transaction.
    virtual bool may_repeat() const noexcept { return true; }
    // Forgets what it received: the server stopped it although nobody asked for that, and it is sent once more.
    virtual void restart() noexcept = 0;
    // Whether nothing may be sent behind it until it has ended: it has two parts, or the server may take what follows for data.
    virtual bool is_alone() const noexcept { return in_two_parts(); }
    // Whether write() ends with a Flush, and write_rest() follows once rest_is_due().
    virtual bool in_two_parts() const noexcept { return false; }
    virtual bool rest_is_due() const noexcept { return false; }
    // Appends the rest, up to and with a Sync. Errors: it fails with them.
    virtual void write_rest(std::string&) {}
    // Appends what ends it in place of the rest, when it has failed or nobody wants it.
    virtual void write_end(std::string& output);
    // Whether the server has been told already that it ends, and need not be asked to stop it.
    virtual bool ends_by_itself() const noexcept { return false; }
    // Whether it is a COPY: received() gets its messages, and sends its data.
    virtual bool copies() const noexcept { return false; }
    // Whether it ends with a Sync, not with a Query.
    virtual bool has_sync() const noexcept { return true; }
    // It is over, with error() or without.
    virtual void ended() noexcept {}
    // The SQL, for reports of errors.
    virtual std::string_view statement() const noexcept { return {}; }

private:
    friend class Session;
    friend class ExchangeAwaiter;
    enum class Progress : std::uint8_t { waiting, sent, done };

    Exchange* next_ = nullptr;
    Exchange* previous_ = nullptr;
    ExchangeAwaiter* awaiter_ = nullptr;
    std::exception_ptr error_;
    std::uint32_t references_ = 0;
    Progress progress_ = Progress::waiting;
    Dropped dropped_;
    Effect effect_;
    bool abandoned_ = false;  // nobody wants the answer
    bool was_hit_ = false;    // by a cancel request, for it or for a neighbour
};

// A counted reference to an E, which is an Exchange.
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

}  // namespace aio::pg::detail
