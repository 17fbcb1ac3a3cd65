// What Transport is a handle to: a stream, and the protocol that is called with what happens to it.
//
// The stream below is any StreamCore: a socket, TLS over one, a pipe. It tells an observer that something came, inside
// a completion, where nothing of the user's may run; so this puts itself into the ready queue, and there looks what there
// is to tell: room to write, data, the end, the loss, in this order. Nothing but this stands in the queue, once.
//
// It lives until the loss is told and the last handle is dropped: the connection itself counts as a reference.
#pragma once

#include <aio/base/assert.hpp>
#include <aio/base/function.hpp>
#include <aio/io/protocol.hpp>

#include "core/loop_resource.hpp"
#include "core/loop_state.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace aio::detail {

using ProtocolMaker = Function<std::shared_ptr<BaseProtocol>()>;

class TransportCore final : private Callback, private ReadObserver, private LoopResource {
public:
    // Makes the protocol and calls connection_made(), now. Errors: what these throw; the connection is aborted then.
    static std::pair<Transport, std::shared_ptr<BaseProtocol>> connect(StreamRef stream, const ProtocolMaker& maker);
    // The same from the loop. Errors are reported; of this call: std::bad_alloc.
    static void serve(StreamRef stream, ProtocolMaker maker);

    void retain() noexcept { ++references_; }
    void release() noexcept {
        AIO_ASSERT(references_ > 0);
        if (--references_ == 0) delete this;
    }
    const StreamRef& stream() const noexcept { return stream_; }

    void write(std::string_view data);
    void set_write_buffer_limits(std::size_t high, std::size_t low);
    std::pair<std::size_t, std::size_t> write_buffer_limits() const noexcept;

    void pause_reading() noexcept;
    void resume_reading() noexcept;
    bool is_reading() const noexcept { return !paused_ && !stream_->is_closing(); }
    // While the stream changes below: what comes is not the protocol's.
    void hold_input() noexcept { ++holds_; }
    void let_input() noexcept;

    void close();
    void abort();

    void set_protocol(std::shared_ptr<BaseProtocol> protocol);
    const std::shared_ptr<BaseProtocol>& protocol() const noexcept { return protocol_; }

private:
    // Stands in the stream's list of those who wait for room.
    struct Room final : Callback {
        explicit Room(TransportCore& c) noexcept : core(c) {}
        void run() override {
            listed = false;
            core.schedule();
        }
        void discard() noexcept override { listed = false; }
        const char* name() const noexcept override { return "resume_writing"; }
        TransportCore& core;
        bool listed = false;
    };
    class Alive;

    explicit TransportCore(StreamRef stream);
    ~TransportCore() = default;

    void something_came() noexcept override;
    void schedule() noexcept;
    void run() override;
    void discard() noexcept override;
    void loop_closing() noexcept override;
    const char* name() const noexcept override { return "protocol"; }

    void attach() noexcept;
    void adopt(std::shared_ptr<BaseProtocol> protocol);
    void tell();
    void begin();
    void pause_protocol();
    void wait_for_room() noexcept;
    void tell_room();
    bool takes_input() const noexcept;
    void deliver();
    void deliver_data();
    void deliver_into_buffer();
    void tell_end();
    bool loss_is_due() const noexcept;
    void tell_loss();
    void finish() noexcept;

    // Calls `call()`, of the protocol's. What it throws is reported as `message`, and returned; null: nothing.
    template <class Call>
    std::exception_ptr attempt(const char* message, Call&& call);
    // The same, and an error ends the connection.
    template <class Call>
    void must(const char* message, Call&& call);
    void fail(std::exception_ptr error);

    LoopState& loop_;
    StreamRef stream_;
    ProtocolMaker maker_;  // until the protocol is made
    std::shared_ptr<BaseProtocol> protocol_;
    Protocol* streaming_ = nullptr;         // protocol_, if it is of this kind
    BufferedProtocol* buffered_ = nullptr;  // or of that one
    Room room_;
    std::exception_ptr failure_;  // what a callback threw: what connection_lost() is told
    ContextSlot context_ = read_context();
    std::uint32_t references_ = 0;
    std::uint32_t holds_ = 0;
    bool scheduled_ = false;    // in the ready queue
    bool paused_ = false;       // pause_reading()
    bool deaf_ = false;         // close(), abort() or a failure of the protocol's: it receives nothing any more
    bool end_came_ = false;     // the peer sends nothing more
    bool end_told_ = false;     // eof_received() was called
    bool told_paused_ = false;  // pause_writing() was called, and not yet resume_writing()
    bool finished_ = false;     // connection_lost() was called
};

// Keeps one alive while it calls a protocol.
class TransportCore::Alive {
public:
    explicit Alive(TransportCore& core) noexcept : core_(core) { core_.retain(); }
    Alive(const Alive&) = delete;
    ~Alive() { core_.release(); }

private:
    TransportCore& core_;
};

}  // namespace aio::detail
