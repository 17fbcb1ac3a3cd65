// A TCP proxy in a thread of its own, in front of a server on 127.0.0.1: it delays, splits, freezes and cuts what passes, and
// does so separately for PostgreSQL's cancel requests, which come on connections of their own. Its settings may be changed at
// any time.
//
//     TcpProxy proxy(postgres().port());
//     proxy.piece = 1;  // each byte is sent alone
//     const auto connection = co_await pg::connect("host=127.0.0.1 port=" + std::to_string(proxy.port()) + ...);
#pragma once

#include "base/unique_fd.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {

class TcpProxy {
public:
    explicit TcpProxy(int server_port);
    TcpProxy(const TcpProxy&) = delete;
    ~TcpProxy();
    int port() const noexcept { return port_; }

    // --- settings ---------------------------------------------------------------------------------------------------

    std::atomic<std::size_t> piece{65'536};   // bytes that are sent at once, at the most
    std::atomic<int> delay_us{0};             // what is read waits for up to this
    std::atomic<int> cancel_delay_us{0};      // and what belongs to a cancel request for this, too
    std::atomic<bool> frozen{false};          // nothing passes any more
    std::atomic<bool> cancels_frozen{false};  // of cancel requests
    std::atomic<std::int64_t> cut_after{-1};  // of each new connection: bytes from the server, then it is reset
    void cut_all();                           // resets all that are open

    // --- what was seen ------------------------------------------------------------------------------------------------

    int cancels() const noexcept { return cancels_; }            // requests in all
    int most_cancels() const noexcept { return most_cancels_; }  // at the same time
    int connections() const noexcept { return connections_; }    // that are open, cancel requests included

    // What passed, in order: runs of bytes in one direction.
    struct Run {
        bool from_server = false;
        std::string bytes;
    };
    // Of the connection that was opened last, without its pieces.
    std::vector<Run> last_recording() const;

private:
    struct Link;
    void run();
    void accept();

    int server_port_;
    int port_ = 0;
    detail::UniqueFd listener_, wakeup_;
    std::atomic<bool> stopping_{false}, cutting_{false};
    std::atomic<int> cancels_{0}, most_cancels_{0}, connections_{0};
    std::vector<std::unique_ptr<Link>> links_;
    mutable std::mutex mutex_;  // of recording_
    std::vector<Run> recording_;
    std::uint64_t newest_ = 0;
    std::thread thread_;
};

}  // namespace aio::test
