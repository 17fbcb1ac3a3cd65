// What send() returns: the message was taken; awaited, it waits while the peer reads too slowly. Internal to connection.hpp.
#pragma once

#include <aio/core/coro.hpp>

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace aio::ws::detail {

class ConnectionState;

class SendingAwaiter {
public:
    SendingAwaiter(ConnectionState& state, bool held) noexcept : state_(state), held_(held) {}
    bool await_ready() const noexcept;
    bool await_suspend(std::coroutine_handle<> frame);
    void await_resume() {
        if (waiting_) waiting_->take_result();
    }

private:
    ConnectionState& state_;
    bool held_;
    std::optional<Coro<>> waiting_;
};

class [[nodiscard("co_await it, or the memory of unsent messages may grow")]] Sending {
public:
    using native_awaitable = void;
    // held: behind a message in fragments.
    Sending(std::shared_ptr<ConnectionState> state, bool held) noexcept : state_(std::move(state)), held_(held) {}
    SendingAwaiter operator co_await() const noexcept { return SendingAwaiter(*state_, held_); }

private:
    std::shared_ptr<ConnectionState> state_;
    bool held_;
};

}  // namespace aio::ws::detail
