// Ports, backlogs, descriptors and the other numbers of addresses at their ends. The rule and its check:
// tools/extremes.py.
#include <aio/core/timeout.hpp>
#include <aio/io/datagram.hpp>
#include <aio/io/pipe.hpp>
#include <aio/io/sharded_server.hpp>

#include "core/sanitized.hpp"
#include "io/protocol/protocols.hpp"
#include "support/resolvers.hpp"
#include "support/test_run.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <climits>

namespace aio::test {
namespace {

using testing::HasSubstr;

constexpr int kNoPorts[] = {INT_MIN, -1, 65536, INT_MAX};
constexpr int kNoDescriptors[] = {INT_MIN, -1, 1'000'000, INT_MAX};

// What the ValueError for a port says; fails for another error, and for none.
template <class A>
Coro<> refuses_port(A awaitable, int port) {
    const std::string what = co_await expect_throws<ValueError>(std::move(awaitable));
    EXPECT_THAT(what, HasSubstr("port must be 0-65535, not " + std::to_string(port)));
}

template <class A>
Coro<> refuses_descriptor(A awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
        ADD_FAILURE() << "nothing was thrown";
    } catch (const OSError& error) {
        EXPECT_EQ(error.code(), EBADF) << error.what();
    } catch (const ValueError& error) {
        EXPECT_THAT(error.what(), HasSubstr("descriptor"));
    }
}

Coro<> serve_nobody(StreamReader, StreamWriter) { co_return; }

}  // namespace

// Extremes: open_connection(port), ConnectionOptions::local_port, create_connection(port), start_server(port),
//     create_server(port), start_sharded_server(port)
ASYNC_TEST(Extremes, of_ports_of_streams, kOnce) {
    LoopGroup group({.size = 1, .backend = harness::backend_name()});
    for (const int port : kNoPorts) {
        co_await refuses_port(open_connection("127.0.0.1", port), port);
        co_await refuses_port(open_connection("127.0.0.1", 1, {.local_port = port}), port);
        co_await refuses_port(create_connection(make_echo, "127.0.0.1", port), port);
        co_await refuses_port(start_server(serve_nobody, "127.0.0.1", port), port);
        co_await refuses_port(create_server(make_echo, "127.0.0.1", port), port);
        // TSan does not see how libstdc++ counts the owners of an exception, of which a loop's thread is one.
        if (kSanitized) continue;
        co_await refuses_port(start_sharded_server(group, serve_nobody, "127.0.0.1", port), port);
    }
    group.stop();
    // Nobody listens there; 0 is a port that nobody can listen at.
    for (const int port : {0, 65535}) {
        co_await expect_throws<OSError>(open_connection("127.0.0.1", port));
        co_await expect_throws<OSError>(create_connection(make_echo, "127.0.0.1", port));
    }
    Server server = co_await start_server(serve_nobody, "127.0.0.1", 0);
    EXPECT_GE(server.port(), 1);
    EXPECT_LE(server.port(), 65535);
    co_await finish(server);
    try {
        Server last = co_await start_server(serve_nobody, "127.0.0.1", 65535);
        EXPECT_EQ(last.port(), 65535);
        co_await finish(last);
    } catch (const OSError& error) {
        EXPECT_EQ(error.code(), EADDRINUSE);
    }
}

// Extremes: getaddrinfo(port), Resolver::getaddrinfo(port), ThreadedResolver::getaddrinfo(port),
//     AresResolver::getaddrinfo(port), CachingResolver::getaddrinfo(port)
ASYNC_TEST(Extremes, of_ports_of_names, kOnce) {
    for (const int port : kNoPorts) {
        co_await refuses_port(aio::getaddrinfo("127.0.0.1", port), port);
        co_await refuses_port(aio::getnameinfo(Address{"127.0.0.1", port, {}}), port);
    }
    // Resolvers are asked with ports that were checked; whatever comes with an answer is the port that was given.
    FakeResolver& fake = use_fake_resolver();
    fake.names["a.test"].hosts = {"192.0.2.1"};
    auto cached = std::make_shared<CachingResolver>(get_resolver());
    set_resolver(cached);
    for (const int port : {0, 1, 65535}) {
        for (const std::string host : {"127.0.0.1", "a.test"}) {
            const auto infos = co_await aio::getaddrinfo(host, port);
            EXPECT_EQ(infos.front().address.port, port);
        }
        EXPECT_EQ((co_await ThreadedResolver().getaddrinfo("127.0.0.1", port, {})).front().address.port, port);
    }
}

// Extremes: LookupOptions::family, LookupOptions::type, LookupOptions::proto, LookupOptions::flags,
//     ConnectionOptions::family, getnameinfo(flags)
ASYNC_TEST(Extremes, of_families_and_kinds, kOnce) {
    for (const int none : {INT_MIN, -1, INT_MAX}) {
        EXPECT_THAT(co_await expect_throws<GaiError>(aio::getaddrinfo("127.0.0.1", 1, {.family = none})),
                    HasSubstr("family"));
        co_await expect_throws<GaiError>(aio::getaddrinfo("127.0.0.1", 1, {.type = none}));
        co_await expect_throws<GaiError>(aio::getaddrinfo("127.0.0.1", 1, {.type = SOCK_STREAM, .proto = none}));
        co_await expect_throws<GaiError>(open_connection("127.0.0.1", 1, {.family = none}));
    }
    for (const int flags : {0, 1, INT_MAX & ~AI_NUMERICHOST}) {
        EXPECT_FALSE((co_await aio::getaddrinfo("127.0.0.1", 1, {.flags = flags})).empty());
    }
    EXPECT_EQ((co_await aio::getnameinfo(Address{"127.0.0.1", 1, {}}, NI_NUMERICHOST | NI_NUMERICSERV)).service, "1");
}

