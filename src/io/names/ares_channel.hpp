// c-ares on the loop: its sockets are watched by poll operations, its time-outs are a timer of the loop.
//
// A channel asks one question. In c-ares 1.18 the questions of a channel share their fate: a name server that closes the
// TCP connection of one of them, or refuses it, ends all those that the server was asked; none can be taken back alone;
// and the servers are what they were when the channel was made.
//
// c-ares opens, reads and closes its sockets itself, through functions that it is given (kSocketFunctions). A
// descriptor may only be closed when the backend has no operation on it (backend.hpp), and c-ares closes whenever it
// likes: so its close() only dismisses the AresSocket, which closes the descriptor after its last completion.
//
// c-ares is entered from three places, never from inside itself: the question, its end (close), and process(), which runs
// as a callback of the loop after completions and when a time-out is due.
#pragma once

#include <aio/core/handle.hpp>
#include <aio/io/dns.hpp>
#include <aio/sync/event.hpp>

#include "core/loop_state.hpp"
#include "io/address/raw_address.hpp"
#include "io/names/resolv_conf.hpp"

#include <memory>
#include <string>
#include <vector>

struct ares_channeldata;
struct ares_addrinfo;

namespace aio::detail {

class AresSocket;

// What came of a question.
struct AresAnswer {
    int status = 0;  // ARES_*
    int error = 0;   // an errno: why no socket could be opened, if that was it
    std::vector<Address> addresses;
    std::string canonname;
    NameInfo names;
};

class AresChannel final : public Callback, public LoopResource, public std::enable_shared_from_this<AresChannel> {
public:
    // Errors: std::bad_alloc; OSError when c-ares refuses to begin.
    static std::shared_ptr<AresChannel> open(LoopState& loop, const ResolvConf& conf);
    ~AresChannel();

    // Both may be answered inside the call. The answer is `answer` when `answered` is set.
    void ask_addresses(const std::string& host, int family, int flags, int port) noexcept;
    void ask_names(const RawAddress& address, int flags) noexcept;
    Event answered;
    AresAnswer answer;

    // An unanswered question is answered with ARES_EDESTRUCTION; the sockets go.
    void close() noexcept;
    void loop_closing() noexcept override { close(); }

    // What AresSocket and the callbacks of c-ares call.
    void take_addresses(int status, const ares_addrinfo* found) noexcept;
    void take_names(int status, const char* host, const char* service) noexcept;
    void watch(int fd, bool readable, bool writable) noexcept;
    int open_socket(int family, int type, int protocol) noexcept;
    int close_socket(int fd) noexcept;
    int connect_socket(int fd, const sockaddr* address, socklen_t length) noexcept;
    AresSocket* socket(int fd) const noexcept;
    void process_soon() noexcept;

    void run() override { process(); }
    void discard() noexcept override { scheduled_.reset(); }
    const char* name() const noexcept override { return "AresResolver"; }

private:
    explicit AresChannel(LoopState& loop) noexcept : loop_(loop) {}
    void begin() noexcept;
    void end(int status) noexcept;
    void process() noexcept;
    AresSocket* ready_socket() const noexcept;
    void arm_timer() noexcept;

    LoopState& loop_;
    std::vector<RawAddress> link_local_;  // servers whose addresses mean something on one interface only
    ares_channeldata* ares_ = nullptr;    // null: closed
    AresSocket* sockets_ = nullptr;       // a list
    int port_ = 0;                        // to be put into the addresses
    bool asking_ = false;
    TimerHandle timer_;
    std::shared_ptr<AresChannel> scheduled_;  // this, while it stands in the ready queue
};

}  // namespace aio::detail
