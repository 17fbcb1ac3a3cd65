// What StreamReader and StreamWriter are handles to: a buffer in each direction, who waits on them, and the
// transport below, which derived classes provide (a socket, TLS over another stream, nothing in tests).
//
// asyncio spreads this over StreamReader, StreamReaderProtocol, FlowControlMixin and a transport. Here one object
// is one allocation, and reading what is there touches nothing but its buffer. Internal, except to those who
// write transports. Source: CPython 3.13 streams.py, selector_events.py (semantics 42 to 46).
#pragma once

#include <aio/base/assert.hpp>
#include <aio/core/waiter.hpp>
#include <aio/io/byte_buffer.hpp>
#include <aio/io/life.hpp>
#include <aio/io/water_marks.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

namespace aio {
struct Address;
}

namespace aio::detail {

class ReadWaiter;
class StreamFilter;
class TransportCore;

inline constexpr std::size_t kDefaultLimit = 64 * 1024;
inline constexpr std::size_t kDefaultHighWater = 64 * 1024;
// Beyond this much in one pass, sending at once beats gathering more.
inline constexpr std::size_t kGatherLimit = 64 * 1024;

// Is told when something came that nobody waits to read: data, the end, an error. Of those who keep a connection for
// later. It may only take note: the stream is in the middle of its work.
class ReadObserver {
public:
    virtual void something_came() noexcept = 0;

protected:
    ~ReadObserver() = default;
};

class StreamCore {
public:
    explicit StreamCore(std::size_t limit);
    StreamCore(const StreamCore&) = delete;
    StreamCore& operator=(const StreamCore&) = delete;

    void retain() noexcept { ++references_; }
    void release() noexcept {
        AIO_ASSERT(references_ > 0);
        if (--references_ == 0) unreferenced();
    }

    // --- reading: StreamReader's half ----------------------------------------------------------------------

    // Errors: RuntimeError after feed_eof(); std::bad_alloc, and the bytes are not taken.
    void feed_data(std::string_view data);
    void feed_eof() noexcept;
    void set_exception(std::exception_ptr error) noexcept;

    std::size_t limit() const noexcept { return limit_; }
    bool at_eof() const noexcept { return eof_ && in_.empty(); }
    bool has_input() const noexcept { return !in_.empty() || input_waits_; }
    std::size_t unread() const noexcept { return in_.size(); }  // bytes that were received and not read
    const std::exception_ptr& exception() const noexcept { return read_error_; }
    bool reading_paused() const noexcept { return reading_paused_; }
    // Null: nobody. It must outlive the stream, or take itself away.
    void observe_reading(ReadObserver* observer) noexcept { observer_ = observer; }
    // A read that waits for any number of bytes ends with what is there, perhaps nothing: its owner has other news for it.
    void release_reader() noexcept;

    // --- writing: StreamWriter's half ----------------------------------------------------------------------

    void write(std::string_view data) {
        // What follows another write of this pass only lengthens the buffer that goes out at its end.
        if (gathering_ && data.size() <= out_.room() && out_.size() + data.size() <= gather_limit()) [[likely]] {
            std::memcpy(out_.end_for_append(data.size()), data.data(), data.size());
        } else {
            transport_write(data);
        }
    }
    // Errors of all of these: RuntimeError without a transport, unless said otherwise.
    virtual void transport_write(std::string_view data);
    virtual void write_eof();
    virtual bool can_write_eof() const noexcept { return false; }
    virtual void close();
    virtual void abort();
    virtual std::size_t write_buffer_size() const noexcept { return out_.size(); }
    // How many buffered bytes the kernel has taken since the beginning (with TLS: encrypted ones). Whether a peer reads shows
    // here: the buffer's size also changes when more is written.
    std::uint64_t bytes_taken() const noexcept { return taken_; }
    virtual Address peername() const;
    virtual Address sockname() const;
    virtual int fileno() const noexcept { return -1; }
    // What stands between this stream and its transport (TLS), or null.
    virtual StreamFilter* filter() const noexcept { return nullptr; }

