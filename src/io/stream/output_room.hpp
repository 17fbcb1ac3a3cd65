// How the one whose turn a stream's output is waits until the socket takes more, or what is buffered before is gone.
#pragma once

#include <aio/core/frame_pool.hpp>
#include <aio/core/waiter.hpp>

#include "core/backend/backend.hpp"
#include "io/stream/socket_stream.hpp"

#include <cstddef>

namespace aio::detail {

class RoomAwaiter;

// It is made for a turn, belongs to the stream, and outlives the turn as long as it is in flight.
class OutputRoom final : public Operation {
public:
    static void* operator new(std::size_t bytes) { return frame_pool.allocate(bytes); }
    static void operator delete(void* room, std::size_t bytes) noexcept { frame_pool.deallocate(room, bytes); }

    OutputRoom(SocketStream& stream, int descriptor) noexcept
        : Operation(OpKind::poll_out, descriptor), stream_(stream) {}

    void completed(int result, const char* data, bool more) noexcept override;
    // `waiter` is woken once. What is buffered goes first: the stream calls wake() when it is gone.
    void wait(RoomAwaiter& waiter) noexcept;
    // False: it does not wait any more.
    bool forget(const RoomAwaiter& waiter) noexcept;
    void wake() noexcept;
    void cancel() noexcept;

private:
    void start() noexcept;

    SocketStream& stream_;
    RoomAwaiter* waiter_ = nullptr;
};

// Waits until the socket takes more, nothing is buffered before that, or the stream closes.
class RoomAwaiter final : public Waiter {
public:
    explicit RoomAwaiter(SocketStream& stream) noexcept : stream_(stream) {}
    RoomAwaiter(const RoomAwaiter&) = delete;
    ~RoomAwaiter() { stream_.output_room().forget(*this); }

    bool await_ready() const noexcept { return stream_.is_closing(); }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        suspend(frame);
        stream_.output_room().wait(*this);
    }
    void await_resume() { check_cancelled(); }
    bool cancel_wait(std::string_view message) noexcept override {
        if (!stream_.output_room().forget(*this)) return false;
        wake_cancelled(message);
        return true;
    }
    const char* name() const noexcept override { return "a stream's sendfile"; }
    void ready() noexcept { wake(); }

private:
    SocketStream& stream_;
};

}  // namespace aio::detail
