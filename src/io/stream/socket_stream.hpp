// A stream over a connected socket: the transport of open_connection and start_server.
//
// Its life is drawn in aio/io/life.hpp. socket_receiving.cpp has its input, filtered_stream.cpp what differs with TLS,
// output_turn.hpp the output that bypasses its buffer.
#pragma once

#include <aio/core/frame_pool.hpp>
#include <aio/io/address.hpp>
#include <aio/io/stream_core.hpp>

#include "core/loop_state.hpp"
#include "io/address/raw_address.hpp"
#include "io/stream/stream_filter.hpp"

#include <netinet/in.h>

namespace aio::detail {

class OutputRoom;
class SocketStream;

// What a server is told about its connections. It outlives both calls.
class StreamOwner {
public:
    virtual void stream_closed(SocketStream& stream) noexcept = 0;
    // The stream's filter has set up the connection.
    virtual void stream_secured(SocketStream& stream) noexcept = 0;
    // The task that serves the stream is done, with this outcome; null: it was destroyed with its loop.
    virtual void handler_done(SocketStream& stream, FutureBase* task) noexcept = 0;

protected:
    ~StreamOwner() = default;
};

// Makes a stream socket that was opened elsewhere ready to be a stream's or a listener's. `what`: for errors.
// Errors: ValueError for what is no stream socket; RuntimeError when a stream owns it; OSError.
void adopt_socket(LoopState& loop, int fd, const std::string& what);

// The operations and callbacks of a stream. They are its bases, since a base finds its stream without a pointer.
struct SocketReceive : Operation {
    explicit SocketReceive(int fd) noexcept : Operation(OpKind::receive, fd) {}
    void completed(int result, const char* data, bool more) noexcept final;
};
struct SocketSend : Operation {
    explicit SocketSend(int fd) noexcept : Operation(OpKind::send, fd) {}
    void completed(int result, const char* data, bool more) noexcept final;
};
// connection_lost(), in a pass of its own.
struct SocketLoss : Callback {
    void run() final;
    void discard() noexcept final { SocketLoss::run(); }
    const char* name() const noexcept final { return "connection_lost"; }
};
// The end of the task that serves the stream.
struct SocketServed : Callback {
    SocketServed() noexcept { flags = kWantsFuture; }
    bool scheduled_by(FutureBase& future) noexcept final {
        task = FutureRef<FutureBase>::share(&future);
        return true;
    }
    void run() final;
    void discard() noexcept final { SocketServed::run(); }
    const char* name() const noexcept final { return "client_connected_cb done"; }
    FutureRef<FutureBase> task;
};

class SocketStream final : public StreamCore,
                           public LoopResource,
                           public Deferred,
                           private SocketReceive,
                           private SocketSend,
                           private SocketLoss,
                           private SocketServed {
public:
    static void* operator new(std::size_t bytes) { return frame_pool.allocate(bytes); }
    static void operator delete(void* stream, std::size_t bytes) noexcept { frame_pool.deallocate(stream, bytes); }

    // Takes over `fd`. Reading begins at once. Errors: ValueError, std::bad_alloc: `fd` is still the caller's.
    static StreamRef open(LoopState& loop, int fd, std::size_t limit, StreamOwner* owner = nullptr);

    void transport_write(std::string_view data) override;
    void write_eof() override;
    bool can_write_eof() const noexcept override { return !filter_; }
    void close() override;
    void abort() override;
    std::size_t write_buffer_size() const noexcept override {
        return out_.size() + sending_.size() + (filter_ ? filter_->output_size() : 0);
    }
    Address peername() const override;
    Address sockname() const override;
    int fileno() const noexcept override { return fd_; }
    StreamFilter* filter() const noexcept override { return filter_.get(); }

    void loop_closing() noexcept override;
    void before_poll() noexcept override { flush(); }

    // --- output that is one sender's: output_turn.hpp --------------------------------------------------------
    // From begin_turn() to end_turn() what goes out is the caller's affair: writing is refused. He sends when nothing
    // is buffered any more, and waits for that with output_room(). Errors: RuntimeError when nothing may be sent now.
    void check_no_turn(const char* function) const;
    void begin_turn();
    void end_turn() noexcept;
    // Precondition: it is somebody's turn.
    OutputRoom& output_room() const noexcept { return *room_; }
    // When the system has let go of it.
    void output_room_idle() noexcept;

    // Server: tells the owner when `task`, which serves this stream, is done; keeps a reference until then.
    void served_by(FutureBase& task) noexcept;
    // Whether `task` serves a stream of `owner`.
    static bool is_served_by(const FutureBase& task, const StreamOwner& owner);
    std::size_t place = 0;  // the owner's, to find the stream among its own
    StreamOwner* owner() const noexcept { return owner_; }

    // --- through a filter: filtered_stream.cpp ---

    // From now on everything goes through `filter`. What was written before goes out first, as it was; what was
    // received and not read is the filter's. Ends the validity of views.
    // Errors arrive at the filter's abandoned().
    void begin_filter(std::unique_ptr<StreamFilter> filter);
    bool ended() const noexcept { return eof_ || is_closing() || output_ == Output::ended; }
    // For the filter: where plain bytes go, and what to call when some were put there.
    ByteBuffer& plain_input() noexcept { return in_; }
    void plain_input_added() noexcept { data_added(); }
    ByteBuffer& plain_output() noexcept { return out_; }
    void flush_soon() noexcept;
    // Ends the connection at once, after the filter's last words.
    void fail_filter(std::exception_ptr error) noexcept;
    LoopState& loop() const noexcept { return loop_; }

private:
    // How input arrives.
    enum class Intake : std::uint8_t {
        delivered,  // receive_op() completes with the bytes, in the backend's memory
        announced,  // receive_op() completes when there is input; the observer calls receive_now()
        bulk        // the same, and fill() receives it into in_: for streams that bring much
    };
    // Who may write.
    enum class Output : std::uint8_t {
        shared,       // everybody
        one_senders,  // the holder of the turn, from begin_turn() to end_turn()
        ended         // nobody: write_eof() was called
    };

    friend SocketReceive;
    friend SocketSend;
    friend SocketLoss;
    friend SocketServed;
    SocketStream(LoopState& loop, int fd, std::size_t limit, StreamOwner* owner);
    ~SocketStream() override;

    void unreferenced() noexcept override;
    void pause_reading() noexcept override;
    void resume_reading() noexcept override;
    void announce_input(bool on) noexcept override;
    void fill() noexcept override;
    int receive_now(char* data, std::size_t size) noexcept override;

    void received(int result, const char* data, bool more) noexcept;
    int receive_some(char* data, std::size_t size) noexcept;
    void announced(int result) noexcept;
    void take(const char* data, std::size_t size) noexcept;
    void start_receiving() noexcept;
    void stop_receiving() noexcept;

    void send_eagerly(std::string_view data);
    void flush() noexcept;
    bool end_of_send_matters() const noexcept;
    void start_send(bool awaited) noexcept;
    void sent(int result) noexcept;
    void after_sending() noexcept;

    void filtered_received(int result, const char* data) noexcept;
    void seal_eagerly(std::string_view data);
    void flush_filtered() noexcept;
    bool seal_some(std::string_view& data);
    int seal_and_send(std::string_view& data);
    void close_filtered() noexcept;
    void end_filtered() noexcept;

    // Whether written bytes are dropped.
    bool drops_output() const noexcept { return doomed() || (filter_ && is_closing()); }
    void doom(std::exception_ptr error) noexcept;

    void end_reading() noexcept;
    void fail(int error, const char* attempted) noexcept;
    void force_close(std::exception_ptr error) noexcept;
    void schedule_loss(std::exception_ptr error) noexcept;
    void lose() noexcept;
    void release_when_idle() noexcept;
    void handler_done() noexcept;
    Backend& backend() const noexcept { return *loop_.backend; }
    SocketReceive& receive_op() noexcept { return *this; }
    SocketSend& send_op() noexcept { return *this; }

    LoopState& loop_;
    int fd_;
    Intake intake_ = Intake::delivered;
    Output output_ = Output::shared;
    bool stop_reading_ = false;  // nothing more is wanted from the socket, for now or for ever
    bool input_over_ = false;    // with a filter: the socket has ended
    std::uint8_t writes_after_loss_ = 0;
    std::uint8_t large_in_row_ = 0;  // receives that brought much
    StreamOwner* owner_;
    std::unique_ptr<OutputRoom> room_;  // of a turn: null unless somebody has one, or it is still in flight
    ByteBuffer sending_;                // what send_op() names
    std::unique_ptr<StreamFilter> filter_;
    std::exception_ptr doom_;  // what connection_lost() will be told
    // The peer's address if it is an IP address: reports need it after the connection is gone. AF_UNIX peers are
    // asked for when needed.
    union {
        sockaddr family_;
        sockaddr_in6 peer_;
    };
};

}  // namespace aio::detail
