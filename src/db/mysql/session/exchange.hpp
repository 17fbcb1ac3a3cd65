// One exchange with the server: one command or several, and their answers.
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

#include "db/mysql/wire/server_packets.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace aio::mysql::detail {

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

    // Appends its commands, and says of each what expects() says. Errors: it fails with them, and is not sent.
    virtual void write(std::string& output) = 0;
    // A command was appended, whose answer begins with this sequence number.
    void expects(std::uint8_t sequence) { sequences_ += static_cast<char>(sequence); }
    // One packet of the answer to the current command. Result: whether that answer is over. Errors: with all of them the
    // connection fails.
    virtual bool received(Session& session, std::string_view payload) = 0;
    // All commands are answered. Appends more of them, which depend on the answers; false: there are none.
    virtual bool write_more(std::string&) { return false; }
    // A task has stopped waiting while it was executed: appends what the server waits for before it can be stopped.
    virtual void write_end(std::string&) {}
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

    // For received(): whether somebody still wants the answer, and it has not failed.
    bool is_wanted() const noexcept { return !error_ && !abandoned_; }
    // The server's error, once.
    void fail(Session& session, std::string_view payload);
    void fail(std::exception_ptr error) noexcept {
        if (!error_) error_ = std::move(error);
    }
    // The sequence number of the next packet, of either side.
    std::uint8_t sequence() const noexcept { return next_sequence_; }
    void set_sequence(std::uint8_t next) noexcept { next_sequence_ = next; }

private:
    friend class Session;
    friend class ExchangeAwaiter;
    enum class Progress : std::uint8_t { waiting, sent, done };

    Exchange* next_ = nullptr;
    Exchange* previous_ = nullptr;
    ExchangeAwaiter* awaiter_ = nullptr;
    std::exception_ptr error_;
    std::string sequences_;     // of each command, what its answer begins with
    std::size_t answered_ = 0;  // commands
    std::uint32_t references_ = 0;
    std::uint8_t next_sequence_ = 0;
    Progress progress_ = Progress::waiting;
    Dropped dropped_;
    Effect effect_;
    bool abandoned_ = false;  // nobody wants the answer
    bool was_hit_ = false;    // by a request to stop it, or a neighbour
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

}  // namespace aio::mysql::detail
