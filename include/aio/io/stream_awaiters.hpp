// What `co_await reader.readline()`, `co_await writer.drain()`... wait with: awaiters, no coroutines, so that
// reading what is there costs no frame, no allocation and no suspension. Internal to stream.hpp.
//
// What the functions return (Read, Until, NextLine, Drain, WaitClosed) keeps the stream alive; its awaiter, made by
// co_await, only points to it.
//
// One read may wait on a stream at a time. It is registered as the core's reader_ while it waits, and until it has
// resumed, so that no other read can take what woke it. Whether a read is settled (it can return, or throw) is
// decided when data arrive; a task is woken for nothing but its whole answer. Nothing is consumed before the task
// resumes: a cancelled read loses no data.
#pragma once

#include <aio/io/stream_core.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace aio::detail {

enum class ReadKind : std::uint8_t { some, all, exactly, line, until };

// The separators of readuntil(): one, or several in rest. Short ones need no allocation.
struct Separators {
    std::string first;
    std::vector<std::string> rest;
};

class ReadWaiter : public Waiter {
public:
    ReadWaiter(StreamCore* stream, ReadKind what, std::ptrdiff_t size) noexcept
        : stream_(stream), size_(size), kind_(what) {}
    ReadWaiter(const ReadWaiter&) = delete;

    void await_suspend(std::coroutine_handle<> frame);
    bool cancel_wait(std::string_view message) noexcept override;
    const char* name() const noexcept override { return "a stream's data"; }

    // The stream has more to say. Wakes the task if that settles the read.
    void stream_changed() noexcept;
    bool wants_more() const noexcept { return !woken_; }
    void release() noexcept;

protected:
    ~ReadWaiter() {
        if (waiting_) [[unlikely]]
            forget();
    }

    // Whether the read can end now. Errors: RuntimeError when another one waits.
    bool begin();
    // Takes the answer out of the stream, or throws. Views stay valid until the next read.
    std::string_view finish();
    std::string_view take(std::size_t count) noexcept {
        const char* data = stream_->in_.data();
        stream_->in_.consume(count);
        stream_->in_.pin();
        stream_->maybe_resume_reading();
        return {data, count};
    }
    // begin() and finish() for the commonest case: so many bytes, and they are there.
    bool has_exactly() const noexcept {
        StreamCore& stream = *stream_;
        return size_ > 0 && static_cast<std::size_t>(size_) <= stream.in_.size() && !stream.reader_ &&
               !stream.read_error_;
    }
    void end_views() noexcept { stream_->in_.recycle(); }

    StreamCore* stream_;
    std::ptrdiff_t size_;                     // until: unused
    const Separators* separators_ = nullptr;  // until: the operand's

private:
    bool settled() noexcept;
    void search() noexcept;
    void search_line(std::string_view buffer) noexcept;
    void search_separators(std::string_view buffer, const Separators& separators) noexcept;
    void forget() noexcept;
    void resume();

    std::string_view finish_some();
    std::string_view finish_exactly();
    std::string_view finish_until();
    std::string_view finish_line();
    [[noreturn]] void throw_incomplete(std::size_t expected);
    [[noreturn]] void throw_overrun();

    enum class Found : std::uint8_t { not_yet, match, overrun };

    ReadKind kind_;
    bool waiting_ = false;
    bool woken_ = false;
    Found found_ = Found::not_yet;
    std::size_t searched_ = 0;  // no separator begins before this offset; after an overrun: what to consume
    std::size_t match_end_ = 0;
};

template <class R, ReadKind K>
class ReadAwaiter final : public ReadWaiter {
public:
    ReadAwaiter(StreamCore* stream, std::ptrdiff_t size) noexcept
        : ReadWaiter(stream, K == ReadKind::some && size < 0 ? ReadKind::all : K, size) {}
    ReadAwaiter(StreamCore* stream, const Separators& separators) noexcept : ReadWaiter(stream, K, 0) {
        separators_ = &separators;
    }