// Extremes: ServerOptions::backlog
ASYNC_TEST(Extremes, of_backlogs, kOnce) {
    for (const int backlog : {INT_MIN, -1, 0, 1, INT_MAX}) {
        Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.backlog = backlog});
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        writer.write("hello\n");
        EXPECT_EQ(co_await reader.readline(), "hello\n") << backlog;
        co_await end(server, writer);
    }
}

// Extremes: ConnectionOptions::happy_eyeballs_delay, ConnectionOptions::interleave
ASYNC_TEST(Extremes, of_attempts_to_connect, kOnce) {
    FakeResolver& resolver = use_fake_resolver();
    resolver.names["two.test"].hosts = {"127.0.0.2", "127.0.0.1"};
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    for (const Duration delay : {Duration::min(), Duration(-1), Duration(0), Duration(1), Duration::max()}) {
        for (const int interleave : {INT_MIN, -1, 0, 1, INT_MAX}) {
            const ConnectionOptions options{.happy_eyeballs_delay = delay, .interleave = interleave};
            auto [reader, writer] = co_await open_connection("two.test", server.port(), options);
            EXPECT_EQ(writer.peername().host, "127.0.0.1");
            writer.close();
            co_await writer.wait_closed();
        }
    }
    co_await finish(server);
}

// Extremes: start_server(fd), create_server(fd), connect_accepted_socket(fd), DatagramOptions::sock,
//     connect_read_pipe(fd), connect_write_pipe(fd)
ASYNC_TEST(Extremes, of_descriptors_that_are_taken_over, kOnce) {
    for (const int fd : kNoDescriptors) {
        co_await refuses_descriptor(start_server(serve_nobody, fd));
        co_await refuses_descriptor(create_server(make_echo, fd));
        co_await refuses_descriptor(connect_accepted_socket(fd));
        co_await refuses_descriptor(connect_accepted_socket(make_echo, fd));
        co_await refuses_descriptor(connect_read_pipe(make_echo, fd));
        co_await refuses_descriptor(connect_write_pipe(make_echo, fd));
        EXPECT_THROW(connect_read_pipe(fd), OSError);
        EXPECT_THROW(connect_write_pipe(fd), OSError);
        if (fd >= 0) co_await refuses_descriptor(create_datagram_endpoint({.sock = fd}));
    }
}

// Extremes: Address::port, Address::Address(p), AddressView::port, AddressView::AddressView(port_number)
TEST(Extremes, of_addresses) {
    for (const int port : {INT_MIN, -1, 0, 65535, 65536, INT_MAX}) {
        const Address address{"192.0.2.1", port, {}};
        EXPECT_EQ(address.str(), "192.0.2.1:" + std::to_string(port)) << "it is only text";
        EXPECT_EQ(AddressView(address).port, port);
        EXPECT_EQ(AddressView("192.0.2.1", port).port, port);
        if (port < 0 || port > 65535) {
            EXPECT_THROW(PeerAddress{address}, ValueError) << "and this is to be sent to";
        } else {
            EXPECT_EQ(PeerAddress(address).address().port, port);
        }
    }
}

// Extremes: CacheOptions::ttl, CacheOptions::negative_ttl, CacheOptions::max_entries
ASYNC_TEST(Extremes, of_caches, kOnce) {
    auto inner = std::make_shared<FakeResolver>();
    inner->names["a.test"].hosts = {"192.0.2.1"};
    inner->names["b.test"].hosts = {"192.0.2.2"};
    inner->names["none.test"] = {{}, Duration(0), EAI_NONAME};
    for (const Duration below : {Duration::min(), Duration(-1)}) {
        EXPECT_THROW(CachingResolver(inner, {.ttl = below}), ValueError);
        EXPECT_THROW(CachingResolver(inner, {.negative_ttl = below}), ValueError);
    }
    EXPECT_THROW(CachingResolver(inner, {.max_entries = 0}), ValueError);
    for (const Duration ttl : {Duration(0), Duration(1), Duration::max()}) {
        for (const std::size_t entries : {std::size_t{1}, SIZE_MAX}) {
            CachingResolver cache(inner, {.ttl = ttl, .negative_ttl = ttl, .max_entries = entries});
            for (const std::string name : {"a.test", "b.test", "a.test"}) {
                EXPECT_EQ((co_await cache.getaddrinfo(name, 7, {})).front().address.port, 7);
            }
            co_await expect_throws<GaiError>(cache.getaddrinfo("none.test", 7, {}));
            EXPECT_EQ(cache.size(), ttl == Duration(0) ? 0u : std::min<std::size_t>(entries, 3));
        }
    }
}

// Extremes: AresOptions::timeout, AresOptions::tries
TEST(Extremes, of_questions_to_name_servers) {
    for (const Duration below : {Duration::min(), Duration(-1)}) {
        EXPECT_THROW(AresResolver({.timeout = below}), ValueError);
    }
    for (const int below : {INT_MIN, -1}) EXPECT_THROW(AresResolver({.tries = below}), ValueError);
    for (const Duration timeout : {Duration(0), Duration(1), Duration::max()}) {
        for (const int tries : {0, 1, INT_MAX}) AresResolver resolver({.timeout = timeout, .tries = tries});
    }
}

}  // namespace aio::test
