// c-ares on the loop: its sockets are watched by poll operations, its time-outs are a timer of the loop.
//
// c-ares opens, reads and closes its sockets itself, through functions that it is given (kSocketFunctions). A
// descriptor may only be closed when the backend has no operation on it (backend.hpp), and c-ares closes whenever it
// likes: so its close() only dismisses the AresSocket, which closes the descriptor after its last completion.
//
// c-ares is entered from three places, never from inside itself: a question, the end of the last one's wait
// (let_go), and process(), which runs as a callback of the loop after completions and when a time-out is due.
//
// A single question cannot be taken back in c-ares 1.18. One that nobody waits for runs on, and its answer is
// dropped; when nobody waits for any, all of them are cancelled, and c-ares closes its sockets.
#pragma once

#include <aio/core/handle.hpp>
#include <aio/io/dns.hpp>
#include <aio/sync/event.hpp>

#include "core/loop_state.hpp"
#include "io/raw_address.hpp"

#include <memory>
#include <string>
#include <vector>

struct ares_channeldata;

namespace aio::detail {

class AresChannel;
class AresSocket;

struct AresSettings {
    std::string servers;
    Duration timeout{0};
    int tries = 0;
    bool rotate = false, tcp = false;
};

// One question and its answer. It lives until it is answered and its coroutine has let go of it.
struct AresQuery {
    explicit AresQuery(AresChannel& c) noexcept : channel(c) {}

    AresChannel& channel;
    Event done;
    bool abandoned = false;
    int status = 0;  // ARES_*
    int port = 0;    // to be put into the addresses
    std::vector<Address> addresses;
    std::string canonname;
    NameInfo names;
};

class AresChannel final : public Callback, public LoopResource, public std::enable_shared_from_this<AresChannel> {
public:
    // Errors of both: ValueError for servers that are none; std::bad_alloc; OSError when c-ares refuses to begin.
    static std::shared_ptr<AresChannel> open(LoopState& loop, const AresSettings& settings);
    static void check(const AresSettings& settings);
    ~AresChannel();

    LoopState& loop() const noexcept { return loop_; }
    bool closed() const noexcept { return ares_ == nullptr; }
    // Answers what is asked with ARES_EDESTRUCTION and closes the sockets.
    void close() noexcept;
    void loop_closing() noexcept override { close(); }

    // Both may be answered inside the call. `query` is the channel's too from here on, until it is answered.
    void ask_addresses(AresQuery& query, const std::string& host, const LookupOptions& options) noexcept;
    void ask_names(AresQuery& query, const RawAddress& address, int flags) noexcept;
    // The end of `query`, which was asked, for its coroutine: it may be gone after this.
    void let_go(AresQuery& query) noexcept;

    // What AresSocket and the callbacks of c-ares call.
    void answered(AresQuery& query, int status) noexcept;
    void watch(int fd, bool readable, bool writable) noexcept;
    int open_socket(int family, int type, int protocol) noexcept;
    int close_socket(int fd) noexcept;
    void process_soon() noexcept;

    void run() override { process(); }
    void discard() noexcept override { scheduled_.reset(); }
    const char* name() const noexcept override { return "AresResolver"; }

private:
    explicit AresChannel(LoopState& loop) noexcept : loop_(loop) {}
    void begin_question() noexcept;
    void process() noexcept;
    AresSocket* ready_socket() const noexcept;
    void arm_timer() noexcept;

    LoopState& loop_;
    ares_channeldata* ares_ = nullptr;  // null: closed
    AresSocket* sockets_ = nullptr;     // a list
    std::size_t asked_ = 0;             // questions that c-ares has not answered
    std::size_t waited_for_ = 0;        // those of them that somebody waits for
    TimerHandle timer_;
    std::shared_ptr<AresChannel> scheduled_;  // this, while it stands in the ready queue
};

}  // namespace aio::detail
