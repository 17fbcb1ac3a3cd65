// A pool that is shut while requests are under way, with memory and without.
#include "http/client/fake_host.hpp"
#include "http/client/pool.hpp"
#include "support/allocations.hpp"

namespace aio::test {
namespace {

using http::ClientSession;
using testing::HasSubstr;

// The URL that the request was about, and what it failed with.
Coro<std::string> failure_of(http::ClientRequest request) {
    try {
        static_cast<void>(co_await std::move(request));
    } catch (const http::ClientConnectionError& error) {
        co_return (error.request_info() ? error.request_info()->url.path() : "?") + std::string(" ") + error.what();
    }
    co_return "answered";
}

// One request has the only place and waits for its answer, the others wait for the place.
ASYNC_TEST(ClientPool, is_shut_without_memory, kOnce) {
    FakeHost& host =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            co_await self.read(reader);
            co_await reader.read();
            writer.close();
        });
    http::ConnectorOptions places;
    places.limit = 1;
    http::SessionOptions options;
    options.connector = http::TCPConnector(places).share();
    ClientSession session(std::move(options));
    std::vector<Task<std::string>> tasks;
    for (const char* path : {"/0", "/1", "/2"}) tasks.push_back(create_task(failure_of(session.get(host.url(path)))));
    while (host.requests.empty()) co_await aio::sleep(1ms);
    EXPECT_EQ(session.connector().statistics().waiting, 2u);
    const std::shared_ptr<http::detail::Pool> pool = session.connector().pool();
    {
        const FailingAllocations none(1, true);
        pool->shut();
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        EXPECT_EQ(co_await tasks[i], "/" + std::to_string(i) + " the connector was closed");
    }
    co_await end(session, host);
}

}  // namespace
}  // namespace aio::test