    void set_write_buffer_limits(std::size_t high, std::size_t low);
    bool is_closing() const noexcept { return life_.is(Life::closing); }
    bool closed() const noexcept { return life_.is(Life::closed); }

protected:
    friend class ReadWaiter;
    friend class DrainAwaiter;
    friend class ClosedAwaiter;
    friend class TransportCore;
    virtual ~StreamCore();

    // The last handle is gone.
    virtual void unreferenced() noexcept { delete this; }
    // Flow control of the reading side.
    virtual void pause_reading() noexcept {}
    virtual void resume_reading() noexcept {}
    // Instead of filling in_ the transport only says, once, that there is input, and receive_now() takes some: a count, 0
    // at the end, a negative errno. A transport that cannot do that goes on filling in_.
    virtual void announce_input(bool on) noexcept { static_cast<void>(on); }
    // A reader wants the input that was announced. The transport may put some of it into in_.
    virtual void fill() noexcept {}
    virtual int receive_now(char* data, std::size_t size) noexcept;

    // For transports. pause and resume of writing follow write_buffer_size().
    // Bytes were put into in_: wakes the reader, pauses the transport.
    void data_added() noexcept;
    void check_write_buffer() noexcept;
    void mark_closing() noexcept;
    // The connection is over; null: in good order. Wakes readers and drains, once.
    void connection_lost(std::exception_ptr error) noexcept;
    // wait_closed() returns from now on.
    void mark_closed() noexcept;
    bool doomed() const noexcept { return life_.is(Life::doomed); }
    bool lost() const noexcept { return life_.is(Life::lost); }
    std::uint32_t references() const noexcept { return references_; }

    void maybe_resume_reading() noexcept {
        if (reading_paused_ && in_.size() <= limit_) [[unlikely]]
            resume_paused_reading();
    }
    void resume_paused_reading() noexcept;
    void wake_reader() noexcept;
    // Beyond it, data are sent at once.
    std::size_t gather_limit() const noexcept { return std::min(water_.high, kGatherLimit); }
    void update_drain() noexcept { drain_is_slow_ = is_closing() || writing_paused_ || read_error_ != nullptr; }

    ByteBuffer in_;           // received and not read
    ByteBuffer out_;          // written and not handed to the transport
    bool gathering_ = false;  // out_ will be flushed soon, and nothing stands against appending to it
    bool drain_is_slow_ = false;
    bool eof_ = false;             // of the reading side
    bool reading_paused_ = false;  // the buffer was beyond 2 * limit
    bool writing_paused_ = false;  // the write buffer was beyond the high water mark
    Life life_;
    bool input_waits_ = false;  // it was announced, and receive_now() was not called since
    std::uint32_t references_ = 0;
    const LoopCore* home_;     // whose tasks may wait for it; null: made outside loops, any one's
    std::uint64_t taken_ = 0;  // bytes_taken()
    std::size_t limit_;
    WaterMarks water_{kDefaultHighWater};
    ReadWaiter* reader_ = nullptr;  // the one read that waits, or was woken and has not resumed yet
    ReadObserver* observer_ = nullptr;
    std::exception_ptr read_error_;
    std::exception_ptr lost_error_;
    CallbackList drains_;       // DrainAwaiter
    CallbackList close_waits_;  // ClosedAwaiter
};

// A counted reference to a StreamCore, on its loop's thread.
class StreamRef {
public:
    StreamRef() noexcept = default;
    explicit StreamRef(StreamCore* core) noexcept : core_(core) {
        if (core_) core_->retain();
    }
    StreamRef(const StreamRef& other) noexcept : StreamRef(other.core_) {}
    StreamRef(StreamRef&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    StreamRef& operator=(StreamRef other) noexcept {
        std::swap(core_, other.core_);
        return *this;
    }
    ~StreamRef() {
        if (core_) core_->release();
    }

    StreamCore* get() const noexcept { return core_; }
    StreamCore& operator*() const noexcept { return *core_; }
    StreamCore* operator->() const noexcept { return core_; }
    explicit operator bool() const noexcept { return core_ != nullptr; }

private:
    StreamCore* core_ = nullptr;
};

}  // namespace aio::detail
