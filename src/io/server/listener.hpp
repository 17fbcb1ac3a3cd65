// One listening socket of a server.
#pragma once

#include "core/loop_state.hpp"
#include "io/address/raw_address.hpp"

#include <sys/types.h>

#include <exception>
#include <string>

namespace aio::detail {

class Listener;

class ListenerOwner {
public:
    // A connection; `fd` is the owner's now.
    virtual void accepted(int fd) noexcept = 0;
    // accept() fails, and the listener tries again in a moment. Told at most once a second while the error stays the same.
    virtual void accept_failed(Listener& listener, std::exception_ptr error, bool out_of_resources) noexcept = 0;
    // After stop(): the descriptor is gone.
    virtual void listener_closed(Listener& listener) noexcept = 0;

protected:
    ~ListenerOwner() = default;
};

class Listener final {
public:
    // Opens and binds. Errors: OSError.
    Listener(LoopState& loop, ListenerOwner& owner, const RawAddress& address, bool reuse_address, bool reuse_port,
             bool keep_alive);
    // Takes over a socket that was bound elsewhere. Errors: ValueError, RuntimeError, OSError; it stays the caller's then.
    Listener(LoopState& loop, ListenerOwner& owner, int fd);
    Listener(const Listener&) = delete;
    ~Listener();

    // Errors: OSError.
    void listen(int backlog);
    // Listens no more; listener_closed() comes now or from a later poll.
    void stop() noexcept;
    bool closed() const noexcept { return fd_ < 0; }

    Address address() const;

private:
    struct Accept final : Operation {
        Accept(Listener& l, int fd) noexcept : Operation(OpKind::accept, fd), listener(l) {}
        void completed(int result, const char*, bool more) noexcept override { listener.accepted(result, more); }
        Listener& listener;
    };
    // Stands in the timer queue while accepting pauses.
    struct Retry final : Callback {
        explicit Retry(Listener& l) noexcept : listener(l) {}
        void run() override { listener.retry(); }
        void discard() noexcept override {
            waiting = false;
            if (listener.stopping_) listener.close_if_idle();
        }
        const char* name() const noexcept override { return "accept again"; }
        Listener& listener;
        bool waiting = false;
    };

    void set_flag(int level, int option) noexcept;
    void bind();
    void remove_path() noexcept;
    void accepted(int result, bool more) noexcept;
    void pause() noexcept;
    void report(int error) noexcept;
    void retry() noexcept;
    void close_if_idle() noexcept;
    Backend& backend() const noexcept { return *loop_.backend; }

    LoopState& loop_;
    ListenerOwner& owner_;
    RawAddress address_;
    int fd_ = -1;
    bool stopping_ = false;
    bool adopted_ = false;        // other processes may have it, too
    std::string path_;            // of an AF_UNIX address in the file system: stop() needs no memory
    ino_t inode_ = 0;             // what is at path_, once it is ours to remove
    int transient_failures_ = 0;  // in succession
    int reported_ = 0;            // the last error that was reported, and when it may be reported again
    TimePoint next_report_{};
    Accept accept_;
    Retry retry_;
};

}  // namespace aio::detail
