// What DatagramEndpoint is a handle to: the socket, what was received and not taken, what was sent and not gone.
//
// Receiving: a poll_in is in flight as long as there is room; each of its completions takes what the socket has, up to a
// bound, so that a flood does not starve the loop. Sending: at once, if nothing waits; else from poll_out's completions.
//
// Its life is drawn in aio/io/life.hpp.
#pragma once

#include <aio/io/byte_buffer.hpp>
#include <aio/io/datagram.hpp>
#include <aio/io/life.hpp>
#include <aio/io/water_marks.hpp>

#include "core/loop_state.hpp"
#include "io/address/raw_address.hpp"

#include <exception>
#include <memory>
#include <optional>

namespace aio::detail {

// The largest datagram that is received; UDP has none that is larger.
inline constexpr std::size_t kLargestDatagram = 64 * 1024;
// What one wake-up may take, or send, before others have their turn.
inline constexpr int kDatagramsPerWakeup = 64;

class DatagramCore final : public LoopResource {
public:
    // Takes over `fd`. `remote`: where sendto(data) goes. Receiving begins with start().
    // Errors: std::bad_alloc, and `fd` is still the caller's.
    static DatagramRef open(LoopState& loop, int fd, int family, const PeerAddress& remote,
                            std::size_t receive_limit);
    // Called with what happens from now on; before start().
    void set_protocol(std::shared_ptr<DatagramProtocol> protocol) noexcept;
    bool has_protocol() const noexcept { return protocol_ != nullptr; }
    void start() noexcept;

    void retain() noexcept { ++references_; }
    void release() noexcept;

    // --- receiving -------------------------------------------------------------------------------------------
    bool has_news() const noexcept { return error_.code != 0 || closing() || !in_.empty(); }
    // Throws the error that is due, or gives the datagram that is, or nothing: it is closed.
    std::optional<DatagramView> take();
    void end_views() noexcept { in_.recycle(); }

    // --- sending ---------------------------------------------------------------------------------------------
    void send(std::string_view data);
    void send(std::string_view data, const PeerAddress& to);
    // For this socket: an IPv4 address becomes an IPv6 one where need be.
    PeerAddress fitting(const Address& address) const;
    std::size_t write_buffer_size() const noexcept { return out_bytes_; }
    void set_write_buffer_limits(std::size_t high, std::size_t low);

    // --- the end, and what it is -------------------------------------------------------------------------------
    void close() noexcept;
    void abort() noexcept { force_close(nullptr); }
    Address sockname() const;
    Address peername() const;
    int fileno() const noexcept { return fd_; }
    bool closing() const noexcept { return life_.is(Life::closing); }
    bool lost() const noexcept { return life_.is(Life::lost); }
    bool closed() const noexcept { return life_.is(Life::closed); }
    bool writing_paused() const noexcept { return writing_paused_; }
    const std::exception_ptr& lost_error() const noexcept { return lost_error_; }
    void set_option(int level, int option, const void* value, std::size_t size);
    void get_option(int level, int option, void* value, std::size_t size) const;

    void loop_closing() noexcept override;

private:
    friend class DatagramWaiter;
    friend class DatagramWaitAwaiter;

    // One operation or callback, forwarded to a member function.
    template <void (DatagramCore::*Handler)(int) noexcept>
    struct Poll final : Operation {
        Poll(DatagramCore& c, OpKind kind, int fd) noexcept : Operation(kind, fd), core(c) {}
        void completed(int result, const char*, bool) noexcept override { (core.*Handler)(result); }
        DatagramCore& core;
    };
    template <void (DatagramCore::*Handler)()>
    struct Later final : Callback {
        Later(DatagramCore& c, const char* what) noexcept : core(c), what_(what) {}
        void run() override {
            waiting = false;
            const DatagramRef alive(&core);
            (core.*Handler)();
        }
        void discard() noexcept override {
            waiting = false;
            core.discarded();
        }
        const char* name() const noexcept override { return what_; }
        DatagramCore& core;
        bool waiting = false;

    private:
        const char* what_;
    };

    // A datagram in a buffer: this, and behind it `size` bytes.
    struct Record {
        PeerAddress peer;
        std::uint32_t size = 0;
    };
    // What the network reported and nobody was told yet.
    struct Failure {
        int code = 0;
        bool sending = false;
        PeerAddress peer;
    };

    DatagramCore(LoopState& loop, int fd, int family, const PeerAddress& remote, std::size_t receive_limit);
    ~DatagramCore() = default;

    void readable(int result) noexcept;
    void receive_batch() noexcept;
    int receive_one() noexcept;
    void receive_more() noexcept;
    void tell_receiver() noexcept;
    DatagramView take_first() noexcept;
    void note_error(int code, bool sending, const PeerAddress& peer) noexcept;
    [[noreturn]] void throw_error();

    int send_now(std::string_view data, const PeerAddress& to) noexcept;
    void send_or_keep(std::string_view data, const PeerAddress& to);
    void keep(std::string_view data, const PeerAddress& to);
    void writable(int result) noexcept;
    void flush() noexcept;
    void flush_again() { flush(); }
    void back_off() noexcept;
    void wait_for_room() noexcept;
    void check_write_buffer();

    void dispatch();
    void pause_protocol();
    bool dispatch_one();
    template <class Call>
    void call_protocol(const char* name, Call&& call);

    void fail(int code, const char* attempted) noexcept;
    void force_close(std::exception_ptr error) noexcept;
    void stop_receiving() noexcept;
    void schedule_loss(std::exception_ptr error) noexcept;
    void lose();
    void end() noexcept;
    void release_when_idle() noexcept;
    void discarded() noexcept;
    void delete_if_done() noexcept;
    bool doomed() const noexcept { return life_.is(Life::doomed); }
    Backend& backend() const noexcept { return *loop_.backend; }

    LoopState& loop_;
    int fd_;
    int family_;
    Life life_;
    bool connected_ = false;       // the kernel knows the remote address
    bool receiving_ = false;       // start() was called
    bool writing_paused_ = false;  // the write buffer was beyond the high water mark
    bool resume_is_due_ = false;   // the protocol was told to pause, and not yet to go on
    std::uint8_t sends_after_close_ = 0;
    std::uint32_t references_ = 0;
    PeerAddress remote_;  // empty: each datagram names its own
    std::size_t receive_limit_;
    WaterMarks water_{kDatagramHighWater};
    std::size_t out_bytes_ = 0;
    ByteBuffer in_, out_;  // Records
    Failure error_;
    DatagramWaiter* reader_ = nullptr;  // who waits, or was woken and has not resumed yet
    CallbackList drains_, close_waits_;
    Poll<&DatagramCore::readable> poll_in_;
    Poll<&DatagramCore::writable> poll_out_;
    Later<&DatagramCore::lose> loss_;
    Later<&DatagramCore::dispatch> dispatch_;
    Later<&DatagramCore::flush_again> retry_;  // a timer
    std::exception_ptr lost_error_;
    std::shared_ptr<DatagramProtocol> protocol_;  // holds one reference to this
    ContextSlot context_ = read_context();
};

}  // namespace aio::detail
