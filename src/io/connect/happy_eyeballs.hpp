// Connecting to one of several addresses: attempts that start one after the other, and may run side by side.
//
// An attempt starts when the one before it has failed, or, with a delay, that long after the one before it has
// started. The first that connects wins. The others are given up: their operations are cancelled, and the backend's
// last word closes their sockets, also when that word is that they connected as well (two winners). So a socket is
// owned by its attempt while the backend has it, and by the race only once it has won.
//
// Everything is allocated before the first attempt, but for the timer: without memory for that the next attempt
// starts at once.
//
// Source: RFC 8305 section 5; CPython 3.13 staggered.staggered_race, base_events._connect_sock.
#pragma once

#include <aio/core/handle.hpp>
#include <aio/core/waiter.hpp>

#include "io/connect/connect.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace aio::detail {

class ConnectRace;

// One address. It deletes itself when the race has given it up and the backend lets go of it.
class ConnectAttempt final : public Operation {
public:
    enum class Stage : std::uint8_t { waiting, family, socket, bind, connect };

    ConnectAttempt(LoopState& loop, const RawAddress& address) noexcept
        : Operation(OpKind::connect, -1), loop_(loop), address_(address) {}
    ~ConnectAttempt() = default;

    // False when it has failed already.
    bool start(ConnectRace& race, const std::vector<RawAddress>& locals) noexcept;
    void give_up() noexcept;
    void completed(int result, const char* data, bool more) noexcept override;

    const RawAddress& address() const noexcept { return address_; }
    // How far it came, and the errno that stopped it there.
    Stage stage() const noexcept { return stage_; }
    int error() const noexcept { return error_; }
    const RawAddress* local() const noexcept { return local_; }  // that could not be bound
    int take_socket() noexcept { return std::exchange(fd, -1); }

private:
    int open(const std::vector<RawAddress>& locals) noexcept;
    int bind_one_of(const std::vector<RawAddress>& locals) noexcept;
    void close() noexcept;

    LoopState& loop_;
    RawAddress address_;
    ConnectRace* race_ = nullptr;  // null: not started, over, or given up
    const RawAddress* local_ = nullptr;
    int error_ = 0;
    Stage stage_ = Stage::waiting;
};

class ConnectRace {
public:
    // `plan` must outlive the race. Errors: std::bad_alloc.
    ConnectRace(LoopState& loop, const ConnectPlan& plan);
    ~ConnectRace();
    ConnectRace(const ConnectRace&) = delete;
    ConnectRace& operator=(const ConnectRace&) = delete;

    class Awaiter;
    struct Finish {
        using native_awaitable = void;
        ConnectRace& race;
        Awaiter operator co_await() const noexcept;
    };
    // The winner's descriptor, or -1 when all failed. Awaited once.
    Finish finish() noexcept { return {*this}; }

    const std::vector<std::unique_ptr<ConnectAttempt>>& attempts() const noexcept { return attempts_; }

private:
    friend class ConnectAttempt;
    void attempt_ended(ConnectAttempt& attempt, bool connected) noexcept;
    bool start_next() noexcept;
    bool arm_timer() noexcept;
    void stop() noexcept;

    LoopState& loop_;
    const ConnectPlan& plan_;
    std::vector<std::unique_ptr<ConnectAttempt>> attempts_;  // without those given up
    std::size_t next_ = 0;                                   // the attempt that starts next
    std::size_t running_ = 0;
    int winner_ = -1;  // its descriptor
    TimerHandle timer_;
    Awaiter* awaiter_ = nullptr;
};

class ConnectRace::Awaiter final : public Waiter {
public:
    explicit Awaiter(ConnectRace& race) noexcept : race_(race) {}
    ~Awaiter() { race_.awaiter_ = nullptr; }

    // No attempt can be started: there is nothing to wait for.
    bool await_ready() noexcept { return !race_.start_next(); }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        suspend(frame);
        race_.awaiter_ = this;
    }
    int await_resume() {
        check_cancelled();
        return std::exchange(race_.winner_, -1);
    }
    bool cancel_wait(std::string_view message) noexcept override {
        race_.awaiter_ = nullptr;
        race_.stop();
        wake_cancelled(message);
        return true;
    }
    const char* name() const noexcept override { return "a connect"; }

    void finished() noexcept { wake(); }

private:
    ConnectRace& race_;
};

inline ConnectRace::Awaiter ConnectRace::Finish::operator co_await() const noexcept { return Awaiter(race); }

}  // namespace aio::detail
