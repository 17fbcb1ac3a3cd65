// A server on 127.0.0.1 that is not to be trusted: each connection is served by a function in a thread of its own, with blocking
// calls. For peers that lie, stop in mid-message, or hang.
//
//     RawServer server([](RawPeer& peer) {
//         peer.read(8);
//         peer.write("nonsense");
//     });  // the connection is closed
#pragma once

#include "base/unique_fd.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace aio::test {

// One end of a connection. Its functions return early when the other end, or the server, is gone.
class RawPeer {
public:
    RawPeer(int fd, int number) noexcept : fd_(fd), number_(number) {}
    // Exactly so many bytes; fewer at the end.
    std::string read(std::size_t size);
    // False: nobody takes it any more.
    bool write(std::string_view bytes);
    // Until the client is gone.
    void hang();
    // The connection is reset, not closed, when the function returns.
    void reset_at_end();
    int number() const noexcept { return number_; }  // of the connection, from 0 on

private:
    int fd_;
    int number_;
};

class RawServer {
public:
    explicit RawServer(std::function<void(RawPeer&)> serve);
    RawServer(const RawServer&) = delete;
    // Ends all connections, and waits for their functions.
    ~RawServer();
    int port() const noexcept { return port_; }

private:
    void run();

    std::function<void(RawPeer&)> serve_;
    detail::UniqueFd listener_;
    int port_ = 0;
    std::mutex mutex_;
    std::condition_variable ended_;
    std::set<int> peers_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace aio::test
