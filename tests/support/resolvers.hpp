// Resolvers and addresses that behave as a test wants.
#pragma once

#include <aio/io/dns.hpp>
#include <aio/io/stream.hpp>

#include "support/async_test.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aio::test {

// Answers from a table, after a delay, and notes what it was asked.
class FakeResolver final : public Resolver {
public:
    struct Entry {
        std::vector<std::string> hosts;
        Duration delay{0};
        int error = 0;  // EAI_*
    };
    std::map<std::string, Entry> names;
    Log asked;        // "name" each time
    int ended = 0;    // look-ups that gave an answer or an error
    int gave_up = 0;  // those that were cancelled
    LookupOptions last_options;
    int last_port = -1;

    Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) override;
    Coro<NameInfo> getnameinfo(Address address, int flags) override;
};

// One that is the running loop's.
FakeResolver& use_fake_resolver();

// The hosts of an answer, one after the other.
Log hosts_of(const std::vector<AddressInfo>& infos);

// A port that listens and answers nobody: its backlog is full, so that whoever connects waits.
class SilentPort {
public:
    // Errors: OSError when the address cannot be bound.
    static Coro<SilentPort*> open(std::string host, int port = 0);
    ~SilentPort();
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;

    int port() const noexcept { return port_; }
    // Takes connections from now on: on sim, those that wait are connected at once.
    void open_up();
    // Stops listening: on sim, those that wait are refused at once.
    void refuse();
    // Connections that were taken, the one that filled the backlog included.
    int taken() const noexcept;

    SilentPort();

private:
    struct Accept;
    detail::LoopState& loop_;
    int fd_ = -1;
    int port_ = 0;
    std::optional<StreamPair> filler_;
    std::unique_ptr<Accept> accept_;
};

// A port that nobody listens at.
Coro<int> closed_port();

}  // namespace aio::test
