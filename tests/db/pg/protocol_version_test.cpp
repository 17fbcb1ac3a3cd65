// min_protocol_version and max_protocol_version: what is asked for, what servers choose, and the longer keys of 3.2. With a
// scripted server, since Debian's PostgreSQL is older than that version.
#include "db/pg/fake_postgres.hpp"
#include "db/pg/with_server.hpp"

#include <atomic>
#include <mutex>

namespace aio::test::fake {
namespace {

constexpr std::uint32_t kCancelRequest = 80'877'102;

// Welcomes clients with a key of 32 bytes, after it has chosen the version `chosen` if that is not what was asked for. A statement is
// only answered when a cancel request has come.
class Server {
public:
    explicit Server(std::uint32_t chosen) : chosen_(chosen), server_([this](RawPeer& peer) { serve(peer); }) {}

    std::string dsn(const std::string& more) const {
        return "host=127.0.0.1 port=" + std::to_string(server_.port()) + " user=me sslmode=disable " + more;
    }
    std::uint32_t asked() const { return asked_; }
    std::string cancel_request() {
        const std::lock_guard lock(mutex_);
        return cancel_request_;
    }

    static std::string key() { return std::string(32, 'k'); }

private:
    void serve(RawPeer& peer) {
        const std::string length = peer.read(4);
        if (length.size() < 4) return;
        const std::string body = peer.read(load(length) - 4);
        const std::uint32_t version = load(body);
        if (version == kCancelRequest) {
            const std::lock_guard lock(mutex_);
            cancel_request_ = body.substr(4);
            is_cancelled_ = true;
            return;
        }
        asked_ = version;
        const std::string negotiation = version == chosen_ ? "" : message('v', number(chosen_) + number(0));
        peer.write(negotiation + authentication(0) + message('K', number(7) + key()) + ready());
        while (true) {
            const std::string types = next_requests(peer);
            if (types.empty()) return;
            while (!is_cancelled_) std::this_thread::sleep_for(1ms);
            peer.write(error("57014", "canceling statement due to user request") + ready());
        }
    }

    std::uint32_t chosen_;
    std::atomic<std::uint32_t> asked_ = 0;
    std::atomic<bool> is_cancelled_ = false;
    std::mutex mutex_;
    std::string cancel_request_;
    RawServer server_;
};

constexpr std::uint32_t kVersion30 = 3 << 16, kVersion32 = 3 << 16 | 2;

ASYNC_TEST(PgProtocolVersion, is_the_oldest_unless_asked_for, kOnce) {
    if (simulated()) CO_SKIP();
    const Server old(kVersion30), recent(kVersion32);
    const auto plain = co_await pg::connect(old.dsn(""));
    EXPECT_EQ(old.asked(), kVersion30);
    const auto latest = co_await pg::connect(recent.dsn("max_protocol_version=latest"));
    EXPECT_EQ(recent.asked(), kVersion32);
    const auto falls_back = co_await pg::connect(old.dsn("max_protocol_version=3.2"));
    EXPECT_EQ(old.asked(), kVersion32);
    const std::string error =
        co_await expect_throws<Error>(pg::connect(old.dsn("min_protocol_version=3.2 max_protocol_version=3.2")));
    EXPECT_THAT(error, testing::HasSubstr("min_protocol_version"));
    const std::string lie =
        co_await expect_throws<Error>(pg::connect(recent.dsn("")));  // newer than it was asked for
    EXPECT_THAT(lie, testing::HasSubstr("3.2"));
    for (const auto& connection : {plain, latest, falls_back}) connection.terminate();
}

ASYNC_TEST(PgProtocolVersion, of_3_2_has_long_keys_for_cancel_requests, kOnce) {
    if (simulated()) CO_SKIP();
    Server server(kVersion32);
    const auto connection = co_await pg::connect(server.dsn("max_protocol_version=3.2"));
    auto task = create_task(connection.execute("SELECT 1"));
    co_await sleep(20ms);
    task.cancel();
    co_await expect_throws<CancelledError>(std::move(task));
    while (server.cancel_request().empty()) co_await sleep(1ms);
    EXPECT_EQ(server.cancel_request(), number(7) + Server::key());
    connection.terminate();
}

}  // namespace
}  // namespace aio::test::fake
