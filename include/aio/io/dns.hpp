// Names and addresses: getaddrinfo(), getnameinfo(), and the resolvers that answer them.
//
//     auto infos = co_await aio::getaddrinfo("example.org", 443, {.type = SOCK_STREAM});
//     for (const aio::AddressInfo& info : infos) ... info.address.str() ...
//
// open_connection() and start_server() look names up through the same resolver, which is the loop's:
//
//     aio::set_resolver(std::make_shared<aio::CachingResolver>());                     // remembers, asks once
//     aio::set_resolver(std::make_shared<aio::AresResolver>());                        // no threads
//
// A resolver belongs to a loop and not to the process: one with sockets, timers or a cache is then used by one
// thread, without locks, and ends with its loop. A ThreadedResolver, and what else keeps no state, may be given to
// several loops.
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

// What is wanted: the hints of getaddrinfo(3). Trivially destructible, so that `{.type = ...}` is safe inside a
// co_await expression on g++ 12.
struct LookupOptions {
    int family = 0;  // AF_INET, AF_INET6; 0 (AF_UNSPEC): both
    int type = 0;    // SOCK_STREAM, SOCK_DGRAM, SOCK_RAW; 0: an entry for each
    int proto = 0;   // IPPROTO_TCP...; 0: that of the type
    int flags = 0;   // AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST...
};

// One answer: what socket to open, and what to connect it to.
struct AddressInfo {
    int family = 0;
    int type = 0;
    int proto = 0;
    std::string canonname;  // with AI_CANONNAME, in the first entry
    Address address;

    // Constructors, here and below, so that temporaries are safe inside a co_await expression on g++ 12.
    AddressInfo() = default;
    AddressInfo(int f, int t, int p, std::string canonical, Address a)
        : family(f), type(t), proto(p), canonname(std::move(canonical)), address(std::move(a)) {}

    bool operator==(const AddressInfo&) const = default;
};

struct NameInfo {
    std::string host;
    std::string service;

    NameInfo() = default;
    NameInfo(std::string h, std::string s) : host(std::move(h)), service(std::move(s)) {}

    bool operator==(const NameInfo&) const = default;
};

// The addresses of `host`, in the order in which they are to be tried (RFC 6724); at least one. A numeric address
// ("fe80::1%eth0" too) and an empty host are answered here and now, without the resolver; the latter stands for
// every interface with AI_PASSIVE, else for this machine (Python's None).
// Cancel: the caller is free at once; what the resolver began for it goes on unheeded, or is given up.
// Errors: GaiError, whose message names the host, the family and the reason: EAI_NONAME, EAI_AGAIN (no server
// answered: try later), EAI_ADDRFAMILY (a numeric address of another family)... A name that cannot be (a NUL byte,
// an empty label or one above 63 bytes, more than 253 bytes, an IPv6 zone that is no interface) is EAI_NONAME and
// never asked for. ValueError for a port that is none.
Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options = {});

// The names of a numeric address and its port. `flags`: NI_NUMERICHOST, NI_NUMERICSERV, NI_NAMEREQD, NI_DGRAM...
// Without a name the address as text, unless NI_NAMEREQD.
// Cancel: as above. Errors: GaiError; EAI_FAMILY when the address is not numeric.
Coro<NameInfo> getnameinfo(Address address, int flags = 0);

// Who answers. Names arrive checked, never empty and never numeric; ports checked.
class Resolver {
public:
    Resolver() = default;
    virtual ~Resolver() = default;
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // At least one address, all numeric, with `port`. The resolver outlives the coroutine when it is called by the
    // functions above; who calls it otherwise sees to that. Errors: GaiError.
    virtual Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) = 0;
    // Default: as ThreadedResolver.
    virtual Coro<NameInfo> getnameinfo(Address address, int flags);
};

// The resolver of `loop`, from its thread, or of the running loop; null: the default, a ThreadedResolver. Look-ups
// in progress end as they began.
void set_resolver(EventLoop& loop, std::shared_ptr<Resolver> resolver);
void set_resolver(std::shared_ptr<Resolver> resolver);
// The running loop's; never null.
std::shared_ptr<Resolver> get_resolver();

