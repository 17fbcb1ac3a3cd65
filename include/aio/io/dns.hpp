// Names and addresses: getaddrinfo(), getnameinfo(), and the resolvers that answer them.
//
//     auto infos = co_await aio::getaddrinfo("example.org", 443, {.type = SOCK_STREAM});
//     for (const aio::AddressInfo& info : infos) ... info.address.str() ...
//
// open_connection() and start_server() look names up through the same resolver, which is the loop's:
//
//     aio::set_resolver(std::make_shared<aio::CachingResolver>());                     // with a cache
//     aio::set_resolver(std::make_shared<aio::AresResolver>());                        // no threads
//
// A resolver belongs to a loop and not to the process: one with sockets, timers or a cache is then used by one thread,
// without locks, and ends with its loop. A ThreadedResolver, or another one without state,
// may be given to several loops.
//
// Thread rule: the loop's thread. Source: asyncio's loop.getaddrinfo() and loop.getnameinfo(), CPython 3.13
// base_events.py; RFC 3493; trio.abc.HostnameResolver and aiohttp.abc.AbstractResolver for the resolvers.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/time.hpp>
#include <aio/io/address.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio {

class EventLoop;
class Executor;

// The hints of getaddrinfo(3). Trivially destructible, so that `{.type = ...}` is safe inside a
// co_await expression on g++ 12.
struct LookupOptions {
    int family = 0;  // AF_INET, AF_INET6; 0 (AF_UNSPEC): both
    int type = 0;    // SOCK_STREAM, SOCK_DGRAM, SOCK_RAW; 0: an entry for each
    int proto = 0;   // IPPROTO_TCP...; 0: that of the type
    int flags = 0;   // AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST...
};

// One address of a name: the arguments of socket(2), and the address to connect to. Python's 5-tuple.
struct AddressInfo {
    int family = 0;         // AF_INET or AF_INET6
    int type = 0;           // SOCK_STREAM...
    int proto = 0;          // IPPROTO_TCP...
    std::string canonname;  // with AI_CANONNAME, in the first entry
    Address address;        // numeric, with the port

    // Constructors, here and below, so that temporaries are safe inside a co_await expression on g++ 12.
    AddressInfo() = default;
    AddressInfo(int f, int t, int p, std::string canonical, Address a)
        : family(f), type(t), proto(p), canonname(std::move(canonical)), address(std::move(a)) {}

    bool operator==(const AddressInfo&) const = default;
};

// The result of getnameinfo().
struct NameInfo {
    std::string host;     // a name, or the numeric address if it has none
    std::string service;  // "http", or the port number

    NameInfo() = default;
    NameInfo(std::string h, std::string s) : host(std::move(h)), service(std::move(s)) {}

    bool operator==(const NameInfo&) const = default;
};

// The addresses of `host`, in the order in which they are to be tried (RFC 6724); at least one. loop.getaddrinfo. A
// numeric address ("fe80::1%eth0" too) and an empty host are answered at once, without the resolver; the latter means
// every interface with AI_PASSIVE, else this machine (Python's None).
// Cancel: the caller resumes without waiting; the look-up is ended, or its result dropped.
// Errors: GaiError, whose message names the host, the family and the reason: EAI_NONAME, EAI_AGAIN (no server
// answered: try later), EAI_ADDRFAMILY (a numeric address of another family)... An invalid name (a NUL byte, an empty
// label or one above 63 bytes, more than 253 bytes, an IPv6 zone that is no interface) is EAI_NONAME without a look-up.
// ValueError for an invalid port.
Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options = {});

// The names of a numeric address and its port: loop.getnameinfo. `flags`: NI_NUMERICHOST, NI_NUMERICSERV, NI_NAMEREQD,
// NI_DGRAM... An address without a name is returned as text, unless NI_NAMEREQD is set.
// Cancel: as above. Errors: GaiError; EAI_FAMILY when the address is not numeric.
Coro<NameInfo> getnameinfo(Address address, int flags = 0);

// The base of resolvers. It is called with valid names, never empty and never numeric, and valid ports.
class Resolver {
public:
    Resolver() = default;
    virtual ~Resolver() = default;
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // At least one address, all numeric, with `port`. The functions above keep the resolver until the coroutine has
    // ended; any other caller must do the same. Errors: GaiError.
    virtual Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) = 0;
    // Default: as ThreadedResolver.
    virtual Coro<NameInfo> getnameinfo(Address address, int flags);
};

// Sets the resolver of `loop`, on its thread, or of the running loop; null: the default, a ThreadedResolver. Look-ups
// in progress still use the old one.
void set_resolver(EventLoop& loop, std::shared_ptr<Resolver> resolver);
void set_resolver(std::shared_ptr<Resolver> resolver);
// The resolver of the running loop; never null.
std::shared_ptr<Resolver> get_resolver();