    bool await_ready() {
        if constexpr (K == ReadKind::exactly) {
            if (has_exactly()) [[likely]] {
                end_views();
                return true;
            }
        }
        return begin();
    }
    R await_resume() {
        if constexpr (K == ReadKind::exactly) {
            if (!task_ && has_exactly()) [[likely]]
                return result(take(static_cast<std::size_t>(size_)));
        }
        return result(finish());
    }

private:
    R result(std::string_view view) {
        if constexpr (std::is_same_v<R, std::string_view>) {
            return view;
        } else {
            R text(view);
            end_views();
            return text;
        }
    }
};

class NextLineAwaiter final : public ReadWaiter {
public:
    explicit NextLineAwaiter(StreamCore* stream) noexcept : ReadWaiter(stream, ReadKind::line, 0) {}

    bool await_ready() { return begin(); }
    std::optional<std::string> await_resume() {
        std::string_view line = finish();
        if (line.empty()) return std::nullopt;
        std::optional<std::string> text(std::in_place, line);
        end_views();
        return text;
    }
};

class DrainAwaiter final : public Waiter {
public:
    explicit DrainAwaiter(StreamCore* stream) noexcept : stream_(stream) {}
    DrainAwaiter(const DrainAwaiter&) = delete;
    ~DrainAwaiter() {
        if (listed_) [[unlikely]]
            stream_->drains_.remove(this);
    }

    bool await_ready() const noexcept { return !stream_->drain_is_slow_ || stream_->read_error_; }
    void await_suspend(std::coroutine_handle<> frame);
    void await_resume() {
        if (task_ || stream_->drain_is_slow_) [[unlikely]]
            finish();
    }
    bool cancel_wait(std::string_view message) noexcept override;
    void run() override;
    void discard() noexcept override { listed_ = false; }
    const char* name() const noexcept override { return "a stream's drain"; }

private:
    void finish();

    StreamCore* stream_;
    bool listed_ = false;      // stands in drains_
    bool was_paused_ = false;  // waited there
};

class ClosedAwaiter final : public Waiter {
public:
    explicit ClosedAwaiter(StreamCore* stream) noexcept : stream_(stream) {}
    ClosedAwaiter(const ClosedAwaiter&) = delete;
    ~ClosedAwaiter() {
        if (listed_) [[unlikely]]
            stream_->close_waits_.remove(this);
    }

    bool await_ready() const noexcept { return stream_->closed(); }
    void await_suspend(std::coroutine_handle<> frame);
    void await_resume();
    bool cancel_wait(std::string_view message) noexcept override;
    void run() override;
    void discard() noexcept override { listed_ = false; }
    const char* name() const noexcept override { return "a stream's close"; }

private:
    StreamCore* stream_;
    bool listed_ = false;
};

// --- what is awaited -----------------------------------------------------------------------------------------

template <class R, ReadKind K>
class [[nodiscard("a read does nothing until it is awaited")]] Read {
public:
    using native_awaitable = void;
    explicit Read(StreamRef stream, std::ptrdiff_t size = 0) noexcept : stream_(std::move(stream)), size_(size) {}
    ReadAwaiter<R, K> operator co_await() const noexcept { return ReadAwaiter<R, K>(stream_.get(), size_); }

private:
    StreamRef stream_;
    std::ptrdiff_t size_;
};

template <class R>
class [[nodiscard("a read does nothing until it is awaited")]] Until {
public:
    using native_awaitable = void;
    Until(StreamRef stream, Separators separators) noexcept
        : stream_(std::move(stream)), separators_(std::move(separators)) {}
    ReadAwaiter<R, ReadKind::until> operator co_await() const noexcept {
        return ReadAwaiter<R, ReadKind::until>(stream_.get(), separators_);
    }

private:
    StreamRef stream_;
    Separators separators_;
};

// NextLine, Drain, WaitClosed: nothing but the stream.
template <class Awaiter>
class [[nodiscard("it does nothing until it is awaited")]] OnStream {
public:
    using native_awaitable = void;
    explicit OnStream(StreamRef stream) noexcept : stream_(std::move(stream)) {}
    Awaiter operator co_await() const noexcept { return Awaiter(stream_.get()); }

private:
    StreamRef stream_;
};

using NextLine = OnStream<NextLineAwaiter>;
using Drain = OnStream<DrainAwaiter>;
using WaitClosed = OnStream<ClosedAwaiter>;

}  // namespace aio::detail