// The system's getaddrinfo(3) on a thread: everything that nsswitch.conf names. The default.
// A thread that waits for a name server cannot be interrupted, so look-ups may keep the executor's threads busy;
// they never start more than it has. What was cancelled before its turn is not made. With an executor of its own,
// look-ups do not stand in the way of the program's other calls.
class ThreadedResolver final : public Resolver {
public:
    // Null: the loop's default executor. A ThreadPoolExecutor waits in its destructor for the look-ups in progress.
    explicit ThreadedResolver(std::shared_ptr<Executor> executor = nullptr) : executor_(std::move(executor)) {}

    Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) override;
    Coro<NameInfo> getnameinfo(Address address, int flags) override;

private:
    std::shared_ptr<Executor> executor_;
};

struct AresOptions {
    std::string_view servers =
        {};  // "192.0.2.1,192.0.2.2:5353,[2001:db8::1]:53,fe80::1%eth0"; default: resolv.conf's
    Duration timeout = Duration(0);  // for the first answer; more for each retry. 0: resolv.conf's, or 5 s
    int tries = 0;                   // of each server; 0: resolv.conf's, or 2
    bool rotate = false;             // begin with another server each time
    bool tcp = false;                // ask over TCP only; else it is used when an answer was cut short
    std::string_view resolv_conf = "/etc/resolv.conf";  // read at the first question, and anew when it has changed
};

// Asks the name servers itself, by c-ares: many look-ups at once, without threads. Knows /etc/hosts and resolv.conf with
// its options ndots, timeout, attempts, rotate and use-vc, and no other source of nsswitch.conf. It reads those two files,
// which are small, on the loop's thread. For one loop at a time.
// Each look-up has a socket of its own while it lasts: what becomes of one, a server that closes its connection, a network
// that changes, is no other's affair. As many are made at a time as a quarter of the descriptors that the process may have
// (RLIMIT_NOFILE, at the first look-up; at most 4096); further ones wait their turn.
class AresResolver final : public Resolver {
public:
    // Errors: ValueError for servers that are none; std::bad_alloc.
    explicit AresResolver(AresOptions options = {});
    // Look-ups in progress fail with EAI_CANCELED.
    ~AresResolver() override;

    // Cancel: the question is given up, and its socket closed.
    // Errors: GaiError (EAI_AGAIN, too, when resolv.conf cannot be read for lack of a descriptor); RuntimeError when
    // another loop uses this resolver.
    Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) override;
    Coro<NameInfo> getnameinfo(Address address, int flags) override;

    class Channels;

private:
    std::shared_ptr<Channels> channels_;
};

struct CacheOptions {
    Duration ttl = std::chrono::seconds(10);  // how long an answer is good: getaddrinfo() does not tell the server's
    Duration negative_ttl = Duration(0);      // the same for EAI_NONAME and EAI_NODATA; 0: asked again each time
    std::size_t max_entries = 1024;           // beyond it the least recently used goes
    bool round_robin =
        false;  // each answer begins with the next address of its family; the families keep their places
};

// Remembers what another resolver said, and asks it once for however many wait for the same name. Look-ups that
// failed for another reason than "there is no such name" are never remembered.
// For one loop at a time.
class CachingResolver final : public Resolver {
public:
    // Null: a ThreadedResolver. Errors: ValueError for no entries or negative times.
    explicit CachingResolver(std::shared_ptr<Resolver> inner = nullptr, CacheOptions options = {});
    ~CachingResolver() override;

    // Cancel: the look-up goes on for the others who wait for it; with the last of them it is cancelled.
    // Errors: the inner resolver's, the same for all who wait. RuntimeError when another loop uses this resolver.
    Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) override;
    // Not remembered.
    Coro<NameInfo> getnameinfo(Address address, int flags) override;

    // Forgets everything, or what is known of `host`. A look-up in progress answers who waits for it, and is not
    // remembered.
    void clear() noexcept;
    void clear(std::string_view host) noexcept;
    // Answers that are remembered, good or not.
    std::size_t size() const noexcept;
    // Whether this question would be answered at once.
    bool remembers(std::string_view host, LookupOptions options) const;

    class Cache;

private:
    std::shared_ptr<Cache> cache_;
};

}  // namespace aio