// The system's getaddrinfo(3) on a thread, with all sources that nsswitch.conf names: the default, as in asyncio.
// A thread that waits for a name server cannot be interrupted, so look-ups may keep the executor's threads busy. A
// look-up that is cancelled before a thread has taken it is not made. With an executor of its own, look-ups do not
// delay the program's other calls.
class ThreadedResolver final : public Resolver {
public:
    // Null: the loop's default executor. A ThreadPoolExecutor waits in its destructor for the look-ups in progress.
    explicit ThreadedResolver(std::shared_ptr<Executor> executor = nullptr) : executor_(std::move(executor)) {}

    // As Resolver's, by getaddrinfo(3) and getnameinfo(3). Cancel: a call that has begun runs to its end on its thread.
    Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) override;
    Coro<NameInfo> getnameinfo(Address address, int flags) override;

private:
    std::shared_ptr<Executor> executor_;
};

// The options of an AresResolver.
struct AresOptions {
    std::string_view servers =
        {};  // "192.0.2.1,192.0.2.2:5353,[2001:db8::1]:53,fe80::1%eth0"; default: resolv.conf's
    Duration timeout = Duration(0);  // for the first reply; longer for each retry. 0: resolv.conf's, or 5 s
    int tries = 0;                   // of each server; 0: resolv.conf's, or 2
    bool rotate = false;             // begin with another server each time
    bool tcp = false;                // ask over TCP only; else it is used when a reply was truncated
    std::string_view resolv_conf = "/etc/resolv.conf";  // read at the first look-up, and again when it has changed
};

// Asks the name servers itself, by c-ares: many look-ups at once, without threads. aiohttp.AsyncResolver. It uses
// /etc/hosts and resolv.conf with its options ndots, timeout, attempts, rotate and use-vc, and no other source of
// nsswitch.conf. It reads those two files, which are small, on the loop's thread. For one loop at a time.
// Each look-up has a socket of its own while it lasts, so that an error of one does not affect another. At most a
// quarter of the descriptors that the process may have (RLIMIT_NOFILE, at the first look-up; at most 4096) are used at
// a time; further look-ups wait.
class AresResolver final : public Resolver {
public:
    // Errors: ValueError for an invalid list of servers; std::bad_alloc.
    explicit AresResolver(AresOptions options = {});
    // Look-ups in progress fail with EAI_CANCELED.
    ~AresResolver() override;

    // Cancel: the look-up ends, and its socket is closed.
    // Errors: GaiError (also EAI_AGAIN when resolv.conf cannot be read for lack of a descriptor); RuntimeError when
    // another loop uses this resolver.
    Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) override;
    Coro<NameInfo> getnameinfo(Address address, int flags) override;

    class Channels;

private:
    std::shared_ptr<Channels> channels_;
};

// The options of a CachingResolver.
struct CacheOptions {
    Duration ttl = std::chrono::seconds(10);  // of every answer: getaddrinfo() does not return the name server's
    Duration negative_ttl = Duration(0);      // the same for EAI_NONAME and EAI_NODATA; 0: they are not cached
    std::size_t max_entries = 1024;           // beyond it the least recently used one is dropped
    bool round_robin =
        false;  // each answer begins with the next address of its family; the order of the families stays
};

// A cache of another resolver's answers, which also makes one look-up for all callers that wait for the same name.
// Look-ups that failed for another reason than "there is no such name" are never cached. For one loop at a time.
class CachingResolver final : public Resolver {
public:
    // Null: a ThreadedResolver. Errors: ValueError for no entries or negative times.
    explicit CachingResolver(std::shared_ptr<Resolver> inner = nullptr, CacheOptions options = {});
    ~CachingResolver() override;

    // Cancel: the look-up continues while other callers wait for it; it is cancelled with the last of them.
    // Errors: the inner resolver's, the same for all waiting callers. RuntimeError when
    // another loop uses this resolver.
    Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) override;
    // That of the inner resolver; it is not cached.
    Coro<NameInfo> getnameinfo(Address address, int flags) override;

    // Drops all answers, or those of `host`. The answer of a look-up in progress is delivered, and not cached.
    void clear() noexcept;
    void clear(std::string_view host) noexcept;
    // The number of cached answers, negative ones included.
    std::size_t size() const noexcept;
    // Whether the answer to this look-up is cached.
    bool remembers(std::string_view host, LookupOptions options) const;

    class Cache;

private:
    std::shared_ptr<Cache> cache_;
};

}  // namespace aio
